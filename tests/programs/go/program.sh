#!/bin/bash
# artefact: program-go
# inputs: tests/programs/program.sh tests/programs/go
# packages: golang-1.23-go
#
# Go programs, with Go's own scheduler, stacks and garbage collector in the guest: some of our own that use much of the
# standard library, and packages' own tests.
set -euo pipefail
# shellcheck source=tests/programs/program.sh
source "$(dirname "$(readlink -f "$0")")/../program.sh"

go=/usr/lib/go-1.23/bin/go
packages=(sort regexp strconv sync)

build() {
  local out=$1 program package scratch
  scratch=$(mktemp -d)
  # shellcheck disable=SC2064
  trap "chmod -R u+w '$scratch' && rm -rf '$scratch'" EXIT
  export GOCACHE=$scratch/cache GOPATH=$scratch/path GOTOOLCHAIN=local GOPROXY=off CGO_ENABLED=0 GOFLAGS=
  unset GOROOT
  cp "$root"/tests/programs/go/*.go "$scratch"
  cd "$scratch"
  for program in *.go; do
    $go build -ldflags=-s -o "$out/${program%.go}" "$program"
    GOOS=wasip1 GOARCH=wasm $go build -ldflags=-s -o "$out/${program%.go}.wasm" "$program"
  done
  for package in "${packages[@]}"; do
    GOOS=wasip1 GOARCH=wasm $go test -c -vet=off -o "$out/test-${package//\//-}.wasm" "$package"
    mkdir -p "$out/source/$package"
    cp -rL "$($go env GOROOT)/src/$package/." "$out/source/$package/"
  done
}

check_all() {
  local built=$1 wasm name
  for wasm in "$built"/*.wasm; do
    name=$(basename "$wasm" .wasm)
    case $name in
      test-*) ;;
      *)
        mkdir -p native.dir guest.dir
        outcome native env GREETING=hello "$built/$name" native.dir first 'second one'
        outcome ran guest --dir guest.dir::/data --env GREETING=hello "$wasm" /data first 'second one'
        same "$name" native ran
        rm -rf native.dir guest.dir
        ;;
    esac
  done
  for name in "${packages[@]}"; do
    # a package's tests run in its folder, and examples write to a temporary file
    mkdir -p tmp
    outcome ran guest --dir "$built/source/$name::/" --dir tmp::/tmp --env PWD=/ \
      "$built/test-${name//\//-}.wasm" -test.short
    check "tests of package $name" grep -qx PASS ran
  done
}

case $1 in
  build) build "$2" ;;
  check) check_all "$2" ;;
esac
