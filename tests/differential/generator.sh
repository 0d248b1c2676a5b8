#!/bin/bash
# artefact: module-generator
# inputs: tests/differential/generator
# packages: cargo-web
#
# The generator of modules for the differential test: bin/weft-module-generator, built from the registry's wasm-smith
# at the versions of Cargo.lock.
set -euo pipefail
root=$(cd "$(dirname "$(readlink -f "$0")")/../.." && pwd)

build() {
  local out=$1 scratch
  scratch=$(mktemp -d)
  # shellcheck disable=SC2064
  trap "rm -rf '$scratch'" EXIT
  cp -r "$root/tests/differential/generator" "$scratch/source"
  # Debian's compiler, whatever else is installed; the client's home is its own.
  export CARGO_HOME=$scratch/home CARGO_TARGET_DIR=$scratch/target RUSTC=/usr/bin/rustc
  local try
  for try in 1 2 3; do
    if (cd "$scratch/source" && /usr/bin/cargo fetch --quiet --locked); then break; fi
    if [ "$try" = 3 ]; then
      echo "cargo could not fetch the generator's crates: is the registry reachable (cargo's settings, proxies)?" >&2
      return 1
    fi
    sleep $((try * 2))
  done
  (cd "$scratch/source" && /usr/bin/cargo build --quiet --release --locked --offline)
  mkdir -p "$out/bin"
  cp "$scratch/target/release/weft-module-generator" "$out/bin/"
}

"$@"
