#!/bin/bash
# artefact: port-pigz
# port: pigz with one and two threads
# inputs: sdk/ports/port.sh sdk/sysroot/threads.sh apps/weftcc sdk/env
set -euo pipefail
# shellcheck source=sdk/ports/port.sh
source "$(dirname "$(readlink -f "$0")")/port.sh"

build_zlib() {
  CFLAGS=-O2 on "$1" ./configure --static
  on "$1" make -j "$jobs" libz.a
}
build_pigz() {
  on "$1" make -j "$jobs" CC="$(compiler "$1")" CFLAGS="-O2 -w -I../zlib.$1" LDFLAGS="-L../zlib.$1" pigz
}

build() {
  fetch_port zlib zlib_1.2.13.dfsg.orig.tar.bz2 \
    71feb7947e3c00ef125f83b79a4e529bde31171e5babe48b391f06758d1ab0a1 "$1/zlib"
  fetch_port pigz pigz_2.8.orig.tar.xz \
    bec34f9d61e28b9b069da9efd53e73d22cd207a4798ed664832dc9b17aa486aa "$1/pigz" trixie sid
  both "$1/zlib" build_zlib
  both "$1/pigz" build_pigz
}

check_all() {
  local there=$1/pigz.native/pigz threads
  cp "$1/pigz.guest/pigz" pigz
  start_here pigz
  source_text 12000000 > input
  for threads in 1 2; do
    compare "pigz -p $threads" "$there" -p $threads -nTc input -- ./pigz -p $threads -nTc input
  done
  for _ in 1 2 3 4; do cat native.out; done > many.gz
  compare "pigz -d -p 2" "$there" -p 2 -dc many.gz -- ./pigz -p 2 -dc many.gz
}

case $1 in
  build) build "$2" ;;
  check) check_all "$2" ;;
esac
