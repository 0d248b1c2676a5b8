#include "wast/json_reader.h"

#include <array>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "wast/read_file.h"
#include "wast/text_reader.h"

namespace weft::wast {

namespace {

using nlohmann::json;
using wasm::ValType;

std::unexpected<Error> wrong(std::string_view what) {
  return error(Error::Kind::invalid, "not as wast2json writes it: {}", what);
}

std::string text_at(const json& from, const char* key) {
  auto it = from.find(key);
  return it != from.end() && it->is_string() ? it->get<std::string>() : std::string();
}

Result<uint64_t> parse_bits(const std::string& digits) {
  uint64_t bits = 0;
  auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
  if (problem != std::errc() || end != digits.data() + digits.size()) {
    return wrong(fmt::format("the value '{}'", digits));
  }
  return bits;
}

struct ScalarName {
  std::string_view name;
  ValType type;
};
constexpr std::array scalar_names{
    ScalarName{"i32", ValType::i32},
    ScalarName{"i64", ValType::i64},
    ScalarName{"f32", ValType::f32},
    ScalarName{"f64", ValType::f64},
    ScalarName{"v128", ValType::v128},
    ScalarName{"funcref", ValType::funcref},
    ScalarName{"externref", ValType::externref},
};

Result<ValType> type_named(const std::string& name) {
  for (const ScalarName& known : scalar_names) {
    if (known.name == name) {
      return known.type;
    }
  }
  return error(Error::Kind::unsupported, "a value of type '{}'", name);
}

// One number, or the name of a kind of NaN, into its place among the bytes.
Result<void> read_lane(const std::string& digits, size_t lane, size_t bytes, Literal& into) {
  if (digits == "nan:canonical" || digits == "nan:arithmetic") {
    if (lane >= into.nan.size()) {
      return wrong("a NaN among integers");
    }
    into.nan[lane] = digits == "nan:canonical" ? Nan::canonical : Nan::arithmetic;
    return {};
  }
  TRY(bits, parse_bits(digits));
  std::memcpy(into.value.v128 + lane * bytes, &bits, bytes);
  return {};
}

Result<Literal> read_vector(const json& from) {
  Literal literal{.type = ValType::v128};
  std::string lane_type = text_at(from, "lane_type");
  size_t bytes = lane_type == "i8"                          ? 1
                 : lane_type == "i16"                       ? 2
                 : lane_type == "i32" || lane_type == "f32" ? 4
                                                            : 8;
  auto lanes = from.find("value");
  if (lanes == from.end() || !lanes->is_array() || lanes->size() != 16 / bytes) {
    return wrong("the lanes of a vector");
  }
  literal.lane_bytes = static_cast<uint8_t>(bytes);
  for (size_t lane = 0; lane < lanes->size(); ++lane) {
    const json& digits = (*lanes)[lane];
    TRY_VOID(read_lane(digits.is_string() ? digits.get<std::string>() : "", lane, bytes, literal));
  }
  return literal;
}

Result<Literal> read_reference(const json& from, ValType type) {
  Literal literal{.type = type};
  std::string digits = text_at(from, "value");
  if (digits == "null") {
    literal.kind = Literal::Kind::null;
  } else if (digits.empty() || type == ValType::funcref) {
    literal.kind = Literal::Kind::not_null;
  } else {
    TRY(number, parse_bits(digits));
    literal.value = wasm::value_i64(extern_handle(number));
  }
  return literal;
}

Result<Literal> read_literal(const json& from) {
  TRY(type, type_named(text_at(from, "type")));
  if (type == ValType::v128) {
    return read_vector(from);
  }
  if (type == ValType::funcref || type == ValType::externref) {
    return read_reference(from, type);
  }
  Literal literal{.type = type};
  size_t bytes = type == ValType::i32 || type == ValType::f32 ? 4 : 8;
  TRY_VOID(read_lane(text_at(from, "value"), 0, bytes, literal));
  return literal;
}

Result<std::vector<Literal>> read_literals(const json& from, const char* key) {
  std::vector<Literal> literals;
  auto list = from.find(key);
  if (list != from.end() && list->is_array()) {
    for (const json& item : *list) {
      TRY(literal, read_literal(item));
      literals.push_back(literal);
    }
  }
  return literals;
}

Result<Action> read_action(const json& command) {
  auto from = command.find("action");
  if (from == command.end() || !from->is_object()) {
    return wrong("a command without its action");
  }
  Action action;
  std::string kind = text_at(*from, "type");
  if (kind != "invoke" && kind != "get") {
    return error(Error::Kind::unsupported, "the action '{}'", kind);
  }
  action.kind = kind == "get" ? Action::Kind::get : Action::Kind::invoke;
  action.module = text_at(*from, "module");
  action.field = text_at(*from, "field");
  TRY(args, read_literals(*from, "args"));
  action.args = std::move(args);
  return action;
}

Result<std::vector<Expected>> read_expected(const json& command) {
  std::vector<Expected> expected;
  TRY(either, read_literals(command, "either"));
  if (!either.empty()) {
    expected.push_back({std::move(either)});
    return expected;
  }
  TRY(literals, read_literals(command, "expected"));
  for (const Literal& literal : literals) {
    expected.push_back({{literal}});
  }
  return expected;
}

class Reader {
 public:
  explicit Reader(const std::string& path)
      : directory_(std::filesystem::path(path).parent_path()) {}

  Result<Command> read(const json& from) {
    Command command;
    command.line = from.value("line", 0u);
    std::string type = text_at(from, "type");
    TRY(kind, kind_named(type));
    command.kind = kind;
    command.name = text_at(from, "name");
    command.as = text_at(from, "as");
    command.text = text_at(from, "text");
    switch (kind) {
      case Command::Kind::register_module:
        break;
      case Command::Kind::action:
      case Command::Kind::assert_return:
      case Command::Kind::assert_trap:
      case Command::Kind::assert_exhaustion:
      case Command::Kind::assert_exception: {
        TRY(action, read_action(from));
        command.action = std::move(action);
        break;
      }
      default: {
        TRY(source, read_source(text_at(from, "filename")));
        command.source = std::move(source);
      }
    }
    if (kind == Command::Kind::assert_return) {
      TRY(expected, read_expected(from));
      command.expected = std::move(expected);
    }
    return command;
  }

 private:
  static Result<Command::Kind> kind_named(const std::string& type) {
    for (int i = 0; i <= static_cast<int>(Command::Kind::assert_uninstantiable); ++i) {
      auto kind = static_cast<Command::Kind>(i);
      if (type == name(kind)) {
        return kind;
      }
    }
    return error(Error::Kind::unsupported, "the command '{}'", type);
  }

  Result<ModuleSource> read_source(const std::string& file) const {
    TRY(bytes, read_file((directory_ / file).string()));
    if (file.ends_with(".wat")) {
      return read_wat({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    }
    return ModuleSource{.bytes = std::move(bytes), .refused = {}};
  }

  std::filesystem::path directory_;
};

}  // namespace

Result<Script> read_json(const std::string& path) {
  TRY(bytes, read_file(path));
  json document = json::parse(bytes.begin(), bytes.end(), nullptr, /*allow_exceptions=*/false);
  auto commands = document.is_object() ? document.find("commands") : document.end();
  if (!document.is_object() || commands == document.end() || !commands->is_array()) {
    return std::unexpected(wrong("no list of commands").error().in(path));
  }
  Script script;
  Reader reader(path);
  for (const json& from : *commands) {
    if (!from.is_object() || !from.value("line", json(0)).is_number_unsigned()) {
      return std::unexpected(wrong("a command that is none").error().in(path));
    }
    auto command = reader.read(from);
    if (!command) {
      return std::unexpected(
          command.error().in(fmt::format("{}: line {}", path, from.value("line", 0u))));
    }
    script.commands.push_back(std::move(*command));
  }
  return script;
}

}  // namespace weft::wast
