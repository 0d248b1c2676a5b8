#!/bin/bash
# artefact: fortran-runtime
# inputs: sdk/fortran/runtime sdk/fortran/features.sh sdk/fortran/edit.sh sdk/sysroot/toolchain.sh
# inputs: sdk/sysroot/libc.sh
# packages: clang-22
#
# flang's run-time library for guests of one thread: lib/wasm32-wasip1/libflang_rt.a
set -euo pipefail
recipe_dir=$(dirname "$(readlink -f "$0")")
root=$(cd "$recipe_dir/../.." && pwd)

build() {
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  sources=$("$root/scripts/cached" "$root/sdk/sysroot/sources.sh")
  sysroot=$("$root/scripts/cached" "$root/sdk/sysroot/libc.sh")
  # shellcheck source=sdk/fortran/runtime/steps.sh
  source "$recipe_dir/runtime/steps.sh"
  mkdir -p "$1/lib/wasm32-wasip1"
  build_runtime wasm32-wasip1 "$1/lib/wasm32-wasip1/libflang_rt.a"
}

"$@"
