#!/bin/bash
# artefact: guest-libc
# inputs: sdk/sysroot/sources.sh sdk/sysroot/toolchain.sh sdk/sysroot/libc_steps.sh sdk/sysroot/libcxx.cmake
# packages: clang-22 libclang-rt-22-dev-wasm32
#
# The C and C++ libraries of programs of one thread (wasm32-wasip1): wasi-libc with setjmp, libc++ with exceptions.
# base.sh makes the sysroot out of it.
set -euo pipefail
recipe_dir=$(dirname "$(readlink -f "$0")")
root=$(cd "$recipe_dir/../.." && pwd)

build() {
  sysroot=$1
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  sources=$("$root/scripts/cached" "$recipe_dir/sources.sh")
  # shellcheck source=sdk/sysroot/toolchain.sh
  source "$recipe_dir/toolchain.sh"
  # shellcheck source=sdk/sysroot/libc_steps.sh
  source "$recipe_dir/libc_steps.sh"
  local triple=wasm32-wasip1
  build_wasi_libc $triple
  copy_builtins $triple
  build_libcxx $triple
}

"$@"
