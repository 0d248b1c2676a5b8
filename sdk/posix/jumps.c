// The mask of signals that sigsetjmp() keeps in its buffer and siglongjmp() puts back: see
// append/setjmp.h.
#include <setjmp.h>
#include <signal.h>
#include <string.h>

#include "posix.h"

PUBLIC void __weft_save_mask(struct __jmp_buf_tag* buffer, int save) {
  buffer->__fl = (unsigned long)(save != 0);
  sigset_t mask;
  sigprocmask(SIG_SETMASK, NULL, &mask);
  memcpy(buffer->__ss, &mask, sizeof mask);
}

PUBLIC void __weft_restore_mask(const struct __jmp_buf_tag* buffer) {
  if (buffer->__fl != 0) {
    sigset_t mask;
    memcpy(&mask, buffer->__ss, sizeof mask);
    sigprocmask(SIG_SETMASK, &mask, NULL);
  }
}
