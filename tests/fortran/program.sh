#!/bin/bash
# artefact: program-fortran
# inputs: tests/programs/program.sh tests/fortran sdk/fortran sdk/sysroot/base.sh sdk/sysroot/math.sh
#
# Fortran programs for the guest, compared with what gfortran makes of them. Not part of tests/programs, since they need
# more packages: `tests/programs/run.sh ../fortran`, or `./test.sh fortran`.
set -euo pipefail
# shellcheck source=tests/programs/program.sh
source "$(dirname "$(readlink -f "$0")")/../programs/program.sh"
here=$root/tests/fortran
single=(types arrays text files math system interop legacy)
# unoptimised, too
unoptimised=(types interop)

install_gfortran() {
  # shellcheck source=scripts/private_apt.sh
  source "$root/scripts/private_apt.sh"
  # shellcheck source=scripts/packages.sh
  source "$root/scripts/packages.sh"
  [ -z "$(packages_missing "$here/packages.txt")" ] || packages_install "$here/packages.txt"
}

fortran() { "$root/sdk/fortran/compile" "$@"; }

# link COMPILER OUT FLAG...
link() {
  local compiler=$1 out=$2 threads=""
  shift 2
  [[ $compiler != *-mt ]] || threads=--threads
  mapfile -t flags < <("$root/sdk/fortran/setup" --flags $threads)
  "$compiler" -o "$out" "$@" "${flags[@]}"
}

build() {
  local out=$1 name source sysroot extra native
  install_gfortran
  "$root/sdk/fortran/setup" --threads > "$out/setup"
  WEFT_FORTRAN=$("$root/sdk/fortran/setup" --compiler)
  export WEFT_FORTRAN
  sysroot=$(artefact sdk/sysroot/threads.sh)
  cd "$out"
  for name in "${single[@]}"; do
    source=$(ls "$here/$name".f*)
    extra=() native=()
    if [ -f "$here/${name}_c.c" ]; then
      "$sysroot/bin/wcc" -O2 "-I$WEFT_FORTRAN/include" -c "$here/${name}_c.c" -o c.o
      extra=(c.o) native=("$here/${name}_c.c")
    fi
    gfortran -O1 -w -std=legacy -J. "$source" "${native[@]}" -o "$name" 2> /dev/null ||
      gfortran -O1 -w -J. "$source" "${native[@]}" -o "$name"
    fortran -O2 -J. -c "$source" -o a.o
    link "$sysroot/bin/wcc" "$name.wasm" a.o "${extra[@]}"
    if [[ " ${unoptimised[*]} " == *" $name "* ]]; then
      fortran -O0 -g -J. -c "$source" -o a.o
      link "$sysroot/bin/wcc" "$name-O0.wasm" a.o "${extra[@]}"
    fi
  done
  build_parts "$out" "$sysroot"
  gfortran -O1 "$here/stop.f90" -o stop
  fortran -O1 -g -c "$here/stop.f90" -o a.o
  link "$sysroot/bin/wcc" stop.wasm a.o
  fortran --threads -O2 -fopenmp -c "$here/openmp.f90" -o a.o
  link "$sysroot/bin/wcxx-mt" openmp.wasm a.o
  WEFT_SYSROOT=$(artefact sdk/sysroot/math.sh) "$root/build/bin/weftfc" -O2 -Wl,--fatal-warnings \
    "$here/lapack.f90" -o lapack.wasm -llapack -lblas
  rm -f ./*.o ./*.mod ./*.smod
}

# Programs of several sources: modules and submodules, COMMON of two sizes.
build_parts() {
  local out=$1 sysroot=$2 source
  mkdir -p modules native
  (cd native && gfortran -O1 "$here"/parts/*.f90 -o "$out/parts")
  for source in "$here"/parts/*.f90; do
    fortran -O2 -Jmodules -c "$source" -o "modules/$(basename "$source" .f90).o"
  done
  link "$sysroot/bin/wcc" parts.wasm modules/*.o
  for source in short long; do fortran -O2 -c "$here/common/$source.f90" -o $source.o; done
  link "$sysroot/bin/wcc" common.wasm short.o long.o
  link "$sysroot/bin/wcc" common_turned.wasm long.o short.o
  rm -rf modules native
}

# both NAME WASM: the same files, the same output, the same exit code
both() {
  local name=$1 wasm=$2
  rm -rf native.dir guest.dir
  mkdir native.dir guest.dir
  printf '17 word\nline two\n' > input
  (cd native.dir && WEFT_TEST=yes outcome ../native "$built/$name" a 'b c' < ../input)
  outcome ran guest --env WEFT_TEST=yes --dir guest.dir::. "$wasm" a 'b c' < input
  # a guest cannot execute commands, and says so in the words of the standard
  if [ "$name" = system ]; then sed -i 's/^  0 *$/ -1 a WebAssembly guest cannot execute commands/' native; fi
  same "$(basename "$wasm" .wasm)" native ran
}

# refused NAME WORDS [FLAG...]: compiling it fails, with a message that has WORDS
refused() {
  local rc=0
  fortran "${@:3}" -c "$here/refused/$1.f90" -o refused.o > refused.log 2>&1 || rc=$?
  check "$1 is refused" test $rc = 1
  check "$1 is refused with a reason" grep -q "$2" refused.log
}

ends() {
  local how=$1 expected=$2 rc=0
  guest "$built/stop.wasm" "$how" > out 2> err || rc=$?
  printf 'before\nexit code %s\n' "$expected" > expected
  echo "exit code $rc" >> out
  same "stop: $how" expected out
}

check_all() {
  built=$1
  local name how
  for name in "${single[@]}"; do
    both "$name" "$built/$name.wasm"
  done
  for name in "${unoptimised[@]}"; do both "$name" "$built/$name-O0.wasm"; done
  both parts "$built/parts.wasm"
  # weft runs no threads yet (docs/plan.md)
  check "an OpenMP program is a valid module" wasm-validate --enable-all "$built/openmp.wasm"
  guest "$built/lapack.wasm" > lapack.out
  same "BLAS and LAPACK" "$here/lapack.txt" lapack.out
  ends stop 0
  ends code 3
  ends variable 7
  ends text 0
  ends error 1
  ends errorcode 9
  ends errortext 1
  ends quiet 4
  for how in command open format; do
    check "stop: $how is an error" bash -c "! '$weft' run '$built/stop.wasm' $how > out 2> err && ! grep after out"
  done
  check "a COMMON block that is too small ends the program" bash -c \
    "! '$weft' run '$built/common.wasm' > out 2>&1 && grep -q '/block/ has 8 bytes' out"
  check "linked the other way round it is large enough" "$weft" run "$built/common_turned.wasm"
  refused quadruple 'KIND=16'
  refused by_value 'by_value.f90:1:1: flang 22 cannot compile this yet: passing VALUE'
  refused tasks 'cannot compile OpenMP tasks' -fopenmp
  refused thread_private 'cannot compile OpenMP tasks and THREADPRIVATE' -fopenmp
  refused images 'images.f90:2:.*Multi-image'
}

case $1 in
  build) build "$2" ;;
  check) check_all "$2" ;;
esac
