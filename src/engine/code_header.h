// The head of a code file: what the loader needs to find everything in it, at the address in the
// ELF header's entry field.
//
// A code file is one statically linked ELF executable for one module, CPU level and address. It is
// mapped as it is, straight from the page cache; all addresses in it are final. gdb and perf read
// it as any other program. After the ELF image come the module description (CodeInfo, serialised,
// at a multiple of eight; its tables are read where they stand) and a trailer with the checksum
// over everything before it. Thread safety: immutable.
#pragma once

#include <cstdint>

namespace weft::engine {

inline constexpr uint64_t code_magic = 0x31'45'44'4f'43'54'46'57;  // "WFTCODE1", little endian
inline constexpr uint32_t code_format_version = 2;

// In the ELF image, read-only. Addresses are virtual addresses.
struct CodeHeader {
  uint64_t magic;
  uint64_t version;
  uint64_t functions;    // uint64_t[] code address of each function (imports: their wrapper)
  uint64_t entries;      // uint64_t[] entry function of each type
  uint64_t descriptors;  // cpu::FuncRef[], closed linking
  uint64_t data;         // bytes of all data segments, one after the other
  uint64_t finish_stub;
  uint64_t stubs_begin, stubs_end;
  uint64_t code_begin, code_end;
};

// The last bytes of the file.
struct CodeTrailer {
  uint64_t magic;
  uint64_t elf_bytes;                    // length of the ELF image
  uint64_t info_bytes;                   // length of the description that follows it
  uint64_t key_low, key_high;            // what the file was made from: module, options, compiler
  uint64_t checksum_low, checksum_high;  // XXH3-128 of all bytes before this field
};
static_assert(sizeof(CodeTrailer) == 56);

}  // namespace weft::engine
