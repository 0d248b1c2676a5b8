#include "wast/script.h"

namespace weft::wast {

std::string_view name(Command::Kind kind) {
  switch (kind) {
    case Command::Kind::module:
      return "module";
    case Command::Kind::register_module:
      return "register";
    case Command::Kind::action:
      return "action";
    case Command::Kind::assert_return:
      return "assert_return";
    case Command::Kind::assert_trap:
      return "assert_trap";
    case Command::Kind::assert_exhaustion:
      return "assert_exhaustion";
    case Command::Kind::assert_exception:
      return "assert_exception";
    case Command::Kind::assert_malformed:
      return "assert_malformed";
    case Command::Kind::assert_invalid:
      return "assert_invalid";
    case Command::Kind::assert_unlinkable:
      return "assert_unlinkable";
    case Command::Kind::assert_uninstantiable:
      return "assert_uninstantiable";
  }
  return "?";
}

}  // namespace weft::wast
