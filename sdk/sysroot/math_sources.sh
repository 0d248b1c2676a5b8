#!/bin/bash
# artefact: guest-math-sources
#
# The sources of BLAS, LAPACK and FFTW, unpacked: upstream tarballs of bookworm's source packages. libflame has older
# translations to C of a few functions of LAPACK.
set -euo pipefail
root=$(cd "$(dirname "$(readlink -f "$0")")/../.." && pwd)
# shellcheck source=scripts/private_apt.sh
source "$root/scripts/private_apt.sh"

# NAME of the folder, source package, tarball, its sha256
tarballs='
lapack   lapack   lapack_3.11.0.orig.tar.gz       4b9ba79bfd4921ca820e83979db76ab3363155709444a787979e81c22285ffa9
libflame libflame libflame_5.2.0.orig.tar.gz      997c860f351a5c7aaed8deec00f502167599288fd0559c92d5bfd77d0b4d475c
fftw     fftw3    fftw3_3.3.10.orig.tar.gz        56c932549852cddcfafdab3820b0200c7742675be92179e59e6215b340e26467
'

# Only these folders of the big ones are wanted.
members_of() {
  case $1 in
    lapack) echo '*/SRC' '*/BLAS/SRC' '*/CBLAS/'{src,include} '*/LAPACKE/'{src,utils,include} ;;
    libflame) echo '*/src/map/lapack2flamec/f2c/c' ;;
  esac
}

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
    # shellcheck disable=SC2046
    tar -xf "$scratch/$file" -C "$out/$name" --strip-components=1 --wildcards --anchored \
      --no-wildcards-match-slash $(members_of "$name")
  done <<< "$tarballs"
}

"$@"
