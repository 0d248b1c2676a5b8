#!/bin/bash
# artefact: program-sources
# inputs: scripts/private_apt.sh
#
# The sources of the C programs that the tests build: upstream tarballs of bookworm's source packages, unpacked.
set -euo pipefail
root=$(cd "$(dirname "$(readlink -f "$0")")/../.." && pwd)
# shellcheck source=scripts/private_apt.sh
source "$root/scripts/private_apt.sh"

# NAME of the folder, source package, tarball, its sha256
tarballs='
bzip2  bzip2   bzip2_1.0.8.orig.tar.gz     ab5a03176ee106d3f0fa90e381da478ddae405918153cca248e682cd0c4a2269
cmark  cmark   cmark_0.30.2.orig.tar.gz    6c7d2bcaea1433d977d8fed0b55b71c9d045a7cdf616e3cd2dce9007da753db3
lua    lua5.4  lua5.4_5.4.4.orig.tar.gz    164c7849653b80ae67bec4b7473b884bf5cc8d2dca05653475ec2ed27b9ebf61
lua5.1 lua5.1  lua5.1_5.1.5.orig.tar.gz    2640fc56a795f29d28ef15e13c34a47e223960b0240e8cb0a82d9b0738695333
mujs   mujs    mujs_1.3.2.orig.tar.xz      4886593fc688b0cdccd31e5ecbe5afe7ad1bee23aa69e667b871afd5dfc640c3
sqlite sqlite3 sqlite3_3.40.1.orig.tar.xz  aaa776260ab4dc976db34aa7891819484c8676b5b2783123ebc6301e2ca5d655
zlib   zlib    zlib_1.2.13.dfsg.orig.tar.bz2 71feb7947e3c00ef125f83b79a4e529bde31171e5babe48b391f06758d1ab0a1
'

build() {
  local out=$1 name package file sha256
  scratch=$(mktemp -d)
  trap 'rm -rf "$scratch"' EXIT
  private_apt_setup "$scratch/apt" deb-src bookworm bookworm-security
  while read -r name package file sha256; do
    [ -n "$name" ] || continue
    fetch_source "$scratch/apt" "$package" "$file" "$sha256" "$scratch"
    mkdir "$out/$name"
    tar -xf "$scratch/$file" -C "$out/$name" --strip-components=1
  done <<< "$tarballs"
}

"$@"
