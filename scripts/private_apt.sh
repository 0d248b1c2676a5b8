# shellcheck shell=bash
# apt with lists of its own. Sourced.
#
# Some things come from suites that a bookworm machine does not have enabled: sources of the guest's libraries, a newer
# Go. Rather than change the machine's apt sources, these functions give apt a configuration with its own sources.list
# and its own lists; the mirror is the machine's own, which apt itself tells. Nothing here names a host.

# apt_mirror SUITE: the address from which this machine gets SUITE.
# shellcheck disable=SC2016  # the placeholders are apt's
apt_mirror() {
  apt-get indextargets --format '$(SITE) $(RELEASE)' | awk -v suite="$1" '$2 == suite { print $1; exit }'
}

# private_apt_setup DIR TYPE SUITE...: makes DIR an apt configuration with these suites; TYPE is deb or deb-src.
# Sources may come from lists that have run out, as those of a mirror that lags: what is taken is said by checksums.
private_apt_setup() {
  local dir=$1 type=$2 suite mirror keyring=/usr/share/keyrings/debian-archive-keyring.gpg
  shift 2
  mkdir -p "$dir"/lists/partial "$dir"/cache/archives/partial "$dir"/no-parts
  [ -n "$(apt_mirror bookworm)" ] || private_apt_refresh_machine
  : > "$dir/sources.list"
  for suite in "$@"; do
    mirror=$(apt_mirror "$suite")
    # a suite that the machine itself does not follow lies on the mirror of its main suite
    [ -n "$mirror" ] || mirror=$(apt_mirror bookworm)
    if [ -z "$mirror" ]; then
      echo "apt knows no mirror for bookworm: is this Debian 12 with its archive in /etc/apt/sources.list?" >&2
      return 1
    fi
    printf '%s [signed-by=%s] %s %s main\n' "$type" "$keyring" "$mirror" "$suite" >> "$dir/sources.list"
  done
  cat > "$dir/apt.conf" <<CONF
Dir::Etc::sourcelist "$dir/sources.list";
Dir::Etc::sourceparts "$dir/no-parts";
Dir::State::lists "$dir/lists";
Dir::Cache "$dir/cache";
APT::Sandbox::User "root";
CONF
  [ "$type" != deb-src ] || echo 'Acquire::Check-Valid-Until "false";' >> "$dir/apt.conf"
  retry 5 private_apt "$dir" apt-get -q update
}

private_apt_refresh_machine() { retry 5 apt-get -q update; }

# private_apt DIR COMMAND...
private_apt() {
  local dir=$1
  shift
  APT_CONFIG=$dir/apt.conf "$@"
}

# retry N COMMAND...: apt-get update does not wait for another run's lock, and a mirror may stumble.
retry() {
  local n=$1 i
  shift
  for ((i = 1; i <= n; i++)); do
    if "$@"; then return 0; fi
    echo "try $i of $n failed: $*" >&2
    sleep $((i * 2))
  done
  return 1
}

# fetch_source APT-DIR PACKAGE FILE SHA256 OUT [PATTERN]: one upstream tarball of a Debian source package, into OUT.
#
# A tarball is often listed by several versions in several suites of which a mirror may lack some, so each one is tried.
# Suites move on, and one day none of them lists FILE any longer. The pool keeps it for a while; after that the
# newest tarball whose name matches the extended regular expression PATTERN is taken, with a word about it: apt has
# checked its signature.
fetch_source() {
  local apt=$1 package=$2 file=$3 sha256=$4 out=$5 pattern=${6:-} version other
  while read -r version _; do
    fetch_version "$apt" "$package" "$version" "$out" || continue
    if echo "$sha256  $out/$file" | sha256sum --check --status; then return 0; fi
    echo "$file of $package $version has another checksum than expected" >&2
  done < <(source_versions "$apt" "$package" | awk -v file="$file" '$2 == file')
  if fetch_from_pool "$package" "$file" "$sha256" "$out"; then return 0; fi
  if [ -n "$pattern" ]; then
    while read -r version other; do
      fetch_version "$apt" "$package" "$version" "$out" || continue
      echo "note: $file is no longer offered; $other of $package $version is taken instead" >&2
      return 0
    done < <(source_versions "$apt" "$package" | awk -v pattern="^$pattern\$" '$2 ~ pattern' | sort -rV)
  fi
  echo "no source package $package on this machine's mirror offers $file with the expected checksum" >&2
  return 1
}

fetch_version() {
  (cd "$4" && private_apt "$1" apt-get -q source --download-only --tar-only "$2=$3")
}

# What the lists no longer name. The pool's folders are named after the package, those of libraries by four letters.
fetch_from_pool() {
  local package=$1 file=$2 sha256=$3 out=$4 letters=${1:0:1}
  case $package in lib*) letters=${package:0:4} ;; esac
  /usr/lib/apt/apt-helper -o APT::Sandbox::User=root download-file \
    "$(apt_mirror bookworm)/pool/main/$letters/$package/$file" "$out/$file" "SHA256:$sha256"
}

# VERSION FILE of every upstream tarball that the lists have of a source package.
source_versions() {
  private_apt "$1" apt-cache showsrc "$2" |
    awk '$1 == "Version:" { version = $2 } $NF ~ /\.orig\.tar\.[a-z0-9]+$/ { print version, $NF }' | sort -uV
}
