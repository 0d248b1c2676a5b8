// Atomic memory instructions (proposal threads): all sequentially consistent, all trap when their
// address is not aligned.
//
// A memory that is not shared has one thread, so there they are ordinary loads and stores: programs
// linked with libraries that are ready for threads pay nothing for their locks.

#include <llvm/Transforms/Utils/LowerAtomic.h>

#include "engine/lowering.h"

namespace weft::engine {

using Op = wabt::Opcode;
using wasm::TrapKind;
using wasm::ValType;

namespace {

// The seven widths of every read-modify-write instruction, in the order of their opcodes.
struct Width {
  unsigned value_bits;
  unsigned memory_bits;
};
constexpr Width widths[7] = {{32, 32}, {64, 64}, {32, 8}, {32, 16}, {64, 8}, {64, 16}, {64, 32}};
constexpr uint32_t first_rmw = 0x1e;
constexpr uint32_t first_cmpxchg = 0x48;
constexpr auto order = llvm::AtomicOrdering::SequentiallyConsistent;

}  // namespace

bool FunctionLowering::memory_is_shared() const {
  return plan_.module->memory && plan_.module->memory->shared;
}

void FunctionLowering::make_atomic(auto* access) {
  if (memory_is_shared()) {
    access->setAtomic(order);
  }
  partition_.touches_memory(access);
}

llvm::Value* FunctionLowering::atomic_address(const Instruction& in) {
  llvm::Value* address = effective(in.memory_offset);
  uint64_t bytes = wabt::Opcode(in.op).GetMemorySize();
  if (bytes > 1) {
    trap_if(builder_.CreateICmpNE(builder_.CreateAnd(address, i64(bytes - 1)), i64(0)),
            TrapKind::unaligned_atomic);
  }
  return address;
}

bool FunctionLowering::atomics(const Instruction& in) {
  if (wabt::Opcode(in.op).GetPrefix() != 0xfe) {
    return false;
  }
  switch (in.op) {
    case Op::AtomicFence:
      if (memory_is_shared()) {
        builder_.CreateFence(order);
      }
      return true;
    case Op::MemoryAtomicNotify: {
      llvm::Value* count = pop();
      llvm::Value* address = atomic_address(in);
      llvm::Value* size = memory_size_bytes();
      trap_if(builder_.CreateICmpUGT(builder_.CreateAdd(address, i64(4)), size),
              TrapKind::out_of_bounds_memory);
      push(call_builtin(Builtin::atomic_notify, {address, count}, ValType::i32));
      return true;
    }
    case Op::MemoryAtomicWait32:
    case Op::MemoryAtomicWait64: {
      llvm::Value* timeout = pop();
      llvm::Value* expected = pop();
      llvm::Value* address = atomic_address(in);
      bool wide = in.op == Op::MemoryAtomicWait64;
      trap_if(builder_.CreateICmpUGT(builder_.CreateAdd(address, i64(wide ? 8 : 4)),
                                     memory_size_bytes()),
              TrapKind::out_of_bounds_memory);
      push(call_builtin(wide ? Builtin::atomic_wait64 : Builtin::atomic_wait32,
                        {address, expected, timeout}, ValType::i32));
      return true;
    }
    default:
      break;
  }
  if (in.code >= first_cmpxchg) {
    atomic_cmpxchg(in);
    return true;
  }
  if (in.code >= first_rmw) {
    atomic_rmw(in, (in.code - first_rmw) / 7);
    return true;
  }
  unsigned bits = static_cast<unsigned>(wabt::Opcode(in.op).GetMemorySize() * 8);
  auto* in_memory = builder_.getIntNTy(bits);
  if (in.code >= 0x17) {  // stores
    llvm::Value* value = builder_.CreateTrunc(pop(), in_memory);
    auto* store = builder_.CreateAlignedStore(value, at(atomic_address(in)), llvm::Align(bits / 8));
    make_atomic(store);
    return true;
  }
  auto* load = builder_.CreateAlignedLoad(in_memory, at(atomic_address(in)), llvm::Align(bits / 8));
  make_atomic(load);
  bool wide = wabt::Opcode(in.op).GetResultType() == wabt::Type::I64;
  push(builder_.CreateZExt(load, wide ? builder_.getInt64Ty() : builder_.getInt32Ty()));
  return true;
}

void FunctionLowering::atomic_rmw(const Instruction& in, unsigned operation) {
  using RMW = llvm::AtomicRMWInst;
  constexpr RMW::BinOp operations[] = {RMW::Add, RMW::Sub, RMW::And, RMW::Or, RMW::Xor, RMW::Xchg};
  Width width = widths[(in.code - first_rmw) % 7];
  auto* in_memory = builder_.getIntNTy(width.memory_bits);
  llvm::Value* operand = builder_.CreateTrunc(pop(), in_memory);
  llvm::Value* address = at(atomic_address(in));
  llvm::Align alignment(width.memory_bits / 8);
  llvm::Value* old = nullptr;
  if (memory_is_shared()) {
    auto* rmw = builder_.CreateAtomicRMW(operations[operation], address, operand, alignment, order);
    partition_.touches_memory(rmw);
    old = rmw;
  } else {
    auto* load = builder_.CreateAlignedLoad(in_memory, address, alignment);
    partition_.touches_memory(load);
    llvm::Value* updated =
        llvm::buildAtomicRMWValue(operations[operation], builder_, load, operand);
    partition_.touches_memory(builder_.CreateAlignedStore(updated, address, alignment));
    old = load;
  }
  push(builder_.CreateZExt(old, builder_.getIntNTy(width.value_bits)));
}

// A narrow compare wraps the expected value to the width of memory before it compares (proposal
// threads, overview; scripts from before 2023 expected values beyond the width never to match).
void FunctionLowering::atomic_cmpxchg(const Instruction& in) {
  Width width = widths[in.code - first_cmpxchg];
  auto* in_memory = builder_.getIntNTy(width.memory_bits);
  llvm::Value* replacement = builder_.CreateTrunc(pop(), in_memory);
  llvm::Value* expected = builder_.CreateTrunc(pop(), in_memory);
  llvm::Value* address = at(atomic_address(in));
  llvm::Align alignment(width.memory_bits / 8);
  llvm::Value* old = nullptr;
  if (memory_is_shared()) {
    auto* pair =
        builder_.CreateAtomicCmpXchg(address, expected, replacement, alignment, order, order);
    partition_.touches_memory(pair);
    old = builder_.CreateExtractValue(pair, 0);
  } else {
    auto* load = builder_.CreateAlignedLoad(in_memory, address, alignment);
    partition_.touches_memory(load);
    auto* kept = builder_.CreateSelect(builder_.CreateICmpEQ(load, expected), replacement, load);
    partition_.touches_memory(builder_.CreateAlignedStore(kept, address, alignment));
    old = load;
  }
  push(builder_.CreateZExt(old, builder_.getIntNTy(width.value_bits)));
}

}  // namespace weft::engine
