#!/bin/bash
# Runs generated modules under weft and under wabt's interpreter, and compares (tests/differential/README.md).
#
#   tests/differential/run.sh                   for DIFFERENTIAL_SECONDS (30) from SEED (1)
#   SEED=7 COUNT=1 tests/differential/run.sh    the modules of COUNT seeds from 7, however long they take
#
# BUILD is the build directory (build). What differs stays in BUILD/differential, with the line that repeats it. The
# last line is "N passed, M failed"; a module is one test.
set -euo pipefail
root=$(cd "$(dirname "$(readlink -f "$0")")/../.." && pwd)
build=$(readlink -f "${BUILD:-$root/build}")
found=$build/differential
generator=$("$root/scripts/cached" "$root/tests/differential/generator.sh")/bin/weft-module-generator
first=${SEED:-1} count=${COUNT:-0} passed=0 failed=0 reference_died=0
if [ "$count" -gt 0 ]; then seconds=86400; else seconds=${DIFFERENTIAL_SECONDS:-30}; fi
mkdir -p "$found"
rm -f "$found"/running.*

# The runner goes down with a crash of the engine; the rest of the seeds is for the next one.
ends=$((SECONDS + seconds))
while [ "$SECONDS" -lt "$ends" ]; do
  rc=0
  "$generator" "$first" "$count" 2> /dev/null |
    "$build/bin/differential" --seconds $((ends - SECONDS)) --found "$found" > "$found/log" 2> "$found/errors" || rc=$?
  cat "$found/log"
  cat "$found/errors" >&2
  differ=$(grep -c '^DIFFERENCE' "$found/log" || true)
  failed=$((failed + differ))
  if [ ! -f "$found/running.seed" ]; then
    passed=$((passed + $(sed -n 's/^\([0-9]*\) modules.*/\1/p' "$found/log" | tail -n 1) - differ))
    break
  fi
  seed=$(cat "$found/running.seed")
  mv "$found/running.wasm" "$found/$seed.wasm"
  rm "$found/running.seed"
  # An assertion of wabt's interpreter says nothing of us (one was seen in a module with exceptions).
  if grep -q '/src/interp/.*Assertion' "$found/errors"; then
    what="the reference died" reference_died=$((reference_died + 1))
  else
    what="CRASH (exit code $rc)" failed=$((failed + 1))
  fi
  echo "$what"
  echo "  module $found/$seed.wasm; again: SEED=$seed COUNT=1 tests/differential/run.sh"
  passed=$((passed + seed - first - differ))
  if [ "$count" -gt 0 ]; then
    count=$((count - (seed - first) - 1))
    [ "$count" -gt 0 ] || break
  fi
  first=$((seed + 1))
done
[ "$reference_died" = 0 ] || echo "not compared, since the reference died: $reference_died"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
