#!/bin/bash
# artefact: lapack-sources
# inputs: scripts/private_apt.sh
#
# Reference BLAS and LAPACK with their tests: the upstream tarball of bookworm's source package.
set -euo pipefail
root=$(cd "$(dirname "$(readlink -f "$0")")/../.." && pwd)
# shellcheck source=scripts/private_apt.sh
source "$root/scripts/private_apt.sh"

build() {
  scratch=$(mktemp -d)
  trap 'rm -rf "$scratch"' EXIT
  private_apt_setup "$scratch/apt" deb-src bookworm
  fetch_source "$scratch/apt" lapack lapack_3.11.0.orig.tar.gz \
    4b9ba79bfd4921ca820e83979db76ab3363155709444a787979e81c22285ffa9 "$scratch"
  tar -xf "$scratch"/lapack_*.tar.gz -C "$1" --strip-components=1
}

"$@"
