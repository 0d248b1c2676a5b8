// retarget TRIPLE IN OUT LENGTHS PROCEDURES: turns the LLVM IR that flang made for
// i686-pc-windows-itanium (IN, bitcode or text) into IR for the WebAssembly target TRIPLE (OUT,
// bitcode). What changes, and why: passes.h. LENGTHS is a text file with a line NAME COUNT for each
// BIND(C) procedure that flang gives COUNT lengths of characters; PROCEDURES lists those of BLAS
// and LAPACK that take characters.
//
// It is linked with the libLLVM of flang's own version, for IR of another version may not be read.
#include <llvm/Bitcode/BitcodeWriter.h>
#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/Verifier.h>
#include <llvm/IRReader/IRReader.h>
#include <llvm/MC/TargetRegistry.h>
#include <llvm/Support/FileSystem.h>
#include <llvm/Support/SourceMgr.h>
#include <llvm/Support/TargetSelect.h>
#include <llvm/Support/raw_ostream.h>
#include <llvm/Target/TargetMachine.h>

#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <sstream>

#include "passes.h"

namespace {

using namespace llvm;

int fail(const Twine& message) {
  errs() << "retarget: " << message << "\n";
  return 1;
}

std::optional<DataLayout> layout_of(StringRef triple) {
  LLVMInitializeWebAssemblyTargetInfo();
  LLVMInitializeWebAssemblyTarget();
  LLVMInitializeWebAssemblyTargetMC();
  std::string problem;
  const Target* target = TargetRegistry::lookupTarget(Triple(triple), problem);
  if (!target) return std::nullopt;
  std::unique_ptr<TargetMachine> machine(
      target->createTargetMachine(Triple(triple), "", "", TargetOptions(), std::nullopt));
  return machine->createDataLayout();
}

std::map<std::string, unsigned> lengths_in(const char* path) {
  std::ifstream file(path);
  std::map<std::string, unsigned> lengths;
  std::string name;
  unsigned count = 0;
  while (file >> name >> count) lengths[name] = count;
  return lengths;
}

std::set<std::string> procedures_in(const char* path) {
  std::ifstream file(path);
  std::set<std::string> procedures;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("#")) continue;
    std::istringstream words(line);
    for (std::string name; words >> name;) procedures.insert(name);
  }
  return procedures;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) return fail("usage: retarget TRIPLE IN OUT LENGTHS PROCEDURES");
  StringRef triple = argv[1];
  std::optional<DataLayout> layout = layout_of(triple);
  if (!layout) return fail("LLVM knows no target " + triple);
  LLVMContext context;
  SMDiagnostic problem;
  std::unique_ptr<Module> module = parseIRFile(argv[2], problem, context);
  if (!module) {
    problem.print("retarget", errs());
    return 1;
  }
  std::string wrong = weft::fortran::drop_hidden_lengths(*module, lengths_in(argv[4]));
  if (!wrong.empty()) {
    return fail("the BIND(C) procedure " + wrong + " has other parameters than flang gives it");
  }
  std::set<std::string> procedures = procedures_in(argv[5]);
  if (procedures.empty()) return fail(Twine(argv[5]) + ": no procedures in it");
  weft::fortran::use_lapack_entries(*module, procedures);
  weft::fortran::extend_bool(*module);
  weft::fortran::use_wasm_complex_convention(*module);
  weft::fortran::narrow_malloc(*module);
  weft::fortran::lower_common_blocks(*module);
  weft::fortran::lower_main(*module);
  weft::fortran::drop_floating_point_environment(*module);
  weft::fortran::set_target(*module, triple, *layout);
  if (verifyModule(*module, &errs())) return fail("made invalid IR; this is a bug of weft's");
  std::error_code error;
  raw_fd_ostream out(argv[3], error, sys::fs::OF_None);
  if (error) return fail(Twine(argv[3]) + ": " + error.message());
  WriteBitcodeToFile(*module, out);
  out.close();
  if (out.has_error()) return fail(Twine(argv[3]) + ": " + out.error().message());
  return 0;
}
