// Says in the user's words what a compiler's or linker's message means here.
#pragma once

#include <string>
#include <string_view>

namespace weft::cc {

// `errors` is all that clang and wasm-ld wrote, warnings among it, `unsupported_functions` the
// file of Toolchain::unsupported_functions. Lines to add, or nothing.
std::string explain(std::string_view errors, const std::string& unsupported_functions);

}  // namespace weft::cc
