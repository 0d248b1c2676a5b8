#!/bin/bash
# artefact: program-threads
# inputs: tests/programs/program.sh tests/programs/threads tests/programs/posix/check.h
# inputs: sdk/sysroot/threads.sh apps/weftcc sdk/intrinsics
# packages: clang-22 g++-12
#
# Programs with threads: POSIX's and C11's, cancellation and signals, C++'s, OpenMP's. All but the last run natively,
# too, and print the same.
set -euo pipefail
# shellcheck source=tests/programs/program.sh
source "$(dirname "$(readlink -f "$0")")/../program.sh"
c_programs=(threads locks cancel)

build() {
  local out=$1 folder=$root/tests/programs/threads name
  local strict=(-D_GNU_SOURCE -Wall -Wextra -Wno-unused-parameter -Werror -pthread)
  for name in "${c_programs[@]}"; do
    native_cc "${strict[@]}" -o "$out/$name" "$folder/$name.c"
    guest_cc -O2 "${strict[@]}" -o "$out/$name.wasm" "$folder/$name.c"
  done
  g++-12 -std=c++20 -O2 -pthread -o "$out/cxx" "$folder/cxx.cc"
  guest_cxx -std=c++20 -fexperimental-library -O2 -pthread -o "$out/cxx.wasm" "$folder/cxx.cc"
  guest_cc -O2 -fopenmp -Wall -Werror -o "$out/openmp.wasm" "$folder/openmp.c"
  # it is the reference to a function, not an option, that gives a program threads
  guest_cc -O2 -D_GNU_SOURCE -o "$out/unasked.wasm" "$folder/threads.c"
  for name in "$out"/*.wasm; do wasm-validate --enable-all "$name"; done
}

check_program() {
  local built=$1 name=$2 cores
  outcome "$name.native" timeout 100 "$built/$name"
  for cores in 1 2 4; do
    outcome "$name.$cores" guest --cores $cores "$built/$name.wasm"
    same "$name: on $cores cores it does as it does natively" "$name.native" "$name.$cores"
  done
  check "$name: nothing fails" bash -c "! grep -v '^ok ' $name.native | grep -v '^exit code 0$'"
}

check_openmp() {
  local built=$1
  guest --cores 2 "$built/openmp.wasm" > openmp.out 2> openmp.err || echo "FAILED openmp: exit code $?"
  grep -E '^(ok|FAILED) ' openmp.out | sed 's/^\(ok\|FAILED\) /&openmp: /'
  check "openmp: as many threads as cores" grep -q '^threads 2, ' openmp.out
  check "openmp: it gets to its end" grep -qx 'ok time' openmp.out
  guest --cores 2 --env OMP_NUM_THREADS=6 --env OMP_SCHEDULE=guided,7 --env OMP_MAX_ACTIVE_LEVELS=3 \
    --env OMP_CANCELLATION=true --env OMP_THREAD_LIMIT=100 --env OMP_PROC_BIND=close --env KMP_STACKSIZE=2M \
    --env KMP_BLOCKTIME=0 --env OMP_WAIT_POLICY=passive "$built/openmp.wasm" > environment.out 2>&1 ||
    echo "FAILED openmp: exit code $?"
  check "openmp: OMP_* and KMP_* are obeyed" grep -qx \
    'threads 6, limit 100, levels 3, schedule 3:7, dynamic 0, cancellation 1, binding 1' environment.out
  check "openmp: and all works with them" bash -c "grep -qx 'ok a loop is cancelled' environment.out &&
    grep -qx 'ok time' environment.out && ! grep FAILED environment.out"
}

check_all() {
  local built=$1 name
  for name in "${c_programs[@]}" cxx; do check_program "$built" "$name"; done
  outcome unasked guest "$built/unasked.wasm"
  same "threads: without -pthread it does the same" threads.1 unasked
  check_openmp "$built"
}

case $1 in
  build) build "$2" ;;
  check) check_all "$2" ;;
esac
