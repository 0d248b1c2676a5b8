#!/bin/bash
# artefact: guest-fftw
# inputs: sdk/sysroot/math_sources.sh sdk/sysroot/libc-threads.sh sdk/sysroot/toolchain.sh sdk/sysroot/building.sh
# packages: clang-22
#
# FFTW 3.3.10, double and single precision, with its codelets in plain C. math.sh adds it.
#
# Plans are made by gettimeofday() when a program asks for FFTW_MEASURE.
# Its configure does not know WASI yet, so the system is called none.
set -euo pipefail
recipe_dir=$(dirname "$(readlink -f "$0")")
root=$(cd "$recipe_dir/../.." && pwd)

build() {
  out=$1
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  libraries=$("$root/scripts/cached" "$recipe_dir/math_sources.sh")
  sysroot=$("$root/scripts/cached" "$recipe_dir/libc-threads.sh")
  for part in toolchain building; do
    # shellcheck source=/dev/null
    source "$recipe_dir/$part.sh"
  done
  triple=wasm32-wasip1-threads
  guest_flags $triple
  build_precision fftw3
  build_precision fftw3f --enable-float
}

# build_precision NAME OPTION...
build_precision() {
  local name=$1 dir=$work/$1
  shift
  echo "configuring $name"
  mkdir "$dir"
  (
    cd "$dir"
    "$libraries/fftw/configure" --quiet --host=wasm32-unknown-none --disable-fortran --disable-doc --disable-shared \
      --disable-dependency-tracking --with-slow-timer CC="clang-$llvm" AR="llvm-ar-$llvm" RANLIB="llvm-ranlib-$llvm" \
      CFLAGS="-O1 -w ${guest_cflags[*]}" "$@"
    # the interface of FORTRAN 77, dfftw_plan_dft_1d and the like, without asking a Fortran compiler for its names
    echo '#define F77_FUNC(name, NAME) name ## _' >> config.h
    echo "compiling $name"
    for part in support kernel simd-support dft rdft reodft api .; do
      # the library alone: no programs
      make -s -j "$jobs" -C "$part" "$([ "$part" = . ] && echo "lib$name.la" || echo all)"
    done
  )
  mkdir -p "$out/lib/$triple" "$out/include/$triple"
  cp "$dir/.libs/lib$name.a" "$out/lib/$triple/"
  cp "$libraries"/fftw/api/fftw3.{h,f} "$dir/api/fftw3.f03" "$out/include/$triple/"
  (sysroot=$out && pkg_config "$triple" "$name" 3.3.10 "-l$name -lm" "fast Fourier transform")
}

"$@"
