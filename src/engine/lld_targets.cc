// lld initialises every target that LLVM was built with, for link-time optimisation that is never
// used here. Only x86-64 is linked into weft (that saves 100 MB); for all others the initialisers
// are empty.

#include <llvm/Config/llvm-config.h>
#include <llvm/Passes/PassBuilder.h>
#include <llvm/Passes/PassPlugin.h>

#define WEFT_ABSENT(target)                    \
  void LLVMInitialize##target##TargetInfo() {} \
  void LLVMInitialize##target##Target() {}     \
  void LLVMInitialize##target##TargetMC() {}   \
  void LLVMInitialize##target##AsmPrinter() {} \
  void LLVMInitialize##target##AsmParser() {}

extern "C" {
WEFT_ABSENT(AArch64)
WEFT_ABSENT(AMDGPU)
WEFT_ABSENT(ARM)
WEFT_ABSENT(AVR)
WEFT_ABSENT(BPF)
WEFT_ABSENT(Hexagon)
WEFT_ABSENT(Lanai)
WEFT_ABSENT(LoongArch)
WEFT_ABSENT(M68k)
WEFT_ABSENT(Mips)
WEFT_ABSENT(MSP430)
WEFT_ABSENT(NVPTX)
WEFT_ABSENT(PowerPC)
WEFT_ABSENT(RISCV)
WEFT_ABSENT(Sparc)
WEFT_ABSENT(SystemZ)
WEFT_ABSENT(VE)
WEFT_ABSENT(WebAssembly)
WEFT_ABSENT(XCore)
WEFT_ABSENT(Xtensa)
}

// The same for the loop optimiser Polly, which Debian links into LLVM's link-time optimisation.
llvm::PassPluginLibraryInfo getPollyPluginInfo();
llvm::PassPluginLibraryInfo getPollyPluginInfo() {
  return {LLVM_PLUGIN_API_VERSION, "absent", LLVM_VERSION_STRING, [](llvm::PassBuilder&) {}};
}
