# shellcheck shell=bash
# Which Debian packages of scripts/packages.txt are missing, and how they are installed. Sourced; needs private_apt.sh.

# The lines of the list without comments: NAME, least version or -, suite or -
packages_wanted() {
  sed 's/#.*//' "$1" | awk 'NF {
    version = "-"; suite = "-"
    for (i = 2; i <= NF; i++) {
      if ($i == ">=") version = $(i + 1)
      if ($i ~ /^@/) suite = substr($i, 2)
    }
    print $1, version, suite }'
}

# Prints NAME SUITE of each package that is missing or too old.
packages_missing() {
  local name version suite have
  local -A installed=()
  while read -r name version have; do
    [ "$have" != installed ] || installed[$name]=$version
  done < <(dpkg-query -W -f '${binary:Package} ${Version} ${db:Status-Status}\n' | sed 's/:amd64 / /')
  while read -r name version suite; do
    have=${installed[$name]:-}
    if [ -z "$have" ] || { [ "$version" != - ] && dpkg --compare-versions "$have" lt "$version"; }; then
      printf '%s %s\n' "$name" "$suite"
    fi
  done < <(packages_wanted "$1")
}

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo > /dev/null; then
    sudo "$@"
  else
    echo "packages are missing, and installing them needs root: $*" >&2
    return 1
  fi
}

# Installs without ever removing a package of the machine's: a conflict makes it fail, and the user decides.
packages_install() {
  local list=$1 missing suite names apt
  missing=$(packages_missing "$list")
  printf 'missing:\n%s\n' "$missing"
  local -a suites
  mapfile -t suites < <(awk 'NF { print $2 }' <<< "$missing" | sort -u)
  for suite in "${suites[@]}"; do
    mapfile -t names < <(awk -v suite="$suite" '$2 == suite { print $1 }' <<< "$missing")
    if [ "$suite" = - ]; then
      retry 5 as_root apt-get -q update
      as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=600 install -y \
        --no-install-recommends --no-remove "${names[@]}"
    else
      apt=$(mktemp -d)
      private_apt_setup "$apt" deb "$suite"
      as_root env APT_CONFIG="$apt/apt.conf" DEBIAN_FRONTEND=noninteractive apt-get -q \
        -o DPkg::Lock::Timeout=600 install -y --no-install-recommends --no-remove "${names[@]}"
      rm -rf "$apt"
    fi
  done
  missing=$(packages_missing "$list")
  if [ -n "$missing" ]; then
    printf 'still missing or too old:\n%s\n' "$missing"
    return 1
  fi
}
