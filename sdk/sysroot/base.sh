#!/bin/bash
# artefact: sysroot
# inputs: sdk/sysroot/sources.sh sdk/sysroot/steps.sh sdk/sysroot/libcxx.cmake
# packages: clang-22 libclang-rt-22-dev-wasm32
#
# The guest sysroot for programs of one thread (wasm32-wasip1): wasi-libc with setjmp, libc++ with exceptions, zlib, and
# the compilers bin/wcc and bin/wcxx. It can be moved.
set -euo pipefail
recipe_dir=$(dirname "$(readlink -f "$0")")
root=$(cd "$recipe_dir/../.." && pwd)

build() {
  sysroot=$1
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  sources=$("$root/scripts/cached" "$recipe_dir/sources.sh")
  # shellcheck source=sdk/sysroot/steps.sh
  source "$recipe_dir/steps.sh"
  local triple=wasm32-wasip1
  build_wasi_libc $triple
  copy_builtins $triple
  build_libcxx $triple
  build_zlib $triple
  write_wrapper wcc $triple c
  write_wrapper wcxx $triple c++
  check_wrapper wcc -lz <<'C'
#include <setjmp.h>
#include <stdio.h>
#include <zlib.h>
static jmp_buf again;
int main(void) {
  if (!setjmp(again)) longjmp(again, 1);
  printf("%lx\n", crc32(0, (const unsigned char*)"a", 1));
}
C
  check_wrapper wcxx <<'C'
#include <filesystem>
#include <iostream>
int main() {
  try {
    throw std::filesystem::path("a") / "b";
  } catch (const std::filesystem::path& path) {
    std::cout << path << "\n";
  }
}
C
}

"$@"
