#!/bin/bash
# artefact: port-htslib
# port: htslib and samtools: configure, make, htslib's own tests, and samtools on generated alignments
# inputs: sdk/ports/port.sh sdk/ports/alignments.py sdk/sysroot/threads.sh apps/weftcc sdk/env
set -euo pipefail
# shellcheck source=sdk/ports/port.sh
source "$(dirname "$(readlink -f "$0")")/port.sh"

build_htslib() {
  on "$1" ./configure --disable-libcurl --disable-gcs --disable-s3 --disable-plugins --without-libdeflate CFLAGS=-O2
  on "$1" make -j "$jobs" lib-static test/hts_endian test/test_kstring test/sam test/fieldarith test/test_bgzf \
    test/test_str2int
}
build_samtools() {
  on "$1" ./configure --without-curses --with-htslib="../htslib.$1" CFLAGS=-O2
  on "$1" make -j "$jobs" samtools
}

# The tarballs are those of Git: without configure, and htslib without the submodule that it keeps its codecs in.
build() {
  fetch_port htslib htslib_1.16+ds.orig.tar.bz2 \
    2d10941e47cf0c05d1496e73e2beaef39e7584eb326367476b12cad04e7794be "$1/htslib"
  fetch_port htscodecs htscodecs_1.3.0.orig.tar.gz \
    696c0affbfa7e59276e0dfc71dcba2f04b0a6db12998f30f1baf2fc21e9113f4 "$1/htslib/htscodecs"
  fetch_port samtools samtools_1.16.1.orig.tar.gz \
    70a7f358088929272d8c22d6063290ac8420f5351fba237a99fe17851a45d8be "$1/samtools"
  (cd "$1/htslib" && autoreconf -i)
  (cd "$1/samtools" && autoreconf -i)
  both "$1/htslib" build_htslib
  both "$1/samtools" build_samtools
}

# passes BUILT NAME ARG...: htslib's test program passes where it passes natively
passes() {
  local built=$1 name=$2
  shift 2
  check "htslib $name" env -C "$built/htslib.guest" "test/$name" "$@"
}

check_all() {
  local built=$1 native=$1/samtools.native/samtools guest=$1/samtools.guest/samtools
  passes "$built" hts_endian
  passes "$built" test_kstring
  passes "$built" fieldarith test/fieldarith.sam
  passes "$built" test_str2int
  passes "$built" sam test/ce.fa test/faidx.fa test/fastqs.fq
  passes "$built" test_bgzf test/bgziptest.txt
  python3 "$root/sdk/ports/alignments.py" --records 60000 > input.sam
  compare "samtools view -b" "$native" view --no-PG -b input.sam -- "$guest" view --no-PG -b input.sam
  cp native.out input.bam
  compare "samtools sort" "$native" sort --no-PG -O bam input.bam -- "$guest" sort --no-PG -O bam input.bam
  cp native.out sorted.bam
  compare "samtools flagstat" "$native" flagstat sorted.bam -- "$guest" flagstat sorted.bam
  compare "samtools depth" "$native" depth sorted.bam -- "$guest" depth sorted.bam
  compare "samtools view to SAM" "$native" view --no-PG -h sorted.bam -- "$guest" view --no-PG -h sorted.bam
}

case $1 in
  build) build "$2" ;;
  check) check_all "$2" ;;
esac
