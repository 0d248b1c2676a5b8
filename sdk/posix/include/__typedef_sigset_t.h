/* weft: wasi-libc's is a placeholder of one byte. Two 32-bit words hold the signals 1 to 64. */
#ifndef __wasilibc___typedef_sigset_t_h
#define __wasilibc___typedef_sigset_t_h

typedef struct __sigset_t {
  unsigned long __bits[64 / 8 / sizeof(long)];
} sigset_t;

#endif
