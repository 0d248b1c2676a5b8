#!/bin/bash
# artefact: guest-library-sources
#
# The sources of the guest's libraries above the C library, unpacked: upstream tarballs of bookworm's source packages.
# How they are fetched (scripts/private_apt.sh) is no input: the checksums say what they are.
set -euo pipefail
root=$(cd "$(dirname "$(readlink -f "$0")")/../.." && pwd)
# shellcheck source=scripts/private_apt.sh
source "$root/scripts/private_apt.sh"

# NAME of the folder, source package, tarball, its sha256
tarballs='
zlib     zlib     zlib_1.2.13.dfsg.orig.tar.bz2   71feb7947e3c00ef125f83b79a4e529bde31171e5babe48b391f06758d1ab0a1
bzip2    bzip2    bzip2_1.0.8.orig.tar.gz         ab5a03176ee106d3f0fa90e381da478ddae405918153cca248e682cd0c4a2269
xz       xz-utils xz-utils_5.4.1.orig.tar.xz      5d9827aa1875b21c288f78864bb26d2650b436ea8d2cad364e4921eb6266a5a5
'

build() {
  local out=$1 name package file sha256
  scratch=$(mktemp -d)
  trap 'rm -rf "$scratch"' EXIT
  private_apt_setup "$scratch/apt" deb-src bookworm bookworm-security
  while read -r name package file sha256; do
    [ -n "$name" ] || continue
    echo "fetching $file"
    fetch_source "$scratch/apt" "$package" "$file" "$sha256" "$scratch"
    mkdir "$out/$name"
    tar -xf "$scratch/$file" -C "$out/$name" --strip-components=1
  done <<< "$tarballs"
}

"$@"
