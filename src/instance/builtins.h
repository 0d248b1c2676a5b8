// The host functions that generated code calls on its own behalf: growth, table operations, waiting
// (engine::Builtin). Thread safety: as Instance.
#pragma once

#include "cpu/instance_head.h"
#include "engine/layout.h"

namespace weft::instance {

cpu::HostFn builtin_function(engine::Builtin builtin);  // its object is the Instance

}  // namespace weft::instance
