#!/bin/bash
# artefact: program-sqlite
# inputs: tests/programs/program.sh tests/programs/sources.sh tests/programs/sqlite
# inputs: sdk/sysroot/threads.sh apps/weftcc sdk/intrinsics
#
# SQLite's shell, with full-text search and R-trees, on scripts that fill and query databases in memory and in a file.
set -euo pipefail
# shellcheck source=tests/programs/program.sh
source "$(dirname "$(readlink -f "$0")")/../program.sh"

options=(-DSQLITE_THREADSAFE=0 -DSQLITE_OMIT_LOAD_EXTENSION -DSQLITE_OMIT_WAL -DSQLITE_ENABLE_FTS5
  -DSQLITE_ENABLE_RTREE -DSQLITE_ENABLE_MATH_FUNCTIONS)

build() {
  local out=$1 scratch sources
  sources=$(artefact tests/programs/sources.sh)
  scratch=$(mktemp -d)
  # shellcheck disable=SC2064
  trap "rm -rf '$scratch'" EXIT
  cp -r "$sources/sqlite/." "$scratch"
  (
    cd "$scratch"
    ./configure --quiet --disable-readline --disable-tcl
    make -s sqlite3.c shell.c
  )
  native_cc -O1 "${options[@]}" -DSQLITE_OMIT_POPEN -o "$out/sqlite3" "$scratch/shell.c" "$scratch/sqlite3.c" -lm &
  guest_cc -O2 -w "${options[@]}" -DSQLITE_OMIT_POPEN -o "$out/sqlite3.wasm" \
    "$scratch/shell.c" "$scratch/sqlite3.c"
  wait $!
  cp "$root"/tests/programs/sqlite/*.sql "$out/"
}

check_all() {
  local built=$1 script name
  mkdir native.dir guest.dir
  for script in "$built"/*.sql; do
    name=$(basename "$script" .sql)
    outcome "native.$name" "$built/sqlite3" native.dir/test.db < "$script"
    outcome "ran.$name" guest --dir guest.dir::data "$built/sqlite3.wasm" data/test.db < "$script"
    same "$name" "native.$name" "ran.$name"
  done
  "$built/sqlite3" native.dir/test.db .dump > native.dump
  "$built/sqlite3" guest.dir/test.db .dump > guest.dump
  same "the database's contents, read natively" native.dump guest.dump
  check "nothing but the database is left" test "$(ls guest.dir)" = test.db
}

case $1 in
  build) build "$2" ;;
  check) check_all "$2" ;;
esac
