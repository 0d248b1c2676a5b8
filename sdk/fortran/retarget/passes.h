// What has to change in the LLVM IR that flang writes for a 32-bit x86 target, so that it is IR for
// wasm32.
//
// flang 22 knows no WebAssembly. i686-pc-windows-itanium is the target of its whose sizes and
// alignments agree with wasm32's (4-byte pointers, 8-byte aligned 64-bit integers), so IR made for
// it, and not yet optimised, needs only what these functions do. Each takes the whole module; they
// are independent of each other, and main.cc says in which order they run.
//
// Thread safety: none; a module belongs to one thread.
#pragma once

#include <llvm/IR/Module.h>

#include <map>
#include <set>
#include <string>

namespace weft::fortran {

// x86 returns complex(4) in a pair of registers, which flang writes as an i64; in wasm32's C
// convention the caller passes the address where it is to be stored, as both targets have it for
// complex(8). Complex arguments are passed by address on both, but for the alignment. Without this,
// Fortran and C (cexpf, BLAS's cdotc) do not understand each other.
//
// An i64 that is a complex is told from an integer(8) by what flang does with it: it goes through a
// variable on the stack that is read or written as { float, float }.
void use_wasm_complex_convention(llvm::Module& module);

// flang passes the lengths of characters behind the arguments of BIND(C) procedures, too, which
// have none in C; on other machines a callee does not notice. `counts` says for each name how many
// there are. Inside a procedure the length is 1, as no other is interoperable.
//
// Returns the name of a function that does not have so many, or an empty string.
std::string drop_hidden_lengths(llvm::Module& module,
                                const std::map<std::string, unsigned>& counts);

// The sysroot's BLAS and LAPACK are called without lengths of characters, as C programs declare
// them; WebAssembly calls no function whose type is another one. So they have a second entry for
// Fortran, dgemm_.lengths. Calls of these procedures go there. A procedure of that name which the
// program defines gets both entries, too, so that C calls it, and the library's own procedures do.
void use_lapack_entries(llvm::Module& module, const std::set<std::string>& procedures);

// C's bool is passed and returned extended to 32 bits; flang leaves logical(c_bool) unextended.
void extend_bool(llvm::Module& module);

// flang hands sizes of 64 bits to malloc; wasm32's takes 32. What does not fit is more than there
// is: malloc is then asked for all of memory, and answers null.
void narrow_malloc(llvm::Module& module);

// WebAssembly objects have no common symbols; a COMMON block becomes a weak variable. The linker
// takes the first one it meets, which must not be smaller than another unit's: each unit says how
// much it needs when the program starts, and support.cc ends the program with a message if it has
// less.
void lower_common_blocks(llvm::Module& module);

// flang's main has three parameters (argc, argv, envp), the C library's start-up code calls
// __main_argc_argv with two.
void lower_main(llvm::Module& module);

// WebAssembly has one rounding mode and no floating-point exceptions: asking for the mode answers
// "to nearest", setting it does nothing.
void drop_floating_point_environment(llvm::Module& module);

// Triple and data layout, and what else names the old target: attributes, linker options, the debug
// format.
void set_target(llvm::Module& module, llvm::StringRef triple, const llvm::DataLayout& layout);

}  // namespace weft::fortran
