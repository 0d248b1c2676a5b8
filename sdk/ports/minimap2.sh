#!/bin/bash
# artefact: port-minimap2
# port: minimap2 with one and two threads, long reads of a generated genome
# inputs: sdk/ports/port.sh sdk/ports/genome.py sdk/sysroot/threads.sh apps/weftcc sdk/env sdk/intrinsics
set -euo pipefail
# shellcheck source=sdk/ports/port.sh
source "$(dirname "$(readlink -f "$0")")/port.sh"

# One variant of the code, rather than one by CPUID, which is assembly.
build_side() { on "$1" make -j "$jobs" CC="$(compiler "$1")" CFLAGS="-O2 -w -msse4.1" sse2only=1 minimap2; }

build() {
  fetch_port minimap2 minimap2_2.24+dfsg.orig.tar.xz \
    bd8e76cad8e4d4ea19844707bf4f2a825de10372dc6c8ba15426ef9c20854b0f "$1/minimap2"
  both "$1/minimap2" build_side
}

# Same SAM but for the line that tells the command.
sam() { "$@" | grep -v '^@PG'; }

check_all() {
  local there=$1/minimap2.native/minimap2 threads
  cp "$1/minimap2.guest/minimap2" minimap2
  start_here minimap2
  python3 "$root/sdk/ports/genome.py" --bases 3000000 --reads 1000 --length 3000 --errors 0.08 \
    --genome genome.fa --output reads.fa
  for threads in 1 2; do
    compare "minimap2 -t $threads" sam "$there" -t $threads -ax map-ont genome.fa reads.fa -- \
      sam ./minimap2 -t $threads -ax map-ont genome.fa reads.fa
  done
}

case $1 in
  build) build "$2" ;;
  check) check_all "$2" ;;
esac
