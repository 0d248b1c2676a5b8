#!/bin/bash
# Builds real programs for the guest and compares what they do under weft with what they do natively.
#
#   tests/programs/run.sh [NAME...]     all of them, or these (folders; ../fortran and ../fortran_blas too)
#
# Prints ok and FAILED lines, and at last "N passed, N failed". WEFT is the command to test (default build/bin/weft).
set -uo pipefail
root=$(cd "$(dirname "$(readlink -f "$0")")/../.." && pwd)
cd "$root/tests/programs" || exit 1
names=("$@")
[ $# != 0 ] || mapfile -t names < <(printf '%s\n' */program.sh | cut -d/ -f1)
results=$(mktemp)
trap 'rm -f "$results"' EXIT
for name in "${names[@]}"; do
  begin=$SECONDS
  if ! built=$("$root/scripts/cached" "$name/program.sh"); then
    echo "FAILED $name: it could not be built" | tee -a "$results"
    continue
  fi
  scratch=$(mktemp -d)
  (cd "$scratch" && bash "$root/tests/programs/$name/program.sh" check "$built") |
    sed -u "s#^\(ok\|FAILED\) #&${name##*/}: #" | tee -a "$results"
  # a script that ends before its last check is a failure, too
  if [ "${PIPESTATUS[0]}" != 0 ]; then echo "FAILED $name: its checks ended early" | tee -a "$results"; fi
  rm -rf "$scratch"
  echo "   $name took $((SECONDS - begin)) s"
done
passed=$(grep -c '^ok ' "$results")
failed=$(grep -c '^FAILED ' "$results")
echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
