#!/bin/bash
# artefact: port-xz
# port: xz-utils: configure, make, its whole `make check`, and its speed
# inputs: sdk/ports/port.sh sdk/sysroot/threads.sh apps/weftcc sdk/env
set -euo pipefail
# shellcheck source=sdk/ports/port.sh
source "$(dirname "$(readlink -f "$0")")/port.sh"

build_side() {
  on "$1" ./configure --disable-nls --disable-doc --disable-shared --enable-threads=no \
    --enable-unaligned-access=yes CFLAGS=-O2
  on "$1" make -j "$jobs"
  on "$1" make -j "$jobs" -C tests check TESTS=
}

build() {
  fetch_port xz-utils xz-utils_5.4.1.orig.tar.xz \
    5d9827aa1875b21c288f78864bb26d2650b436ea8d2cad364e4921eb6266a5a5 "$1/xz"
  both "$1/xz" build_side
}

# The verdict on each of the tests.
verdicts() { on "$1" make -C "$1/tests" check 2>&1 | grep -E '^(PASS|FAIL|SKIP|ERROR|XFAIL|XPASS): ' || true; }

check_all() {
  local built=$1 xz=src/xz/xz name
  cp -a "$built/xz.native" native
  cp -a "$built/xz.guest" guest
  start_here guest
  verdicts native > native.verdicts
  verdicts guest > guest.verdicts
  check "make check has verdicts" grep -q PASS guest.verdicts
  same "make check, all verdicts" native.verdicts guest.verdicts
  find "$built/xz" -type f | LC_ALL=C sort | xargs cat > all
  head -c 6000000 < <(cat all all all) > input
  compare "xz -6 of 6 MB" "native/$xz" -c input -- "guest/$xz" -c input
  cp native.out input.xz
  for name in 1 2 3 4; do cat input.xz; done > many.xz
  compare "xz -d of 24 MB" "native/$xz" -dc many.xz -- "guest/$xz" -dc many.xz
}

case $1 in
  build) build "$2" ;;
  check) check_all "$2" ;;
esac
