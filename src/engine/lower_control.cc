// Structured control: blocks, branches, returns, traps (core specification 4.4.8).

#include <llvm/IR/MDBuilder.h>

#include <algorithm>

#include "engine/lowering.h"

namespace weft::engine {

using Op = wabt::Opcode;
using wasm::TrapKind;

bool FunctionLowering::control(const Instruction& in) {
  switch (in.op) {
    case Op::Block:
      open(FrameKind::block, reader_.block_type(in.block_type));
      return true;
    case Op::Loop:
      open(FrameKind::loop, reader_.block_type(in.block_type));
      return true;
    case Op::If:
      open(FrameKind::if_then, reader_.block_type(in.block_type));
      return true;
    case Op::Try:
      open(FrameKind::try_body, reader_.block_type(in.block_type));
      return true;
    case Op::Else:
      begin_else();
      return true;
    case Op::End:
      end();
      return true;
    case Op::Br:
      branch_to(in.index);
      unreachable();
      return true;
    case Op::BrIf: {
      llvm::Value* condition = builder_.CreateICmpNE(pop(), i32(0));
      auto* taken = block("taken");
      auto* next = block("next");
      builder_.CreateCondBr(condition, taken, next);
      builder_.SetInsertPoint(taken);
      branch_to(in.index);
      builder_.SetInsertPoint(next);
      return true;
    }
    case Op::BrTable:
      branch_table();
      return true;
    case Op::Return:
      branch_to(frames_.size() - 1);
      unreachable();
      return true;
    case Op::Unreachable:
      trap(TrapKind::unreachable);
      unreachable();
      return true;
    default:
      return false;
  }
}

std::vector<llvm::PHINode*> FunctionLowering::phis(llvm::BasicBlock* at,
                                                   const std::vector<wasm::ValType>& types) {
  llvm::IRBuilder<> builder(at);
  std::vector<llvm::PHINode*> result;
  result.reserve(types.size());
  for (auto type : types) {
    result.push_back(builder.CreatePHI(partition_.type(type), 2));
  }
  return result;
}

void FunctionLowering::open(FrameKind kind, const BlockType& type) {
  Frame frame{.kind = kind, .type = type};
  llvm::Value* condition =
      kind == FrameKind::if_then ? builder_.CreateICmpNE(pop(), i32(0)) : nullptr;
  frame.height = stack_.size() - type.params.size();
  frame.end = block("end");
  frame.end_phis = phis(frame.end, type.results);
  frame.outer_handler = handler_;
  if (kind == FrameKind::loop) {
    frame.header = block("loop");
    frame.header_phis = phis(frame.header, type.params);
    for (size_t i = 0; i < type.params.size(); ++i) {
      frame.header_phis[i]->addIncoming(stack_[frame.height + i], builder_.GetInsertBlock());
      stack_[frame.height + i] = frame.header_phis[i];
    }
    builder_.CreateBr(frame.header);
    builder_.SetInsertPoint(frame.header);
  } else if (kind == FrameKind::if_then) {
    auto* then = block("then");
    frame.otherwise = block("else");
    frame.otherwise_params.assign(stack_.begin() + static_cast<ptrdiff_t>(frame.height),
                                  stack_.end());
    builder_.CreateCondBr(condition, then, frame.otherwise);
    builder_.SetInsertPoint(then);
  } else if (kind == FrameKind::try_body) {
    frame.landing = block("landing");
    handler_ = frame.landing;
  }
  frames_.push_back(std::move(frame));
}

void FunctionLowering::flow(Frame& frame, const Values& values) {
  for (size_t i = 0; i < values.size(); ++i) {
    frame.end_phis[i]->addIncoming(values[i], builder_.GetInsertBlock());
  }
  builder_.CreateBr(frame.end);
}

void FunctionLowering::begin_else() {
  Frame& frame = frames_.back();
  if (reachable_) {
    flow(frame, pop_many(frame.type.results.size()));
  }
  stack_.resize(frame.height);
  stack_.insert(stack_.end(), frame.otherwise_params.begin(), frame.otherwise_params.end());
  builder_.SetInsertPoint(frame.otherwise);
  frame.otherwise = nullptr;
  frame.kind = FrameKind::if_else;
  reachable_ = true;
}

void FunctionLowering::end() {
  Frame& frame = frames_.back();
  if (reachable_) {
    flow(frame, pop_many(frame.type.results.size()));
  }
  if (frame.otherwise != nullptr) {  // an if without else passes its parameters on
    builder_.SetInsertPoint(frame.otherwise);
    flow(frame, frame.otherwise_params);
  }
  if (frame.kind == FrameKind::try_body || frame.kind == FrameKind::handler) {
    end_try_clauses(frame);
  }
  handler_ = frame.outer_handler;
  stack_.resize(frame.height);
  stack_.insert(stack_.end(), frame.end_phis.begin(), frame.end_phis.end());
  builder_.SetInsertPoint(frame.end);
  reachable_ = !frame.end->hasNPredecessors(0);
  if (frame.kind == FrameKind::function) {
    if (reachable_) {
      function_return();
    } else {
      builder_.CreateUnreachable();
    }
    frames_.pop_back();
    return;
  }
  if (!reachable_) {
    builder_.CreateUnreachable();
  }
  frames_.pop_back();
}

void FunctionLowering::function_return() {
  const wasm::FuncType& type = plan_.wasm().type_of(index_);
  Values results = pop_many(type.results.size());
  for (size_t i = 1; i < results.size(); ++i) {
    instance_store(results[i], passed(i));
  }
  if (results.empty()) {
    builder_.CreateRetVoid();
  } else {
    builder_.CreateRet(results[0]);
  }
}

// Leaves the operands where they are: what follows in the same block still needs them when the
// branch is conditional.
void FunctionLowering::branch_to(size_t depth) {
  Frame& frame = frame_at(depth);
  bool loop = frame.kind == FrameKind::loop;
  const auto& targets = loop ? frame.header_phis : frame.end_phis;
  size_t count = targets.size();
  for (size_t i = 0; i < count; ++i) {
    targets[i]->addIncoming(stack_[stack_.size() - count + i], builder_.GetInsertBlock());
  }
  builder_.CreateBr(loop ? frame.header : frame.end);
}

void FunctionLowering::branch_table() {
  llvm::Value* selector = pop();
  const auto& targets = reader_.targets();
  // LLVM makes a branch of a switch with one target and drops what loaded the selector.
  if (std::all_of(targets.begin(), targets.end(),
                  [&](uint32_t depth) { return depth == targets.back(); })) {
    branch_to(targets.back());
    unreachable();
    return;
  }
  std::vector<llvm::BasicBlock*> by_depth(frames_.size(), nullptr);
  auto target = [&](uint32_t depth) {
    if (by_depth[depth] == nullptr) {
      by_depth[depth] = block("case");
    }
    return by_depth[depth];
  };
  auto* branch = builder_.CreateSwitch(selector, target(targets.back()),
                                       static_cast<unsigned>(targets.size() - 1));
  for (uint32_t i = 0; i + 1 < targets.size(); ++i) {
    if (targets[i] != targets.back()) {
      branch->addCase(i32(i), target(targets[i]));
    }
  }
  for (size_t depth = 0; depth < by_depth.size(); ++depth) {
    if (by_depth[depth] != nullptr) {
      builder_.SetInsertPoint(by_depth[depth]);
      branch_to(depth);
    }
  }
  unreachable();
}

void FunctionLowering::trap(TrapKind kind) {
  auto* call = builder_.CreateCall(partition_.trap_stub(kind), {base_});
  call->addParamAttr(0, llvm::Attribute::SwiftAsync);
  call->addFnAttr(llvm::Attribute::NoMerge);
  call->setDoesNotReturn();
  builder_.CreateUnreachable();
}

void FunctionLowering::trap_if(llvm::Value* condition, TrapKind kind) {
  auto* trapping = block("trap");
  auto* next = block("next");
  llvm::MDBuilder metadata(partition_.context());
  builder_.CreateCondBr(condition, trapping, next, metadata.createBranchWeights(1, 1 << 20));
  builder_.SetInsertPoint(trapping);
  trap(kind);
  builder_.SetInsertPoint(next);
}

}  // namespace weft::engine
