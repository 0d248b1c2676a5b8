#include "engine/codegen.h"

#include <llvm/Analysis/TargetLibraryInfo.h>
#include <llvm/IR/LegacyPassManager.h>
#include <llvm/MC/TargetRegistry.h>
#include <llvm/Passes/PassBuilder.h>
#include <llvm/Support/CommandLine.h>
#include <llvm/Support/TargetSelect.h>
#include <llvm/TargetParser/Host.h>

#include <mutex>

namespace weft::engine {

namespace {

constexpr const char* triple = "x86_64-unknown-linux-gnu";

void initialise_llvm() {
  static std::once_flag once;
  std::call_once(once, [] {
    LLVMInitializeX86TargetInfo();
    LLVMInitializeX86Target();
    LLVMInitializeX86TargetMC();
    LLVMInitializeX86AsmParser();
    LLVMInitializeX86AsmPrinter();
    LLVMInitializeX86Disassembler();
    // Unrolling a loop whose count is unknown costs more in code and prologues than it gains
    // (bench/: spmv 1.24 -> 1.02).
    const char* options[] = {"weft", "-unroll-runtime=false"};
    llvm::cl::ParseCommandLineOptions(2, options);
  });
}

// The guest is no C program: LLVM may call nothing but the three routines that every code file
// holds.
llvm::TargetLibraryInfoImpl library_info(const llvm::Triple& for_triple) {
  llvm::TargetLibraryInfoImpl info(for_triple);
  info.disableAllFunctions();
  info.setAvailable(llvm::LibFunc_memcpy);
  info.setAvailable(llvm::LibFunc_memmove);
  info.setAvailable(llvm::LibFunc_memset);
  return info;
}

}  // namespace

Result<Target> resolve(CpuLevel level) {
  Target target;
  llvm::StringMap<bool> host = llvm::sys::getHostCPUFeatures();
  auto has = [&](const char* feature) { return host.lookup(feature); };
  bool host_v2 = has("sse4.2") && has("popcnt") && has("cx16");
  bool host_v3 =
      host_v2 && has("avx2") && has("fma") && has("bmi2") && has("lzcnt") && has("movbe");
  switch (level) {
    case CpuLevel::x86_64_v2:
      if (!host_v2) {
        return error(Error::Kind::unsupported, "this machine lacks x86-64-v2 (SSE4.2, POPCNT)");
      }
      target.cpu = "x86-64-v2";
      return target;
    case CpuLevel::x86_64_v3:
      if (!host_v3) {
        return error(Error::Kind::unsupported,
                     "this machine lacks x86-64-v3 (AVX2, FMA, BMI2); use --cpu x86-64-v2");
      }
      target.cpu = "x86-64-v3";
      target.avx = target.avx2 = target.fma = true;
      return target;
    case CpuLevel::native:
      break;
  }
  if (!host_v2) {
    return error(Error::Kind::unsupported, "weft needs x86-64-v2 (SSE4.2, POPCNT) at least");
  }
  target.cpu = llvm::sys::getHostCPUName().str();
  for (const auto& feature : host) {
    // AMX state is not saved with a guest, so its instructions are not used.
    bool allowed = !feature.first().starts_with("amx");
    if (!target.features.empty()) {
      target.features += ',';
    }
    target.features += (feature.second && allowed ? "+" : "-") + feature.first().str();
  }
  target.avx = has("avx");
  target.avx2 = has("avx2");
  target.fma = has("fma");
  target.avx512 = has("avx512f") && has("avx512vl") && has("avx512bw") && has("avx512dq");
  return target;
}

Result<CpuLevel> parse_cpu_level(std::string_view level) {
  for (auto candidate : {CpuLevel::native, CpuLevel::x86_64_v3, CpuLevel::x86_64_v2}) {
    if (level == name(candidate)) {
      return candidate;
    }
  }
  return error(Error::Kind::invalid, "unknown CPU level '{}': native, x86-64-v3 or x86-64-v2",
               level);
}

std::string_view name(CpuLevel level) {
  switch (level) {
    case CpuLevel::native:
      return "native";
    case CpuLevel::x86_64_v3:
      return "x86-64-v3";
    case CpuLevel::x86_64_v2:
      return "x86-64-v2";
  }
  return "?";
}

Result<Effort> parse_effort(std::string_view effort) {
  for (auto candidate : {Effort::full, Effort::fast}) {
    if (effort == name(candidate)) {
      return candidate;
    }
  }
  return error(Error::Kind::invalid, "unknown effort '{}': full or fast", effort);
}

std::string_view name(Effort effort) { return effort == Effort::full ? "full" : "fast"; }

Result<std::unique_ptr<llvm::TargetMachine>> make_target_machine(const Target& target,
                                                                 Pipeline pipeline) {
  initialise_llvm();
  std::string message;
  const llvm::Target* found = llvm::TargetRegistry::lookupTarget(triple, message);
  if (found == nullptr) {
    return error(Error::Kind::unsupported, "LLVM has no x86-64 target: {}", message);
  }
  llvm::TargetOptions options;
  options.SwiftAsyncFramePointer = llvm::SwiftAsyncFramePointerMode::Never;
  options.TrapUnreachable = true;
  options.NoTrapAfterNoreturn = true;
  std::unique_ptr<llvm::TargetMachine> machine(found->createTargetMachine(
      triple, target.cpu, target.features, options, llvm::Reloc::PIC_, llvm::CodeModel::Small,
      pipeline == Pipeline::full ? llvm::CodeGenOptLevel::Default : llvm::CodeGenOptLevel::None));
  if (machine == nullptr) {
    return error(Error::Kind::unsupported, "LLVM cannot generate code for CPU {}", target.cpu);
  }
  return machine;
}

namespace {

llvm::ModulePassManager passes_of(llvm::PassBuilder& builder, Pipeline pipeline) {
  switch (pipeline) {
    case Pipeline::full:
      return builder.buildPerModuleDefaultPipeline(llvm::OptimizationLevel::O3);
    case Pipeline::moderate:
      return builder.buildPerModuleDefaultPipeline(llvm::OptimizationLevel::O1);
    case Pipeline::least:
      break;
  }
  return llvm::ModulePassManager();
}

}  // namespace

void optimise(llvm::Module& module, llvm::TargetMachine& machine, Pipeline pipeline) {
  llvm::PipelineTuningOptions tuning;
  tuning.LoopVectorization = true;
  tuning.SLPVectorization = true;
  tuning.LoopInterleaving = true;
  tuning.LoopUnrolling = true;
  llvm::PassBuilder builder(&machine, tuning);
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager calls;
  llvm::ModuleAnalysisManager modules;
  auto library = library_info(llvm::Triple(triple));
  functions.registerPass([&] { return llvm::TargetLibraryAnalysis(library); });
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(calls);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, calls, modules);
  passes_of(builder, pipeline).run(module, modules);
}

Result<std::string> emit_object(llvm::Module& module, llvm::TargetMachine& machine) {
  llvm::SmallVector<char, 0> bytes;
  llvm::raw_svector_ostream out(bytes);
  llvm::legacy::PassManager passes;
  auto library = library_info(llvm::Triple(triple));
  passes.add(new llvm::TargetLibraryInfoWrapperPass(library));
  if (machine.addPassesToEmitFile(passes, out, nullptr, llvm::CodeGenFileType::ObjectFile)) {
    return error(Error::Kind::unsupported, "LLVM cannot write object files for this target");
  }
  passes.run(module);
  return std::string(bytes.begin(), bytes.end());
}

}  // namespace weft::engine
