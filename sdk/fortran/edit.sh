# shellcheck shell=bash
# How sources of flang's are changed. Sourced; wants a scratch directory, $work.

: "${work:?}"

# edit FILE SED-SCRIPT...: each script has to change something, so that an upstream change does not go unnoticed.
edit() {
  local file=$1 script
  shift
  for script in "$@"; do
    cp "$file" "$work/before"
    sed -i "$script" "$file"
    if cmp -s "$file" "$work/before"; then
      echo "the source of flang is another than expected: '$script' changes nothing in ${file##*/}" >&2
      return 1
    fi
  done
}
