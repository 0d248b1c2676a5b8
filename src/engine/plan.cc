#include "engine/plan.h"

#include <algorithm>
#include <set>

#include "engine/body_reader.h"

namespace weft::engine {

using Op = wabt::Opcode;

namespace {

struct Scan {
  std::vector<std::vector<uint32_t>> callers;  // function -> functions that call it
  std::vector<bool> throws;
  std::set<uint32_t> references;
};

void add_references(const wasm::ConstExpr& expr, Scan& scan) {
  for (const auto& op : expr) {
    if (op.kind == wasm::ConstOp::Kind::ref_func) {
      scan.references.insert(op.index);
    }
  }
}

class BranchCounter {
 public:
  void see(Op::Enum op) {
    switch (op) {
      case Op::Block:
      case Op::Loop:
      case Op::Try:
        open_.push_back(depth_);
        break;
      case Op::If:
        open_.push_back(depth_);
        branch();
        break;
      case Op::BrIf:
        branch();
        break;
      case Op::Else:
      case Op::Catch:
      case Op::CatchAll:
        depth_ = open_.back() + 1;
        break;
      case Op::End:
      case Op::Delegate:
        if (!open_.empty()) {  // the function's own end comes last
          depth_ = open_.back();
          open_.pop_back();
        }
        break;
      default:
        break;
    }
  }
  Branches branches() const { return branches_; }

 private:
  void branch() {
    ++branches_.count;
    branches_.depth = std::max(branches_.depth, ++depth_);
  }

  Branches branches_;
  uint32_t depth_ = 0;
  std::vector<uint32_t> open_;  // for each block, the depth before it
};

void scan_body(Plan& plan, uint32_t function, bool may_throw, Scan& scan) {
  BodyReader reader(plan.wasm(), function);
  BranchCounter counter;
  while (!reader.at_end()) {
    const Instruction& in = reader.next();
    counter.see(in.op);
    switch (in.op) {
      case Op::Throw:
      case Op::Rethrow:
        scan.throws[function] = true;
        break;
      case Op::Call:
      case Op::ReturnCall:
        if (may_throw) {
          scan.callers[in.index].push_back(function);
        }
        plan.tail_calls |= in.op == Op::ReturnCall;
        break;
      case Op::CallIndirect:
      case Op::ReturnCallIndirect:
        if (may_throw) {
          scan.throws[function] = true;
        }
        plan.tail_calls |= in.op == Op::ReturnCallIndirect;
        break;
      case Op::RefFunc:
        scan.references.insert(in.index);
        break;
      case Op::TableGrow:
        plan.table_grows[in.index] = true;
        break;
      case Op::MemoryGrow:
        plan.memory_grows = true;
        break;
      default:
        break;
    }
  }
  plan.branches[function] = counter.branches();
}

// A function throws when it calls one that does: a walk from the known ones over the callers.
void propagate(Scan& scan) {
  std::vector<uint32_t> work;
  for (uint32_t i = 0; i < scan.throws.size(); ++i) {
    if (scan.throws[i]) {
      work.push_back(i);
    }
  }
  while (!work.empty()) {
    uint32_t callee = work.back();
    work.pop_back();
    for (uint32_t caller : scan.callers[callee]) {
      if (!scan.throws[caller]) {
        scan.throws[caller] = true;
        work.push_back(caller);
      }
    }
  }
}

// Symbols keep the program's names, so that perf and gdb show them; the suffix makes them unique
// and keeps them apart from the library functions that LLVM knows by name.
std::string symbol_of(const wasm::Function& function, uint32_t index) {
  std::string symbol;
  for (char c : function.name.substr(0, 500)) {
    bool plain = c > ' ' && c < 127 && c != '"' && c != '\\' && c != '@';
    symbol += plain ? c : '_';
  }
  return fmt::format("{}.w{}", symbol.empty() ? "function" : symbol, index);
}

// Fusing changes results, so the program must have allowed it when it was compiled
// (-ffp-contract=fast); its compiler says so in a custom section.
bool allows_contraction(const wasm::Module& wasm) {
  return std::any_of(wasm.customs.begin(), wasm.customs.end(), [&](const wasm::CustomSection& s) {
    auto content = wasm.view(s.bytes);
    return s.name == contraction_section &&
           std::string_view(reinterpret_cast<const char*>(content.data()), content.size()) ==
               "fast";
  });
}

}  // namespace

uint64_t Plan::max_memory_pages() const {
  uint64_t most = wasm::max_memory_pages;
  if (!wasm().memory) {
    return 0;
  }
  most = std::min(most, wasm().memory->max.value_or(most));
  bool may_be_less = !open() && wasm().memory->min < wasm::max_memory_pages;
  return may_be_less ? std::min(most, wasm::max_memory_pages - 1) : most;
}

Result<Plan> make_plan(std::shared_ptr<const wasm::Module> module, CompileOptions options,
                       Target target) {
  Plan plan;
  plan.module = std::move(module);
  plan.options = std::move(options);
  plan.target = std::move(target);
  const wasm::Module& wasm = plan.wasm();
  plan.contracts = plan.target.fma && allows_contraction(wasm);
  Scan scan;
  scan.callers.resize(wasm.functions.size());
  scan.throws.assign(wasm.functions.size(), false);
  plan.branches.resize(wasm.functions.size());
  plan.table_grows.assign(wasm.tables.size(), false);
  bool may_throw = !wasm.tags.empty() || plan.open();
  for (uint32_t i = 0; i < wasm.functions.size(); ++i) {
    plan.symbols.push_back(symbol_of(wasm.functions[i], i));
    if (i < wasm.imported_functions) {
      scan.throws[i] = plan.open();
    } else {
      scan_body(plan, i, may_throw, scan);
    }
  }
  propagate(scan);
  for (const auto& segment : wasm.elements) {
    for (const auto& item : segment.items) {
      add_references(item, scan);
    }
  }
  for (const auto& global : wasm.globals) {
    add_references(global.init, scan);
  }
  for (const auto& e : wasm.exports) {
    if (e.kind == wasm::ExternKind::func) {
      scan.references.insert(e.index);
    } else if (e.kind == wasm::ExternKind::table && plan.open()) {
      plan.table_grows[e.index] = true;
    } else if (e.kind == wasm::ExternKind::memory && plan.open()) {
      plan.memory_grows = true;
    }
  }
  plan.memory_grows |= wasm.imports_memory;
  plan.throws = std::move(scan.throws);
  plan.indirect_throws = may_throw;
  plan.tail_calls |= plan.open();
  plan.referenced.assign(scan.references.begin(), scan.references.end());
  for (uint32_t i = 0; i < plan.referenced.size(); ++i) {
    plan.descriptor_index.emplace(plan.referenced[i], i);
  }
  TRY(layout, lay_out(wasm, plan.referenced, plan.options.linking));
  plan.layout = std::move(layout);
  plan.payload_values = plan.open() ? plan.layout.args_count : 0;
  for (uint32_t tag : wasm.tags) {
    auto values = static_cast<uint32_t>(wasm.types[tag].params.size());
    plan.payload_values = std::max(plan.payload_values, values);
  }
  return plan;
}

}  // namespace weft::engine
