#!/bin/bash
# artefact: program-zlib
# inputs: tests/programs/program.sh tests/programs/sources.sh
# inputs: sdk/sysroot/threads.sh apps/weftcc sdk/intrinsics
#
# zlib's own tests: example, which tries each function, and minigzip on real files.
set -euo pipefail
# shellcheck source=tests/programs/program.sh
source "$(dirname "$(readlink -f "$0")")/../program.sh"

build() {
  local out=$1 zlib program
  zlib=$(artefact tests/programs/sources.sh)/zlib
  mapfile -t units < <(find "$zlib" -maxdepth 1 -name '*.c')
  for program in example minigzip; do
    native_cc -DHAVE_UNISTD_H -I"$zlib" -o "$out/$program" "$zlib/test/$program.c" "${units[@]}"
    guest_cc -O2 -w -DHAVE_UNISTD_H -I"$zlib" -o "$out/$program.wasm" "$zlib/test/$program.c" "${units[@]}"
  done
  cp "$zlib/ChangeLog" "$out/text"
  cp "$out/example.wasm" "$out/binary"
}

check_all() {
  local built=$1 input level
  mkdir a b
  (cd a && outcome ../native "$built/example")
  outcome ran guest --dir b::. "$built/example.wasm"
  # the flags tell the sizes of the types
  sed -i 's/compile flags = .*//' native ran
  same example native ran
  for input in text binary; do
    for level in 1 6 9; do
      "$built/minigzip" -$level < "$built/$input" > native.gz
      guest "$built/minigzip.wasm" -$level < "$built/$input" > guest.gz || true
      same "minigzip -$level of a $input file" native.gz guest.gz
      guest "$built/minigzip.wasm" -d < native.gz > back || true
      same "minigzip -d of a $input file, level $level" "$built/$input" back
    done
  done
  cp "$built/text" b/file
  guest --dir b::. "$built/minigzip.wasm" file || true
  check "minigzip replaces the file" test -s b/file.gz -a ! -e b/file
}

case $1 in
  build) build "$2" ;;
  check) check_all "$2" ;;
esac
