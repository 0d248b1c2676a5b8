# shellcheck shell=bash
# How the ports are compared and measured. Sourced by port.sh.

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

# with_input FILE COMMAND...: for programs that read standard input
with_input() { "${@:2}" < "$1"; }

# source_text BYTES: text to be compressed, SQLite's sources
source_text() {
  local sqlite
  sqlite=$(artefact tests/programs/sources.sh)/sqlite
  find "$sqlite" \( -name "*.[ch]" -o -name "*.test" \) | LC_ALL=C sort | xargs cat > source_text
  head -c "$1" source_text
  rm source_text
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
