// The side that is believed: wabt's interpreter, in this process.
#pragma once

#include <memory>

#include "differential/machine.h"

namespace weft::differential {

std::unique_ptr<Machine> make_reference();

}  // namespace weft::differential
