# shellcheck shell=bash
# What the ports share. Sourced by sdk/ports/NAME.sh.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=tests/programs/program.sh
source "$root/tests/programs/program.sh"
# shellcheck source=scripts/private_apt.sh
source "$root/scripts/private_apt.sh"
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

# start_here DIR...: the guests there begin with the line that starts the weft of this checkout; the one that built
# them may be another, and gone
start_here() {
  find "$@" -type f -perm -u+x -print0 | while IFS= read -r -d '' file; do
    if head -c 200 "$file" | LC_ALL=C grep -aqm 1 '^#!.*/weft exec$'; then
      LC_ALL=C sed -i "1s|.*|#!$weft exec|" "$file"
    fi
  done
}

# user_time FILE COMMAND...: runs it with its output in FILE; prints the seconds of user time
user_time() {
  local file=$1
  shift
  { TIMEFORMAT=%U && time "$@" > "$file" 2> "$file.err" < /dev/null; } 2>&1 || true
}
median() { printf '%s\n' "$@" | sort -n | sed -n "$((($# + 1) / 2))p"; }

# measure WHAT NATIVE-COMMAND... -- GUEST-COMMAND...: runs both three times, by turns; the last runs' output is in
# native.out and guest.out
measure() {
  local what=$1 native=() fast=() slow=() i
  shift
  while [ "$1" != -- ]; do
    native+=("$1")
    shift
  done
  shift
  # the first run compiles, and is not measured
  "$@" > /dev/null 2>&1 < /dev/null || true
  for i in 1 2 3; do
    fast+=("$(user_time native.out "${native[@]}")")
    slow+=("$(user_time guest.out "$@")")
  done
  echo "time $what $(median "${fast[@]}") $(median "${slow[@]}")"
}

# compare WHAT NATIVE-COMMAND... -- GUEST-COMMAND...: measures both; they print the same
compare() {
  measure "$@"
  if [ ! -s guest.out ]; then
    echo "FAILED $1: it printed nothing"
    tail -n 5 guest.out.err | sed 's/^/    /'
    return
  fi
  same "$1" native.out guest.out
}
