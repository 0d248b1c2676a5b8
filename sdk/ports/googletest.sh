#!/bin/bash
# artefact: port-googletest
# port: GoogleTest with its own tests: C++ with exceptions, iostreams and templates
# inputs: sdk/ports/port.sh sdk/sysroot/threads.sh apps/weftcc sdk/env
set -euo pipefail
# shellcheck source=sdk/ports/port.sh
source "$(dirname "$(readlink -f "$0")")/port.sh"

tests=(googletest-port-test googletest-printers-test googletest-message-test gtest-typed-test_test
  googletest-param-test-test gtest_unittest gmock-matchers_test gmock-actions_test gmock-spec-builders_test)

build_side() {
  on "$1" cmake -S . -B build -G Ninja -DCMAKE_BUILD_TYPE=Release -Dgtest_build_tests=ON -Dgmock_build_tests=ON \
    -Dgtest_disable_pthreads=ON
  on "$1" ninja -C build -j "$jobs" "${tests[@]}"
}

build() {
  fetch_port googletest googletest_1.12.1.orig.tar.gz \
    81964fe578e9bd7c94dfdb09c8e4d6e6759e19967e397dbea48d1c10e45d0df2 "$1/googletest"
  both "$1/googletest" build_side
}

# The names of the tests that passed, without those that need processes.
passed() {
  find "$1" -name "$2" -type f -perm -u+x -exec {} --gtest_filter="-*Death*" --gtest_color=no \; 2> /dev/null |
    sed -n 's/^\[       OK \] \([^ ]*\).*/\1/p' | sort
}

check_all() {
  local built=$1 name
  for name in "${tests[@]}"; do
    passed "$built/googletest.native/build" "$name" > native
    passed "$built/googletest.guest/build" "$name" > guest
    same "$name" native guest
  done
}

case $1 in
  build) build "$2" ;;
  check) check_all "$2" ;;
esac
