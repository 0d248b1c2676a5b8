#!/bin/bash
# artefact: bench-fftw-native
# inputs: sdk/sysroot/math_sources.sh
# packages: clang-22
#
# The guest's FFTW, from the same sources and as plain C, built for this machine: double precision.
set -euo pipefail
root=$(cd "$(dirname "$(readlink -f "$0")")/../.." && pwd)

build() {
  local sources
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  sources=$("$root/scripts/cached" "$root/sdk/sysroot/math_sources.sh")
  cd "$work"
  "$sources/fftw/configure" --quiet --prefix="$1" --disable-fortran --disable-doc --disable-shared \
    --disable-dependency-tracking CC=clang-22 CFLAGS="-O3 -march=native -w"
  for part in support kernel simd-support dft rdft reodft api .; do
    # the library alone: no programs
    make -s -j "${JOBS:-$(nproc)}" -C "$part" "$([ "$part" = . ] && echo libfftw3.la || echo all)"
  done
  mkdir "$1/lib" "$1/include"
  cp .libs/libfftw3.a "$1/lib/"
  cp "$sources/fftw/api/fftw3.h" "$1/include/"
}

"$@"
