#include "wast/runner.h"

#include "wasm/module.h"

namespace weft::wast {

using instance::Instance;

namespace {

std::string_view description(Failure::Kind kind) {
  switch (kind) {
    case Failure::Kind::not_found:
      return "not found";
    case Failure::Kind::refused:
      return "refused";
    case Failure::Kind::unlinkable:
      return "not linked";
    case Failure::Kind::trapped:
      return "trapped";
    case Failure::Kind::exception:
      return "exception";
    case Failure::Kind::timed_out:
      return "timed out";
    case Failure::Kind::broken:
      return "could not be run";
  }
  return "?";
}

std::string to_string(const Failure& failure) {
  return fmt::format("{}: {}", description(failure.kind), failure.message);
}

std::string to_string(const Results& results) {
  std::string text;
  for (size_t i = 0; i < results.values.size(); ++i) {
    text += (i == 0 ? "" : ", ") + wast::to_string(results.types[i], results.values[i]);
  }
  return text.empty() ? "nothing" : text;
}

std::string to_string(const std::vector<Expected>& expected) {
  std::string text;
  for (const Expected& one : expected) {
    text += (text.empty() ? "" : ", ") + wast::to_string(one);
  }
  return text.empty() ? "nothing" : text;
}

bool same_words(std::string_view expected, std::string_view actual) {
  return actual.starts_with(expected) || expected.starts_with(actual);
}

// What the failure must be, and in which words, where the script gives them. Empty when it is so.
std::string compare(const Failure& failure, Failure::Kind wanted, const std::string& words) {
  if (failure.kind != wanted) {
    return fmt::format("{}, expected {}", to_string(failure), description(wanted));
  }
  if (wanted == Failure::Kind::trapped && !same_words(words, failure.message)) {
    return fmt::format("trapped: {}, expected the trap '{}'", failure.message, words);
  }
  return {};
}

}  // namespace

Verdict Runner::run(Command command) {
  std::string problem = judge(command);
  Verdict verdict{.line = command.line, .passed = problem.empty(), .message = {}};
  if (!verdict.passed) {
    verdict.message = fmt::format("{}: {}", name(command.kind), problem);
  }
  return verdict;
}

std::string Runner::judge(Command& command) {
  using Kind = Command::Kind;
  switch (command.kind) {
    case Kind::module:
      return define_module(command);
    case Kind::register_module:
      return register_module(command);
    case Kind::action: {
      auto done = act(command.action);
      return done ? std::string() : to_string(done.error());
    }
    case Kind::assert_return:
      return assert_return(command);
    case Kind::assert_trap:
    case Kind::assert_exhaustion:
      return assert_failure(command, Failure::Kind::trapped);
    case Kind::assert_exception:
      return assert_failure(command, Failure::Kind::exception);
    case Kind::assert_malformed:
    case Kind::assert_invalid:
      return assert_refused(command);
    case Kind::assert_unlinkable:
      return assert_not_instantiated(command, Failure::Kind::unlinkable);
    case Kind::assert_uninstantiable:
      return assert_not_instantiated(command, Failure::Kind::trapped);
  }
  return "unknown";
}

Attempt<Instance*> Runner::instantiate(ModuleSource& source) {
  if (source.refused) {
    return std::unexpected(Failure{Failure::Kind::refused, *source.refused});
  }
  return store_.instantiate(std::move(source.bytes));
}

// A module that fails takes the place of the last one all the same: actions meant for it must not
// reach another.
std::string Runner::define_module(Command& command) {
  auto made = instantiate(command.source);
  last_ = made ? *made : nullptr;
  if (!command.name.empty()) {
    named_[command.name] = last_;
    if (last_ != nullptr) {
      store_.offer_as(command.name.substr(1), last_);
    }
  }
  return made ? std::string() : to_string(made.error());
}

std::string Runner::register_module(const Command& command) {
  auto instance = find(command.name);
  if (!instance) {
    return to_string(instance.error());
  }
  store_.register_as(command.as, *instance);
  return {};
}

Attempt<Instance*> Runner::find(const std::string& module) {
  auto named = named_.find(module);
  Instance* found = module.empty() ? last_ : named != named_.end() ? named->second : nullptr;
  if (found == nullptr) {
    return std::unexpected(Failure{Failure::Kind::not_found,
                                   module.empty() ? "there is no module" : "no module " + module});
  }
  return found;
}

Attempt<Results> Runner::act(const Action& action) {
  TRY(instance, find(action.module));
  if (action.kind == Action::Kind::get) {
    return store_.read(*instance, action.field);
  }
  std::vector<wasm::Value> args;
  args.reserve(action.args.size());
  for (const Literal& literal : action.args) {
    args.push_back(literal.argument());
  }
  return store_.invoke(*instance, action.field, args);
}

std::string Runner::assert_return(const Command& command) {
  auto results = act(command.action);
  if (!results) {
    return fmt::format("{}, expected {}", to_string(results.error()), to_string(command.expected));
  }
  bool same = results->values.size() == command.expected.size();
  for (size_t i = 0; same && i < command.expected.size(); ++i) {
    same = matches(command.expected[i], results->types[i], results->values[i]);
  }
  return same
             ? std::string()
             : fmt::format("got {}, expected {}", to_string(*results), to_string(command.expected));
}

std::string Runner::assert_failure(const Command& command, Failure::Kind wanted) {
  auto results = act(command.action);
  if (results) {
    return fmt::format("got {}, expected {} {}", to_string(*results), description(wanted),
                       command.text);
  }
  return compare(results.error(), wanted, command.text);
}

std::string Runner::assert_refused(Command& command) {
  if (command.source.refused) {
    return {};
  }
  auto decoded = wasm::decode(std::move(command.source.bytes));
  if (decoded) {
    return fmt::format("the module is accepted, expected '{}'", command.text);
  }
  bool judged = decoded.error().kind() == Error::Kind::invalid ||
                decoded.error().kind() == Error::Kind::unsupported;
  return judged ? std::string() : decoded.error().message();
}

std::string Runner::assert_not_instantiated(Command& command, Failure::Kind wanted) {
  auto made = instantiate(command.source);
  if (made) {
    return fmt::format("the module is instantiated, expected {} {}", description(wanted),
                       command.text);
  }
  return compare(made.error(), wanted, command.text);
}

}  // namespace weft::wast
