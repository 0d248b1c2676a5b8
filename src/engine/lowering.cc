#include "engine/lowering.h"

#include <llvm/IR/Dominators.h>
#include <llvm/Transforms/Utils/BasicBlockUtils.h>
#include <llvm/Transforms/Utils/Local.h>
#include <llvm/Transforms/Utils/PromoteMemToReg.h>

#include "engine/host_call.h"
#include "engine/neighbours.h"

namespace weft::engine {

using Op = wabt::Opcode;
using wasm::ValType;

FunctionLowering::FunctionLowering(Partition& partition, uint32_t function)
    : partition_(partition),
      plan_(partition.plan()),
      index_(function),
      reader_(plan_.wasm(), function),
      builder_(partition.context()),
      function_(partition.function(function)) {}

void FunctionLowering::start() {
  const wasm::Function& function = plan_.wasm().functions[index_];
  const wasm::FuncType& type = plan_.wasm().type_of(index_);
  partition_.decorate(*function_);
  subprogram_ = partition_.subprogram(
      *function_, function.name.empty() ? fmt::format("function[{}]", index_) : function.name,
      function.body.offset);
  entry_ = block("entry");
  builder_.SetInsertPoint(entry_);
  builder_.SetCurrentDebugLocation(llvm::DILocation::get(
      partition_.context(), static_cast<unsigned>(function.body.offset), 0, subprogram_));
  if (plan_.contracts) {
    llvm::FastMathFlags flags;
    flags.setAllowContract();
    builder_.setFastMathFlags(flags);
  }
  home_ = function_->getArg(0);
  base_ = function_->getArg(partition_.leading_params() - 1);
  base_->setName("base");
  for (size_t i = 0; i < type.params.size(); ++i) {
    locals_.push_back(slot(partition_.type(type.params[i])));
    builder_.CreateStore(function_->getArg(partition_.leading_params() + static_cast<unsigned>(i)),
                         locals_.back());
  }
  for (ValType local : reader_.locals()) {
    locals_.push_back(slot(partition_.type(local)));
    builder_.CreateStore(zero(local), locals_.back());
  }
  auto* body = block("body");
  builder_.CreateBr(body);
  builder_.SetInsertPoint(body);
  open(FrameKind::function, {{}, type.results});
}

void FunctionLowering::run() {
  start();
  while (!frames_.empty()) {
    const Instruction& in = reader_.next();
    if (!reachable_) {
      skip_unreachable(in);
      continue;
    }
    builder_.SetCurrentDebugLocation(llvm::DILocation::get(
        partition_.context(), static_cast<unsigned>(in.offset), 0, subprogram_));
    instruction(in);
  }
  CHECK(reader_.at_end());
  llvm::removeUnreachableBlocks(*function_);
  llvm::DominatorTree dominators(*function_);
  llvm::PromoteMemToReg(slots_, dominators);
  if (plan_.max_memory_pages() < wasm::max_memory_pages) {
    join_neighbours(*function_, dominators, partition_);
  }
}

void FunctionLowering::instruction(const Instruction& in) {
  bool known = control(in) || variable(in) || calls(in) || memory(in) || numeric(in) ||
               tables(in) || exceptions(in) || atomics(in) || simd(in);
  CHECK(known, "no lowering for {}", wabt::Opcode(in.op).GetName());
}

// Only what opens and closes blocks matters where control never comes.
void FunctionLowering::skip_unreachable(const Instruction& in) {
  switch (in.op) {
    case Op::Block:
    case Op::Loop:
    case Op::If:
    case Op::Try:
      ++skipped_;
      return;
    case Op::End:
    case Op::Delegate:
      if (skipped_ > 0) {
        --skipped_;
        return;
      }
      break;
    case Op::Else:
    case Op::Catch:
    case Op::CatchAll:
      if (skipped_ > 0) {
        return;
      }
      break;
    default:
      return;
  }
  if (!control(in)) {
    exceptions(in);
  }
}

bool FunctionLowering::variable(const Instruction& in) {
  const wasm::Module& wasm = plan_.wasm();
  switch (in.op) {
    case Op::LocalGet:
      push(builder_.CreateLoad(locals_[in.index]->getAllocatedType(), locals_[in.index]));
      return true;
    case Op::LocalSet:
      builder_.CreateStore(pop(), locals_[in.index]);
      return true;
    case Op::LocalTee:
      builder_.CreateStore(stack_.back(), locals_[in.index]);
      return true;
    case Op::GlobalGet: {
      const wasm::Global& global = wasm.globals[in.index];
      if (!global.is_mutable && global.init.size() == 1 && global.type != ValType::v128 &&
          global.init[0].kind == wasm::ConstOp::Kind::constant) {
        push(from_bits(builder_, i64(global.init[0].value.i64), global.type));
      } else {
        push(instance_load(partition_.type(global.type), global_address(in.index)));
      }
      return true;
    }
    case Op::GlobalSet:
      instance_store(pop(), global_address(in.index));
      return true;
    case Op::Drop:
      pop();
      return true;
    case Op::Select:
    case Op::SelectT: {
      llvm::Value* condition = builder_.CreateICmpNE(pop(), i32(0));
      llvm::Value* b = pop();
      llvm::Value* a = pop();
      push(builder_.CreateSelect(condition, a, b));
      return true;
    }
    case Op::I32Const:
      push(i32(static_cast<uint32_t>(in.constant)));
      return true;
    case Op::I64Const:
      push(i64(in.constant));
      return true;
    case Op::F32Const:
    case Op::F64Const:
      push(from_bits(builder_, i64(in.constant),
                     in.op == Op::F32Const ? ValType::f32 : ValType::f64));
      return true;
    case Op::Nop:
      return true;
    default:
      return false;
  }
}

llvm::Value* FunctionLowering::pop() {
  llvm::Value* value = stack_.back();
  stack_.pop_back();
  return value;
}

FunctionLowering::Values FunctionLowering::pop_many(size_t count) {
  Values values(stack_.end() - static_cast<ptrdiff_t>(count), stack_.end());
  stack_.resize(stack_.size() - count);
  return values;
}

llvm::Value* FunctionLowering::zero(ValType type) {
  return llvm::Constant::getNullValue(partition_.type(type));
}

llvm::AllocaInst* FunctionLowering::slot(llvm::Type* type, llvm::Value* count) {
  llvm::IRBuilder<> at_entry(entry_, entry_->begin());
  auto* result = at_entry.CreateAlloca(type, count);
  if (count == nullptr) {
    slots_.push_back(result);
  }
  return result;
}

llvm::BasicBlock* FunctionLowering::block(const char* name) {
  return llvm::BasicBlock::Create(partition_.context(), name, function_);
}

}  // namespace weft::engine
