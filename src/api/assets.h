// What the API serves as it stands, from files beside this one that are linked in.
#pragma once

#include <string_view>

namespace weft::api {

std::string_view openapi_document();

}  // namespace weft::api
