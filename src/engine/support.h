// The parts of a code file that are not the module's own functions: entries from the host, wrappers
// of imports, function tables, descriptors, data bytes, memory routines, the stubs' assembly and
// the header.
#pragma once

#include "engine/partition.h"

namespace weft::engine {

void build_support(Partition& partition);

}  // namespace weft::engine
