// What flang's run-time library needs and a guest does not have, and the checks that retarget/ asks
// for.
#include "flang-rt/runtime/descriptor.h"
#include "flang-rt/runtime/terminator.h"
#include "flang-rt/runtime/tools.h"
#include "flang/Runtime/execute.h"

extern "C" {

// For scratch files. They go to the current directory where there is no /tmp.
int weft_fortran_mkstemp(char* path) {
  constexpr const char* letters = "abcdefghijklmnopqrstuvwxyz0123456789";
  constexpr int tries = 100;
  for (int i = 0; i < tries; ++i) {
    uint32_t random[6];
    if (getentropy(random, sizeof random) != 0) return -1;
    char* suffix = path + strlen(path) - 6;
    for (int k = 0; k < 6; ++k) suffix[k] = letters[random[k] % 36];
    int file = open(path, O_RDWR | O_CREAT | O_EXCL, 0600);
    if (file >= 0) return file;
    if (errno == EEXIST) continue;
    const char* name = strrchr(path, '/');
    if (!name) return -1;
    memmove(path, name + 1, strlen(name));
  }
  return -1;
}

// Called when the program starts, by every unit that has the COMMON block `name` (with the
// underscore behind).
void weft_fortran_common_block(const char* name, uint32_t need, uint32_t have) {
  if (need <= have) return;
  int letters = (int)strlen(name) - 1;
  fprintf(stderr,
          "fatal: the COMMON block /%.*s/ has %u bytes in the unit that is linked first, and %u "
          "in another; give it the same size everywhere, or link the unit with the longest first\n",
          letters, name, have, need);
  _Exit(1);
}

}  // extern "C"

namespace Fortran::runtime {

// EXECUTE_COMMAND_LINE: a guest cannot start programs. CMDSTAT is -1, which says just that; without
// it the program ends, as the standard demands.
extern "C" void RTNAME(ExecuteCommandLine)(const Descriptor&, bool, const Descriptor*,
                                           const Descriptor* cmdstat, const Descriptor* cmdmsg,
                                           const char* source, int line) {
  constexpr const char* reason = "a WebAssembly guest cannot execute commands";
  Terminator terminator{source, line};
  if (!cmdstat) terminator.Crash("EXECUTE_COMMAND_LINE: %s", reason);
  StoreIntToDescriptor(cmdstat, -1, terminator);
  if (cmdmsg) CopyCharsToDescriptor(*cmdmsg, reason, strlen(reason));
}

}  // namespace Fortran::runtime
