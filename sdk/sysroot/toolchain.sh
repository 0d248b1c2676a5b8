# shellcheck shell=bash
# The compiler for guests and how it is called to build their libraries. Sourced by the recipes.
#
# Wanted of the caller: $sysroot, where the headers are and the libraries are installed.
# shellcheck disable=SC2034  # all of it is for who sources this

: "${sysroot:?}"
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
