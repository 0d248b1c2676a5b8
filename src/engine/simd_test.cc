// Every vector instruction, compiled for three levels of x86-64 and run here, against plain C++
// (engine/simd_reference.h).
//
// An instruction becomes several functions: one for each lane index or a choice of shuffles, and
// some with constant operands, so that what the optimizer computes is tested like what the machine
// computes.
#include "engine/simd.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <llvm/ADT/StringMap.h>
#include <llvm/ExecutionEngine/ExecutionEngine.h>
#include <llvm/ExecutionEngine/MCJIT.h>
#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/Module.h>
#include <llvm/IR/Verifier.h>
#include <llvm/Passes/PassBuilder.h>
#include <llvm/Support/TargetSelect.h>
#include <llvm/Target/TargetMachine.h>
#include <llvm/TargetParser/Host.h>
#include <sys/mman.h>
#include <unistd.h>
#include <wabt/opcode.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <memory>
#include <optional>
#include <random>

#include "engine/simd_reference.h"

namespace weft::engine {

namespace {

constexpr uint32_t opcodes = 0x130;  // the proposals' numbers and some beyond

wabt::Opcode wabt_opcode(uint32_t opcode) { return wabt::Opcode::FromCode(0xfd, opcode); }

bool exists(uint32_t opcode) { return opcode < 0x114 && !wabt_opcode(opcode).IsInvalid(); }

std::vector<wabt::Type> operand_types(uint32_t opcode) {
  const wabt::Opcode known = wabt_opcode(opcode);
  std::vector<wabt::Type> types;
  for (const wabt::Type type :
       {known.GetParamType1(), known.GetParamType2(), known.GetParamType3()}) {
    if (type != wabt::Type::Void) {
      types.push_back(type);
    }
  }
  if (known.GetMemorySize() != 0) {
    types.erase(types.begin());  // the address
  }
  return types;
}

// --- functions ---

// One function: an instruction with its immediate, and operands that are constants of it.
struct Variant {
  uint32_t opcode = 0;
  SimdBytes immediate{};
  std::array<std::optional<SimdBytes>, 3> constants;
  std::string name;
};

std::vector<SimdBytes> immediates(uint32_t opcode, std::mt19937_64& random) {
  const std::string text = wabt_opcode(opcode).GetName();
  std::vector<SimdBytes> result;
  if (opcode == static_cast<uint32_t>(SimdOp::v128_const)) {
    result.assign(8, random_simd_bytes(random));
  } else if (opcode == static_cast<uint32_t>(SimdOp::i8x16_shuffle)) {
    for (int i = 0; i < 16; ++i) {
      SimdBytes choice{};
      for (size_t j = 0; j < choice.size(); ++j) {
        choice[j] = i == 0 ? static_cast<uint8_t>(j) : static_cast<uint8_t>(random() % 32);
      }
      result.push_back(choice);
    }
  } else if (text.ends_with("_lane") || text.find("_lane_") != std::string::npos) {
    const size_t width = wabt_opcode(opcode).GetMemorySize();
    const size_t lanes = width != 0 ? 16 / width : 128 / std::stoul(text.substr(1));
    for (size_t lane = 0; lane < lanes; ++lane) {
      result.push_back({static_cast<uint8_t>(lane)});
    }
  } else {
    result.emplace_back();
  }
  return result;
}

std::vector<Variant> variants_of(uint32_t opcode, std::mt19937_64& random) {
  std::vector<Variant> variants;
  for (const SimdBytes& immediate : immediates(opcode, random)) {
    variants.push_back({opcode, immediate, {}, {}});
  }
  const size_t operands = operand_types(opcode).size();
  for (int i = 0; operands > 0 && i < 6; ++i) {
    Variant all = variants[random() % variants.size()];
    all.constants = {random_simd_bytes(random), random_simd_bytes(random),
                     random_simd_bytes(random)};
    Variant one = all;
    one.constants = {};
    one.constants[random() % operands] = random_simd_bytes(random);
    variants.push_back(all);
    variants.push_back(one);
  }
  return variants;
}

// What a neutral second operand must not do: let a signalling NaN through.
void add_neutral_operands(std::vector<Variant>& variants) {
  using enum SimdOp;
  const auto splat32 = [](uint32_t lane) {
    return std::bit_cast<SimdBytes>(std::array<uint32_t, 4>{lane, lane, lane, lane});
  };
  const auto splat64 = [](uint64_t lane) {
    return std::bit_cast<SimdBytes>(std::array<uint64_t, 2>{lane, lane});
  };
  const SimdBytes one32 = splat32(0x3f800000);
  const SimdBytes minus_zero32 = splat32(0x80000000);
  const SimdBytes one64 = splat64(0x3ff0000000000000);
  const SimdBytes minus_zero64 = splat64(0x8000000000000000);
  const auto add = [&](SimdOp op, size_t operand, const SimdBytes& value) {
    Variant variant{static_cast<uint32_t>(op), {}, {}, {}};
    variant.constants[operand] = value;
    variants.push_back(variant);
  };
  for (const size_t operand : {0, 1}) {
    add(f32x4_mul, operand, one32);
    add(f64x2_mul, operand, one64);
    add(f32x4_add, operand, minus_zero32);
    add(f64x2_add, operand, minus_zero64);
    add(f32x4_div, operand, one32);
    add(f64x2_div, operand, one64);
    add(f32x4_sub, operand, {});
    add(f64x2_sub, operand, {});
    add(f32x4_sub, operand, minus_zero32);
    add(f64x2_sub, operand, minus_zero64);
    add(f32x4_mul, operand, splat32(0xbf800000));
    add(f64x2_mul, operand, splat64(0xbff0000000000000));
    add(f32x4_div, operand, splat32(0xbf800000));
    add(f64x2_div, operand, splat64(0xbff0000000000000));
  }
}

std::vector<Variant> all_variants() {
  std::mt19937_64 random(20);
  std::vector<Variant> variants;
  for (uint32_t opcode = 0; opcode < opcodes; ++opcode) {
    if (exists(opcode)) {
      std::ranges::copy(variants_of(opcode, random), std::back_inserter(variants));
    }
  }
  add_neutral_operands(variants);
  for (size_t i = 0; i < variants.size(); ++i) {
    variants[i].name = "f" + std::to_string(i);
  }
  return variants;
}

// void f(const SimdBytes operands[3], void* memory, SimdBytes* result)
using Compiled = void (*)(const SimdBytes*, void*, SimdBytes*);

class Builder {
 public:
  Builder(llvm::Module& module, const SimdTarget& target)
      : module_(module), b_(module.getContext()), target_(target) {}

  void add(const Variant& variant) {
    auto* pointer = b_.getPtrTy();
    auto* type = llvm::FunctionType::get(b_.getVoidTy(), {pointer, pointer, pointer}, false);
    auto* function =
        llvm::Function::Create(type, llvm::Function::ExternalLinkage, variant.name, module_);
    b_.SetInsertPoint(llvm::BasicBlock::Create(module_.getContext(), "", function));
    std::vector<llvm::Value*> operands;
    const std::vector<wabt::Type> types = operand_types(variant.opcode);
    operands.reserve(types.size());
    for (unsigned i = 0; i < types.size(); ++i) {
      operands.push_back(operand(function->getArg(0), i, types[i], variant.constants[i]));
    }
    std::vector<llvm::Instruction*> accesses;
    const SimdKind kind = simd_kind(variant.opcode);
    llvm::Value* result = nullptr;
    if (kind == SimdKind::compute) {
      result = lower_simd(b_, variant.opcode, operands, variant.immediate, target_);
    } else if (kind == SimdKind::load) {
      result = lower_simd_load(b_, variant.opcode, function->getArg(1), operands,
                               variant.immediate[0], accesses);
    } else {
      lower_simd_store(b_, variant.opcode, function->getArg(1), operands, variant.immediate[0],
                       accesses);
    }
    EXPECT_EQ(accesses.size(), kind == SimdKind::compute ? 0U : 1U);
    if (result != nullptr) {
      EXPECT_EQ(result->getType(), llvm_type(wabt_opcode(variant.opcode).GetResultType()));
      b_.CreateAlignedStore(result, function->getArg(2), llvm::Align(1));
    }
    b_.CreateRetVoid();
  }

 private:
  llvm::Type* llvm_type(wabt::Type type) {
    switch (static_cast<wabt::Type::Enum>(type)) {
      case wabt::Type::I32:
        return b_.getInt32Ty();
      case wabt::Type::I64:
        return b_.getInt64Ty();
      case wabt::Type::F32:
        return b_.getFloatTy();
      case wabt::Type::F64:
        return b_.getDoubleTy();
      default:
        return llvm::FixedVectorType::get(b_.getInt64Ty(), 2);
    }
  }

  llvm::Value* operand(llvm::Value* from, unsigned index, wabt::Type type,
                       const std::optional<SimdBytes>& constant) {
    if (!constant) {
      return b_.CreateAlignedLoad(
          llvm_type(type), b_.CreateConstGEP1_32(b_.getInt8Ty(), from, 16 * index), llvm::Align(1));
    }
    std::array<uint64_t, 2> words{};
    std::memcpy(words.data(), constant->data(), sizeof words);
    llvm::Constant* vector = llvm::ConstantDataVector::get(module_.getContext(), words);
    llvm::Type* wanted = llvm_type(type);
    if (wanted->isVectorTy()) {
      return vector;
    }
    llvm::Value* bits =
        b_.getIntN(wanted->getScalarSizeInBits(),
                   wanted->getScalarSizeInBits() == 32 ? words[0] & 0xffffffff : words[0]);
    return b_.CreateBitCast(bits, wanted);
  }

  llvm::Module& module_;
  llvm::IRBuilder<> b_;
  const SimdTarget& target_;
};

// --- levels ---

struct Level {
  std::string cpu;
  std::vector<std::string> features;
  SimdTarget target;
};

bool host_has(std::initializer_list<const char*> features) {
  static const llvm::StringMap<bool> host = llvm::sys::getHostCPUFeatures();
  return std::ranges::all_of(features, [](const char* name) { return host.lookup(name); });
}

Level host_level() {
  Level level{llvm::sys::getHostCPUName().str(), {}, {}};
  for (const auto& feature : llvm::sys::getHostCPUFeatures()) {
    level.features.push_back((feature.second ? "+" : "-") + feature.first().str());
  }
  level.target = {.avx = host_has({"avx"}),
                  .avx2 = host_has({"avx2"}),
                  .fma = host_has({"fma"}),
                  .avx512 = host_has({"avx512f", "avx512vl", "avx512bw", "avx512dq"})};
  return level;
}

void optimize(llvm::Module& module, llvm::TargetMachine& machine) {
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager graph;
  llvm::ModuleAnalysisManager modules;
  llvm::PassBuilder passes(&machine);
  passes.registerModuleAnalyses(modules);
  passes.registerCGSCCAnalyses(graph);
  passes.registerFunctionAnalyses(functions);
  passes.registerLoopAnalyses(loops);
  passes.crossRegisterProxies(loops, functions, graph, modules);
  passes.buildPerModuleDefaultPipeline(llvm::OptimizationLevel::O2).run(module, modules);
}

// Bytes that end where the readable memory ends, so that an access beyond its size faults.
class LastBytes {
 public:
  LastBytes() : page_(static_cast<size_t>(getpagesize())) {
    void* pages = mmap(nullptr, 2 * page_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    EXPECT_NE(pages, MAP_FAILED);
    EXPECT_EQ(mprotect(pages, page_, PROT_READ | PROT_WRITE), 0);
    pages_ = static_cast<uint8_t*>(pages);
  }
  ~LastBytes() { munmap(pages_, 2 * page_); }
  LastBytes(const LastBytes&) = delete;
  LastBytes& operator=(const LastBytes&) = delete;

  uint8_t* last(size_t size) { return pages_ + page_ - size; }

 private:
  size_t page_;
  uint8_t* pages_ = nullptr;
};

// --- comparing ---

template <class Bits>
bool nan_lane_matches(Bits expected, Bits actual, Bits canonical, Bits any_quiet) {
  if (expected == canonical) {
    return (actual & (~Bits{0} >> 1)) == canonical;
  }
  if (expected == any_quiet) {
    return (actual & canonical) == canonical;
  }
  return expected == actual;
}

template <class Bits>
bool lanes_match(const SimdBytes& expected, const SimdBytes& actual, Bits canonical,
                 Bits any_quiet) {
  using Vector = std::array<Bits, 16 / sizeof(Bits)>;
  return std::ranges::equal(
      std::bit_cast<Vector>(expected), std::bit_cast<Vector>(actual),
      [&](Bits e, Bits a) { return nan_lane_matches(e, a, canonical, any_quiet); });
}

bool matches(const SimdReference& reference, const SimdBytes& expected, const SimdBytes& actual) {
  switch (reference.nan_bits) {
    case 32:
      return lanes_match<uint32_t>(expected, actual, 0x7fc00000, any_quiet_nan32);
    case 64:
      return lanes_match<uint64_t>(expected, actual, 0x7ff8000000000000, any_quiet_nan64);
    default:
      return expected == actual;
  }
}

std::string hex(const SimdBytes& bytes) {
  std::string text;
  for (size_t i = 16; i > 0; --i) {
    text += fmt::format("{:02x}{}", bytes[i - 1], i % 4 == 1 && i != 1 ? "_" : "");
  }
  return text;
}

// Runs one function on inputs and compares. True if it was right. Compiled code has none of the
// signature that -fsanitize=function looks for in front of a function.
__attribute__((no_sanitize("undefined"))) bool check(const Variant& variant, Compiled code,
                                                     SimdInputs inputs, LastBytes& memory,
                                                     bool at_end) {
  const SimdReference& reference = simd_references().at(SimdOp{variant.opcode});
  for (size_t i = 0; i < 3; ++i) {
    inputs.operands[i] = variant.constants[i].value_or(inputs.operands[i]);
  }
  inputs.immediate = variant.immediate;
  const SimdKind kind = simd_kind(variant.opcode);
  size_t size = 16;
  if (kind != SimdKind::compute) {
    size = wabt_opcode(variant.opcode).GetMemorySize();
    std::ranges::fill(std::span(inputs.memory).subspan(size), uint8_t{0});
  }
  uint8_t* place = memory.last(at_end ? size : 35);  // unaligned when not at the end
  std::memcpy(place, inputs.memory.data(), size);
  SimdBytes actual{};
  code(inputs.operands.data(), place, &actual);
  if (kind == SimdKind::store) {
    std::memcpy(actual.data(), place, size);
  }
  const SimdBytes expected = reference.compute(inputs);
  if (matches(reference, expected, actual)) {
    return true;
  }
  ADD_FAILURE() << wabt_opcode(variant.opcode).GetName() << " " << variant.name << "\n  operands "
                << hex(inputs.operands[0]) << " " << hex(inputs.operands[1]) << " "
                << hex(inputs.operands[2]) << "\n  immediate " << hex(inputs.immediate)
                << " memory " << hex(inputs.memory) << "\n  expected " << hex(expected)
                << "\n  actual   " << hex(actual);
  return false;
}

// Compiles everything for one level, optimized or not, and compares.
void run_level(const Level& level, bool optimized) {
  llvm::InitializeNativeTarget();
  llvm::InitializeNativeTargetAsmPrinter();
  llvm::LLVMContext context;
  auto owned = std::make_unique<llvm::Module>("simd", context);
  llvm::Module& module = *owned;
  std::string problem;
  llvm::EngineBuilder engine_builder(std::move(owned));
  engine_builder.setErrorStr(&problem).setEngineKind(llvm::EngineKind::JIT);
  engine_builder.setMCPU(level.cpu).setMAttrs(level.features);
  std::unique_ptr<llvm::TargetMachine> machine(engine_builder.selectTarget());
  ASSERT_NE(machine, nullptr) << problem;
  module.setDataLayout(machine->createDataLayout());
  module.setTargetTriple(machine->getTargetTriple().str());
  const std::vector<Variant> variants = all_variants();
  Builder builder(module, level.target);
  for (const Variant& variant : variants) {
    builder.add(variant);
  }
  ASSERT_FALSE(llvm::verifyModule(module, &llvm::errs()));
  if (optimized) {
    optimize(module, *machine);
  }
  std::unique_ptr<llvm::ExecutionEngine> engine(engine_builder.create(machine.release()));
  ASSERT_NE(engine, nullptr) << problem;
  engine->finalizeObject();

  std::mt19937_64 random(7);
  LastBytes memory;
  for (const Variant& variant : variants) {
    const auto code = reinterpret_cast<Compiled>(engine->getFunctionAddress(variant.name));
    ASSERT_NE(code, nullptr);
    for (int i = 0; i < 120; ++i) {
      SimdInputs inputs;
      inputs.target = level.target;
      for (SimdBytes* bytes :
           {&inputs.operands[0], &inputs.operands[1], &inputs.operands[2], &inputs.memory}) {
        *bytes = random_simd_bytes(random);
      }
      if (!check(variant, code, inputs, memory, i % 2 == 0)) {
        break;
      }
    }
  }
}

const Level level_v2{"x86-64-v2", {}, {}};
const Level level_v3{"x86-64-v3", {}, {.avx = true, .avx2 = true, .fma = true}};

}  // namespace

TEST(Simd, every_opcode_is_known_with_its_operands_and_has_a_reference) {
  for (uint32_t opcode = 0; opcode < opcodes; ++opcode) {
    SCOPED_TRACE(fmt::format("0x{:x} {}", opcode, wabt_opcode(opcode).GetName()));
    ASSERT_EQ(simd_kind(opcode) != SimdKind::unknown, exists(opcode));
    ASSERT_EQ(simd_references().contains(SimdOp{opcode}), exists(opcode));
    if (exists(opcode)) {
      EXPECT_EQ(simd_operand_count(opcode), operand_types(opcode).size());
      EXPECT_EQ(simd_kind(opcode) != SimdKind::compute, wabt_opcode(opcode).GetMemorySize() != 0);
    }
  }
}

TEST(Simd, all_instructions_match_plain_code_at_x86_64_v2) { run_level(level_v2, true); }

TEST(Simd, all_instructions_match_plain_code_at_x86_64_v2_unoptimized) {
  run_level(level_v2, false);
}

TEST(Simd, all_instructions_match_plain_code_at_x86_64_v3) {
  if (!host_has({"avx2", "fma", "bmi2", "f16c", "lzcnt", "movbe"})) {
    GTEST_SKIP() << "this machine is below x86-64-v3";
  }
  run_level(level_v3, true);
}

TEST(Simd, all_instructions_match_plain_code_on_this_machine) { run_level(host_level(), true); }

}  // namespace weft::engine
