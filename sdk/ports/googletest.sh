#!/bin/bash
# artefact: port-googletest
# port: GoogleTest with its own tests: C++ with exceptions, iostreams and templates
# inputs: sdk/ports/port.sh sdk/sysroot/threads.sh apps/weftcc sdk/env
set -euo pipefail
# shellcheck source=sdk/ports/port.sh
source "$(dirname "$(readlink -f "$0")")/port.sh"

tests=(googletest-port-test googletest-printers-test googletest-message-test gtest-typed-test_test
  googletest-param-test-test gtest_unittest googletest-options-test googletest-filepath-test googletest-listener-test
  gmock-matchers-comparisons_test gmock-matchers-containers_test gmock-matchers-misc_test gmock-actions_test
  gmock-spec-builders_test)

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

# Where the test programs lie depends on the library that they belong to.
program() { find "$1" -name "$2" -type f -perm -u+x; }

# What each test came to, without times; what needs processes is left out, and a test that fails, as its source says,
# where the working directory is the root, as it is under `weft exec`.
filter="-*Death*:XmlOutputChangeDirTest.*"
verdicts() {
  local dir=$1 name=$2
  "$(program "$dir" "$name")" --gtest_filter="$filter" --gtest_color=no 2>&1 |
    LC_ALL=C sed -n \
      's/^\(\[       OK \]\|\[  FAILED  \]\|\[  SKIPPED \]\) \([^ ,]*\).*/\1 \2/p' | LC_ALL=C sort -u || true
}

check_all() {
  local built=$1 name
  cp -a "$built/googletest.native/build" native
  cp -a "$built/googletest.guest/build" guest
  start_here guest
  for name in "${tests[@]}"; do
    verdicts native "$name" > native.verdicts
    verdicts guest "$name" > guest.verdicts
    check "$name has verdicts" grep -q OK guest.verdicts
    same "$name, all verdicts" native.verdicts guest.verdicts
  done
  name=gmock-matchers-containers_test
  measure "$name, 40 times" "$(program native $name)" --gtest_repeat=40 --gtest_filter="$filter" -- \
    "$(program guest $name)" --gtest_repeat=40 --gtest_filter="$filter"
}

case $1 in
  build) build "$2" ;;
  check) check_all "$2" ;;
esac
