#!/bin/bash
# artefact: port-zstd
# port: zstd with one and two threads
# inputs: sdk/ports/port.sh sdk/sysroot/threads.sh apps/weftcc sdk/env sdk/intrinsics
set -euo pipefail
# shellcheck source=sdk/ports/port.sh
source "$(dirname "$(readlink -f "$0")")/port.sh"

build_side() {
  on "$1" make -C programs -j "$jobs" zstd CC="$(compiler "$1")" CFLAGS="-O3 -w -msse2" \
    HAVE_THREAD=1 HAVE_ZLIB=0 HAVE_LZMA=0 HAVE_LZ4=0
}

build() {
  fetch_port libzstd libzstd_1.5.4+dfsg2.orig.tar.xz \
    8cf4bbb65e77ec348d052c8d6230eba66d435bddf64c8b5be2fcb16880c19953 "$1/zstd"
  both "$1/zstd" build_side
}

check_all() {
  local there=$1/zstd.native/programs/zstd options
  cp -L "$1/zstd.guest/programs/zstd" zstd
  start_here zstd
  source_text 12000000 > input
  for options in "--single-thread -3" "-T1 -9" "-T2 -9" "-T2 -15"; do
    # shellcheck disable=SC2086
    compare "zstd $options" "$there" $options -qc input -- ./zstd $options -qc input
  done
  for _ in 1 2 3 4 5 6 7 8; do cat native.out; done > many.zst
  compare "zstd -d" "$there" -qdc many.zst -- ./zstd -qdc many.zst
}

case $1 in
  build) build "$2" ;;
  check) check_all "$2" ;;
esac
