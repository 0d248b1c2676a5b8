# shellcheck shell=bash
# What the ports share. Sourced by sdk/ports/NAME.sh.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=tests/programs/program.sh
source "$root/tests/programs/program.sh"
# shellcheck source=scripts/private_apt.sh
source "$root/scripts/private_apt.sh"
jobs=${JOBS:-$(nproc)}

# fetch_port PACKAGE FILE SHA256 DIR: the upstream tarball, unpacked into DIR
fetch_port() {
  local package=$1 file=$2 sha256=$3 dir=$4 scratch
  scratch=$(mktemp -d)
  private_apt_setup "$scratch/apt" deb-src bookworm bookworm-security > "$scratch/log" 2>&1 ||
    { cat "$scratch/log" >&2 && return 1; }
  fetch_source "$scratch/apt" "$package" "$file" "$sha256" "$scratch"
  mkdir -p "$dir"
  tar -xf "$scratch/$file" -C "$dir" --strip-components=1
  rm -rf "$scratch"
}

# on native|guest COMMAND...: the command, for the guest inside weftenv. The native compiler is the one that the guest's
# is made of, so that the two sides differ in nothing else.
on() {
  local side=$1
  shift
  if [ "$side" = guest ]; then
    "$root/build/bin/weftenv" "$@"
  else
    CC=clang-22 CXX=clang++-22 "$@"
  fi
}

# both DIR COMMAND...: runs a shell function for either side in its copy of the sources in DIR: DIR/native, DIR/guest
both() {
  local source=$1 side
  shift
  for side in native guest; do
    cp -a "$source" "$source.$side"
    (cd "$source.$side" && "$@" "$side") > "$source.$side.log" 2>&1 || {
      tail -n 40 "$source.$side.log" >&2
      echo "the $side build failed" >&2
      return 1
    }
  done
}

# user_time FILE COMMAND...: runs it with its output in FILE; prints the seconds of user time of the best of three
user_time() {
  local file=$1 best="" seconds
  shift
  for _ in 1 2 3; do
    seconds=$({ TIMEFORMAT=%U && time "$@" > "$file" 2> "$file.err" < /dev/null; } 2>&1) || true
    best=$(printf '%s\n' $best "$seconds" | sort -n | head -n 1)
  done
  echo "$best"
}

# compare WHAT NATIVE-COMMAND... -- GUEST-COMMAND...: both print the same; their times are reported
compare() {
  local what=$1 native=() slow fast
  shift
  while [ "$1" != -- ]; do
    native+=("$1")
    shift
  done
  shift
  # the first run compiles, and is not measured
  "$@" > /dev/null 2>&1 < /dev/null || true
  fast=$(user_time native.out "${native[@]}")
  slow=$(user_time guest.out "$@")
  same "$what" native.out guest.out
  echo "time $what $fast $slow"
}
