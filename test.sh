#!/bin/bash
# Sets up what is missing, builds weft, and tests it: the quick tests first, the long ones last.
#
#   ./test.sh              everything
#   ./test.sh --fast       the tests of the modules and of the source tree; seconds, once built
#   ./test.sh STEP...      the set-up, and these:
#                          fast long api spec wasi compilers programs fortran differential fuzz asan tsan tidy
#   ./test.sh --help
#
# Environment: JOBS (how many processes at once; default: all cores), WEFT_CACHE (default ~/.cache/weft),
# DIFFERENTIAL_SECONDS, FUZZ_SECONDS (default 30), TIDY_SECONDS (default 300).
# The logs of all steps are in build/logs. Exits with 1 when anything failed; the last line is "N passed, N failed".
set -euo pipefail
root=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
cd "$root"
# shellcheck source=scripts/setup_steps.sh
source scripts/setup_steps.sh

# run_ctest BUILD [OPTION...]
run_ctest() {
  local dir=$1 rc=0
  shift
  ctest --test-dir "$dir" -j "$jobs" --output-on-failure --no-tests=error --output-junit "$root/$dir/ctest.xml" \
    --test-output-size-passed 4000000 --test-output-size-failed 4000000 "$@" || rc=$?
  python3 scripts/ctest_counts.py "$root/$dir/ctest.xml"
  return "$rc"
}

step_fast() { run_ctest build -L fast; }
step_long() { run_ctest build -L long; }
step_api() { tests/node/described.py "$(scripts/cached tests/node/schemathesis.sh)"; }
step_spec() { tests/conformance/run.sh; }
step_wasi() { tests/conformance/wasi.py "$(scripts/cached tests/conformance/suites.sh)/wasi"; }
step_compilers() { tests/compilers/run.sh; }
step_run_programs() {
  scripts/cached tests/programs/*/program.sh > /dev/null
  tests/programs/run.sh
}
# Needs 1.4 GB of packages that are not part of the set-up.
step_fortran() { tests/programs/run.sh ../fortran ../fortran_blas; }
step_differential() {
  build_preset release differential
  tests/differential/run.sh
}

module_tests=(base_test store_test call_test net_test manifest_test wasm_test slot_test cpu_test engine_test wasi_test guest_api_test snapshot_test
  faaslet_test threads_test wast_test catalog_test node_test api_test)
command_tests=(cli_run_test cli_threads_test cli_bad_input_test cli_bad_module_test cli_commands_test
  cli_client_test cli_node_test)

# Each fuzz target in turn, from the same seed; what it finds stays in build/fuzz/found.
step_fuzz() {
  build_preset fuzz records_fuzz lmdb_check_fuzz module_fuzz code_file_fuzz script_fuzz wasi_fuzz frozen_fuzz manifest_fuzz spec_json_fuzz cron_fuzz net_fuzz
  local target targets failed=0 each
  mapfile -t targets < <(find build/fuzz/bin -name '*_fuzz' | sort)
  each=$((${FUZZ_SECONDS:-30} / ${#targets[@]}))
  mkdir -p build/fuzz/found
  for target in "${targets[@]}"; do
    echo "=== ${target##*/}"
    "$target" -seed=1 -max_total_time=$((each > 0 ? each : 1)) -timeout=10 -rss_limit_mb=4096 \
      -artifact_prefix=build/fuzz/found/ 2>&1 | tail -n 15 || failed=$((failed + 1))
  done
  echo "$((${#targets[@]} - failed)) passed, $failed failed"
  [ "$failed" = 0 ]
}

# A guest's memory is reserved, not used: sanitizers must not count it. LLVM's libraries are not instrumented, so the
# bounds that a container tells the sanitizer are not kept by both sides.
step_asan() {
  build_preset asan "${module_tests[@]}" weft weftcc
  ASAN_OPTIONS=detect_stack_use_after_return=0:allocator_may_return_null=1:detect_container_overflow=0 \
    UBSAN_OPTIONS=print_stacktrace=1 \
    run_ctest build/asan -R "^($(IFS='|' && echo "${module_tests[*]} ${command_tests[*]}" | tr ' ' '|'))\$"
}
# What has threads. Guests and LLVM are not instrumented.
step_tsan() {
  build_preset tsan store_test call_test slot_test cpu_test wasi_test faaslet_test threads_test net_test node_test
  TSAN_OPTIONS=halt_on_error=0:second_deadlock_stack=1 \
    run_ctest build/tsan -R '^(store|call|slot|cpu|wasi|faaslet|threads|net|node)_test$'
}
step_tidy() { python3 scripts/tidy.py build --budget "${TIDY_SECONDS:-300}"; }

steps_main "$@"

declare -A what=(
  [fast]="tests of the modules and of the source tree"
  [long]="modules of a size that hurts"
  [api]="the HTTP API, asked by its own description"
  [spec]="official specification tests"
  [wasi]="public WASI tests"
  [compilers]="guest compilers, and builds of others with them"
  [run_programs]="real programs, compared with native ones"
  [fortran]="Fortran programs, compared with native ones"
  [differential]="generated modules, compared with wabt's interpreter, ${DIFFERENTIAL_SECONDS:-30} s"
  [fuzz]="fuzzing, ${FUZZ_SECONDS:-30} s"
  [asan]="tests with address and undefined-behaviour sanitizer"
  [tsan]="tests with thread sanitizer"
  [tidy]="clang-tidy"
)
tests=(fast long api spec wasi compilers run_programs differential fuzz asan tsan tidy)
if command -v flang-22 > /dev/null; then tests+=(fortran); fi

case ${1:-} in
  --help | -h)
    sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0"
    exit 0
    ;;
  --fast) tests=(fast) ;;
  "") ;;
  *)
    tests=()
    for name in "$@"; do
      if [ "$name" = programs ]; then name=run_programs; fi
      if [ -z "${what[$name]:-}" ]; then
        echo "test.sh: no step is called '$name'; try --help" >&2
        exit 2
      fi
      tests+=("$name")
    done
    ;;
esac

wanted=" ${tests[*]} "
setup=(packages)
if [[ $wanted == *" spec "* || $wanted == *" wasi "* ]]; then setup+=(suites); fi
if [[ $wanted == *" run_programs "* || $wanted == *" compilers "* ]]; then setup+=(sysroot threads math); fi
if [[ $wanted == *" differential "* ]]; then setup+=(generator); fi
declare -A setup_what=(
  [packages]="Debian packages"
  [suites]="official test suites"
  [sysroot]="guest sysroot"
  [threads]="guest sysroot with threads"
  [math]="guest sysroot with BLAS, LAPACK and FFTW"
  [generator]="generator of test modules"
)
sysroot_steps "${setup[@]}"
steps_expect $((${#setup[@]} + 1 + ${#tests[@]}))
for step in "${setup[@]}"; do run_step "$step" "${setup_what[$step]}"; done
run_step build "building weft (release)"
for step in "${tests[@]}"; do try_step "$step" "${what[$step]}" || true; done
steps_report
echo
if [ $# = 0 ] && [[ $wanted != *" fortran "* ]]; then
  echo "not tested: Fortran, whose compiler is not installed; ./test.sh fortran installs it (1.4 GB) and tests it"
fi
echo "$steps_passed passed, $steps_failed failed"
[ "$steps_failed" = 0 ]
