#include "node/site.h"

#include <algorithm>
#include <fstream>

#include "node/call_imports.h"
#include "threads/program.h"

namespace weft::node {

namespace {

// A function's entry takes nothing and returns nothing, or an exit code.
std::string why_no_entry(const wasm::Module& module, std::string_view entry) {
  auto found = std::ranges::find_if(module.exports, [&](const wasm::Export& e) {
    return e.kind == wasm::ExternKind::func && e.name == entry;
  });
  if (found == module.exports.end()) {
    return fmt::format("it exports no function {}, which calls would call", entry);
  }
  const wasm::FuncType& type = module.type_of(found->index);
  bool returns_code =
      type.results.empty() || (type.results.size() == 1 && type.results[0] == wasm::ValType::i32);
  if (!type.params.empty() || !returns_code) {
    return fmt::format("its {} is {}; what calls call takes nothing and returns nothing or an i32",
                       entry, wasm::to_string(type));
  }
  return "";
}

// An image with a call in progress belongs to one slot and serves one call at a time: as many as
// there are cores are made.
Result<std::vector<std::shared_ptr<const faaslet::Template>>> make_templates(
    Site& site, const std::shared_ptr<const engine::CodeFile>& code,
    const std::shared_ptr<Function>& function, cpu::Thread& thread) {
  const Terms& terms = function->terms();
  std::vector<std::shared_ptr<const faaslet::Template>> made;
  do {
    TRY(next,
        faaslet::Template::make(code, site.slots, thread, site.dirty, start_up_imports(function),
                                terms.limits, terms.ready_point, site.start_up_limit));
    made.push_back(std::move(next));
  } while (made.back()->image()->slot() && made.size() < std::min(site.cores, terms.concurrency));
  return made;
}

}  // namespace

Result<std::vector<std::string>> reasons_against(const wasm::Module& module,
                                                 std::string_view entry) {
  TRY(offered, faaslet::OfferedImports::create(all_imports()));
  std::vector<std::string> reasons = faaslet::unmet_imports(module, offered);
  if (std::string reason = why_no_entry(module, entry); !reason.empty()) {
    reasons.push_back(std::move(reason));
  }
  return reasons;
}

engine::Engine& Engines::of(const std::string& space) {
  std::lock_guard lock(mutex_);
  auto& engine = engines_[space];
  if (engine == nullptr) {
    std::string directory = directory_.empty() ? "" : directory_ + "/" + space;
    engine = std::make_unique<engine::Engine>(engine::CodeCache(std::move(directory)));
  }
  return *engine;
}

Result<std::vector<uint8_t>> read_module(const std::string& path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file) {
    return io_error(errno, fmt::format("cannot open {}", path));
  }
  std::vector<uint8_t> bytes(static_cast<size_t>(std::max<std::streamoff>(0, file.tellg())));
  file.seekg(0);
  if (!file.read(reinterpret_cast<char*>(bytes.data()), std::ssize(bytes))) {
    return io_error(errno, fmt::format("reading {}", path));
  }
  return bytes;
}

Result<std::shared_ptr<const Prepared>> prepare(Site& site,
                                                const std::shared_ptr<Function>& function,
                                                cpu::Thread& thread) {
  TRY(bytes, read_module(function->module_path()));
  TRY(code, site.engines.of(function->space())
                .load(std::move(bytes), site.compile, function->full_name()));
  auto prepared = std::make_shared<Prepared>();
  prepared->code = code;
  if (!threads::has_threads(code->info())) {
    auto made = make_templates(site, code, function, thread);
    if (!made) {
      return std::unexpected(made.error().in(function->full_name()));
    }
    prepared->templates = std::move(*made);
  }
  return prepared;
}

}  // namespace weft::node
