#!/bin/sh
# Builds the program and checks what it says.
set -eu
cd "$(dirname "$0")"
weft build
said=$(weft run build/@NAME@.wasm weaver)
if [ "$said" != "Hello, weaver!" ]; then
  echo "FAILED: it said '$said'" >&2
  exit 1
fi
echo "passed"
