#!/bin/bash
# artefact: fortran-compiler
# inputs: sdk/fortran/retarget sdk/fortran/modules.sh sdk/fortran/edit.sh sdk/fortran/features.sh
# inputs: sdk/sysroot/toolchain.sh sdk/sysroot/sources.sh
# packages: flang-22 llvm-22-dev clang-22
#
# A flang that knows the guest:
#   bin/flang              Debian's flang-22; it takes its intrinsic modules from ../include/flang, wherever it lies
#   bin/retarget           turns the IR it makes into WebAssembly's (retarget/passes.h)
#   include/flang/*.mod    the intrinsic modules with the guest's sizes, omp_lib, omp_lib.h
#   include/ISO_Fortran_binding.h   for C and C++ guests that take Fortran's descriptors
#   features               clang's flags for what a guest may use, one a line
# bin/ and include/ belong together; the directory may be moved.
set -euo pipefail
recipe_dir=$(dirname "$(readlink -f "$0")")
root=$(cd "$recipe_dir/../.." && pwd)
llvm=/usr/lib/llvm-22

build() {
  out=$1
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  sources=$("$root/scripts/cached" "$root/sdk/sysroot/sources.sh")
  mkdir -p "$out/bin" "$out/include/flang"
  echo "compiling the tool that retargets flang's code"
  "clang++-22" -std=c++20 -O1 -fno-exceptions -fno-rtti -Wall -Wextra -isystem "$(llvm-config-22 --includedir)" \
    "$recipe_dir"/retarget/*.cc -o "$out/bin/retarget" "-L$(llvm-config-22 --libdir)" -lLLVM-22
  # Hard links cost nothing; where the cache lies on another disk, 80 MB.
  cp -lL "$llvm/bin/flang-22" "$out/bin/flang" 2> /dev/null || cp -L "$llvm/bin/flang-22" "$out/bin/flang"
  ln -s "$llvm/lib" "$out/lib"
  # shellcheck source=sdk/fortran/modules.sh
  source "$recipe_dir/modules.sh"
  build_modules
  "$recipe_dir/features.sh" > "$out/features"
}

"$@"
