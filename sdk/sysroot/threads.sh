#!/bin/bash
# artefact: sysroot-threads
# inputs: sdk/sysroot/base.sh sdk/sysroot/libc-threads.sh
# packages: clang-22 libclang-rt-22-dev-wasm32
#
# The guest sysroot with both targets: the one of base.sh, and wasm32-wasip1-threads with POSIX threads, libomp, the
# same libraries, and the compilers bin/wcc-mt and bin/wcxx-mt. It can be moved.
set -euo pipefail
recipe_dir=$(dirname "$(readlink -f "$0")")
root=$(cd "$recipe_dir/../.." && pwd)

build() {
  sysroot=$1
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  sources=$("$root/scripts/cached" "$recipe_dir/sources.sh")
  libraries=$("$root/scripts/cached" "$recipe_dir/library_sources.sh")
  base=$("$root/scripts/cached" "$recipe_dir/base.sh")
  libc=$("$root/scripts/cached" "$recipe_dir/libc-threads.sh")
  for part in toolchain building posix libraries wrappers; do
    # shellcheck source=/dev/null
    source "$recipe_dir/$part.sh"
  done
  cp -a "$base/." "$libc/." "$sysroot/"
  local triple=wasm32-wasip1-threads
  build_posix $triple
  build_libraries $triple
  write_wrapper wcc-mt $triple c
  write_wrapper wcxx-mt $triple c++
  check_wrapper wcc-mt -llzma -lbz2 -lz < "$recipe_dir/check/libraries.c"
  check_wrapper wcc-mt -fopenmp < "$recipe_dir/check/openmp.c"
  check_wrapper wcxx-mt < "$recipe_dir/check/exceptions.cc"
  check_wrapper wcxx-mt < "$recipe_dir/check/threads.cc"
}

"$@"
