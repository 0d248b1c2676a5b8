#!/bin/bash
# artefact: sysroot
# inputs: sdk/sysroot/libc.sh sdk/sysroot/library_sources.sh sdk/sysroot/toolchain.sh sdk/sysroot/building.sh
# inputs: sdk/sysroot/libraries.sh sdk/sysroot/wrappers.sh sdk/sysroot/posix.sh sdk/posix sdk/sysroot/check
# packages: clang-22 libclang-rt-22-dev-wasm32
#
# The guest sysroot for programs of one thread (wasm32-wasip1): C and C++ libraries, zlib, bzip2, liblzma, and the
# compilers bin/wcc and bin/wcxx. It can be moved.
set -euo pipefail
recipe_dir=$(dirname "$(readlink -f "$0")")
root=$(cd "$recipe_dir/../.." && pwd)

build() {
  sysroot=$1
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  sources=$("$root/scripts/cached" "$recipe_dir/sources.sh")
  libraries=$("$root/scripts/cached" "$recipe_dir/library_sources.sh")
  libc=$("$root/scripts/cached" "$recipe_dir/libc.sh")
  for part in toolchain building posix libraries wrappers; do
    # shellcheck source=/dev/null
    source "$recipe_dir/$part.sh"
  done
  cp -a "$libc/." "$sysroot/"
  local triple=wasm32-wasip1
  build_posix $triple
  build_libraries $triple
  write_wrapper wcc $triple c
  write_wrapper wcxx $triple c++
  check_wrapper wcc -llzma -lbz2 -lz < "$recipe_dir/check/libraries.c"
  check_wrapper wcxx < "$recipe_dir/check/exceptions.cc"
}

"$@"
