// weft inspect: what a module is, needs and offers, and why it cannot run here.
#include <sys/stat.h>

#include <nlohmann/json.hpp>

#include "command.h"
#include "features.h"
#include "program.h"
#include "values.h"
#include "world.h"

namespace weft::cli {

namespace {

using nlohmann::json;

constexpr std::string_view help = R"(Examples:
  weft inspect app.wasm                 imports, exports, memory, features, why it cannot run here
  weft inspect --json app.wasm          the same for a program to read
  weft inspect app.weft                 of a code file also the processor that it is for

An import that weft does not provide is marked, and named again as a reason at the end. A name
that is not known, or is known with another signature, keeps a program from starting.)";

json limits_json(const wasm::Limits& limits) {
  json j{{"min", limits.min}, {"max", nullptr}, {"shared", limits.shared}};
  if (limits.max) {
    j["max"] = *limits.max;
  }
  return j;
}

// The same of a Module and of a CodeInfo, which name these things alike.
template <class M>
class Description {
 public:
  Description(const M& module, const faaslet::OfferedImports& provided)
      : module_(module), provided_(provided) {}

  json describe() {
    json result;
    result["imports"] = imports();
    result["exports"] = exports();
    result["memory"] = module_.memory ? limits_json(*module_.memory) : json();
    result["tables"] = json::array();
    for (const wasm::Table& table : module_.tables) {
      json j = limits_json(table.limits);
      j["element"] = wasm::name(table.element);
      result["tables"].push_back(std::move(j));
    }
    add_entry(result);
    result["reasons"] = reasons_;
    result["runs_here"] = reasons_.empty();
    return result;
  }

  void add_reason(std::string reason) { reasons_.push_back(std::move(reason)); }

 private:
  json imports() {
    json list = json::array();
    for (const wasm::Import& import : module_.imports) {
      std::string reason = faaslet::why_unmet(module_, import, provided_);
      bool found = reason.empty();
      if (!found) {
        add_reason(std::move(reason));
      }
      list.push_back({{"module", import.module},
                      {"name", import.name},
                      {"kind", wasm::name(import.kind)},
                      {"type", faaslet::type_text(module_, import.kind, import.index)},
                      {"provided", found}});
    }
    return list;
  }

  json exports() const {
    json list = json::array();
    for (const wasm::Export& e : module_.exports) {
      list.push_back({{"name", e.name},
                      {"kind", wasm::name(e.kind)},
                      {"type", faaslet::type_text(module_, e.kind, e.index)}});
    }
    return list;
  }

  // How `weft run` starts it.
  void add_entry(json& result) const {
    const char* entry = module_.start ? "start" : "none";
    for (const wasm::Export& e : module_.exports) {
      if (e.kind == wasm::ExternKind::func &&
          (e.name == "_start" || (e.name == "_initialize" && *entry != '_'))) {
        entry = e.name == "_start" ? "_start" : "_initialize";
      }
    }
    result["entry"] = entry;
  }

  const M& module_;
  const faaslet::OfferedImports& provided_;
  std::vector<std::string> reasons_;
};

std::string entry_text(const std::string& entry) {
  if (entry == "none") {
    return "none: a library, for --invoke";
  }
  return entry == "start" ? "a start function, but no _start" : entry;
}

std::string text_of(const json& d) {
  auto field = [](std::string_view name, const std::string& value) {
    return fmt::format("{:<13}{}\n", name, value);
  };
  std::string out = printable(d["file"].get<std::string>()) + "\n";
  out += field("kind", d["kind"]);
  out += field("size", size_text(d["size"]));
  if (d.contains("cpu")) {
    out += field("code for", fmt::format("{} ({})", d["cpu"].get<std::string>(),
                                         d["target_cpu"].get<std::string>()));
  }
  out += field("functions", fmt::format("{}", d["functions"].get<uint64_t>()));
  out += field("starts by", entry_text(d["entry"]));
  const json& memory = d["memory"];
  if (memory.is_null()) {
    out += field("memory", "none");
  } else {
    auto pages = [](uint64_t count) { return size_text(count * wasm::page_bytes); };
    std::string most = memory["max"].is_null() ? "4 GiB" : pages(memory["max"]);
    std::string first = memory["min"] == 0 ? "0 bytes" : pages(memory["min"]);
    out += field("memory",
                 fmt::format("{}, grows to {}{}", first, most, memory["shared"] ? ", shared" : ""));
  }
  for (const json& table : d["tables"]) {
    out += field("table", fmt::format("{} × {}", table["min"].get<uint64_t>(),
                                      table["element"].get<std::string>()));
  }
  if (d.contains("features")) {
    std::string features;
    for (const json& feature : d["features"]) {
      features += (features.empty() ? "" : ", ") + feature.get<std::string>();
    }
    out += field("features", features.empty() ? "those of WebAssembly 1.0" : features);
  }
  out += fmt::format("imports      {}\n", d["imports"].size());
  for (const json& i : d["imports"]) {
    out += fmt::format("  {} {}.{} {}\n", i["provided"] ? " " : "!",
                       printable(i["module"].get<std::string>()),
                       printable(i["name"].get<std::string>()), i["type"].get<std::string>());
  }
  out += fmt::format("exports      {}\n", d["exports"].size());
  for (const json& e : d["exports"]) {
    out += fmt::format("    {} {} {}\n", e["kind"].get<std::string>(),
                       printable(e["name"].get<std::string>()), e["type"].get<std::string>());
  }
  if (d.contains("custom_sections")) {
    out += fmt::format("custom       {}\n", d["custom_sections"].size());
    for (const json& c : d["custom_sections"]) {
      out += fmt::format("    {} ({})\n", printable(c["name"].get<std::string>()),
                         size_text(c["size"]));
    }
  }
  if (d["runs_here"]) {
    return out + "It can run here.\n";
  }
  for (const json& reason : d["reasons"]) {
    out += fmt::format("It cannot run here: {}\n", printable(reason.get<std::string>()));
  }
  return out;
}

class Inspect final : public Command {
 public:
  explicit Inspect(const Context& context) : context_(context) {}

  void declare(CLI::App& app) override {
    app.add_flag("--json", as_json_, "print one JSON object");
  }

  int execute(std::vector<std::string> rest) override {
    if (rest.size() != 1) {
      return fail_usage("inspect", rest.empty() ? "which file?" : "one file at a time");
    }
    auto description = describe(rest.front());
    if (!description) {
      return fail(description.error());
    }
    // Names in a module are UTF-8, but the name of the file may be any bytes.
    bool printed =
        print(as_json_ ? description->dump(2, ' ', false, json::error_handler_t::replace) + "\n"
                       : text_of(*description));
    return printed ? exit_success : exit_failure;
  }

 private:
  Result<json> describe(const std::string& path) const {
    TRY(provided, offered_imports(context_));
    TRY(bytes, read_program(path));
    if (engine::is_code_file(bytes)) {
      return describe_code(path, provided);
    }
    uint64_t size = bytes.size();
    auto module = wasm::decode(std::move(bytes));
    if (!module) {
      return std::unexpected(module.error().in(path));
    }
    json result = Description<wasm::Module>(**module, provided).describe();
    result["file"] = path;
    result["kind"] = "WebAssembly module";
    result["size"] = size;
    result["functions"] = (*module)->functions.size() - (*module)->imported_functions;
    result["features"] = features_of(**module);
    result["custom_sections"] = json::array();
    for (const wasm::CustomSection& section : (*module)->customs) {
      result["custom_sections"].push_back({{"name", section.name}, {"size", section.bytes.size}});
    }
    return result;
  }

  static Result<json> describe_code(const std::string& path,
                                    const faaslet::OfferedImports& provided) {
    TRY(code, engine::Engine::open(path));
    const engine::CodeInfo& info = code->info();
    json result = Description<engine::CodeInfo>(info, provided).describe();
    struct stat status = {};
    stat(path.c_str(), &status);
    result["file"] = path;
    result["kind"] = "code file";
    result["size"] = static_cast<uint64_t>(status.st_size);
    result["functions"] = info.function_types.size() - info.imported_functions;
    result["cpu"] = engine::name(info.cpu);
    result["target_cpu"] = info.target_cpu;
    return result;
  }

  const Context& context_;
  bool as_json_ = false;
};

}  // namespace

const CommandInfo inspect_info{
    "inspect",
    "what a module needs, and why it can't run here",
    "[OPTIONS] FILE",
    help,
    Words::files,
    [](const Context& context, std::span<const CommandInfo>) -> std::unique_ptr<Command> {
      return std::make_unique<Inspect>(context);
    }};

}  // namespace weft::cli
