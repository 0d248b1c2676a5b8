#!/bin/bash
# artefact: program-math
# inputs: tests/programs/program.sh tests/programs/math sdk/sysroot/math.sh
#
# BLAS, LAPACK and FFTW of the guest sysroot against their definitions and against known values; programs that declare
# the functions themselves, find them with pkg-config, or bring some of their own.
set -euo pipefail
# shellcheck source=tests/programs/program.sh
source "$(dirname "$(readlink -f "$0")")/../program.sh"
here=$root/tests/programs/math
programs=(linear transforms declared own)

# math_cc OUT SOURCE LIBRARY...: a mismatch of types, which the linker only warns of, is an error
math_cc() {
  WEFT_SYSROOT=$sysroot "$root/build/bin/weftcc" -O2 -Wall -Werror -Wl,--fatal-warnings -o "$1" "${@:2}" -lm
}

build() {
  local out=$1
  sysroot=$(artefact sdk/sysroot/math.sh)
  export PKG_CONFIG_LIBDIR=$sysroot/lib/wasm32-wasip1-threads/pkgconfig
  # shellcheck disable=SC2046
  math_cc "$out/linear.wasm" "$here/linear.c" $(pkg-config --cflags --libs lapacke cblas)
  # shellcheck disable=SC2046
  math_cc "$out/transforms.wasm" "$here/transforms.c" $(pkg-config --cflags --libs fftw3 fftw3f)
  math_cc "$out/declared.wasm" "$here/declared.c" -llapack -lblas
  math_cc "$out/own.wasm" "$here/own.c" -lblas
}

check_all() {
  local built=$1 name rc
  for name in "${programs[@]}"; do
    rc=0
    guest "$built/$name.wasm" > "$name.out" 2> "$name.err" || rc=$?
    grep -E '^(ok|FAILED) ' "$name.out"
    check "$name: the program ends well" test $rc = 0
  done
  rc=0
  guest "$built/declared.wasm" wrong > wrong.out 2> wrong.err || rc=$?
  check "a bad argument ends the program" test $rc = 1
  check "and is told" grep -q 'On entry to DGEMM parameter number  8 had an illegal value' wrong.err
}

case $1 in
  build) build "$2" ;;
  check) check_all "$2" ;;
esac
