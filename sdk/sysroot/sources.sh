#!/bin/bash
# artefact: guest-sources
#
# The sources of the guest's libraries, unpacked: wasi-libc, LLVM's run-time libraries.
# They are the upstream tarballs of Debian source packages. bookworm's own wasi-libc is from 2022 and has no threads, so
# the newer ones come from other suites of the same archive; the checksum, not the suite, says what is taken – as long
# as a suite offers it: after that, what the suites have now (fetch_source). Debian's patches are not applied: none of
# them concerns these libraries.
# How they are fetched (scripts/private_apt.sh) is no input: the checksums say what they are.
set -euo pipefail
root=$(cd "$(dirname "$(readlink -f "$0")")/../.." && pwd)
# shellcheck source=scripts/private_apt.sh
source "$root/scripts/private_apt.sh"

build() {
  local out=$1
  downloads=$out/.downloads
  mkdir -p "$downloads"
  private_apt_setup "$downloads/apt" deb-src bookworm trixie-backports sid bookworm-security
  fetch wasi-libc wasi-libc_0.0~git20260129.ec0effd.orig.tar.xz \
    9f63635e532d74d5a62e43d5bc061850fae493683039ee81f1fc81d036719d78 'wasi-libc_0.0~git202[6-9].*'
  fetch llvm-toolchain-22 llvm-toolchain-22_22.1.8.orig.tar.xz \
    b49b9277aef97616320b2da259e1f8174c65b0ce2fbe2e8629644a97693402fe 'llvm-toolchain-22_22[.].*'
  unpack_wasi_libc "$out"
  unpack_llvm "$out"
  rm -rf "$downloads"
}

# fetch PACKAGE FILE SHA256 [PATTERN]
fetch() {
  echo "fetching $2"
  fetch_source "$downloads/apt" "$1" "$2" "$3" "$downloads" "${4:-}"
}

# unpack TARBALL DIR [MEMBER...]: without the tarball's top folder
unpack() {
  local tarball=$1 dir=$2
  shift 2
  echo "unpacking ${tarball##*/}"
  mkdir -p "$dir"
  case $tarball in
    *.xz) xz -dc -T0 "$tarball" ;;
    *.bz2) bzip2 -dc "$tarball" ;;
    *.gz) gzip -dc "$tarball" ;;
  esac | tar -xf - -C "$dir" --strip-components=1 --wildcards --anchored "$@"
}

unpack_wasi_libc() {
  unpack "$downloads"/wasi-libc_* "$1/wasi-libc"
  # It asks for a CMake newer than bookworm's 3.25, but uses nothing of it for static libraries.
  sed -i 's/^cmake_minimum_required(VERSION 3.26)/cmake_minimum_required(VERSION 3.25)/' "$1/wasi-libc/CMakeLists.txt"
  # What sdk/posix does in earnest is a stub here, in one object with functions that are not: it goes by another name.
  local file=$1/wasi-libc/libc-bottom-half/sources/posix.c
  sed -i -E 's/^int (f?chmod(at)?|f?statvfs)\(/int __wasilibc_stub_\1(/' "$file"
  [ "$(grep -c '^int __wasilibc_stub_' "$file")" = 5 ]
  # An empty path names nothing in POSIX; here it would be the working directory.
  sed -i '/^static int find_relpath2(/,/^}/s/^  const char [*]abs;$/&\n  if (!*path) return -1;/' "$file"
  grep -q '^  if (![*]path) return -1;$' "$file"
  file=${file%posix.c}chdir.c
  sed -i '/^int chdir(/,/^}/s/^  const char [*]abs;$/&\n  if (!*path) return errno = ENOENT, -1;/' "$file"
  grep -q '^  if (!.*ENOENT, -1;$' "$file"
}

# Only the folders that the libraries are built from: 120 MB of more than a gigabyte. libc++ takes its from_chars out of
# libc/; flang's are for the Fortran run-time library.
unpack_llvm() {
  local folder members=()
  for folder in runtimes cmake libunwind libcxxabi openmp flang-rt llvm/cmake llvm/utils \
    libcxx/{CMakeLists.txt,LICENSE.TXT,cmake,docs/CMakeLists.txt,include,lib,modules,src,utils,vendor} \
    libc/{shared,src,hdr,include,config,cmake,utils} flang/{include,module,cmake,lib/Decimal,CMakeLists.txt}; do
    members+=("*/$folder")
  done
  unpack "$downloads"/llvm-toolchain-* "$1/llvm" --no-wildcards-match-slash "${members[@]}"
  # Destructors of thread_local objects: the code is there, but only compiled for Linux and Fuchsia.
  local file=$1/llvm/libcxxabi/src/cxa_thread_atexit.cpp
  sed -i 's/^\(#if defined(__linux__) || defined(__Fuchsia__)\)$/\1 || defined(__wasi__)/' "$file"
  grep -q 'defined(__wasi__)$' "$file"
}

"$@"
