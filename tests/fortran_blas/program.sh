#!/bin/bash
# artefact: program-fortran-blas
# inputs: tests/programs/program.sh tests/fortran_blas/sources.sh tests/fortran/packages.txt sdk/fortran
# inputs: sdk/sysroot/base.sh sdk/sysroot/math.sh
#
# The reference BLAS, unmodified, and its own twelve test programs: real and complex, both precisions, all three levels.
# Each has to say what it says when gfortran compiles it. They also test the BLAS of the sysroot.
# `tests/programs/run.sh ../fortran_blas`; needs flang.
set -euo pipefail
# shellcheck source=tests/programs/program.sh
source "$(dirname "$(readlink -f "$0")")/../programs/program.sh"
tests=({s,d,c,z}blat{1,2,3})

build() {
  local out=$1 blas work sysroot math name
  # shellcheck source=scripts/private_apt.sh
  source "$root/scripts/private_apt.sh"
  # shellcheck source=scripts/packages.sh
  source "$root/scripts/packages.sh"
  [ -z "$(packages_missing "$root/tests/fortran/packages.txt")" ] || packages_install "$root/tests/fortran/packages.txt"
  blas=$(artefact tests/fortran_blas/sources.sh)/BLAS
  WEFT_FORTRAN=$("$root/sdk/fortran/setup" --compiler)
  export WEFT_FORTRAN root
  mapfile -t link < <("$root/sdk/fortran/setup" --flags)
  sysroot=$(artefact sdk/sysroot/base.sh)
  math=$(artefact sdk/sysroot/math.sh)
  work=$(mktemp -d)
  # shellcheck disable=SC2064
  trap "rm -rf '$work'" EXIT
  cd "$work"
  mkdir native guest
  find "$blas/SRC" -name '*.f' -o -name '*.f90' | xargs -P "$(nproc)" -I{} bash -c '
    object=$(basename {}).o
    gfortran -O2 -w -Jnative -c {} -o native/$object && "$root/sdk/fortran/compile" -O2 -Jguest -c {} -o guest/$object'
  # archives: the tests bring an XERBLA of their own
  llvm-ar-22 crs libnative.a native/*.o
  llvm-ar-22 crs libguest.a guest/*.o
  for name in "${tests[@]}"; do
    gfortran -O2 -w "$blas/TESTING/$name.f" libnative.a -o "$out/$name"
    "$root/sdk/fortran/compile" -O2 -c "$blas/TESTING/$name.f" -o test.o
    "$sysroot/bin/wcc" test.o libguest.a "${link[@]}" -o "$out/$name.wasm"
    WEFT_SYSROOT=$math "$root/build/bin/weftfc" -O2 "$blas/TESTING/$name.f" -lblas -o "$out/$name-sysroot.wasm"
    if [ -f "$blas/TESTING/$name.in" ]; then cp "$blas/TESTING/$name.in" "$out/"; fi
  done
}

# The lines that say how a test went, of what the program writes to its output and to its summary file.
verdicts() { cat "$@" 2> /dev/null | grep -aE 'PASS|FAIL|SUSPECT|ERROR' || true; }

# passes NAME WASM INPUT LABEL: it says what the native program said
passes() {
  rm -rf guest
  mkdir guest
  outcome guest/out guest --dir guest::. "$2" < "$3"
  verdicts guest/* > guest.txt
  same "$1$4" native.txt guest.txt
  check "$1$4 passes" bash -c 'grep -q PASS guest.txt && ! grep -E "FAIL|SUSPECT" guest.txt'
}

check_all() {
  local built=$1 name input
  for name in "${tests[@]}"; do
    rm -rf native
    mkdir native
    input=/dev/null
    if [ -f "$built/$name.in" ]; then input=$built/$name.in; fi
    (cd native && outcome out "$built/$name" < "$input")
    verdicts native/* > native.txt
    passes "$name" "$built/$name.wasm" "$input" ""
    passes "$name" "$built/$name-sysroot.wasm" "$input" " of the sysroot"
  done
}

case $1 in
  build) build "$2" ;;
  check) check_all "$2" ;;
esac
