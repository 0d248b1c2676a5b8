#!/bin/bash
# artefact: program-posix
# inputs: tests/programs/program.sh tests/programs/posix
# inputs: sdk/sysroot/threads.sh apps/weftcc sdk/intrinsics
#
# sdk/posix: each family of functions, in good use and bad. For programs with threads they are compiled and validated.
set -euo pipefail
# shellcheck source=tests/programs/program.sh
source "$(dirname "$(readlink -f "$0")")/../program.sh"

build() {
  local out=$1 sysroot source name
  sysroot=$(artefact sdk/sysroot/threads.sh)
  for source in "$root"/tests/programs/posix/*.c; do
    name=$(basename "$source" .c)
    guest_cc -O2 -D_GNU_SOURCE -Wall -Werror -o "$out/$name.wasm" "$source"
    "$sysroot/bin/wcc-mt" -O2 -D_GNU_SOURCE -Wall -Werror -o "$out/$name-threads.wasm" "$source"
    wasm-validate --enable-all "$out/$name-threads.wasm"
  done
}

check_family() {
  local built=$1 name=$2 rc=0
  mkdir "$name"
  guest --dir "$name::." --dir "$name::/tmp" --env HOME=/home/test "$built/$name.wasm" > "$name.out" 2> "$name.err" ||
    rc=$?
  grep -E '^(ok|FAILED) ' "$name.out" | sed "s/^\(ok\|FAILED\) /&$name: /"
  check "$name: the program ends well" test $rc = 0
}

check_all() {
  local built=$1 name
  for name in signals processes users memory files system network; do check_family "$built" "$name"; done
  check "files: no temporary file is left" test -z "$(ls files)"
  check "system: syslog() writes to standard error" grep -qx 'posix: log: No such file or directory: 100%' system.err
  outcome terminated guest "$built/signals.wasm" 15
  check "signals: SIGTERM ends the program as a shell reports it" grep -qx 'exit code 143' terminated
  outcome aborted guest "$built/signals.wasm" 6
  check "signals: SIGABRT ends it in a trap" grep -qx 'exit code 134' aborted
}

case $1 in
  build) build "$2" ;;
  check) check_all "$2" ;;
esac
