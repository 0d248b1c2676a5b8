#!/bin/bash
# artefact: sysroot-threads
# inputs: sdk/sysroot/base.sh
# packages: clang-22 libclang-rt-22-dev-wasm32
#
# The guest sysroot with both targets: the one of base.sh, and wasm32-wasip1-threads with POSIX threads, libomp, and the
# compilers bin/wcc-mt and bin/wcxx-mt. It can be moved.
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
  cp -a "$("$root/scripts/cached" "$recipe_dir/base.sh")/." "$sysroot/"
  local triple=wasm32-wasip1-threads
  build_wasi_libc $triple
  copy_builtins $triple
  build_libcxx $triple
  build_libomp $triple
  build_zlib $triple
  write_wrapper wcc-mt $triple c
  write_wrapper wcxx-mt $triple c++
  check_wrapper wcc-mt -fopenmp -lz <<'C'
#include <omp.h>
#include <pthread.h>
#include <stdio.h>
#include <zlib.h>
int main(void) {
  int sum = 0;
#pragma omp parallel for reduction(+ : sum)
  for (int i = 0; i < 9; i++) sum += i;
  printf("%d %lx\n", sum, crc32(0, (const unsigned char*)"a", 1));
}
C
  check_wrapper wcxx-mt <<'C'
#include <iostream>
#include <thread>
int main() {
  try {
    std::thread([] { std::cout << "in a thread\n"; }).join();
    throw 1;
  } catch (int) {
  }
}
C
}

"$@"
