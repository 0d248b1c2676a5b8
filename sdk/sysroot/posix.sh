# shellcheck shell=bash
# How sdk/posix becomes libweft-posix.a and its headers part of the sysroot. Sourced by base.sh and threads.sh after
# toolchain.sh.
#
# Wanted of the caller: $root, $sources (the artefact of sources.sh), $sysroot, $work (a scratch directory).

# shellcheck disable=SC2154,SC2034  # the arrays of flags are toolchain.sh's

: "${root:?}" "${sources:?}" "${sysroot:?}" "${work:?}"

# build_posix TRIPLE: before all libraries that are to see its headers.
build_posix() {
  local triple=$1 objects=$work/posix-$1 units=("$root"/sdk/posix/*.c)
  python3 "$root/sdk/posix/headers.py" "$sources/wasi-libc" "$sysroot/include/$triple"
  if is_threaded "$triple"; then units+=("$root"/sdk/posix/threads/*.c); else units+=("$root"/sdk/posix/single/*.c); fi
  guest_flags "$triple"
  printf '%s\n' "${units[@]}" | compile_all "$objects" -O2 -std=gnu17 -D_GNU_SOURCE "-I$root/sdk/posix" \
    -Wall -Wextra -Werror -Wno-unused-parameter -Wno-macro-redefined "${guest_cflags[@]}"
  archive "$triple" weft-posix "$objects"/*.o
  "clang-$llvm" -O2 "${guest_cflags[@]}" -c "$root/sdk/posix/start/start_directory.c" \
    -o "$sysroot/lib/$triple/weft-start-directory.o"
}
