#!/bin/bash
# artefact: port-lua
# port: Lua 5.4: make, and programs that do arithmetic, and use tables, strings, closures and coroutines
# inputs: sdk/ports/port.sh sdk/sysroot/threads.sh apps/weftcc sdk/env
set -euo pipefail
# shellcheck source=sdk/ports/port.sh
source "$(dirname "$(readlink -f "$0")")/port.sh"

build_side() { on "$1" make -C src -j "$jobs" posix CC="$(compiler "$1") -std=gnu99" MYCFLAGS=-w; }

build() {
  fetch_port lua5.4 lua5.4_5.4.4.orig.tar.gz \
    164c7849653b80ae67bec4b7473b884bf5cc8d2dca05653475ec2ed27b9ebf61 "$1/lua"
  both "$1/lua" build_side
}

check_all() {
  local there=$1/lua.native/src/lua work=$root/sdk/ports/work.lua what
  cp "$1/lua.guest/src/lua" lua
  start_here lua
  for what in numbers tables strings closures coroutines; do
    compare "lua, $what" "$there" "$work" "$what" -- ./lua "$work" "$what"
  done
}

case $1 in
  build) build "$2" ;;
  check) check_all "$2" ;;
esac
