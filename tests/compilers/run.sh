#!/bin/bash
# Runs the tests of the guest compilers, all or those named (environment_test.Environment); the last line is
# "N passed, N failed".
set -uo pipefail
cd "$(dirname "$(readlink -f "$0")")" || exit 1
log=$(mktemp)
trap 'rm -f "$log"' EXIT
[ $# -gt 0 ] || set -- compilers_test environment_test
python3 -m unittest -v "$@" 2>&1 | tee "$log"
rc=${PIPESTATUS[0]}
ran=$(sed -n 's/^Ran \([0-9]*\) tests\{0,1\} in .*/\1/p' "$log")
bad=$(grep -cE '^(FAIL|ERROR): ' "$log")
echo "$((${ran:-0} - bad)) passed, $bad failed"
[ "$rc" = 0 ] && [ "${ran:-0}" -gt 0 ]
