# shellcheck shell=bash
# How the guest's small libraries are built: zlib, bzip2, liblzma. Sourced by base.sh and threads.sh after building.sh.
#
# Wanted of the caller: $libraries (the artefact of library_sources.sh), $sysroot, $work (a scratch directory). Every
# function takes the target triple first.

# shellcheck disable=SC2154,SC2034  # the arrays of flags are toolchain.sh's

: "${libraries:?}" "${sysroot:?}" "${work:?}"

build_libraries() {
  build_zlib "$1"
  build_bzip2 "$1"
  build_lzma "$1"
}

# Without zlib's ./configure, which would try out the build machine's libraries: the list is that of its libz.a.
build_zlib() (
  local triple=$1 dir=$work/zlib-$1
  local units=(adler32 crc32 deflate infback inffast inflate inftrees trees zutil compress uncompr
    gzclose gzlib gzread gzwrite)
  cp -r "$libraries/zlib" "$dir"
  cd "$dir" || exit
  guest_flags "$triple"
  printf '%s\n' "${units[@]/%/.c}" | compile_all objects -O2 "${guest_cflags[@]}" \
    -D_LARGEFILE64_SOURCE=1 -DHAVE_HIDDEN -DHAVE_UNISTD_H -DHAVE_STDARG_H
  archive "$triple" z objects/*.o
  # what ./configure does for the programs that include it
  sed -i 's/^#ifdef HAVE_UNISTD_H .*/#if 1/; s/^#ifdef HAVE_STDARG_H .*/#if 1/' zconf.h
  cp zlib.h zconf.h "$sysroot/include/$triple/"
  pkg_config "$triple" zlib "$(sed -n 's/^#define ZLIB_VERSION "\(.*\)"/\1/p' zlib.h)" -lz "compression (deflate, gzip)"
)

# bzip2 has nothing but a Makefile; the list is that of its libbz2.a.
build_bzip2() (
  local triple=$1 dir=$work/bzip2-$1
  cp -r "$libraries/bzip2" "$dir"
  cd "$dir" || exit
  guest_flags "$triple"
  printf '%s\n' {blocksort,huffman,crctable,randtable,compress,decompress,bzlib}.c |
    compile_all objects -O2 "${guest_cflags[@]}" -D_FILE_OFFSET_BITS=64
  archive "$triple" bz2 objects/*.o
  cp bzlib.h "$sysroot/include/$triple/"
  pkg_config "$triple" bzip2 1.0.8 -lbz2 "compression (bzip2)"
)

# xz's own CMake build knows the library alone. Not with Ninja: two of its rules make the same file.
build_lzma() {
  local triple=$1 dir=$work/xz-$1 threads=OFF
  guest_flags "$triple"
  if is_threaded "$triple"; then threads=ON; fi
  cmake "${cmake_cross[@]}" -G "Unix Makefiles" -S "$libraries/xz" -B "$dir" -DBUILD_SHARED_LIBS=OFF \
    -DENABLE_THREADS=$threads -DENABLE_SMALL=OFF -DCMAKE_C_FLAGS="${guest_cflags[*]}"
  make -C "$dir" -j "$jobs" liblzma
  cp "$dir/liblzma.a" "$sysroot/lib/$triple/"
  cp -r "$libraries/xz/src/liblzma/api/lzma.h" "$libraries/xz/src/liblzma/api/lzma" "$sysroot/include/$triple/"
  pkg_config "$triple" liblzma 5.4.1 -llzma "compression (xz, lzma)"
}
