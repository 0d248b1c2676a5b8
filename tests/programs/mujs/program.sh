#!/bin/bash
# artefact: program-mujs
# inputs: tests/programs/program.sh tests/programs/sources.sh tests/programs/mujs
# inputs: sdk/sysroot/threads.sh apps/weftcc sdk/intrinsics
#
# MuJS: a JavaScript interpreter whose exceptions are longjmps.
set -euo pipefail
# shellcheck source=tests/programs/program.sh
source "$(dirname "$(readlink -f "$0")")/../program.sh"

build() {
  local out=$1 mujs
  mujs=$(artefact tests/programs/sources.sh)/mujs
  native_cc -I"$mujs" -o "$out/mujs" "$mujs/main.c" "$mujs/one.c" -lm
  guest_cc -O2 -w -I"$mujs" -o "$out/mujs.wasm" "$mujs/main.c" "$mujs/one.c" -lm
  mkdir "$out/scripts"
  cp "$root"/tests/programs/mujs/*.js "$out/scripts/"
}

check_all() {
  local built=$1 script name
  for script in "$built"/scripts/*.js; do
    name=$(basename "$script")
    outcome native "$built/mujs" "$script"
    outcome ran guest --dir "$built/scripts::scripts" "$built/mujs.wasm" "scripts/$name"
    same "$name" native ran
  done
}

case $1 in
  build) build "$2" ;;
  check) check_all "$2" ;;
esac
