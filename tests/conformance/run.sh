#!/bin/bash
# Runs the specification scripts of spec_files.txt, and our own scripts (own/), under `weft wast`, a process each.
#
#   tests/conformance/run.sh [SUITE...]     all suites, or these (core2, simd, threads, ...)
#
# Prints each script that does not pass wholly, a line for each suite, and at last "N passed, N failed" in assertions. A
# script that ends without its count (a crash, more than two minutes) counts as one failure. Commands that are known to
# fail (expected/failures.txt, with the reasons) are left out of the counts; a script that has not as many commands as
# it should (expected/totals.txt) fails.
# WEFT is the command to test (default build/bin/weft), JOBS how many at once.
set -euo pipefail
root=$(cd "$(dirname "$(readlink -f "$0")")/../.." && pwd)
weft=${WEFT:-$root/build/bin/weft}
jobs=${JOBS:-$(nproc)}
suites=$("$root/scripts/cached" "$root/tests/conformance/suites.sh")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# run_script SUITE SCRIPT: leaves the command's output and one line "SUITE SCRIPT passed total"
run_script() {
  local suite=$1 script=$2 rc=0 count
  local file=$suites/spec/$suite/$script.wast
  [ "$suite" != own ] || file=$own/$script.wast
  [ -f "$file" ] || file=${file%.wast}.json
  timeout 120 "$weft" wast "$file" > "$scratch/$suite.$script.out" 2>&1 || rc=$?
  count=$(sed -n 's|^.*: \([0-9]\+\)/\([0-9]\+\)$|\1 \2|p' "$scratch/$suite.$script.out" | tail -n 1)
  if [ -z "$count" ]; then
    count="0 1"
    echo "ended with exit code $rc and no count" >> "$scratch/$suite.$script.out"
  fi
  # shellcheck disable=SC2086
  judge "$suite" "$script" $count > "$scratch/$suite.$script.count"
}

# judge SUITE SCRIPT PASSED TOTAL: prints the same, with known failures taken off and other surprises taken as failures
judge() {
  local suite=$1 script=$2 passed=$3 total=$4 line wanted
  local out=$scratch/$suite.$script.out
  wanted=$(awk -v s="$suite" -v n="$script" '$1 == s && $2 == n { print $3 }' "$expected/totals.txt")
  if [ "$total" != "${wanted:-$total}" ]; then
    echo "the script has $wanted commands, not $total" >> "$out"
    total=$wanted
  fi
  while read -r line; do
    total=$((total - 1))
    if ! grep -q "$script\.[a-z]*:$line: " "$out"; then
      echo "line $line is listed in expected/failures.txt and passes: take it off the list" >> "$out"
      passed=$((passed - 2))
    fi
  done < <(awk -v s="$suite" -v n="$script" '$1 == s && $2 == n { print $3 }' "$expected/failures.txt")
  echo "$suite $script $passed $total"
}
expected=$root/tests/conformance/expected
own=$root/tests/conformance/own
export -f run_script judge
export suites scratch weft expected own

wanted=" $* "
{
  awk '/^[a-z]/ { print $1, $2 }' "$root/tests/conformance/spec_files.txt"
  basename -s .wast "$own"/*.wast | sed 's/^/own /'
} |
  while read -r suite script; do
    if [ "$wanted" = "  " ] || [[ $wanted == *" $suite "* ]]; then echo "$suite $script"; fi
  done > "$scratch/list"
if [ ! -s "$scratch/list" ]; then
  echo "no such suite: $*" >&2
  exit 2
fi
# shellcheck disable=SC2016
xargs -a "$scratch/list" -P "$jobs" -L 1 bash -c 'run_script "$1" "$2"' run

while read -r suite script; do
  read -r _ _ passed total < "$scratch/$suite.$script.count"
  if [ "$passed" != "$total" ]; then
    echo "FAILED $suite $script: $passed/$total"
    tail -n 8 "$scratch/$suite.$script.out" | cut -c1-300 | sed 's/^/    /'
  fi
done < "$scratch/list"
cat "$scratch"/*.count | awk '
  { passed[$1] += $3; total[$1] += $4; scripts[$1]++ }
  END { for (s in total) printf "%s: %d/%d in %d scripts\n", s, passed[s], total[s], scripts[s] }' | sort
cat "$scratch"/*.count | awk '
  { passed += $3; failed += $4 - $3 }
  END { printf "%d passed, %d failed\n", passed, failed; exit failed > 0 }'
