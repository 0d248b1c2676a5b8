// Linear memory: loads, stores, size, growth and bulk operations (core specification 4.4.7).

#include "engine/lowering.h"

namespace weft::engine {

using Op = wabt::Opcode;
using wasm::TrapKind;
using wasm::ValType;

llvm::Value* FunctionLowering::effective(uint64_t offset) {
  llvm::Value* index = builder_.CreateZExt(pop(), builder_.getInt64Ty());
  return offset == 0 ? index
                     : builder_.CreateAdd(index, i64(offset), "", /*HasNUW=*/true, /*HasNSW=*/true);
}

llvm::Value* FunctionLowering::pointer(uint64_t offset) { return at(effective(offset)); }

void FunctionLowering::load(const Instruction& in, llvm::Type* in_memory, llvm::Type* value,
                            bool is_signed) {
  auto* load = builder_.CreateAlignedLoad(in_memory, pointer(in.memory_offset), llvm::Align(1));
  partition_.touches_memory(load);
  if (in_memory == value) {
    push(load);
  } else {
    push(is_signed ? builder_.CreateSExt(load, value) : builder_.CreateZExt(load, value));
  }
}

void FunctionLowering::store(const Instruction& in, llvm::Type* in_memory) {
  llvm::Value* value = pop();
  if (value->getType() != in_memory) {
    value = builder_.CreateTrunc(value, in_memory);
  }
  auto* store = builder_.CreateAlignedStore(value, pointer(in.memory_offset), llvm::Align(1));
  partition_.touches_memory(store);
}

bool FunctionLowering::memory(const Instruction& in) {
  return scalar_load(in) || scalar_store(in) || whole_memory(in);
}

bool FunctionLowering::scalar_load(const Instruction& in) {
  auto* i8 = builder_.getInt8Ty();
  auto* i16 = builder_.getInt16Ty();
  auto* i32t = builder_.getInt32Ty();
  auto* i64t = builder_.getInt64Ty();
  switch (in.op) {
    case Op::I32Load:
      load(in, i32t, i32t, false);
      return true;
    case Op::I64Load:
      load(in, i64t, i64t, false);
      return true;
    case Op::F32Load:
      load(in, builder_.getFloatTy(), builder_.getFloatTy(), false);
      return true;
    case Op::F64Load:
      load(in, builder_.getDoubleTy(), builder_.getDoubleTy(), false);
      return true;
    case Op::I32Load8S:
      load(in, i8, i32t, true);
      return true;
    case Op::I32Load8U:
      load(in, i8, i32t, false);
      return true;
    case Op::I32Load16S:
      load(in, i16, i32t, true);
      return true;
    case Op::I32Load16U:
      load(in, i16, i32t, false);
      return true;
    case Op::I64Load8S:
      load(in, i8, i64t, true);
      return true;
    case Op::I64Load8U:
      load(in, i8, i64t, false);
      return true;
    case Op::I64Load16S:
      load(in, i16, i64t, true);
      return true;
    case Op::I64Load16U:
      load(in, i16, i64t, false);
      return true;
    case Op::I64Load32S:
      load(in, i32t, i64t, true);
      return true;
    case Op::I64Load32U:
      load(in, i32t, i64t, false);
      return true;
    default:
      return false;
  }
}

bool FunctionLowering::scalar_store(const Instruction& in) {
  switch (in.op) {
    case Op::I32Store:
      store(in, builder_.getInt32Ty());
      return true;
    case Op::I64Store:
      store(in, builder_.getInt64Ty());
      return true;
    case Op::F32Store:
      store(in, builder_.getFloatTy());
      return true;
    case Op::F64Store:
      store(in, builder_.getDoubleTy());
      return true;
    case Op::I32Store8:
    case Op::I64Store8:
      store(in, builder_.getInt8Ty());
      return true;
    case Op::I32Store16:
    case Op::I64Store16:
      store(in, builder_.getInt16Ty());
      return true;
    case Op::I64Store32:
      store(in, builder_.getInt32Ty());
      return true;
    default:
      return false;
  }
}

bool FunctionLowering::whole_memory(const Instruction& in) {
  switch (in.op) {
    case Op::MemorySize:
      push(builder_.CreateTrunc(builder_.CreateLShr(memory_size_bytes(), 16),
                                builder_.getInt32Ty()));
      return true;
    case Op::MemoryGrow:
      push(call_builtin(Builtin::memory_grow, {pop()}, ValType::i32));
      return true;
    case Op::MemoryCopy:
    case Op::MemoryFill:
    case Op::MemoryInit:
      bulk(in);
      return true;
    case Op::DataDrop:
      instance_store(
          i32(0), instance(plan_.layout.data_sizes + static_cast<int64_t>(4 * uint64_t{in.index})));
      return true;
    default:
      return false;
  }
}

llvm::Value* FunctionLowering::memory_size_bytes() {
  const auto& memory = plan_.wasm().memory;
  if (memory && !plan_.memory_grows) {
    return i64(memory->min * wasm::page_bytes);
  }
  return instance_load(builder_.getInt64Ty(), instance(cpu::head_memory_bytes));
}

// Traps unless [begin, begin + count) lies in [0, size); all are 64 bits wide and below 2^33.
void FunctionLowering::check_range(llvm::Value* begin, llvm::Value* count, llvm::Value* size,
                                   TrapKind kind) {
  trap_if(builder_.CreateICmpUGT(builder_.CreateAdd(begin, count), size), kind);
}

void FunctionLowering::bulk(const Instruction& in) {
  auto* i64t = builder_.getInt64Ty();
  llvm::Value* count = builder_.CreateZExt(pop(), i64t);
  llvm::Value* second = pop();
  llvm::Value* destination = builder_.CreateZExt(pop(), i64t);
  llvm::Value* size = memory_size_bytes();
  llvm::Instruction* access = nullptr;
  if (in.op == Op::MemoryFill) {
    check_range(destination, count, size, TrapKind::out_of_bounds_memory);
    access =
        builder_.CreateMemSet(at(destination), builder_.CreateTrunc(second, builder_.getInt8Ty()),
                              count, llvm::MaybeAlign());
  } else if (in.op == Op::MemoryCopy) {
    llvm::Value* source = builder_.CreateZExt(second, i64t);
    check_range(source, count, size, TrapKind::out_of_bounds_memory);
    check_range(destination, count, size, TrapKind::out_of_bounds_memory);
    access = builder_.CreateMemMove(at(destination), llvm::MaybeAlign(), at(source),
                                    llvm::MaybeAlign(), count);
  } else {
    llvm::Value* source = builder_.CreateZExt(second, i64t);
    llvm::Value* length = instance_load(
        builder_.getInt32Ty(),
        instance(plan_.layout.data_sizes + static_cast<int64_t>(4 * uint64_t{in.index})));
    check_range(source, count, builder_.CreateZExt(length, i64t), TrapKind::out_of_bounds_memory);
    check_range(destination, count, size, TrapKind::out_of_bounds_memory);
    uint64_t start = 0;
    for (uint32_t i = 0; i < in.index; ++i) {
      start += plan_.wasm().data[i].bytes.size;
    }
    auto* from = builder_.CreateGEP(builder_.getInt8Ty(), partition_.data_bytes(),
                                    builder_.CreateAdd(source, i64(start)));
    builder_.CreateMemCpy(at(destination), llvm::MaybeAlign(), from, llvm::MaybeAlign(), count);
    return;
  }
  partition_.touches_memory(access);
}

}  // namespace weft::engine
