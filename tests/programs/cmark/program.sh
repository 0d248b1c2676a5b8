#!/bin/bash
# artefact: program-cmark
# inputs: tests/programs/program.sh tests/programs/sources.sh
# inputs: sdk/sysroot/threads.sh apps/weftcc sdk/intrinsics
#
# cmark: Markdown to HTML, on the CommonMark specification and cmark's benchmark samples.
set -euo pipefail
# shellcheck source=tests/programs/program.sh
source "$(dirname "$(readlink -f "$0")")/../program.sh"

build() {
  local out=$1 cmark units
  cmark=$(artefact tests/programs/sources.sh)/cmark
  # what its CMake would write
  mkdir "$out/include"
  printf '#define HAVE_STDBOOL_H\n#include <stdbool.h>\n' > "$out/include/config.h"
  printf '#define HAVE___BUILTIN_EXPECT\n#define HAVE___ATTRIBUTE__\n' >> "$out/include/config.h"
  printf '#define CMARK_INLINE inline\n' >> "$out/include/config.h"
  printf '#define CMARK_EXPORT\n#define CMARK_NO_EXPORT\n' > "$out/include/cmark_export.h"
  printf '#define CMARK_VERSION ((0 << 16) | (30 << 8) | 2)\n#define CMARK_VERSION_STRING "0.30.2"\n' \
    > "$out/include/cmark_version.h"
  units=("$cmark"/src/*.c)
  native_cc -I"$out/include" -I"$cmark/src" -o "$out/cmark" "${units[@]}"
  guest_cc -O2 -w -I"$out/include" -I"$cmark/src" -o "$out/cmark.wasm" "${units[@]}"
  mkdir "$out/texts"
  cp "$cmark"/bench/samples/*.md "$cmark/test/spec.txt" "$out/texts/"
}

check_all() {
  local built=$1 format
  for format in html xml man latex commonmark; do
    (cd "$built/texts" && "$built/cmark" -t $format ./*) > native
    (cd "$built/texts" && guest --dir .::. "$built/cmark.wasm" -t $format ./*) > ran || true
    same "to $format" native ran
  done
}

case $1 in
  build) build "$2" ;;
  check) check_all "$2" ;;
esac
