/* The little of WASI that the kernels need, so that wasm2c's output runs as a program: arguments,
 * clock, standard output and error, exit. Compiled together with guest.c (module name "guest") and
 * wasm2c's run-time files. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "guest.h"

enum { kSuccess = 0, kBadFile = 8, kInvalid = 28, kNotSeekable = 70 };

struct w2c_wasi__snapshot__preview1 {
  w2c_guest* guest;
  int argc;
  char** argv;
};
typedef struct w2c_wasi__snapshot__preview1 Host;

static uint8_t* at(Host* host, u32 address) {
  return w2c_guest_memory(host->guest)->data + address;
}
static void store32(Host* host, u32 address, u32 value) { memcpy(at(host, address), &value, 4); }
static u32 load32(Host* host, u32 address) {
  u32 value;
  memcpy(&value, at(host, address), 4);
  return value;
}

u32 w2c_wasi__snapshot__preview1_args_sizes_get(Host* host, u32 count, u32 size) {
  u32 bytes = 0;
  for (int i = 0; i < host->argc; i++) bytes += (u32)strlen(host->argv[i]) + 1;
  store32(host, count, (u32)host->argc);
  store32(host, size, bytes);
  return kSuccess;
}

u32 w2c_wasi__snapshot__preview1_args_get(Host* host, u32 pointers, u32 bytes) {
  for (int i = 0; i < host->argc; i++) {
    u32 size = (u32)strlen(host->argv[i]) + 1;
    store32(host, pointers + 4 * (u32)i, bytes);
    memcpy(at(host, bytes), host->argv[i], size);
    bytes += size;
  }
  return kSuccess;
}

u32 w2c_wasi__snapshot__preview1_clock_time_get(Host* host, u32 id, u64 precision, u32 result) {
  struct timespec t;
  (void)precision;
  if (id > 1) return kInvalid;
  clock_gettime(id == 0 ? CLOCK_REALTIME : CLOCK_MONOTONIC, &t);
  u64 ns = (u64)t.tv_sec * 1000000000u + (u64)t.tv_nsec;
  memcpy(at(host, result), &ns, 8);
  return kSuccess;
}

u32 w2c_wasi__snapshot__preview1_fd_write(Host* host, u32 fd, u32 vectors, u32 count, u32 result) {
  u32 written = 0;
  if (fd != 1 && fd != 2) return kBadFile;
  for (u32 i = 0; i < count; i++) {
    u32 size = load32(host, vectors + 8 * i + 4);
    if (write((int)fd, at(host, load32(host, vectors + 8 * i)), size) != (ssize_t)size)
      return kBadFile;
    written += size;
  }
  store32(host, result, written);
  return kSuccess;
}

u32 w2c_wasi__snapshot__preview1_fd_fdstat_get(Host* host, u32 fd, u32 result) {
  if (fd > 2) return kBadFile;
  memset(at(host, result), 0, 24);
  *at(host, result) = 2; /* a character device, so that lines are flushed */
  memset(at(host, result + 8), 0xff, 16);
  return kSuccess;
}

u32 w2c_wasi__snapshot__preview1_fd_seek(Host* host, u32 fd, u64 offset, u32 whence, u32 result) {
  (void)host, (void)fd, (void)offset, (void)whence, (void)result;
  return kNotSeekable;
}

u32 w2c_wasi__snapshot__preview1_fd_close(Host* host, u32 fd) {
  (void)host, (void)fd;
  return kSuccess;
}

void w2c_wasi__snapshot__preview1_proc_exit(Host* host, u32 code) {
  (void)host;
  exit((int)code);
}

int main(int argc, char** argv) {
  static w2c_guest guest;
  Host host = {&guest, argc, argv};
  wasm_rt_init();
  wasm2c_guest_instantiate(&guest, &host);
  w2c_guest_0x5Fstart(&guest);
  return 0;
}
