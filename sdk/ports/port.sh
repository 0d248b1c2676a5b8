# shellcheck shell=bash
# What the ports share to be built. Sourced by sdk/ports/NAME.sh. Checking is the business of measure.sh, which is no
# input of the recipes: a change there builds nothing anew.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=tests/programs/program.sh
source "$root/tests/programs/program.sh"
# shellcheck source=scripts/private_apt.sh
source "$root/scripts/private_apt.sh"
# shellcheck source=sdk/ports/measure.sh
source "$root/sdk/ports/measure.sh"
jobs=${JOBS:-$(nproc)}

# fetch_port PACKAGE FILE SHA256 DIR [SUITE...]: the upstream tarball, unpacked into DIR; from bookworm unless told
fetch_port() {
  local package=$1 file=$2 sha256=$3 dir=$4 suites
  shift 4
  suites=("$@")
  [ $# != 0 ] || suites=(bookworm bookworm-security)
  step "$file" fetch_into "$package" "$file" "$sha256" "$dir" "${suites[@]}"
}
fetch_into() {
  local package=$1 file=$2 sha256=$3 dir=$4 scratch
  scratch=$(mktemp -d)
  private_apt_setup "$scratch/apt" deb-src "${@:5}"
  fetch_source "$scratch/apt" "$package" "$file" "$sha256" "$scratch"
  mkdir -p "$dir"
  tar -xf "$scratch/$file" -C "$dir" --strip-components=1
  rm -rf "$scratch"
}

# step WHAT COMMAND...: a line with the seconds that it took; what it prints is shown when it fails
step() {
  local what=$1 log begin=$SECONDS rc=0
  shift
  log=$(mktemp)
  # not in a condition, where `set -e` would not hold inside the command
  set +e
  (
    set -e
    "$@"
  ) > "$log" 2>&1
  rc=$?
  set -e
  if [ "$rc" = 0 ]; then
    printf '  %4d s  %s\n' $((SECONDS - begin)) "$what" >&2
  else
    tail -n 40 "$log" >&2
    echo "failed: $what" >&2
  fi
  rm -f "$log"
  return "$rc"
}

# on native|guest COMMAND...: the command, for the guest inside weftenv. The native compiler is the one that the guest's
# is made of, so that the two sides differ in nothing else.
on() {
  local side=$1
  shift
  if [ "$side" = guest ]; then
    "$root/build/bin/weftenv" "$@"
  else
    CC=$(compiler native) CXX=clang++-22 "$@"
  fi
}

# compiler native|guest: for makefiles that set CC themselves
compiler() { if [ "$1" = guest ]; then echo cc; else echo clang-22; fi; }

# both DIR COMMAND...: runs a shell function for either side, which it is told last, in its copy of the sources in DIR:
# DIR.native, DIR.guest
both() {
  local source=$1 side
  shift
  for side in native guest; do
    cp -a "$source" "$source.$side"
    step "${source##*/}, $side" in_directory "$source.$side" "$@" "$side"
  done
}
in_directory() {
  cd "$1"
  shift
  "$@"
}
