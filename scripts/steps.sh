# shellcheck shell=bash
# Named steps with progress, a log each, and a clear word when one fails.
# Sourced by scripts/setup, quickstart.sh and test.sh.
#
# A driver defines a function step_NAME for each of its steps and, where it can tell cheaply, have_NAME, which answers
# whether the step's result is already there. Then:
#
#   steps_main "$@"            first of all: a step runs as "DRIVER --step NAME", a process of its own, so that
#                              `set -e` holds all through it
#   steps_expect N             how many steps are to come, for the [2/9]
#   run_step NAME "what"       runs or skips it; the driver ends when it fails
#   try_step NAME "what"       the same, but the driver goes on
#   steps_report               the table of times
#
# Of a step that tests, the last line "N passed, N failed" of its output counts; $steps_passed and $steps_failed are the
# sums. A step that fails without having counted a failure is one. Logs lie in $STEP_LOGS.

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

# Returns the step's exit code. Relies nowhere on `set -e`.
try_step() {
  local name=$1 what=$2 begin=$SECONDS rc=0 counts passed=0 failed=0 label
  step_index=$((step_index + 1))
  label=$(printf '[%*d/%d] %s' "${#step_total}" "$step_index" "$step_total" "$what")
  printf '%s' "$label"
  if declare -F "have_$name" > /dev/null && "have_$name"; then
    printf ': there\n'
    return 0
  fi
  mkdir -p "$STEP_LOGS"
  step_run "$name" "$label" || rc=$?
  counts=$(grep -aE '^[0-9]+ passed, [0-9]+ failed$' "$STEP_LOGS/$name.log" | tail -n 1)
  if [ -n "$counts" ]; then read -r passed _ failed _ <<< "$counts"; fi
  if [ "$rc" != 0 ] && [ "$failed" = 0 ]; then failed=1; fi
  steps_passed=$((steps_passed + passed))
  steps_failed=$((steps_failed + failed))
  local took=$((SECONDS - begin))
  [ -z "$counts" ] || counts="  $counts"
  [ "$rc" = 0 ] || counts+="  FAILED"
  [ ! -t 1 ] || printf '\r%s' "$label"
  printf ' … %d s%s\n' "$took" "$counts"
  step_rows+=("$(printf '%6d s  %s%s' "$took" "$what" "$counts")")
  [ "$rc" = 0 ] || step_failure "$name" >&2
  return "$rc"
}

# Runs the step in a process group of its own, so that an interrupt ends all that it started.
step_run() {
  local name=$1 label=$2 child ticker="" rc=0
  set -m
  bash "$0" --step "$name" > "$STEP_LOGS/$name.log" 2>&1 < /dev/null &
  child=$!
  set +m
  # shellcheck disable=SC2064  # the child of now
  trap "kill -TERM -- -$child 2> /dev/null; echo; exit 130" INT TERM
  if [ -t 1 ]; then
    step_tick "$label" &
    ticker=$!
  fi
  wait "$child" || rc=$?
  trap - INT TERM
  if [ -n "$ticker" ]; then
    kill "$ticker"
    wait "$ticker" 2> /dev/null
  fi
  return "$rc"
}

step_tick() {
  local begin=$SECONDS
  while sleep 1; do printf '\r%s … %d s' "$1" $((SECONDS - begin)); done
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
