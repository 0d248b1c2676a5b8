#!/bin/bash
# artefact: port-zlib
# port: zlib: configure, make check, and minigzip
# inputs: sdk/ports/port.sh sdk/sysroot/threads.sh apps/weftcc sdk/env
set -euo pipefail
# shellcheck source=sdk/ports/port.sh
source "$(dirname "$(readlink -f "$0")")/port.sh"

build_side() {
  CFLAGS=-O2 on "$1" ./configure --static
  on "$1" make -j "$jobs"
}

build() {
  fetch_port zlib zlib_1.2.13.dfsg.orig.tar.bz2 \
    71feb7947e3c00ef125f83b79a4e529bde31171e5babe48b391f06758d1ab0a1 "$1/zlib"
  both "$1/zlib" build_side
}

verdict() { on "$1" make -C "$1" check 2>&1 | grep '\*\*\*' || true; }

check_all() {
  local level
  cp -a "$1/zlib.native" native
  cp -a "$1/zlib.guest" guest
  start_here guest
  verdict native > native.verdict
  verdict guest > guest.verdict
  check "make check has a verdict" grep -q "zlib test OK" guest.verdict
  same "make check" native.verdict guest.verdict
  source_text 12000000 > input
  for level in 1 6 9; do
    compare "minigzip -$level" with_input input native/minigzip -$level -- with_input input guest/minigzip -$level
  done
  for _ in 1 2 3 4; do cat native.out; done > many.gz
  compare "minigzip -d" with_input many.gz native/minigzip -d -- with_input many.gz guest/minigzip -d
}

case $1 in
  build) build "$2" ;;
  check) check_all "$2" ;;
esac
