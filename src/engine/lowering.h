// Lowers one WebAssembly function to LLVM IR.
//
// The body is read once, instruction by instruction; the operand stack holds SSA values, locals are
// stack slots that LLVM's mem2reg removes, and every block that can be branched to has phis for its
// parameters. Code that cannot be reached is skipped. Nothing is assumed that validation has not
// proved; every access to linear memory is a plain load or store at base + zero-extended index +
// offset, whose faults the slot's guards catch.
//
// Exceptions: `throw` puts the payload in the argument area and the tag's identity in the instance
// head; after each call that may throw the head is looked at and control goes to the innermost
// handler, or out of the function.
//
// Thread safety: none. One object per function.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "engine/body_reader.h"
#include "engine/partition.h"

namespace weft::engine {

class FunctionLowering {
 public:
  FunctionLowering(Partition& partition, uint32_t function);
  void run();

 private:
  using Values = std::vector<llvm::Value*>;

  enum class FrameKind : uint8_t { function, block, loop, if_then, if_else, try_body, handler };

  // A structured control instruction that is open (core specification 4.4.8).
  struct Frame {
    FrameKind kind;
    BlockType type;
    size_t height = 0;                        // of the operand stack below its parameters
    llvm::BasicBlock* end = nullptr;          // where control goes after it
    std::vector<llvm::PHINode*> end_phis;     // its results
    llvm::BasicBlock* header = nullptr;       // loop: where a branch goes
    std::vector<llvm::PHINode*> header_phis;  // loop: its parameters
    llvm::BasicBlock* otherwise = nullptr;    // if: the else part, as long as it has not begun
    Values otherwise_params;
    llvm::BasicBlock* outer_handler = nullptr;  // what was the handler around this instruction
    // try: where an exception in its body lands, and the test for the next clause
    llvm::BasicBlock* landing = nullptr;
    llvm::BasicBlock* next_clause = nullptr;
    bool caught_all = false;
    // handler: what was caught, for rethrow
    llvm::Value* caught_tag = nullptr;
    Values caught_payload;                    // by catch
    llvm::AllocaInst* caught_area = nullptr;  // by catch_all
    bool reachable_before = true;
  };

  // --- lowering.cc: the loop, locals, operands ---
  void start();
  void instruction(const Instruction& in);
  void skip_unreachable(const Instruction& in);
  bool variable(const Instruction& in);
  void push(llvm::Value* value) { stack_.push_back(value); }
  llvm::Value* pop();
  Values pop_many(size_t count);
  llvm::Value* zero(wasm::ValType type);
  llvm::AllocaInst* slot(llvm::Type* type, llvm::Value* count = nullptr);
  llvm::BasicBlock* block(const char* name);
  llvm::ConstantInt* i32(uint32_t v) { return builder_.getInt32(v); }
  llvm::ConstantInt* i64(uint64_t v) { return builder_.getInt64(v); }

  // --- lower_control.cc ---
  bool control(const Instruction& in);
  void open(FrameKind kind, const BlockType& type);
  void begin_else();
  void end();
  void branch_to(size_t depth);
  void branch_table();
  void flow(Frame& frame, const Values& values);  // the current block jumps to frame's end
  std::vector<llvm::PHINode*> phis(llvm::BasicBlock* at, const std::vector<wasm::ValType>& types);
  void unreachable() { reachable_ = false; }
  void trap(wasm::TrapKind kind);
  void trap_if(llvm::Value* condition, wasm::TrapKind kind);
  Frame& frame_at(size_t depth) { return frames_[frames_.size() - 1 - depth]; }
  void function_return();

  // --- lower_calls.cc ---
  bool calls(const Instruction& in);
  struct Callee {
    llvm::FunctionCallee code;
    llvm::Value* base;
    bool throws;
  };
  enum class CallKind : uint8_t { normal, tail };
  void call_direct(uint32_t function, CallKind kind);
  void call_indirect(const Instruction& in, CallKind kind);
  void emit_call(const Callee& callee, const wasm::FuncType& type, const Values& args,
                 CallKind kind);
  llvm::Value* call_builtin(Builtin builtin, std::initializer_list<llvm::Value*> args,
                            std::optional<wasm::ValType> result);

  // --- lower_exceptions.cc ---
  bool exceptions(const Instruction& in);
  llvm::BasicBlock* handler();  // where an exception goes from here
  void check_exception();
  void begin_catch(std::optional<uint32_t> tag);
  void end_try_clauses(Frame& frame);
  void rethrow(size_t depth);
  void throw_tag(uint32_t tag);
  void delegate(size_t depth);
  llvm::Value* tag_identity(uint32_t tag);
  void raise(llvm::Value* tag);

  // --- lower_memory.cc ---
  bool memory(const Instruction& in);
  bool scalar_load(const Instruction& in);
  bool scalar_store(const Instruction& in);
  bool whole_memory(const Instruction& in);  // its size, growth, copies and segments
  bool atomics(const Instruction& in);
  bool simd(const Instruction& in);
  llvm::Value* effective(uint64_t offset);  // pops the index: 64-bit offset from the base
  llvm::Value* pointer(uint64_t offset);    // pops the index: address in linear memory
  llvm::Value* at(llvm::Value* offset) {
    return builder_.CreateGEP(builder_.getInt8Ty(), base_, offset);
  }
  void load(const Instruction& in, llvm::Type* in_memory, llvm::Type* value, bool is_signed);
  void store(const Instruction& in, llvm::Type* in_memory);
  llvm::Value* memory_size_bytes();
  void check_range(llvm::Value* begin, llvm::Value* count, llvm::Value* size, wasm::TrapKind kind);
  void bulk(const Instruction& in);
  bool memory_is_shared() const;
  void make_atomic(auto* access);
  llvm::Value* atomic_address(const Instruction& in);
  void atomic_rmw(const Instruction& in, unsigned operation);
  void atomic_cmpxchg(const Instruction& in);

  // --- lower_tables.cc ---
  bool tables(const Instruction& in);
  llvm::Value* table_head(uint32_t table);
  llvm::Value* table_size(uint32_t table);
  llvm::Value* table_entry(uint32_t table, llvm::Value* index);  // address of a checked index
  llvm::Value* instance(int64_t offset);                         // base + offset
  llvm::Value* home(int64_t offset);  // in the instance that the host entered
  llvm::Value* passed(size_t index);  // place of a further result, or of an exception's value
  llvm::Value* instance_load(llvm::Type* type, llvm::Value* address);
  void instance_store(llvm::Value* value, llvm::Value* address);
  llvm::Value* global_address(uint32_t global);
  llvm::Value* funcref(uint32_t function);
  void store_entry(uint32_t table, llvm::Value* entry, llvm::Value* ref);

  // --- lower_numeric.cc ---
  bool numeric(const Instruction& in);
  bool compare(const Instruction& in);
  bool integer(const Instruction& in);
  bool integer_unary(const Instruction& in);
  bool floating(const Instruction& in);
  bool convert(const Instruction& in);
  void divide(const Instruction& in);
  void truncate(const Instruction& in);
  void rotate(llvm::Intrinsic::ID direction);
  void intrinsic1(llvm::Intrinsic::ID id);
  void intrinsic2(llvm::Intrinsic::ID id);
  llvm::Value* float_binary(llvm::Instruction::BinaryOps op, llvm::Value* a, llvm::Value* b);
  llvm::Value* fence(llvm::Value* value);
  llvm::Value* float_extreme(llvm::Intrinsic::ID id, llvm::Value* a, llvm::Value* b);

  Partition& partition_;
  const Plan& plan_;
  uint32_t index_;
  BodyReader reader_;
  llvm::IRBuilder<> builder_;
  llvm::Function* function_;
  llvm::Value* base_ = nullptr;
  llvm::Value* home_ = nullptr;  // closed linking: the same
  llvm::DISubprogram* subprogram_ = nullptr;
  llvm::BasicBlock* entry_ = nullptr;  // stack slots are made here
  std::vector<llvm::AllocaInst*> locals_;
  std::vector<llvm::AllocaInst*> slots_;
  Values stack_;
  std::vector<Frame> frames_;
  llvm::BasicBlock* handler_ = nullptr;    // of the innermost try around, null: leave the function
  llvm::BasicBlock* propagate_ = nullptr;  // leaves the function with an exception in flight
  bool reachable_ = true;
  size_t skipped_ = 0;  // blocks opened in code that cannot be reached
};

}  // namespace weft::engine
