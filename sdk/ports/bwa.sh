#!/bin/bash
# artefact: port-bwa
# port: bwa: index, aln, samse, bwasw and mem of a generated genome; its SSE code through the guest's intrinsics
# inputs: sdk/ports/port.sh sdk/ports/genome.py sdk/sysroot/threads.sh apps/weftcc sdk/env sdk/intrinsics
set -euo pipefail
# shellcheck source=sdk/ports/port.sh
source "$(dirname "$(readlink -f "$0")")/port.sh"

build_side() { on "$1" make -j "$jobs" CC="$(compiler "$1")" CFLAGS="-O2 -msse2 -w"; }

# bookworm's 0.7.17 has left the mirrors
build() {
  fetch_port bwa bwa_0.7.18.orig.tar.gz \
    194788087f7b9a77c0114aa481b2ef21439f6abab72488c83917302e8d0e7870 "$1/bwa" trixie sid
  both "$1/bwa" build_side
}

check_all() {
  local there=$1/bwa.native/bwa here=./bwa genome=$root/sdk/ports/genome.py end threads
  cp "$1/bwa.guest/bwa" bwa
  start_here bwa
  python3 "$genome" --bases 1000000 --reads 20000 --length 100 --errors 0.02 --genome short.fa --output reads.fa
  python3 "$genome" --bases 1000000 --reads 300 --length 2000 --errors 0.05 --genome same.fa --output long.fa
  cp short.fa native.fa
  cp short.fa guest.fa
  measure "bwa index" "$there" index native.fa -- "$here" index guest.fa
  # bytes 45 to 48 are padding of a structure, which bwa writes as it finds it
  for end in native guest; do (head -c 44 $end.fa.sa && tail -c +49 $end.fa.sa) > $end.fa.sa.made; done
  for end in amb ann bwt pac sa.made; do same "index.$end" native.fa.$end guest.fa.$end; done
  compare "bwa aln" "$there" aln -t 1 native.fa reads.fa -- "$here" aln -t 1 native.fa reads.fa
  cp native.out reads.sai
  compare_sam "bwa samse" samse native.fa reads.sai reads.fa
  compare_sam "bwa bwasw" bwasw -t 1 native.fa long.fa
  # one thread reads and writes beside those that are told
  for threads in 1 2; do
    compare_sam "bwa mem -t $threads, short reads" mem -t $threads native.fa reads.fa
    compare_sam "bwa mem -t $threads, long reads" mem -t $threads native.fa long.fa
  done
}

# Same SAM but for the line that tells the command.
sam() { "$@" | grep -v '^@PG'; }
compare_sam() {
  local what=$1
  shift
  compare "$what" sam "$there" "$@" -- sam "$here" "$@"
}

case $1 in
  build) build "$2" ;;
  check) check_all "$2" ;;
esac
