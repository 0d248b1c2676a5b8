#include "engine/compiler.h"

#include <llvm/Config/llvm-config.h>
#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/Verifier.h>
#include <llvm/Support/raw_ostream.h>
#include <xxh_x86dispatch.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>

#include "engine/codegen.h"
#include "engine/linker.h"
#include "engine/load_traps.h"
#include "engine/lowering.h"
#include "engine/partition.h"
#include "engine/support.h"

namespace weft::engine {

namespace {

// Grows with every change of generated code or of the code file.
constexpr int code_generation = 10;
// Bytes of WebAssembly code in a partition: large enough for inlining, small enough for memory
// (about 30 MiB of IR each).
constexpr uint64_t partition_bytes = 96 << 10;

// A function above this is compiled with moderate effort, alone.
constexpr uint64_t huge_function_bytes = 256 << 10;

// One with more branches than this, or with branches nested deeper, with the least effort: passes
// of LLVM take a time there that grows with the square (`SimplifyCFG` merges empty blocks one by
// one, `InstCombine` asks for each comparison which of the others dominate it).
constexpr uint32_t most_branches = 10'000;
constexpr uint32_t most_nested_branches = 2000;

struct Slice {
  uint32_t begin;  // functions
  uint32_t end;
  uint64_t bytes;
  Pipeline pipeline;
};

Pipeline pipeline_for(const Plan& plan, uint32_t function) {
  const Branches& branches = plan.branches[function];
  if (plan.options.effort == Effort::fast || branches.count > most_branches ||
      branches.depth > most_nested_branches) {
    return Pipeline::least;
  }
  return plan.wasm().functions[function].body.size > huge_function_bytes ? Pipeline::moderate
                                                                         : Pipeline::full;
}

std::vector<Slice> slices(const Plan& plan) {
  const wasm::Module& module = plan.wasm();
  std::vector<Slice> result;
  auto count = static_cast<uint32_t>(module.functions.size());
  Slice current{module.imported_functions, module.imported_functions, 0, Pipeline::full};
  for (uint32_t i = module.imported_functions; i < count; ++i) {
    uint64_t size = module.functions[i].body.size;
    Pipeline pipeline = pipeline_for(plan, i);
    if (current.bytes != 0 &&
        (current.bytes + size > partition_bytes || pipeline != current.pipeline)) {
      result.push_back(current);
      current = {i, i, 0, pipeline};
    }
    current.pipeline = pipeline;
    current.end = i + 1;
    current.bytes += size + 16;
  }
  if (current.begin != current.end) {
    result.push_back(current);
  }
  return result;
}

class Compilation {
 public:
  Compilation(const Plan& plan, std::vector<Slice> work)
      : plan_(plan), slices_(std::move(work)), objects_(slices_.size() + 1) {
    for (const Slice& slice : slices_) {
      total_ += slice.bytes;
    }
  }

  Result<std::vector<std::string>> run() {
    unsigned threads = plan_.options.threads != 0
                           ? plan_.options.threads
                           : std::max(1u, std::thread::hardware_concurrency());
    threads = std::min<unsigned>(threads, static_cast<unsigned>(objects_.size()));
    {
      std::vector<std::jthread> helpers;
      for (unsigned i = 1; i < threads; ++i) {
        helpers.emplace_back([this] { work(); });
      }
      work();
    }
    if (failure_) {
      return std::unexpected(*std::move(failure_));
    }
    return std::move(objects_);
  }

 private:
  void work() {
    while (true) {
      size_t i = next_++;
      if (i >= objects_.size()) {
        return;
      }
      auto object = i < slices_.size() ? functions(slices_[i]) : support();
      if (!object) {
        std::lock_guard lock(mutex_);
        failure_ = std::move(object).error();
        next_ = objects_.size();
        return;
      }
      objects_[i] = std::move(*object);
      if (i < slices_.size() && plan_.options.progress) {
        plan_.options.progress(done_ += slices_[i].bytes, total_);
      }
    }
  }

  Result<std::string> functions(const Slice& slice) {
    llvm::LLVMContext context;
    TRY(machine, make_target_machine(plan_.target, slice.pipeline));
    Partition partition(plan_, context, fmt::format("functions-{}", slice.begin));
    prepare(partition, *machine);
    for (uint32_t i = slice.begin; i < slice.end; ++i) {
      FunctionLowering(partition, i).run();
    }
    return generate(partition, *machine, slice.pipeline);
  }

  Result<std::string> support() {
    llvm::LLVMContext context;
    Pipeline pipeline = plan_.options.effort == Effort::fast ? Pipeline::least : Pipeline::full;
    TRY(machine, make_target_machine(plan_.target, pipeline));
    Partition partition(plan_, context, "support");
    prepare(partition, *machine);
    build_support(partition);
    return generate(partition, *machine, pipeline);
  }

  static void prepare(Partition& partition, llvm::TargetMachine& machine) {
    partition.module().setDataLayout(machine.createDataLayout());
    partition.module().setTargetTriple(machine.getTargetTriple().str());
  }

  static Result<std::string> generate(Partition& partition, llvm::TargetMachine& machine,
                                      Pipeline pipeline) {
    partition.finish();
    auto module = partition.take();
    if (const char* path = std::getenv("WEFT_DUMP_IR")) {
      std::error_code ignored;
      llvm::raw_fd_ostream out(fmt::format("{}/{}.ll", path, module->getName().str()), ignored);
      module->print(out, nullptr);
    }
#ifndef NDEBUG
    std::string problem;
    llvm::raw_string_ostream out(problem);
    CHECK(!llvm::verifyModule(*module, &out), "invalid IR: {}", problem);
#endif
    keep_load_traps(*module, partition, LoadStage::lowered);
    optimise(*module, machine, pipeline);
    keep_load_traps(*module, partition, LoadStage::optimised);
    return emit_object(*module, machine);
  }

  const Plan& plan_;
  std::vector<Slice> slices_;
  std::vector<std::string> objects_;
  uint64_t total_ = 0;
  std::atomic<uint64_t> done_ = 0;
  std::atomic<size_t> next_ = 0;
  std::mutex mutex_;
  std::optional<Error> failure_;
};

}  // namespace

std::string compiler_version() {
  return fmt::format("weft {} LLVM {} format {}", code_generation, LLVM_VERSION_STRING,
                     code_format_version);
}

Result<CodeKey> code_key(std::span<const uint8_t> module_bytes, const CompileOptions& options) {
  TRY(target, resolve(options.cpu));
  std::string rest = fmt::format("{}|{}|{}|{}|{}", compiler_version(), target.cpu, target.features,
                                 static_cast<int>(options.linking), name(options.effort));
  XXH3_state_t* state = XXH3_createState();
  XXH3_128bits_reset(state);
  XXH3_128bits_update(state, rest.data(), rest.size());
  XXH3_128bits_update(state, module_bytes.data(), module_bytes.size());
  XXH128_hash_t hash = XXH3_128bits_digest(state);
  XXH3_freeState(state);
  return CodeKey{hash.low64, hash.high64};
}

Result<std::string> compile(std::shared_ptr<const wasm::Module> module,
                            const CompileOptions& options, const CodeKey& key, uint64_t window) {
  TRY(target, resolve(options.cpu));
  TRY(plan, make_plan(std::move(module), options, std::move(target)));
  TRY(objects, Compilation(plan, slices(plan)).run());
  TRY(elf, link(objects, window_address(window)));
  return assemble_code_file(std::move(elf), make_info(plan), key);
}

}  // namespace weft::engine
