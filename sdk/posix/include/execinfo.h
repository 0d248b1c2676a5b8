/* weft: backtraces. A guest cannot walk its own stack; weft prints it when the guest traps. */
#ifndef _EXECINFO_H
#define _EXECINFO_H

#ifdef __cplusplus
extern "C" {
#endif

int backtrace(void** frames, int capacity);
char** backtrace_symbols(void* const* frames, int count);
void backtrace_symbols_fd(void* const* frames, int count, int fd);

#ifdef __cplusplus
}
#endif

#endif
