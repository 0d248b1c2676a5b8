#!/bin/bash
# artefact: program-lua
# inputs: tests/programs/program.sh tests/programs/sources.sh tests/programs/lua
# inputs: sdk/sysroot/threads.sh apps/weftcc sdk/intrinsics
#
# Lua 5.4: an interpreter with a garbage collector, whose errors are longjmps. It runs the programs that come with
# Lua 5.1 (errors of those that 5.4 no longer accepts are results, too) and some of our own that work it harder.
set -euo pipefail
# shellcheck source=tests/programs/program.sh
source "$(dirname "$(readlink -f "$0")")/../program.sh"

build() {
  local out=$1 sources
  sources=$(artefact tests/programs/sources.sh)
  local lua=$sources/lua/src units
  mapfile -t units < <(find "$lua" -name '*.c' ! -name luac.c)
  native_cc -std=gnu99 -DLUA_USE_POSIX -o "$out/lua" "${units[@]}" -lm
  # A guest has no processes; Lua reports that as an error of the call.
  guest_cc -O2 -w -std=gnu99 -DLUA_USE_POSIX -o "$out/lua.wasm" "${units[@]}" -lm
  mkdir "$out/scripts"
  cp "$sources"/lua5.1/test/*.lua "$root"/tests/programs/lua/*.lua "$out/scripts/"
}

check_script() {
  local built=$1 script=$2 name
  name=$(basename "$script" .lua)
  (cd "$built/scripts" && outcome "$OLDPWD/native" "$built/lua" "$name.lua" 7) < "$built/scripts/life.lua"
  outcome guest guest --dir "$built/scripts::." "$built/lua.wasm" "$name.lua" 7 < "$built/scripts/life.lua"
  # addresses of tables and functions
  sed -i -E 's/0x[0-9a-f]+/ADDRESS/g' native guest
  same "$name" native guest
}

check_all() {
  local built=$1 script
  for script in "$built"/scripts/*.lua; do
    case $(basename "$script") in
      # the environment, the time, tools
      env.lua | fib.lua | luac.lua | globals.lua | printf.lua | trace-globals.lua | xd.lua) ;;
      *) check_script "$built" "$script" ;;
    esac
  done
}

case $1 in
  build) build "$2" ;;
  check) check_all "$2" ;;
esac
