#!/bin/bash
# artefact: sysroot-math
# inputs: sdk/sysroot/threads.sh sdk/sysroot/blas.sh sdk/sysroot/fftw.sh
# packages: clang-22 libclang-rt-22-dev-wasm32
#
# The guest sysroot with all that there is: the one of threads.sh, and BLAS, LAPACK and FFTW. It can be moved.
set -euo pipefail
recipe_dir=$(dirname "$(readlink -f "$0")")
root=$(cd "$recipe_dir/../.." && pwd)

build() {
  sysroot=$1
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  for part in toolchain building wrappers; do
    # shellcheck source=/dev/null
    source "$recipe_dir/$part.sh"
  done
  local part dir
  for part in threads blas fftw; do
    dir=$("$root/scripts/cached" "$recipe_dir/$part.sh")
    cp -a "$dir/." "$sysroot/"
  done
  check_wrapper wcc-mt -llapacke -lblas -lfftw3 -lfftw3f -lm < "$recipe_dir/check/math.c"
}

"$@"
