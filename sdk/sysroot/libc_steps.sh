# shellcheck shell=bash
# How the C and C++ libraries of the guest are built. Sourced by libc.sh and libc-threads.sh; they say for which target.
#
# Wanted of the caller: toolchain.sh, $recipe_dir (this folder), $sources (the artefact of sources.sh), $sysroot (where
# it is installed), $work (a scratch directory). Every function takes the target triple first.
# shellcheck disable=SC2154  # the arrays of flags are toolchain.sh's

: "${recipe_dir:?}" "${sources:?}" "${sysroot:?}" "${work:?}"

build_wasi_libc() {
  local triple=$1 dir=$work/wasi-libc-$1
  # Its option SIMD=ON would let relaxed SIMD in, whose results depend on the machine; the define alone does not.
  cmake "${cmake_tools[@]}" -S "$sources/wasi-libc" -B "$dir" -DTARGET_TRIPLE="$triple" \
    -DCMAKE_C_FLAGS="${features[*]} -D__wasilibc_simd_string ${sections[*]}" \
    -DSETJMP=ON -DBUILD_SHARED=OFF -DBINDINGS_TARGET=OFF -DCHECK_SYMBOLS=OFF -DCLANG_FORMAT= \
    -DBUILTINS_LIB="$builtins" -DCMAKE_INSTALL_PREFIX="$sysroot"
  ninja -C "$dir" -j "$jobs" sysroot
  cp -r "$dir/sysroot/." "$sysroot/"
  add_exception_tag "$triple" __c_longjmp libsetjmp.a
}

# clang's objects only refer to the tags of longjmp and of C++ exceptions. Their definitions belong in compiler-rt, but
# Debian builds that without exception handling and the two members are empty; so the library that throws gets them.
add_exception_tag() {
  local triple=$1 tag=$2 archive=$3 object=$work/$2-$1.o
  printf '.globl %s\n.tagtype %s i32\n%s:\n' "$tag" "$tag" "$tag" |
    clang-$llvm --target="$triple" -mexception-handling -x assembler -c - -o "$object"
  llvm-ar-$llvm rs "$sysroot/lib/$triple/$archive" "$object"
}

# libunwind, libc++abi and libc++ in one go, with exceptions.
build_libcxx() {
  local triple=$1 dir=$work/libcxx-$1 threads=OFF flags
  flags="--target=$triple ${features[*]} ${exception_flags[*]} ${sections[*]}"
  if is_threaded "$triple"; then
    threads=ON
    flags+=" -pthread"
  fi
  cmake "${cmake_cross[@]}" -DWEFT_TRIPLE="$triple" -DWEFT_THREADS=$threads -C "$recipe_dir/libcxx.cmake" \
    -S "$sources/llvm/runtimes" -B "$dir" -DCMAKE_INSTALL_PREFIX="$sysroot" \
    -DCMAKE_C_COMPILER_TARGET="$triple" -DCMAKE_CXX_COMPILER_TARGET="$triple" -DCMAKE_ASM_COMPILER_TARGET="$triple" \
    -DCMAKE_C_FLAGS="$flags" -DCMAKE_CXX_FLAGS="$flags" -DCMAKE_ASM_FLAGS="$flags"
  ninja -C "$dir" -j "$jobs" install
  add_exception_tag "$triple" __cpp_exception libunwind.a
  is_threaded "$triple" || add_thread_atexit "$triple"
}

# With one thread its thread_locals die at exit; libc++abi's own version needs pthread keys.
add_thread_atexit() {
  local triple=$1 object=$work/cxa_thread_atexit.o
  clang-$llvm --target="$triple" "${features[@]}" -O2 -x c -c - -o "$object" <<'C'
int __cxa_atexit(void (*)(void*), void*, void*);
int __cxa_thread_atexit(void (*destroy)(void*), void* object, void* module) {
  return __cxa_atexit(destroy, object, module);
}
C
  llvm-ar-$llvm rs "$sysroot/lib/$triple/libc++abi.a" "$object"
}

build_libomp() {
  local triple=$1 dir=$work/libomp source=$sources/llvm flags
  flags="--target=$triple -pthread ${features[*]} ${emulated[*]} ${sections[*]}"
  cmake "${cmake_cross[@]}" -C "$recipe_dir/libomp.cmake" -S "$sources/llvm/openmp" -B "$dir" \
    -DCMAKE_MODULE_PATH="$source/cmake/Modules;$source/llvm/cmake/modules;$source/runtimes/cmake/Modules" \
    -DCMAKE_C_FLAGS="$flags" -DCMAKE_CXX_FLAGS="$flags -fno-exceptions -fno-rtti" -DCMAKE_ASM_FLAGS="$flags" \
    -DCMAKE_INSTALL_PREFIX="$dir/installed"
  ninja -C "$dir" -j "$jobs" omp
  cp "$(find "$dir" -name libomp.a -print -quit)" "$sysroot/lib/$triple/"
  cp "$(find "$dir" -name omp.h -print -quit)" "$sysroot/include/$triple/"
}

# The sysroot is complete in itself, though clang takes the builtins from its own resource directory.
copy_builtins() { cp "$builtins" "$sysroot/lib/$1/libclang_rt.builtins.a"; }
