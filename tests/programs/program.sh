# shellcheck shell=bash
# What the programs' scripts (tests/programs/NAME/program.sh) share. Sourced.
#
# Such a script is a recipe of scripts/cached and knows two commands:
#
#   program.sh build OUT    builds the program for the guest (and, as far as there is one, natively to compare with)
#   program.sh check BUILT  runs it under weft in the current directory, which is an empty one; prints "ok NAME" or
#                           "FAILED NAME" and why for each check

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
weft=${WEFT:-$root/build/bin/weft}
export LC_ALL=C.UTF-8

# artefact RECIPE: where what the recipe made lies, built if need be
artefact() { "$root/scripts/cached" "$root/$1"; }

# The compiler for native builds, told as little about the machine as the guest's.
native_cc() { clang-22 -O2 -w "$@"; }

# The guest's, as build/bin has them.
guest_cc() { WEFT_SYSROOT=$(artefact sdk/sysroot/threads.sh) "$root/build/bin/weftcc" "$@"; }
guest_cxx() { WEFT_SYSROOT=$(artefact sdk/sysroot/threads.sh) "$root/build/bin/weftc++" "$@"; }

# guest [OPTION...] PROGRAM [ARG...]: runs it as `weft run` does, and not for ever
guest() { timeout 300 "$weft" run "$@"; }

# check NAME COMMAND...: the command succeeds
check() {
  local name=$1 rc=0
  shift
  "$@" > check.log 2>&1 < /dev/null || rc=$?
  if [ "$rc" = 0 ]; then
    echo "ok $name"
  else
    echo "FAILED $name: exit code $rc"
    tail -n 12 check.log | cut -c1-200 | sed 's/^/    /'
  fi
}

# same NAME EXPECTED ACTUAL: the two files hold the same bytes
same() {
  if cmp -s "$2" "$3"; then
    echo "ok $1"
  else
    echo "FAILED $1: another output than expected"
    { diff -a "$2" "$3" || true; } | head -n 12 | cut -c1-200 | sed 's/^/    /'
  fi
}

# outcome FILE COMMAND...: what the command prints to standard output, and its exit code
outcome() {
  local file=$1 rc=0
  shift
  "$@" > "$file" 2> "$file.err" || rc=$?
  echo "exit code $rc" >> "$file"
  # the reason of a failure that is not expected
  if [ "$rc" -ge 124 ]; then tail -n 3 "$file.err" >> "$file"; fi
}
