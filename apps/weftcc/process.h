// Runs another program and waits for it.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace weft::cc {

struct Finished {
  int exit_code = 0;   // 128 + the signal when one ended it
  std::string errors;  // what it wrote to standard error
  std::string output;  // what it wrote to standard output, if that was held
};

enum class Streams {
  pass_on,  // standard output is ours; standard error goes to ours as it comes, and is kept besides
  hold,     // both are only kept
};

// Errors: the program cannot be started.
Result<Finished> run(const std::vector<std::string>& arguments, Streams streams);

}  // namespace weft::cc
