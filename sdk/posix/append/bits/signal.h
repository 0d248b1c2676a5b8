/* weft: for sigaction() and sigaltstack() of sdk/posix. */
#ifndef __weft_bits_signal_h
#define __weft_bits_signal_h
#define SA_NOCLDSTOP 1
#define SA_NOCLDWAIT 2
#define SA_SIGINFO 4
#define SA_ONSTACK 0x08000000
#define SA_RESTART 0x10000000
#define SA_NODEFER 0x40000000
#define SA_RESETHAND 0x80000000
#define SA_RESTORER 0x04000000
#define MINSIGSTKSZ 2048
#define SIGSTKSZ 8192
struct sigaltstack {
  void* ss_sp;
  int ss_flags;
  __SIZE_TYPE__ ss_size;
};
#endif
