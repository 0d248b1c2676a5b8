// Linked into programs that `weft exec` starts (weftcc under weftenv): before main, the program
// changes to the directory that its caller stands in. WASI has no such notion; `weft exec` tells it
// by PWD, as shells do.
#include <stdlib.h>
#include <unistd.h>

__attribute__((constructor(101))) static void change_to_start_directory(void) {
  const char* directory = getenv("PWD");
  if (directory != NULL && directory[0] == '/') (void)chdir(directory);
}
