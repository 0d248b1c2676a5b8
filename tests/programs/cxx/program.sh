#!/bin/bash
# artefact: program-cxx
# inputs: tests/programs/program.sh tests/programs/cxx
# inputs: sdk/sysroot/threads.sh apps/weftcc sdk/intrinsics
#
# C++ programs that throw: through C++ and C frames, with destructors, out of constructors and callbacks.
set -euo pipefail
# shellcheck source=tests/programs/program.sh
source "$(dirname "$(readlink -f "$0")")/../program.sh"

build() {
  local out=$1 source name
  for source in "$root"/tests/programs/cxx/*.cc; do
    name=$(basename "$source" .cc)
    clang++-22 -std=c++20 -O1 -w -o "$out/$name" "$source"
    guest_cxx -std=c++20 -O2 -w -o "$out/$name.wasm" "$source"
  done
}

check_all() {
  local built=$1 wasm name
  for wasm in "$built"/*.wasm; do
    name=$(basename "$wasm" .wasm)
    mkdir -p native.dir guest.dir
    (cd native.dir && outcome ../native "$built/$name")
    outcome ran guest --dir guest.dir::. "$wasm"
    same "$name" native ran
    rm -rf native.dir guest.dir
  done
}

case $1 in
  build) build "$2" ;;
  check) check_all "$2" ;;
esac
