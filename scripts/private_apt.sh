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

# fetch_source APT-DIR PACKAGE FILE SHA256 OUT: one upstream tarball of a Debian source package. A tarball is often
# listed by several versions in several suites of which a mirror may lack some, so each one is tried.
fetch_source() {
  local apt=$1 package=$2 file=$3 sha256=$4 out=$5 version
  for version in $(private_apt "$apt" apt-cache showsrc "$package" |
    awk -v file="$file" '$1 == "Version:" { version = $2 } $NF == file { print version }' | sort -u); do
    (cd "$out" && private_apt "$apt" apt-get -q source --download-only --tar-only "$package=$version") || continue
    if echo "$sha256  $out/$file" | sha256sum --check --status; then return 0; fi
    echo "$file of $package $version has another checksum than expected" >&2
  done
  echo "no source package $package on this machine's mirror offers $file with the expected checksum" >&2
  return 1
}
