#!/bin/bash
# artefact: program-bzip2
# inputs: tests/programs/program.sh tests/programs/sources.sh tests/programs/bzip2
# inputs: sdk/sysroot/threads.sh apps/weftcc sdk/intrinsics
#
# bzip2 with the samples of its own "make test".
set -euo pipefail
# shellcheck source=tests/programs/program.sh
source "$(dirname "$(readlink -f "$0")")/../program.sh"

build() {
  local out=$1 bzip2 units
  bzip2=$(artefact tests/programs/sources.sh)/bzip2
  units=("$bzip2"/{blocksort,huffman,crctable,randtable,compress,decompress,bzlib,bzip2}.c)
  guest_cc -O2 -w -D_FILE_OFFSET_BITS=64 -o "$out/bzip2.wasm" "${units[@]}"
  cp "$bzip2"/sample?.{ref,bz2} "$out/"
}

check_all() {
  local built=$1 n
  for n in 1 2 3; do
    guest "$built/bzip2.wasm" -$n < "$built/sample$n.ref" > out.bz2 || true
    same "compress sample $n" "$built/sample$n.bz2" out.bz2
    guest "$built/bzip2.wasm" -d < "$built/sample$n.bz2" > out.ref || true
    same "decompress sample $n" "$built/sample$n.ref" out.ref
  done
  head -c 1000 "$built/sample1.bz2" > short.bz2
  outcome said guest "$built/bzip2.wasm" -t < short.bz2
  check "a cut-off file is refused" grep -qx 'exit code 2' said
  mkdir files
  cp "$built/sample1.ref" files/
  guest --dir files::. "$built/bzip2.wasm" -k sample1.ref || true
  check "a file beside its original" bzip2 -t files/sample1.ref.bz2
}

case $1 in
  build) build "$2" ;;
  check) check_all "$2" ;;
esac
