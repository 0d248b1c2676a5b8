# Outside libraries, all from Debian packages (scripts/packages.txt).
find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(CLI11 REQUIRED)
find_package(GTest REQUIRED)
find_package(benchmark REQUIRED)
find_package(Boost 1.81 REQUIRED)
# Archives: the two shared libraries cost each start of the command, which seldom needs them, 0.9 ms.
set(OPENSSL_USE_STATIC_LIBS TRUE)
find_package(OpenSSL 3 REQUIRED)

find_library(XXHASH_LIBRARY xxhash REQUIRED)
add_library(weft_xxhash INTERFACE)
target_link_libraries(weft_xxhash INTERFACE ${XXHASH_LIBRARY})

# The archive, as for LLVM below: a shared library would cost every start of the command.
find_library(LMDB_LIBRARY NAMES liblmdb.a REQUIRED)
add_library(weft_lmdb INTERFACE)
target_link_libraries(weft_lmdb INTERFACE ${LMDB_LIBRARY} Threads::Threads)

find_library(WABT_LIBRARY wabt REQUIRED)
add_library(weft_wabt INTERFACE)
target_link_libraries(weft_wabt INTERFACE ${WABT_LIBRARY} OpenSSL::Crypto)

# LLVM 19 and lld, linked statically: only the parts that generate x86-64 code.
find_package(LLVM 19.1 REQUIRED CONFIG PATHS /usr/lib/llvm-19/lib/cmake/llvm NO_DEFAULT_PATH)
# llvm-config names the archives; CMake's targets would also want Polly, which is not used.
execute_process(COMMAND /usr/lib/llvm-19/bin/llvm-config --link-static --libs
  core support passes bitreader bitwriter linker x86 asmparser debuginfodwarf symbolize object target
  targetparser transformutils mc option lto
  OUTPUT_VARIABLE llvm_archives OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND /usr/lib/llvm-19/bin/llvm-config --link-static --system-libs
  OUTPUT_VARIABLE llvm_system OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
separate_arguments(WEFT_LLVM_LIBS NATIVE_COMMAND "${llvm_archives} ${llvm_system}")
list(FILTER WEFT_LLVM_LIBS EXCLUDE REGEX "Polly")
# Archives where there are any: each shared library costs every start of the command a quarter of a millisecond.
list(TRANSFORM WEFT_LLVM_LIBS REPLACE "^-l(z|zstd)$" "-l:lib\\1.a")
add_library(weft_llvm INTERFACE)
target_include_directories(weft_llvm SYSTEM INTERFACE ${LLVM_INCLUDE_DIRS})
target_compile_definitions(weft_llvm INTERFACE ${LLVM_DEFINITIONS_LIST})
target_link_libraries(weft_llvm INTERFACE
  /usr/lib/llvm-19/lib/liblldELF.a /usr/lib/llvm-19/lib/liblldCommon.a -L/usr/lib/llvm-19/lib ${WEFT_LLVM_LIBS})
target_link_options(weft_llvm INTERFACE -Wl,--gc-sections)
