#!/bin/bash
# artefact: schemathesis
#
# schemathesis and what it depends on, of fixed versions, as a directory for PYTHONPATH.
set -euo pipefail

packages=(
  schemathesis==4.32.5 hypothesis==6.170.17 hypothesis-graphql==0.13.5 jsonschema_rs==0.60.3 pytest==9.2.0
  requests==2.34.2 Werkzeug==3.1.9
)

build() {
  local out=$1 scratch
  scratch=$(mktemp -d)
  # shellcheck disable=SC2064
  trap "rm -rf '$scratch'" EXIT
  echo "fetching ${packages[0]}"
  /usr/bin/python3 -m venv "$scratch/venv"
  "$scratch/venv/bin/pip" install -q --disable-pip-version-check --target "$out" "${packages[@]}"
  PYTHONPATH=$out /usr/bin/python3 -m schemathesis.cli --version
}

case ${1:-} in
  build) build "$2" ;;
  *) echo "a recipe of scripts/cached: scripts/cached tests/node/schemathesis.sh" >&2 && exit 2 ;;
esac
