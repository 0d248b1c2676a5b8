// One LLVM module that holds a part of a WebAssembly module's functions: types, declarations,
// attributes and alias scopes that the lowering of its functions shares.
//
// A guest function is   result f(ptr swiftasync base, params…)   : the linear memory's base stays
// in r14 across calls. The first result is returned, further ones go through the argument area of
// the function's instance.
//
// Under open linking it is   result f(ptr swiftasync home, ptr base, params…)   : a call may lead
// into another instance, with another base. What stays in r14 is the base of the instance that the
// host entered; further results and exceptions go through that one's head and argument area,
// whichever instances they pass. So a tail call may lead anywhere.
//
// Thread safety: none; each compiling thread has partitions, with an LLVMContext of their own.
#pragma once

#include <llvm/IR/DIBuilder.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/Module.h>

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/plan.h"

namespace weft::engine {

class Partition {
 public:
  Partition(const Plan& plan, llvm::LLVMContext& context, const std::string& name);
  ~Partition();

  const Plan& plan() const { return plan_; }
  llvm::Module& module() { return *module_; }
  std::unique_ptr<llvm::Module> take() { return std::move(module_); }
  llvm::LLVMContext& context() { return context_; }

  llvm::Type* type(wasm::ValType type);
  llvm::Type* result_type(const wasm::FuncType& type);
  llvm::FunctionType* signature(const wasm::FuncType& type);
  unsigned leading_params() const { return plan_.open() ? 2 : 1; }  // before those of the type
  llvm::CallingConv::ID convention() const;

  llvm::Function* function(uint32_t index);  // declared on first use; imports: the wrapper
  llvm::FunctionCallee host_stub(
      uint32_t entry);  // i64 (ptr swiftasync, i64 × 6), entry of the import vector
  llvm::FunctionCallee trap_stub(wasm::TrapKind kind);
  llvm::GlobalVariable* data_bytes();  // all data segments' bytes, defined in the support partition
  llvm::Constant* descriptor(uint32_t function);  // closed: address of its cpu::FuncRef as i64

  // Marks what a load or store touches: linear memory and the instance block never overlap.
  void touches_memory(llvm::Instruction* instruction);
  void touches_instance(llvm::Instruction* instruction);
  bool is_memory_access(const llvm::Instruction& instruction) const;
  bool is_instance_access(const llvm::Instruction& instruction) const;

  // Attributes of every function defined here.
  void decorate(llvm::Function& function);
  // Debug information: a line is a byte offset in the WebAssembly module.
  llvm::DISubprogram* subprogram(llvm::Function& function, const std::string& name,
                                 uint64_t offset);
  void finish();  // REQUIRES: called once, after the last function

 private:
  const Plan& plan_;
  llvm::LLVMContext& context_;
  std::unique_ptr<llvm::Module> module_;
  std::vector<llvm::Function*> functions_;
  llvm::MDNode* memory_scope_;
  llvm::MDNode* instance_scope_;
  std::unique_ptr<llvm::DIBuilder> debug_;
  llvm::DIFile* file_;
  llvm::DISubroutineType* subroutine_;
};

}  // namespace weft::engine
