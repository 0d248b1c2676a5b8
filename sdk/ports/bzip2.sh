#!/bin/bash
# artefact: port-bzip2
# port: bzip2: make, which tests it, and its speed
# inputs: sdk/ports/port.sh sdk/sysroot/threads.sh apps/weftcc sdk/env
set -euo pipefail
# shellcheck source=sdk/ports/port.sh
source "$(dirname "$(readlink -f "$0")")/port.sh"

build_side() {
  on "$1" make -j "$jobs" CC="$(compiler "$1")" CFLAGS="-O2 -w -D_FILE_OFFSET_BITS=64" bzip2
}

build() {
  fetch_port bzip2 bzip2_1.0.8.orig.tar.gz \
    ab5a03176ee106d3f0fa90e381da478ddae405918153cca248e682cd0c4a2269 "$1/bzip2"
  both "$1/bzip2" build_side
}

check_all() {
  cp -a "$1/bzip2.native" native
  cp -a "$1/bzip2.guest" guest
  start_here guest
  check "make test" make -C guest test
  source_text 6000000 > input
  compare "bzip2 -9" native/bzip2 -9c input -- guest/bzip2 -9c input
  cp native.out input.bz2
  compare "bzip2 -d" native/bzip2 -dc input.bz2 -- guest/bzip2 -dc input.bz2
}

case $1 in
  build) build "$2" ;;
  check) check_all "$2" ;;
esac
