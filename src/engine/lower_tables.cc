// Tables, references and globals: everything that lies in the instance block (core
// specification 4.4.2, 4.4.5, 4.4.6).

#include "engine/lowering.h"

namespace weft::engine {

using Op = wabt::Opcode;
using wasm::TrapKind;
using wasm::ValType;

llvm::Value* FunctionLowering::instance(int64_t offset) {
  return builder_.CreateConstGEP1_64(builder_.getInt8Ty(), base_, static_cast<uint64_t>(offset));
}

llvm::Value* FunctionLowering::home(int64_t offset) {
  return builder_.CreateConstGEP1_64(builder_.getInt8Ty(), home_, static_cast<uint64_t>(offset));
}

llvm::Value* FunctionLowering::passed(size_t index) {
  llvm::Value* area = plan_.open() ? instance_load(builder_.getPtrTy(), home(cpu::head_args))
                                   : instance(plan_.layout.args);
  return builder_.CreateConstGEP1_64(builder_.getInt8Ty(), area, 16 * index);
}

llvm::Value* FunctionLowering::instance_load(llvm::Type* type, llvm::Value* address) {
  auto* load = builder_.CreateAlignedLoad(type, address, llvm::Align(type->isVectorTy() ? 16 : 4));
  partition_.touches_instance(load);
  return load;
}

void FunctionLowering::instance_store(llvm::Value* value, llvm::Value* address) {
  auto alignment = llvm::Align(value->getType()->isVectorTy() ? 16 : 4);
  partition_.touches_instance(builder_.CreateAlignedStore(value, address, alignment));
}

llvm::Value* FunctionLowering::global_address(uint32_t global) {
  llvm::Value* cell = instance(plan_.layout.globals[global]);
  return global < plan_.wasm().imported_globals ? instance_load(builder_.getPtrTy(), cell) : cell;
}

llvm::Value* FunctionLowering::funcref(uint32_t function) {
  if (!plan_.open()) {
    return partition_.descriptor(function);
  }
  uint32_t place = plan_.descriptor_index.at(function);
  return builder_.CreatePtrToInt(
      instance(plan_.layout.descriptors + static_cast<int64_t>(place * sizeof(cpu::FuncRef))),
      builder_.getInt64Ty());
}

llvm::Value* FunctionLowering::table_head(uint32_t table) {
  llvm::Value* head = instance(plan_.layout.tables[table]);
  return table < plan_.wasm().imported_tables ? instance_load(builder_.getPtrTy(), head) : head;
}

llvm::Value* FunctionLowering::table_size(uint32_t table) {
  bool fixed = table >= plan_.wasm().imported_tables && !plan_.table_grows[table];
  if (fixed) {
    return i32(static_cast<uint32_t>(plan_.wasm().tables[table].limits.min));
  }
  return instance_load(builder_.getInt32Ty(),
                       builder_.CreateConstGEP1_64(builder_.getInt8Ty(), table_head(table),
                                                   offsetof(cpu::TableHead, size)));
}

llvm::Value* FunctionLowering::table_entry(uint32_t table, llvm::Value* index) {
  llvm::Value* elements = table < plan_.wasm().imported_tables
                              ? instance_load(builder_.getPtrTy(), table_head(table))
                              : instance(plan_.layout.table_elements[table]);
  uint32_t bytes = table_entry_bytes(plan_.wasm().tables[table].element);
  llvm::Value* offset =
      builder_.CreateMul(builder_.CreateZExt(index, builder_.getInt64Ty()), i64(bytes));
  return builder_.CreateGEP(builder_.getInt8Ty(), elements, offset);
}

// A funcref entry repeats its code's address; both are 0 for null.
void FunctionLowering::store_entry(uint32_t table, llvm::Value* entry, llvm::Value* ref) {
  if (plan_.wasm().tables[table].element == ValType::externref) {
    instance_store(ref, entry);
    return;
  }
  auto* null_block = builder_.GetInsertBlock();
  auto* some = block("some");
  auto* next = block("next");
  builder_.CreateCondBr(builder_.CreateICmpNE(ref, i64(0)), some, next);
  builder_.SetInsertPoint(some);
  llvm::Value* code =
      instance_load(builder_.getInt64Ty(), builder_.CreateIntToPtr(ref, builder_.getPtrTy()));
  builder_.CreateBr(next);
  builder_.SetInsertPoint(next);
  auto* phi = builder_.CreatePHI(builder_.getInt64Ty(), 2);
  phi->addIncoming(i64(0), null_block);
  phi->addIncoming(code, some);
  instance_store(phi, entry);
  instance_store(ref, builder_.CreateConstGEP1_64(builder_.getInt8Ty(), entry, 8));
}

bool FunctionLowering::tables(const Instruction& in) {
  switch (in.op) {
    case Op::RefNull:
      push(i64(0));
      return true;
    case Op::RefIsNull:
      push(builder_.CreateZExt(builder_.CreateICmpEQ(pop(), i64(0)), builder_.getInt32Ty()));
      return true;
    case Op::RefFunc:
      push(funcref(in.index));
      return true;
    case Op::TableGet: {
      llvm::Value* index = pop();
      trap_if(builder_.CreateICmpUGE(index, table_size(in.index)), TrapKind::out_of_bounds_table);
      llvm::Value* entry = table_entry(in.index, index);
      bool func = plan_.wasm().tables[in.index].element == ValType::funcref;
      push(instance_load(builder_.getInt64Ty(),
                         builder_.CreateConstGEP1_64(builder_.getInt8Ty(), entry, func ? 8 : 0)));
      return true;
    }
    case Op::TableSet: {
      llvm::Value* ref = pop();
      llvm::Value* index = pop();
      trap_if(builder_.CreateICmpUGE(index, table_size(in.index)), TrapKind::out_of_bounds_table);
      store_entry(in.index, table_entry(in.index, index), ref);
      return true;
    }
    case Op::TableSize:
      push(table_size(in.index));
      return true;
    case Op::TableGrow: {
      llvm::Value* count = pop();
      llvm::Value* ref = pop();
      push(call_builtin(Builtin::table_grow, {i32(in.index), ref, count}, ValType::i32));
      return true;
    }
    case Op::TableFill: {
      Values args = pop_many(3);
      call_builtin(Builtin::table_fill, {i32(in.index), args[0], args[1], args[2]}, std::nullopt);
      return true;
    }
    case Op::TableCopy: {
      Values args = pop_many(3);
      uint64_t both = in.index | static_cast<uint64_t>(in.index2) << 32;
      call_builtin(Builtin::table_copy, {i64(both), args[0], args[1], args[2]}, std::nullopt);
      return true;
    }
    case Op::TableInit: {
      Values args = pop_many(3);
      uint64_t both = in.index2 | static_cast<uint64_t>(in.index) << 32;
      call_builtin(Builtin::table_init, {i64(both), args[0], args[1], args[2]}, std::nullopt);
      return true;
    }
    case Op::ElemDrop:
      instance_store(i32(0), instance(plan_.layout.element_sizes +
                                      static_cast<int64_t>(4 * uint64_t{in.index})));
      return true;
    default:
      return false;
  }
}

}  // namespace weft::engine
