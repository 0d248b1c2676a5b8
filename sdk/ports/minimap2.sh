#!/bin/bash
# artefact: port-minimap2
# port: minimap2: maps reads of a generated genome; its SSE code through the guest's intrinsics
# inputs: sdk/ports/port.sh sdk/ports/genome.py sdk/sysroot/threads.sh apps/weftcc sdk/env sdk/intrinsics
set -euo pipefail
# shellcheck source=sdk/ports/port.sh
source "$(dirname "$(readlink -f "$0")")/port.sh"

build_side() { on "$1" make -j "$jobs" sse2only=1 minimap2; }

build() {
  fetch_port minimap2 minimap2_2.24+dfsg.orig.tar.xz \
    bd8e76cad8e4d4ea19844707bf4f2a825de10372dc6c8ba15426ef9c20854b0f "$1/minimap2"
  both "$1/minimap2" build_side
}

check_all() {
  local native=$1/minimap2.native/minimap2 guest=$1/minimap2.guest/minimap2
  python3 "$root/sdk/ports/genome.py" --bases 400000 --reads 400 --length 3000 --genome genome.fa --output reads.fa
  compare "map 400 long reads" "$native" -t 1 -ax map-ont genome.fa reads.fa -- \
    "$guest" -t 1 -ax map-ont genome.fa reads.fa
}

case $1 in
  build) build "$2" ;;
  check) check_all "$2" ;;
esac
