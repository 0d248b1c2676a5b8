# shellcheck shell=bash
# Building of the guest's libraries without CMake: flags, compiling, archives, pkg-config. Sourced after toolchain.sh.
# shellcheck disable=SC2154  # the arrays of flags are toolchain.sh's

: "${sysroot:?}" "${llvm:?}" "${jobs:?}"

# Vectorising and unrolling are left to the host's compiler, which knows the machine's vectors; loops that are
# vectorised or unrolled already, it no longer recognises.
loops_to_host=(-fno-vectorize -fno-slp-vectorize -fno-unroll-loops)

# guest_flags TRIPLE: fills the array guest_cflags, for the libraries of others that are built without CMake.
guest_flags() {
  guest_cflags=("--target=$1" "--sysroot=$sysroot" "${features[@]}" "${emulated[@]}" "${sections[@]}"
    "${setjmp_flags[@]}" "${loops_to_host[@]}")
  if is_threaded "$1"; then guest_cflags+=(-pthread); fi
}

# compile_all OUT-DIR FLAGS... < LIST: compiles each source of the list to OUT-DIR/<path with _>.o, on all cores.
# shellcheck disable=SC2016  # the inner shell's
compile_all() {
  local out=$1
  shift
  mkdir -p "$out"
  xargs -P "$jobs" -I{} bash -c '
    source=$1 object=$2/${1//\//_}
    shift 2
    exec "$@" -c "$source" -o "${object%.*}.o"' - {} "$out" "clang-$llvm" "$@"
}

# archive TRIPLE NAME OBJECT...: the static library libNAME.a, made anew. The objects may be many: by a response file.
archive() {
  local file=$sysroot/lib/$1/lib$2.a list
  shift 2
  list=$(mktemp)
  printf '"%s"\n' "$@" > "$list"
  mkdir -p "${file%/*}"
  rm -f "$file"
  llvm-ar-$llvm crs "$file" "@$list"
  rm -f "$list"
}

# pkg_config TRIPLE NAME VERSION LIBS DESCRIPTION [REQUIRES-PRIVATE]: what pkg-config tells of a library. The file finds
# the sysroot from its own place, so that it can be moved.
pkg_config() {
  local triple=$1 name=$2 version=$3 libs=$4 description=$5 requires=${6:-}
  mkdir -p "$sysroot/lib/$triple/pkgconfig"
  cat > "$sysroot/lib/$triple/pkgconfig/$name.pc" <<PC
prefix=\${pcfiledir}/../../..
libdir=\${prefix}/lib/$triple
includedir=\${prefix}/include/$triple

Name: $name
Description: $description
Version: $version
Requires.private: $requires
Libs: -L\${libdir} $libs
Cflags: -I\${includedir}
PC
}
