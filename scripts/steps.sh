# shellcheck shell=bash
# Named steps with progress, a log each, and a clear word when one fails. Sourced by scripts/setup, quickstart.sh and test.sh.
#
# A driver defines a function step_NAME for each of its steps and, where it can tell cheaply, have_NAME, which answers
# whether the step's result is already there. Then:
#
#   steps_main "$@"            first of all: a step runs as "DRIVER --step NAME", a process of its own, so that
#                              `set -e` holds all through it
#   steps_expect N             how many steps are to come, for the [2/9]
#   run_step NAME "what"       runs or skips it; the driver ends when it fails
#   try_step NAME "what"       the same, but the driver goes on; a step that tests writes "PASSED FAILED" to $STEP_COUNTS
#   steps_report               the table of times
#
# Logs and counts lie in $STEP_LOGS.

STEP_LOGS=${STEP_LOGS:-$PWD/build/logs}
step_index=0
step_total=0
step_rows=()
steps_passed=0
steps_failed=0

steps_main() {
  if [ "${1:-}" = --step ]; then
    "step_$2"
    exit 0
  fi
}

steps_expect() { step_total=$1; }

run_step() {
  try_step "$@" && return 0
  step_advice "$1" >&2
  exit 1
}

# Returns the step's exit code. Calls nothing that relies on `set -e`.
try_step() {
  local name=$1 what=$2 begin=$SECONDS rc=0 counts="" width
  step_index=$((step_index + 1))
  width=${#step_total}
  printf '[%*d/%d] %s' "$width" "$step_index" "$step_total" "$what"
  if declare -F "have_$name" > /dev/null && "have_$name"; then
    printf ': there\n'
    return 0
  fi
  mkdir -p "$STEP_LOGS"
  rm -f "$STEP_LOGS/$name.counts"
  step_run "$name" "$what" || rc=$?
  if [ -f "$STEP_LOGS/$name.counts" ]; then
    counts=$(step_add_counts "$STEP_LOGS/$name.counts" "$rc")
    local passed failed
    read -r passed failed < "$STEP_LOGS/$name.counts"
    steps_passed=$((steps_passed + passed))
    steps_failed=$((steps_failed + failed))
  elif [ "$rc" != 0 ]; then
    steps_failed=$((steps_failed + 1))
  fi
  local took=$((SECONDS - begin)) verdict=""
  [ "$rc" = 0 ] || verdict=" FAILED"
  [ ! -t 1 ] || printf '\r[%*d/%d] %s' "$width" "$step_index" "$step_total" "$what"
  printf ' … %d s%s%s\n' "$took" "$counts" "$verdict"
  step_rows+=("$(printf '%6d s  %s%s%s' "$took" "$what" "$counts" "$verdict")")
  if [ "$rc" != 0 ]; then step_failure "$name" >&2; fi
  return "$rc"
}

# Runs the step in a process group of its own, so that an interrupt ends all that it started.
step_run() {
  local name=$1 what=$2 child ticker="" rc=0
  export STEP_COUNTS=$STEP_LOGS/$name.counts
  set -m
  bash "$0" --step "$name" > "$STEP_LOGS/$name.log" 2>&1 < /dev/null &
  child=$!
  set +m
  trap 'kill -TERM -- "-$child" 2> /dev/null; echo; exit 130' INT TERM
  if [ -t 1 ]; then
    step_tick "$what" &
    ticker=$!
  fi
  wait "$child" || rc=$?
  trap - INT TERM
  [ -z "$ticker" ] || kill "$ticker"
  return "$rc"
}

step_tick() {
  local begin=$SECONDS
  while sleep 1; do
    printf '\r[%*d/%d] %s … %d s' "${#step_total}" "$step_index" "$step_total" "$1" $((SECONDS - begin))
  done
}

step_add_counts() {
  local passed failed
  read -r passed failed < "$1"
  printf '  %d passed, %d failed' "$passed" "$failed"
}

step_failure() {
  local log=$STEP_LOGS/$1.log
  printf -- '--- the end of %s\n' "$log"
  tail -n 25 "$log" | sed 's/^/    /'
  printf -- '---\n'
}

step_advice() {
  printf 'The step "%s" failed; its whole output is in %s.\n' "$1" "$STEP_LOGS/$1.log"
  if declare -F "advice_$1" > /dev/null; then "advice_$1"; fi
  printf 'Then run %s again: it goes on from here, finished steps are not repeated.\n' "$0"
}

steps_report() {
  printf '\nTimes:\n'
  printf '%s\n' "${step_rows[@]:-  (nothing had to be done)}"
  printf '%6d s  in all\n' "$SECONDS"
}
