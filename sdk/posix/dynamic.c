// Dynamic linking: there is none. dlopen(NULL), the program itself, can be had, but has no symbols
// to look up.
#include <dlfcn.h>
#include <execinfo.h>
#include <string.h>
#include <unistd.h>

#include "posix.h"

static const char* message;
static char program;  // its address is the handle of the program itself

PUBLIC void* dlopen(const char* path, int flags) {
  if (path == NULL) {
    return &program;
  }
  message = "dynamic libraries cannot be loaded into a WebAssembly program: link them statically";
  return NULL;
}
PUBLIC void* dlsym(void* handle, const char* name) {
  message = "a WebAssembly program has no symbols to look up at run time";
  return NULL;
}
PUBLIC int dlclose(void* handle) {
  if (handle == &program) {
    return 0;
  }
  message = "no such handle";
  return -1;
}
// Each message is told once.
PUBLIC char* dlerror(void) {
  const char* last = message;
  message = NULL;
  return (char*)last;
}
PUBLIC int dladdr(const void* address, Dl_info* out) { return 0; }
PUBLIC int dlinfo(void* handle, int request, void* out) {
  message = "there is no information on handles";
  return -1;
}

// The call stack is out of a guest's reach.
PUBLIC int backtrace(void** frames, int capacity) { return 0; }
PUBLIC char** backtrace_symbols(void* const* frames, int count) {
  errno = ENOSYS;
  return NULL;
}
PUBLIC void backtrace_symbols_fd(void* const* frames, int count, int fd) {
  static const char text[] = "(weft prints the call stack of a program that traps)\n";
  if (write(fd, text, sizeof text - 1) < 0) {
    return;
  }
}
