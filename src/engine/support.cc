#include "engine/support.h"

#include <llvm/Bitcode/BitcodeReader.h>
#include <llvm/IR/Constants.h>
#include <llvm/Linker/Linker.h>
#include <llvm/Support/MemoryBuffer.h>

#include "cpu/thread.h"
#include "engine/code_header.h"
#include "engine/host_call.h"
#include "engine/symbols.h"

extern "C" const char weft_guest_memory_bitcode[];
extern "C" const char weft_guest_memory_bitcode_end[];

namespace weft::engine {

namespace {

class Support {
 public:
  explicit Support(Partition& partition)
      : partition_(partition),
        plan_(partition.plan()),
        context_(partition.context()),
        module_(partition.module()),
        i64_(llvm::Type::getInt64Ty(context_)),
        pointer_(llvm::PointerType::getUnqual(context_)) {}

  void build() {
    module_.setModuleInlineAsm(
        cpu::stub_assembly(builtin_count + plan_.wasm().imported_functions, plan_.layout.imports));
    add_memory_routines();
    std::vector<llvm::Constant*> functions;
    functions.reserve(plan_.wasm().functions.size());
    for (uint32_t i = 0; i < plan_.wasm().functions.size(); ++i) {
      if (i < plan_.wasm().imported_functions) {
        define_import_wrapper(i);
      }
      functions.push_back(partition_.function(i));
    }
    std::vector<llvm::Constant*> entries;
    entries.reserve(plan_.wasm().types.size());
    for (uint32_t i = 0; i < plan_.wasm().types.size(); ++i) {
      entries.push_back(plan_.wasm().canonical_types[i] == i
                            ? static_cast<llvm::Constant*>(define_entry(i))
                            : llvm::ConstantPointerNull::get(pointer_));
    }
    auto* function_table = pointer_array("weft_functions", functions);
    auto* entry_table = pointer_array("weft_entries", entries);
    define_data();
    llvm::GlobalVariable* descriptors = define_descriptors();
    define_header(function_table, entry_table, descriptors);
  }

 private:
  llvm::GlobalVariable* constant(const char* name, llvm::Constant* value) {
    auto* global = module_.getNamedGlobal(name);
    auto* made = new llvm::GlobalVariable(module_, value->getType(), true,
                                          llvm::GlobalValue::ExternalLinkage, value, "");
    if (global != nullptr) {
      global->replaceAllUsesWith(made);
      global->eraseFromParent();
    }
    made->setName(name);
    made->setVisibility(llvm::GlobalValue::HiddenVisibility);
    made->setDSOLocal(true);
    made->setAlignment(llvm::Align(16));
    return made;
  }

  llvm::GlobalVariable* pointer_array(const char* name,
                                      const std::vector<llvm::Constant*>& values) {
    return constant(
        name, llvm::ConstantArray::get(llvm::ArrayType::get(pointer_, values.size()), values));
  }

  // memcpy, memmove, memset for the guest's stack, compiled with the host tools from
  // guest_memory.c.
  void add_memory_routines() {
    llvm::StringRef bitcode(
        weft_guest_memory_bitcode,
        static_cast<size_t>(weft_guest_memory_bitcode_end - weft_guest_memory_bitcode));
    auto parsed = llvm::parseBitcodeFile(llvm::MemoryBufferRef(bitcode, "guest_memory"), context_);
    CHECK(static_cast<bool>(parsed), "the built-in bitcode does not parse");
    for (llvm::Function& f : **parsed) {
      if (!f.isDeclaration()) {
        f.setAttributes(f.getAttributes().removeFnAttribute(context_, "target-features"));
        f.setAttributes(f.getAttributes().removeFnAttribute(context_, "tune-cpu"));
        partition_.decorate(f);
        f.setVisibility(llvm::GlobalValue::HiddenVisibility);
        f.setDSOLocal(true);
      }
    }
    (*parsed)->setTargetTriple(module_.getTargetTriple());
    (*parsed)->setDataLayout(module_.getDataLayout());
    bool failed = llvm::Linker::linkModules(module_, std::move(*parsed));
    CHECK(!failed);
  }

  llvm::Value* at(llvm::IRBuilder<>& b, llvm::Value* base, int64_t offset) {
    return b.CreateConstGEP1_64(b.getInt8Ty(), base, static_cast<uint64_t>(offset));
  }

  // An import as a guest function, for tables and exports: hands its arguments to the host stub.
  void define_import_wrapper(uint32_t index) {
    llvm::Function* f = partition_.function(index);
    partition_.decorate(*f);
    const wasm::FuncType& type = plan_.wasm().type_of(index);
    llvm::IRBuilder<> b(llvm::BasicBlock::Create(context_, "entry", f));
    unsigned leading = partition_.leading_params();
    llvm::Value* base = f->getArg(leading - 1);
    std::vector<llvm::Value*> args;
    for (unsigned i = leading; i < f->arg_size(); ++i) {
      args.push_back(f->getArg(i));
    }
    auto results = call_host(partition_, b, base, builtin_count + index, args, type.results);
    if (plan_.open() && results.size() > 1) {  // they are in this instance's area
      llvm::Value* home = b.CreateLoad(pointer_, at(b, f->getArg(0), cpu::head_args));
      b.CreateMemCpy(home, llvm::Align(16), at(b, base, plan_.layout.args), llvm::Align(16),
                     results.size() * sizeof(wasm::Value));
    }
    if (results.empty()) {
      b.CreateRetVoid();
    } else {
      b.CreateRet(results[0]);
    }
  }

  // void entry(ptr swiftasync base): calls the function whose address is in the 16 bytes below the
  // argument area, with the arguments there, and leaves the results there.
  llvm::Function* define_entry(uint32_t type_index) {
    const wasm::FuncType& type = plan_.wasm().types[type_index];
    auto* f = llvm::Function::Create(
        llvm::FunctionType::get(llvm::Type::getVoidTy(context_), {pointer_}, false),
        llvm::GlobalValue::ExternalLinkage, fmt::format("weft_entry_{}", type_index), module_);
    f->setVisibility(llvm::GlobalValue::HiddenVisibility);
    f->setDSOLocal(true);
    f->addParamAttr(0, llvm::Attribute::SwiftAsync);
    partition_.decorate(*f);
    llvm::IRBuilder<> b(llvm::BasicBlock::Create(context_, "entry", f));
    llvm::Value* base = f->getArg(0);
    int64_t area = plan_.layout.args;
    auto* callee = b.CreateAlignedLoad(pointer_, at(b, base, area - 16), llvm::Align(16));
    std::vector<llvm::Value*> args(partition_.leading_params(), base);
    for (size_t i = 0; i < type.params.size(); ++i) {
      args.push_back(b.CreateAlignedLoad(partition_.type(type.params[i]),
                                         at(b, base, area + static_cast<int64_t>(16 * i)),
                                         llvm::Align(16)));
    }
    auto* call = b.CreateCall(partition_.signature(type), callee, args);
    call->setCallingConv(partition_.convention());
    call->addParamAttr(0, llvm::Attribute::SwiftAsync);
    if (!type.results.empty()) {
      b.CreateAlignedStore(call, at(b, base, area), llvm::Align(16));
    }
    b.CreateRetVoid();
    return f;
  }

  void define_data() {
    std::string bytes;
    for (const auto& segment : plan_.wasm().data) {
      auto view = plan_.wasm().view(segment.bytes);
      bytes.append(reinterpret_cast<const char*>(view.data()), view.size());
    }
    constant(symbols::data, llvm::ConstantDataArray::getString(context_, bytes, true));
  }

  // Closed linking: what a funcref points to is constant, and lies in the code file.
  llvm::GlobalVariable* define_descriptors() {
    auto* i32 = llvm::Type::getInt32Ty(context_);
    auto* type = llvm::StructType::get(context_, {pointer_, i64_, i32, i32});
    std::vector<llvm::Constant*> all;
    for (uint32_t function : plan_.referenced) {
      uint32_t canonical = plan_.wasm().canonical_types[plan_.wasm().functions[function].type];
      all.push_back(llvm::ConstantStruct::get(
          type, {partition_.function(function), llvm::ConstantInt::get(i64_, 0),
                 llvm::ConstantInt::get(i32, canonical), llvm::ConstantInt::get(i32, function)}));
    }
    return constant(symbols::descriptors,
                    llvm::ConstantArray::get(llvm::ArrayType::get(type, all.size()), all));
  }

  llvm::Constant* outside(const std::string& name) {
    auto* global = new llvm::GlobalVariable(module_, llvm::Type::getInt8Ty(context_), true,
                                            llvm::GlobalValue::ExternalLinkage, nullptr, name);
    global->setVisibility(llvm::GlobalValue::HiddenVisibility);
    global->setDSOLocal(true);
    return global;
  }

  void define_header(llvm::Constant* functions, llvm::Constant* entries,
                     llvm::Constant* descriptors) {
    std::vector<llvm::Constant*> fields{
        llvm::ConstantInt::get(i64_, code_magic),
        llvm::ConstantInt::get(i64_, code_format_version),
        functions,
        entries,
        descriptors,
        partition_.data_bytes(),
        outside(symbols::finish),
        outside(symbols::stubs_begin),
        outside(symbols::stubs_end),
        outside(std::string("__start_") + symbols::code_section),
        outside(std::string("__stop_") + symbols::code_section),
    };
    static_assert(sizeof(CodeHeader) == 11 * 8);
    constant(symbols::header, llvm::ConstantStruct::getAnon(context_, fields));
  }

  Partition& partition_;
  const Plan& plan_;
  llvm::LLVMContext& context_;
  llvm::Module& module_;
  llvm::Type* i64_;
  llvm::PointerType* pointer_;
};

}  // namespace

void build_support(Partition& partition) { Support(partition).build(); }

}  // namespace weft::engine
