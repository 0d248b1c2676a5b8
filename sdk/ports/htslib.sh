#!/bin/bash
# artefact: port-htslib
# port: htscodecs, htslib and samtools: configure, make, htslib's own tests, and samtools on generated alignments
# inputs: sdk/ports/port.sh sdk/ports/alignments.py sdk/sysroot/threads.sh apps/weftcc sdk/env
set -euo pipefail
# shellcheck source=sdk/ports/port.sh
source "$(dirname "$(readlink -f "$0")")/port.sh"

# Those of htslib's `make check` that need no threads and no plug-ins.
programs=(hts_endian test_expr test_kfunc test_kstring test_str2int test_time_funcs fieldarith hfile test_bgzf
  test-parse-reg sam test-regidx test_view test_index pileup pileup_mod test_mod test_realn test-vcf-api
  test-vcf-sweep test-bcf-sr test-bcf-translate test_introspection test-bcf_set_variant_type)

build_htscodecs() {
  on "$1" ./configure --disable-shared CFLAGS=-O2
  on "$1" make -j "$jobs" -C htscodecs
}
# htslib without the copy of htscodecs that it has in Git as a submodule, as Debian builds it.
build_htslib() {
  local codecs
  codecs=$(cd "../htscodecs.$1" && pwd)
  on "$1" ./configure --disable-libcurl --disable-gcs --disable-s3 --disable-plugins --without-libdeflate \
    --with-external-htscodecs CFLAGS=-O2 CPPFLAGS="-I$codecs" LDFLAGS="-L$codecs/htscodecs/.libs"
  on "$1" make -j "$jobs" lib-static tabix bgzip htsfile "${programs[@]/#/test/}"
}
build_samtools() {
  local codecs
  codecs=$(cd "../htscodecs.$1" && pwd)
  on "$1" ./configure --without-curses --with-htslib="../htslib.$1" CFLAGS=-O2 LDFLAGS="-L$codecs/htscodecs/.libs" \
    LIBS=-lhtscodecs
  on "$1" make -j "$jobs" samtools
}

# The tarballs are those of Git: htslib and samtools come without configure.
build() {
  fetch_port htscodecs htscodecs_1.3.0.orig.tar.gz \
    696c0affbfa7e59276e0dfc71dcba2f04b0a6db12998f30f1baf2fc21e9113f4 "$1/htscodecs"
  fetch_port htslib htslib_1.16+ds.orig.tar.bz2 \
    2d10941e47cf0c05d1496e73e2beaef39e7584eb326367476b12cad04e7794be "$1/htslib"
  fetch_port samtools samtools_1.16.1.orig.tar.gz \
    70a7f358088929272d8c22d6063290ac8420f5351fba237a99fe17851a45d8be "$1/samtools"
  step "htslib, autoreconf" in_directory "$1/htslib" autoreconf -i
  step "samtools, autoreconf" in_directory "$1/samtools" autoreconf -i
  both "$1/htscodecs" build_htscodecs
  both "$1/htslib" build_htslib
  both "$1/samtools" build_samtools
}

# alike WHAT COMMAND...: in either side's htslib, the command prints the same and ends with the same exit code
alike() {
  local what=$1 side
  shift
  for side in native guest; do
    (cd "$side" && REF_PATH=: outcome "../$side.ran" "$@")
    sed -i "s/ *[0-9.]* *seconds//" "$side.ran"
  done
  same "htslib $what" native.ran guest.ran
}

htslib_tests() {
  local name
  for name in hts_endian test_expr test_kfunc test_kstring test_str2int test_time_funcs hfile test-regidx; do
    alike "$name" "test/$name"
  done
  alike fieldarith test/fieldarith test/fieldarith.sam
  alike test_bgzf test/test_bgzf test/bgziptest.txt
  alike test-parse-reg test/test-parse-reg -t test/colons.bam
  alike sam test/sam test/ce.fa test/faidx.fa test/fastqs.fq
  alike sam_filter env -C test/sam_filter ./filter.sh filter.tst
  alike tabix env -C test/tabix ./test-tabix.sh tabix.tst
  alike mpileup env -C test/mpileup ./test-pileup.sh mpileup.tst
  alike fastq env -C test/fastq ./test-fastq.sh
  alike base_mods env -C test/base_mods ./base-mods.sh base-mods.tst
}

check_all() {
  local built=$1 there=$1/samtools.native/samtools here=./samtools
  cp -a "$built/htslib.native" native
  cp -a "$built/htslib.guest" guest
  cp "$built/samtools.guest/samtools" samtools
  start_here guest samtools
  htslib_tests
  check "the tests passed" grep -q "exit code 0" guest.ran
  python3 "$root/sdk/ports/alignments.py" --records 60000 > input.sam
  compare "samtools view -b" "$there" view --no-PG -b input.sam -- "$here" view --no-PG -b input.sam
  cp native.out input.bam
  compare "samtools sort" "$there" sort --no-PG -O bam input.bam -- "$here" sort --no-PG -O bam input.bam
  cp native.out sorted.bam
  compare "samtools flagstat" "$there" flagstat sorted.bam -- "$here" flagstat sorted.bam
  compare "samtools depth" "$there" depth sorted.bam -- "$here" depth sorted.bam
  compare "samtools view to SAM" "$there" view --no-PG -h sorted.bam -- "$here" view --no-PG -h sorted.bam
}

case $1 in
  build) build "$2" ;;
  check) check_all "$2" ;;
esac
