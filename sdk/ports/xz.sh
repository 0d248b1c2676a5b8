#!/bin/bash
# artefact: port-xz
# port: xz-utils: configure, make, and its own tests under weft
# inputs: sdk/ports/port.sh sdk/sysroot/threads.sh apps/weftcc sdk/env
set -euo pipefail
# shellcheck source=sdk/ports/port.sh
source "$(dirname "$(readlink -f "$0")")/port.sh"

build_side() {
  on "$1" ./configure --disable-nls --disable-doc --disable-shared --enable-threads=no CFLAGS=-O2
  on "$1" make -j "$jobs"
  on "$1" make -j "$jobs" -C tests check TESTS=
}

build() {
  fetch_port xz-utils xz-utils_5.4.1.orig.tar.xz \
    5d9827aa1875b21c288f78864bb26d2650b436ea8d2cad364e4921eb6266a5a5 "$1/xz"
  both "$1/xz" build_side
}

check_all() {
  local built=$1 name
  cp -a "$built/xz.guest" tree
  for name in check block_header stream_flags filter_flags index hardware memlimit; do
    check "test_$name" on guest make -C tree/tests check TESTS="test_$name"
  done
  head -c 6000000 < <(cat "$built"/xz/src/*/*/*.c "$built"/xz/src/*/*/*.c "$built"/xz.native/src/xz/xz) > input
  compare "xz -6 of 6 MB" "$built/xz.native/src/xz/xz" -c input -- "$built/xz.guest/src/xz/xz" -c input
  cp native.out input.xz
  compare "xz -d" "$built/xz.native/src/xz/xz" -dc input.xz -- "$built/xz.guest/src/xz/xz" -dc input.xz
}

case $1 in
  build) build "$2" ;;
  check) check_all "$2" ;;
esac
