// Legacy exception handling: try, catch, catch_all, delegate, throw, rethrow (proposal
// exception-handling, legacy text).
//
// In flight, an exception is the identity of its tag in InstanceHead::exception and its values in
// the argument area. Who catches it clears the head first, so that calls in the handler start
// clean.

#include <llvm/IR/MDBuilder.h>

#include "engine/lowering.h"

namespace weft::engine {

using Op = wabt::Opcode;

bool FunctionLowering::exceptions(const Instruction& in) {
  switch (in.op) {
    case Op::Catch:
      begin_catch(in.index);
      return true;
    case Op::CatchAll:
      begin_catch(std::nullopt);
      return true;
    case Op::Delegate:
      delegate(in.index);
      return true;
    case Op::Throw:
      throw_tag(in.index);
      unreachable();
      return true;
    case Op::Rethrow:
      rethrow(in.index);
      unreachable();
      return true;
    default:
      return false;
  }
}

llvm::BasicBlock* FunctionLowering::handler() {
  if (handler_ != nullptr) {
    return handler_;
  }
  if (propagate_ == nullptr) {
    propagate_ = block("propagate");
    llvm::IRBuilder<> builder(propagate_);
    llvm::Type* type = function_->getReturnType();
    if (type->isVoidTy()) {
      builder.CreateRetVoid();
    } else {
      builder.CreateRet(llvm::Constant::getNullValue(type));
    }
  }
  return propagate_;
}

void FunctionLowering::check_exception() {
  llvm::Value* tag = instance_load(builder_.getInt64Ty(), home(cpu::head_exception));
  auto* next = block("next");
  llvm::MDBuilder metadata(partition_.context());
  builder_.CreateCondBr(builder_.CreateICmpNE(tag, i64(0)), handler(), next,
                        metadata.createBranchWeights(1, 1 << 12));
  builder_.SetInsertPoint(next);
}

llvm::Value* FunctionLowering::tag_identity(uint32_t tag) {
  if (plan_.open()) {
    return instance_load(builder_.getInt64Ty(),
                         instance(plan_.layout.tags + static_cast<int64_t>(8 * tag)));
  }
  return i64(tag + 1);
}

void FunctionLowering::raise(llvm::Value* tag) {
  instance_store(tag, home(cpu::head_exception));
  builder_.CreateBr(handler());
}

void FunctionLowering::throw_tag(uint32_t tag) {
  const wasm::FuncType& type = plan_.wasm().types[plan_.wasm().tags[tag]];
  Values values = pop_many(type.params.size());
  for (size_t i = 0; i < values.size(); ++i) {
    instance_store(values[i], passed(i));
  }
  raise(tag_identity(tag));
}

// Ends the part of the try that is open – its body or a clause – and begins a clause.
void FunctionLowering::begin_catch(std::optional<uint32_t> tag) {
  Frame& frame = frames_.back();
  if (reachable_) {
    flow(frame, pop_many(frame.type.results.size()));
  }
  stack_.resize(frame.height);
  if (frame.kind == FrameKind::try_body) {
    frame.kind = FrameKind::handler;
    frame.next_clause = frame.landing;
    frame.reachable_before = !frame.landing->hasNPredecessors(0);
  }
  handler_ = frame.outer_handler;  // an exception in a clause is not caught by this try
  reachable_ = true;
  builder_.SetInsertPoint(frame.next_clause);
  frame.caught_tag = instance_load(builder_.getInt64Ty(), home(cpu::head_exception));
  frame.caught_payload.clear();
  frame.caught_area = nullptr;
  if (tag) {
    auto* matches = block("catch");
    frame.next_clause = block("clause");
    builder_.CreateCondBr(builder_.CreateICmpEQ(frame.caught_tag, tag_identity(*tag)), matches,
                          frame.next_clause);
    builder_.SetInsertPoint(matches);
    const wasm::FuncType& type = plan_.wasm().types[plan_.wasm().tags[*tag]];
    for (size_t i = 0; i < type.params.size(); ++i) {
      frame.caught_payload.push_back(instance_load(partition_.type(type.params[i]), passed(i)));
      push(frame.caught_payload.back());
    }
  } else {
    // Which values there are is unknown: all that any exception can have is kept for a rethrow.
    frame.next_clause = nullptr;
    auto* bytes = i64(plan_.payload_values * sizeof(wasm::Value));
    frame.caught_area = slot(builder_.getInt8Ty(), bytes);
    frame.caught_area->setAlignment(llvm::Align(16));
    builder_.CreateMemCpy(frame.caught_area, llvm::Align(16), passed(0), llvm::Align(16), bytes);
    frame.caught_all = true;
  }
  instance_store(i64(0), home(cpu::head_exception));
}

// What no clause caught goes on outwards.
void FunctionLowering::end_try_clauses(Frame& frame) {
  llvm::BasicBlock* rest = frame.kind == FrameKind::try_body ? frame.landing : frame.next_clause;
  if (rest == nullptr) {
    return;  // there was a catch_all
  }
  handler_ = frame.outer_handler;
  builder_.SetInsertPoint(rest);
  builder_.CreateBr(handler());
}

void FunctionLowering::rethrow(size_t depth) {
  Frame& frame = frame_at(depth);
  for (size_t i = 0; i < frame.caught_payload.size(); ++i) {
    instance_store(frame.caught_payload[i], passed(i));
  }
  if (frame.caught_area != nullptr) {
    builder_.CreateMemCpy(passed(0), llvm::Align(16), frame.caught_area, llvm::Align(16),
                          i64(plan_.payload_values * sizeof(wasm::Value)));
  }
  raise(frame.caught_tag);
}

// The end of a try whose exceptions go to the handler that is active at the label.
void FunctionLowering::delegate(size_t depth) {
  Frame& frame = frames_.back();
  if (reachable_) {
    flow(frame, pop_many(frame.type.results.size()));
  }
  Frame& target = frame_at(depth + 1);
  handler_ = target.kind == FrameKind::try_body ? target.landing : target.outer_handler;
  builder_.SetInsertPoint(frame.landing);
  builder_.CreateBr(handler());
  handler_ = frame.outer_handler;
  stack_.resize(frame.height);
  stack_.insert(stack_.end(), frame.end_phis.begin(), frame.end_phis.end());
  builder_.SetInsertPoint(frame.end);
  reachable_ = !frame.end->hasNPredecessors(0);
  if (!reachable_) {
    builder_.CreateUnreachable();
  }
  frames_.pop_back();
}

}  // namespace weft::engine
