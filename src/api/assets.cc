#include "api/assets.h"

// From assets.S.
extern "C" const char weft_openapi_begin[];
extern "C" const char weft_openapi_end[];

namespace weft::api {

std::string_view openapi_document() {
  return {weft_openapi_begin, static_cast<size_t>(weft_openapi_end - weft_openapi_begin)};
}

}  // namespace weft::api
