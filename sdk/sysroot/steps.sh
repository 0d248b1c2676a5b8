# shellcheck shell=bash
# How each library of the guest sysroot is built. Sourced by base.sh and threads.sh, which say for which target.
#
# Wanted of the caller: $recipe_dir (this folder), $sources (the artefact of sources.sh), $sysroot (where it is
# installed), $work (a scratch directory). Every function takes the target triple first.

: "${recipe_dir:?}" "${sources:?}" "${sysroot:?}" "${work:?}"
llvm=22
jobs=${JOBS:-$(nproc)}
export LC_ALL=C.UTF-8
unset CFLAGS CXXFLAGS CPPFLAGS LDFLAGS CC CXX CPATH C_INCLUDE_PATH CPLUS_INCLUDE_PATH LIBRARY_PATH

# What every guest may use. Most of it is clang's default; spelt out, it stays the same when the default moves.
features=(-msimd128 -mbulk-memory -mnontrapping-fptoint -msign-ext -mmutable-globals -mmultivalue -mreference-types)
# setjmp/longjmp and C++ exceptions by the exception-handling instructions that weft's engine has: the legacy ones
setjmp_flags=(-mllvm -wasm-enable-sjlj -mllvm -wasm-use-legacy-eh=true)
exception_flags=(-fwasm-exceptions -mllvm -wasm-use-legacy-eh=true)
emulated=(-D_WASI_EMULATED_SIGNAL -D_WASI_EMULATED_GETPID -D_WASI_EMULATED_PROCESS_CLOCKS -D_WASI_EMULATED_MMAN)
emulation_libraries=(wasi-emulated-signal wasi-emulated-getpid wasi-emulated-process-clocks wasi-emulated-mman)
# Each function and datum in a section of its own: the linker leaves out what a program does not use.
sections=(-ffunction-sections -fdata-sections)

# clang finds the builtins in its own resource directory, for every WASI target under this one name.
builtins=/usr/lib/llvm-$llvm/lib/clang/$llvm/lib/wasi/libclang_rt.builtins-wasm32.a

cmake_tools=(-G Ninja -DCMAKE_BUILD_TYPE=Release
  "-DCMAKE_AR=/usr/bin/llvm-ar-$llvm" "-DCMAKE_NM=/usr/bin/llvm-nm-$llvm" "-DCMAKE_RANLIB=/usr/bin/llvm-ranlib-$llvm"
  -DCMAKE_C_COMPILER="clang-$llvm" -DCMAKE_C_COMPILER_WORKS=1 -DCMAKE_C_FLAGS_RELEASE="-O2 -DNDEBUG")
cmake_cross=("${cmake_tools[@]}" -DCMAKE_SYSTEM_NAME=WASI -DUNIX=ON -DCMAKE_SYSROOT="$sysroot"
  -DCMAKE_CXX_COMPILER="clang++-$llvm" -DCMAKE_CXX_COMPILER_WORKS=1 -DCMAKE_CXX_FLAGS_RELEASE="-O2 -DNDEBUG"
  -DCMAKE_ASM_COMPILER="clang-$llvm" -DCMAKE_TRY_COMPILE_TARGET_TYPE=STATIC_LIBRARY)

is_threaded() { [[ $1 == *-threads ]]; }

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

# Without zlib's ./configure, which would try out the build machine's libraries: the list is that of its libz.a.
build_zlib() {
  local triple=$1 dir=$work/zlib-$1 flags
  local units=(adler32 crc32 deflate infback inffast inflate inftrees trees zutil compress uncompr
    gzclose gzlib gzread gzwrite)
  flags=(-O2 "--target=$triple" "--sysroot=$sysroot" "${features[@]}" "${sections[@]}"
    -D_LARGEFILE64_SOURCE=1 -DHAVE_HIDDEN -DHAVE_UNISTD_H -DHAVE_STDARG_H)
  if is_threaded "$triple"; then flags+=(-pthread); fi
  cp -r "$sources/zlib" "$dir"
  (
    cd "$dir" || exit
    printf '%s\n' "${units[@]}" | xargs -P "$jobs" -I{} clang-$llvm "${flags[@]}" -c {}.c -o {}.o
    llvm-ar-$llvm crs "$sysroot/lib/$triple/libz.a" "${units[@]/%/.o}"
    # what ./configure does for the programs that include it
    sed -i 's/^#ifdef HAVE_UNISTD_H .*/#if 1/; s/^#ifdef HAVE_STDARG_H .*/#if 1/' zconf.h
    cp zlib.h zconf.h "$sysroot/include/$triple/"
  )
}

# The sysroot is complete in itself, though clang takes the builtins from its own resource directory.
copy_builtins() { cp "$builtins" "$sysroot/lib/$1/libclang_rt.builtins.a"; }

# write_wrapper NAME TRIPLE c|c++: the compiler as a command. All that it adds stands in a configuration file, which
# clang can express better than a script: lines with a $ go after the inputs and only when linking, and what the user
# gives after it wins.
write_wrapper() {
  local name=$1 triple=$2 language=$3 driver=clang
  [ "$language" = c ] || driver=clang++
  mkdir -p "$sysroot/bin" "$sysroot/etc"
  wrapper_configuration "$triple" "$language" > "$sysroot/etc/$name.cfg"
  # Vectorising and unrolling are left to the host's compiler, which knows the machine's vectors; loops that are
  # vectorised or unrolled already, it no longer recognises.
  printf '%s\n' -fno-vectorize -fno-slp-vectorize -fno-unroll-loops > "$sysroot/etc/loops-to-host.cfg"
  : > "$sysroot/etc/guest-simd.cfg"
  cat > "$sysroot/bin/$name" <<SH
#!/bin/sh
# $driver for WebAssembly guests ($triple).
#   -mguest-simd   vectorise and unroll loops here, rather than leave them to the host
loops=loops-to-host
for argument do
  shift
  case \$argument in
    -mguest-simd) loops=guest-simd ;;
    *) set -- "\$@" "\$argument" ;;
  esac
done
etc=\$(dirname "\$(readlink -f "\$0")")/../etc
exec $driver-$llvm --config="\$etc/$name.cfg" --config="\$etc/\$loops.cfg" "\$@"
SH
  chmod +x "$sysroot/bin/$name"
}

wrapper_configuration() {
  local triple=$1 language=$2
  printf '%s\n' "--target=$triple" "--sysroot=<CFGDIR>/.." "${features[@]}" "${emulated[@]}"
  printf '%s %s\n' "${setjmp_flags[@]}"
  [ "$language" = c ] || echo "-fwasm-exceptions"
  # The stack lies below the data, so that overflowing it traps.
  echo "-Wl,-z,stack-size=1048576,--stack-first"
  # For -flto: the driver does not hand -mllvm on to the linker.
  echo "-Wl,-mllvm,-wasm-enable-sjlj,-mllvm,-wasm-use-legacy-eh=true,-mllvm,-exception-model=wasm"
  [ "$language" = c ] || echo "-Wl,-mllvm,-wasm-enable-eh"
  if is_threaded "$triple"; then
    printf '%s\n' -pthread "-Wl,--import-memory,--export-memory,--max-memory=4294967296"
  fi
  [ "$language" = c ] || echo "\$-lunwind"
  # libomp is only taken out of its archive when the program uses OpenMP, and it needs libc++abi.
  if is_threaded "$triple"; then echo "\$-lomp \$-lc++abi"; fi
  # Without the last one printf("%Lf") aborts at run time.
  printf '$-l%s\n' "${emulation_libraries[@]}" setjmp c-printscan-long-double
}

# check_wrapper NAME FLAGS...: the command compiles and links the program on standard input, and it is valid.
check_wrapper() {
  local name=$1 language=c program=$work/check-$1.wasm
  shift
  case $name in *xx*) language=c++ ;; esac
  "$sysroot/bin/$name" -O2 -x "$language" - -o "$program" "$@"
  wasm-validate --enable-all "$program"
}
