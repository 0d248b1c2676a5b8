// From what a function's settings say to what its calls get, with what the node's configuration
// has: volumes and secrets. Thread safety: functions.
#pragma once

#include "manifest/function_spec.h"
#include "manifest/node_config.h"
#include "node/function.h"

namespace weft::node {

// Errors: not_found (a volume or secret that the configuration does not have), io (its file).
Result<Terms> terms_of(const std::string& space, const manifest::FunctionSpec& spec,
                       const manifest::NodeConfig& config);

}  // namespace weft::node
