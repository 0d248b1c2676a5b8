#include "engine/partition.h"

#include <llvm/IR/Attributes.h>
#include <llvm/IR/MDBuilder.h>

#include "engine/symbols.h"

namespace weft::engine {

using wasm::ValType;

Partition::Partition(const Plan& plan, llvm::LLVMContext& context, const std::string& name)
    : plan_(plan), context_(context), module_(std::make_unique<llvm::Module>(name, context)) {
  functions_.resize(plan.wasm().functions.size());
  module_->setPICLevel(llvm::PICLevel::BigPIC);
  module_->setPIELevel(llvm::PIELevel::Large);
  module_->addModuleFlag(llvm::Module::Warning, "Debug Info Version", llvm::DEBUG_METADATA_VERSION);
  module_->addModuleFlag(llvm::Module::Warning, "Dwarf Version", 4);
  llvm::MDBuilder metadata(context);
  auto* domain = metadata.createAnonymousAliasScopeDomain("weft");
  memory_scope_ =
      llvm::MDNode::get(context, {metadata.createAnonymousAliasScope(domain, "memory")});
  instance_scope_ =
      llvm::MDNode::get(context, {metadata.createAnonymousAliasScope(domain, "instance")});
  debug_ = std::make_unique<llvm::DIBuilder>(*module_);
  file_ = debug_->createFile("module.wasm", "");
  debug_->createCompileUnit(llvm::dwarf::DW_LANG_C, file_, "weft", /*isOptimized=*/true, "", 0, "",
                            llvm::DICompileUnit::LineTablesOnly);
  subroutine_ = debug_->createSubroutineType(debug_->getOrCreateTypeArray({}));
}

Partition::~Partition() = default;

llvm::Type* Partition::type(ValType type) {
  switch (type) {
    case ValType::i32:
      return llvm::Type::getInt32Ty(context_);
    case ValType::f32:
      return llvm::Type::getFloatTy(context_);
    case ValType::f64:
      return llvm::Type::getDoubleTy(context_);
    case ValType::v128:
      return llvm::FixedVectorType::get(llvm::Type::getInt64Ty(context_), 2);
    case ValType::i64:
    case ValType::funcref:
    case ValType::externref:
      return llvm::Type::getInt64Ty(context_);
  }
  return nullptr;
}

llvm::Type* Partition::result_type(const wasm::FuncType& type) {
  return type.results.empty() ? llvm::Type::getVoidTy(context_) : this->type(type.results[0]);
}

llvm::FunctionType* Partition::signature(const wasm::FuncType& type) {
  std::vector<llvm::Type*> params(leading_params(), llvm::PointerType::getUnqual(context_));
  for (ValType p : type.params) {
    params.push_back(this->type(p));
  }
  return llvm::FunctionType::get(result_type(type), params, false);
}

llvm::CallingConv::ID Partition::convention() const {
  return plan_.tail_calls ? llvm::CallingConv::Tail : llvm::CallingConv::C;
}

llvm::Function* Partition::function(uint32_t index) {
  llvm::Function*& f = functions_[index];
  if (f == nullptr) {
    f = llvm::Function::Create(signature(plan_.wasm().type_of(index)),
                               llvm::GlobalValue::ExternalLinkage, plan_.symbols[index], *module_);
    f->setVisibility(llvm::GlobalValue::HiddenVisibility);
    f->setDSOLocal(true);
    f->setCallingConv(convention());
    f->addParamAttr(0, llvm::Attribute::SwiftAsync);
    f->addFnAttr(llvm::Attribute::NoUnwind);
  }
  return f;
}

namespace {
llvm::Function* hidden_stub(llvm::Module& module, const std::string& name,
                            llvm::FunctionType* type) {
  if (auto* existing = module.getFunction(name)) {
    return existing;
  }
  auto* f = llvm::Function::Create(type, llvm::GlobalValue::ExternalLinkage, name, module);
  f->setVisibility(llvm::GlobalValue::HiddenVisibility);
  f->setDSOLocal(true);
  f->addParamAttr(0, llvm::Attribute::SwiftAsync);
  f->addFnAttr(llvm::Attribute::NoUnwind);
  return f;
}
}  // namespace

llvm::FunctionCallee Partition::host_stub(uint32_t entry) {
  auto* i64 = llvm::Type::getInt64Ty(context_);
  auto* type = llvm::FunctionType::get(
      i64, {llvm::PointerType::getUnqual(context_), i64, i64, i64, i64, i64, i64}, false);
  return hidden_stub(*module_, symbols::host_call(entry), type);
}

llvm::FunctionCallee Partition::trap_stub(wasm::TrapKind kind) {
  auto* type = llvm::FunctionType::get(llvm::Type::getVoidTy(context_),
                                       {llvm::PointerType::getUnqual(context_)}, false);
  auto* f = hidden_stub(*module_, symbols::trap(kind), type);
  f->setDoesNotReturn();
  f->addFnAttr(llvm::Attribute::Cold);
  f->addFnAttr(llvm::Attribute::NoMerge);
  return f;
}

llvm::GlobalVariable* Partition::data_bytes() {
  if (auto* existing = module_->getNamedGlobal(symbols::data)) {
    return existing;
  }
  auto* type = llvm::ArrayType::get(llvm::Type::getInt8Ty(context_), 0);
  auto* global = new llvm::GlobalVariable(*module_, type, true, llvm::GlobalValue::ExternalLinkage,
                                          nullptr, symbols::data);
  global->setVisibility(llvm::GlobalValue::HiddenVisibility);
  global->setDSOLocal(true);
  return global;
}

llvm::Constant* Partition::descriptor(uint32_t function) {
  auto* i64 = llvm::Type::getInt64Ty(context_);
  auto* global = module_->getNamedGlobal(symbols::descriptors);
  if (global == nullptr) {
    global =
        new llvm::GlobalVariable(*module_, llvm::ArrayType::get(i64, 0), true,
                                 llvm::GlobalValue::ExternalLinkage, nullptr, symbols::descriptors);
    global->setVisibility(llvm::GlobalValue::HiddenVisibility);
    global->setDSOLocal(true);
  }
  uint64_t offset = plan_.descriptor_index.at(function) * sizeof(cpu::FuncRef);
  auto* address = llvm::ConstantExpr::getGetElementPtr(llvm::Type::getInt8Ty(context_), global,
                                                       llvm::ConstantInt::get(i64, offset));
  return llvm::ConstantExpr::getPtrToInt(address, i64);
}

void Partition::touches_memory(llvm::Instruction* instruction) {
  instruction->setMetadata(llvm::LLVMContext::MD_alias_scope, memory_scope_);
  instruction->setMetadata(llvm::LLVMContext::MD_noalias, instance_scope_);
}

void Partition::touches_instance(llvm::Instruction* instruction) {
  instruction->setMetadata(llvm::LLVMContext::MD_alias_scope, instance_scope_);
  instruction->setMetadata(llvm::LLVMContext::MD_noalias, memory_scope_);
}

bool Partition::is_memory_access(const llvm::Instruction& instruction) const {
  return instruction.getMetadata(llvm::LLVMContext::MD_alias_scope) == memory_scope_;
}

bool Partition::is_instance_access(const llvm::Instruction& instruction) const {
  return instruction.getMetadata(llvm::LLVMContext::MD_alias_scope) == instance_scope_;
}

void Partition::decorate(llvm::Function& function) {
  function.addFnAttr(llvm::Attribute::NoUnwind);
  function.setUWTableKind(llvm::UWTableKind::Async);
  function.addFnAttr("target-cpu", plan_.target.cpu);
  if (!plan_.target.features.empty()) {
    function.addFnAttr("target-features", plan_.target.features);
  }
  // A recursion without end has to exhaust the stack, as the specification wants it, and not to
  // become a loop.
  function.addFnAttr("disable-tail-calls", "true");
  // A frame larger than this touches its pages one by one, so that it cannot jump over the stack's
  // guard.
  function.addFnAttr("probe-stack", "inline-asm");
  function.addFnAttr("stack-probe-size", "65536");
  function.setSection(symbols::code_section);
}

llvm::DISubprogram* Partition::subprogram(llvm::Function& function, const std::string& name,
                                          uint64_t offset) {
  auto line = static_cast<unsigned>(offset);
  auto* result = debug_->createFunction(
      file_, name, function.getName(), file_, line, subroutine_, line, llvm::DINode::FlagZero,
      llvm::DISubprogram::SPFlagDefinition | llvm::DISubprogram::SPFlagOptimized);
  function.setSubprogram(result);
  return result;
}

void Partition::finish() { debug_->finalize(); }

}  // namespace weft::engine
