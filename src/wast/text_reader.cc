#include "wast/text_reader.h"

#include <wabt/binary-writer.h>
#include <wabt/cast.h>
#include <wabt/ir.h>
#include <wabt/wast-lexer.h>
#include <wabt/wast-parser.h>

#include <algorithm>
#include <cstring>

#include "wasm/features.h"
#include "wast/forms.h"

namespace weft::wast {

namespace {

using wasm::ValType;

std::string first_of(const wabt::Errors& errors) {
  return errors.empty() ? "not understood" : errors.front().message;
}

std::unexpected<Error> unread(uint32_t line, std::string_view what) {
  return error(Error::Kind::unsupported, "line {}: {}", line, what);
}

ModuleSource write_binary(const wabt::Module& module) {
  wabt::MemoryStream stream;
  wabt::WriteBinaryOptions options(wasm::supported_features(), /*canonicalize_lebs=*/true,
                                   /*relocatable=*/false, /*write_debug_names=*/true);
  if (wabt::Failed(wabt::WriteBinaryModule(&stream, &module, options))) {
    return {.bytes = {}, .refused = "libwabt cannot write it as a binary"};
  }
  return {.bytes = std::move(stream.output_buffer().data), .refused = {}};
}

ModuleSource source_of(const wabt::ScriptModule& module) {
  switch (module.type()) {
    case wabt::ScriptModuleType::Text:
      return write_binary(wabt::cast<wabt::TextScriptModule>(&module)->module);
    case wabt::ScriptModuleType::Binary:
      return {.bytes = wabt::cast<wabt::BinaryScriptModule>(&module)->data, .refused = {}};
    case wabt::ScriptModuleType::Quoted: {
      const auto& data = wabt::cast<wabt::QuotedScriptModule>(&module)->data;
      return read_wat({reinterpret_cast<const char*>(data.data()), data.size()});
    }
  }
  return {.bytes = {}, .refused = "a module of unknown form"};
}

std::string module_name(const wabt::ScriptModule& module) {
  switch (module.type()) {
    case wabt::ScriptModuleType::Text:
      return wabt::cast<wabt::TextScriptModule>(&module)->module.name;
    case wabt::ScriptModuleType::Binary:
      return wabt::cast<wabt::BinaryScriptModule>(&module)->name;
    case wabt::ScriptModuleType::Quoted:
      return wabt::cast<wabt::QuotedScriptModule>(&module)->name;
  }
  return {};
}

Nan nan_of(wabt::ExpectedNan nan) {
  switch (nan) {
    case wabt::ExpectedNan::None:
      return Nan::none;
    case wabt::ExpectedNan::Canonical:
      return Nan::canonical;
    case wabt::ExpectedNan::Arithmetic:
      return Nan::arithmetic;
  }
  return Nan::none;
}

Literal reference_of(const wabt::Const& c, ValType type) {
  Literal literal{.type = type};
  if (c.ref_bits() == wabt::Const::kRefNullBits) {
    literal.kind = Literal::Kind::null;
  } else if (type == ValType::funcref) {
    literal.kind = Literal::Kind::not_null;
  } else {
    literal.value = wasm::value_i64(extern_handle(c.ref_bits()));
  }
  return literal;
}

Literal vector_of(const wabt::Const& c) {
  Literal literal{.type = ValType::v128};
  ::v128 bits = c.vec128();
  std::memcpy(literal.value.v128, &bits, sizeof literal.value.v128);
  wabt::Type lane = c.lane_type();
  if (lane == wabt::Type::F32 || lane == wabt::Type::F64) {
    literal.lane_bytes = lane == wabt::Type::F32 ? 4 : 8;
    for (int i = 0; i < c.lane_count(); ++i) {
      literal.nan[static_cast<size_t>(i)] = nan_of(c.expected_nan(i));
    }
  }
  return literal;
}

Result<Literal> literal_of(const wabt::Const& c, uint32_t line) {
  switch (c.type()) {
    case wabt::Type::I32:
      return Literal{.type = ValType::i32, .value = wasm::value_i32(c.u32())};
    case wabt::Type::I64:
      return Literal{.type = ValType::i64, .value = wasm::value_i64(c.u64())};
    case wabt::Type::F32:
      return Literal{.type = ValType::f32,
                     .value = wasm::value_i32(c.f32_bits()),
                     .nan = {nan_of(c.expected_nan())}};
    case wabt::Type::F64:
      return Literal{.type = ValType::f64,
                     .value = wasm::value_i64(c.f64_bits()),
                     .nan = {nan_of(c.expected_nan())}};
    case wabt::Type::V128:
      return vector_of(c);
    case wabt::Type::FuncRef:
      return reference_of(c, ValType::funcref);
    case wabt::Type::ExternRef:
      return reference_of(c, ValType::externref);
    default:
      return unread(line, "a value of a type that is not known here");
  }
}

std::string name_of(const wabt::Var& var) { return var.is_name() ? var.name() : std::string(); }

// Turns one command of libwabt's into ours.
class Translation {
 public:
  Translation(const wabt::Command& from, uint32_t line) : from_(from) { to_.line = line; }

  Result<Command> run() {
    using Type = wabt::CommandType;
    using Kind = Command::Kind;
    switch (from_.type) {
      case Type::Action:
        return with_action<wabt::ActionCommand>(Kind::action);
      case Type::AssertReturn:
        return assert_return();
      case Type::AssertTrap:
        return trap<wabt::AssertTrapCommand>(Kind::assert_trap);
      case Type::AssertExhaustion:
        return trap<wabt::AssertExhaustionCommand>(Kind::assert_exhaustion);
      case Type::AssertException:
        return with_action<wabt::AssertExceptionCommand>(Kind::assert_exception);
      case Type::AssertMalformed:
        return with_module<wabt::AssertMalformedCommand>(Kind::assert_malformed);
      case Type::AssertInvalid:
        return with_module<wabt::AssertInvalidCommand>(Kind::assert_invalid);
      case Type::AssertUnlinkable:
        return with_module<wabt::AssertUnlinkableCommand>(Kind::assert_unlinkable);
      case Type::AssertUninstantiable:
        return with_module<wabt::AssertUninstantiableCommand>(Kind::assert_uninstantiable);
      case Type::Register: {
        const auto* command = wabt::cast<wabt::RegisterCommand>(&from_);
        to_.kind = Kind::register_module;
        to_.as = command->module_name;
        to_.name = name_of(command->var);
        return to_;
      }
      case Type::Module: {  // a script that is nothing but the fields of a module
        to_.source = write_binary(wabt::cast<wabt::ModuleCommand>(&from_)->module);
        return to_;
      }
      case Type::ScriptModule:
        break;
    }
    return unread(to_.line, "a command that is not known here");
  }

 private:
  Result<void> action(const wabt::Action& from) {
    to_.action.module = name_of(from.module_var);
    to_.action.field = from.name;
    if (from.type() == wabt::ActionType::Get) {
      to_.action.kind = Action::Kind::get;
      return {};
    }
    for (const wabt::Const& c : wabt::cast<wabt::InvokeAction>(&from)->args) {
      TRY(literal, literal_of(c, to_.line));
      to_.action.args.push_back(literal);
    }
    return {};
  }

  template <class From>
  Result<Command> with_action(Command::Kind kind) {
    to_.kind = kind;
    TRY_VOID(action(*wabt::cast<From>(&from_)->action));
    return to_;
  }

  template <class From>
  Result<Command> trap(Command::Kind kind) {
    to_.text = wabt::cast<From>(&from_)->text;
    return with_action<From>(kind);
  }

  template <class From>
  Result<Command> with_module(Command::Kind kind) {
    const auto* command = wabt::cast<From>(&from_);
    to_.kind = kind;
    to_.text = command->text;
    to_.name = module_name(*command->module);
    to_.source = source_of(*command->module);
    return std::move(to_);
  }

  Result<Command> assert_return() {
    const auto* command = wabt::cast<wabt::AssertReturnCommand>(&from_);
    TRY(translated, with_action<wabt::AssertReturnCommand>(Command::Kind::assert_return));
    std::vector<Literal> literals;
    for (const wabt::Const& c : command->expected->expected) {
      TRY(literal, literal_of(c, to_.line));
      literals.push_back(literal);
    }
    if (command->expected->type() == wabt::ExpectationType::Either) {
      translated.expected.push_back({std::move(literals)});
    } else {
      for (const Literal& literal : literals) {
        translated.expected.push_back({{literal}});
      }
    }
    return std::move(translated);
  }

  const wabt::Command& from_;
  Command to_;
};

Result<Command> parse_command(std::string_view text, uint32_t line) {
  wabt::Errors errors;
  auto lexer = wabt::WastLexer::CreateBufferLexer("script", text.data(), text.size(), &errors);
  wabt::WastParseOptions options(wasm::supported_features());
  std::unique_ptr<wabt::Script> script;
  if (wabt::Failed(wabt::ParseWastScript(lexer.get(), &script, &errors, &options)) ||
      script->commands.size() != 1) {
    uint32_t inside = errors.empty() ? 0 : static_cast<uint32_t>(errors.front().loc.line) - 1;
    return unread(line + inside, first_of(errors));
  }
  return Translation(*script->commands[0], line).run();
}

// libwabt would decode a binary module at once and refuses a quoted one. As part of an assertion it
// leaves both alone.
Result<Command> parse_module(const Form& form) {
  std::string assertion = fmt::format("(assert_invalid {} \"\")", form.text);
  TRY(command, parse_command(assertion, form.line));
  command.kind = Command::Kind::module;
  return std::move(command);
}

}  // namespace

ModuleSource read_wat(std::string_view text) {
  // A carriage return ends a line, and with it a comment; libwabt 1.0.32 knows the line feed alone.
  std::string lines(text);
  std::replace(lines.begin(), lines.end(), '\r', '\n');
  wabt::Errors errors;
  auto lexer = wabt::WastLexer::CreateBufferLexer("module", lines.data(), lines.size(), &errors);
  wabt::WastParseOptions options(wasm::supported_features());
  std::unique_ptr<wabt::Module> module;
  if (wabt::Failed(wabt::ParseWatModule(lexer.get(), &module, &errors, &options))) {
    return {.bytes = {}, .refused = first_of(errors)};
  }
  return write_binary(*module);
}

Result<Script> read_wast(std::string_view text) {
  TRY(forms, split_forms(text));
  Script script;
  auto is_command = [](const Form& form) {
    return form.keyword == "module" || form.keyword == "register" || form.keyword == "invoke" ||
           form.keyword == "get" || form.keyword.starts_with("assert_");
  };
  if (!forms.empty() && !std::any_of(forms.begin(), forms.end(), is_command)) {
    TRY(command, parse_command(text, 1));
    script.commands.push_back(std::move(command));
    return script;
  }
  for (const Form& form : forms) {
    TRY(command,
        form.keyword == "module" ? parse_module(form) : parse_command(form.text, form.line));
    script.commands.push_back(std::move(command));
  }
  return script;
}

}  // namespace weft::wast
