#!/bin/bash
# artefact: port-sqlite
# port: SQLite: configure, make, and its own speedtest1, in memory and in a file
# inputs: sdk/ports/port.sh sdk/sysroot/threads.sh apps/weftcc sdk/env
set -euo pipefail
# shellcheck source=sdk/ports/port.sh
source "$(dirname "$(readlink -f "$0")")/port.sh"

build_side() {
  on "$1" ./configure --disable-readline --disable-tcl --disable-shared --disable-load-extension CFLAGS="-O2 -w"
  on "$1" make -j "$jobs" sqlite3 speedtest1
}

build() {
  fetch_port sqlite3 sqlite3_3.40.1.orig.tar.xz \
    aaa776260ab4dc976db34aa7891819484c8676b5b2783123ebc6301e2ca5d655 "$1/sqlite"
  both "$1/sqlite" build_side
}

# What it did and a hash of all that was read, without the seconds.
speedtest() {
  local program=$1 database=$2
  [ "$database" = :memory: ] || rm -f "$database"
  shift 2
  "$program" "$@" --verify "$database" | sed 's/\.* *[0-9]*\.[0-9]*s$//'
}

check_all() {
  local there=$1/sqlite.native/speedtest1 set
  cp "$1/sqlite.guest/speedtest1" speedtest1
  start_here speedtest1
  for set in main cte fp; do
    compare "sqlite speedtest1, $set" speedtest "$there" :memory: --testset $set --size 40 -- \
      speedtest ./speedtest1 :memory: --testset $set --size 40
  done
  compare "sqlite speedtest1, main, in a file" speedtest "$there" native.db --size 40 -- \
    speedtest ./speedtest1 guest.db --size 40
  "$1/sqlite.native/sqlite3" native.db .dump > native.dump
  "$1/sqlite.native/sqlite3" guest.db .dump > guest.dump
  same "the guest's file, read natively" native.dump guest.dump
}

case $1 in
  build) build "$2" ;;
  check) check_all "$2" ;;
esac
