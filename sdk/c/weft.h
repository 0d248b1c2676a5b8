// What a program says to weft and asks it about the call that it serves. Manual: docs/sdk.md.
//
//     #include <weft.h>
//
//     int main(void) {
//       size_t length;
//       char* input = weft_input(&length);
//       if (input == NULL) return 1;
//       weft_logf(WEFT_INFO, "call %s of %s: %zu bytes", weft_call_id(), weft_function(), length);
//       return weft_output(input, length) == 0 ? 0 : 1;
//     }
//
// A call's input is standard input, its output standard output, its exit status what main returns:
// a program that uses no more of this runs on every WebAssembly runtime. The other functions are
// imports of weft's own, which a program has only if it calls them.
//
// Compiled for the build machine, the same program reads and writes its standard streams, logs on
// standard error (from the level in WEFT_LOG_LEVEL on) and has no deadline: it can be tested
// natively.
//
// All functions may be called from any thread. Functions that fail return -1 or NULL and set errno.
#pragma once

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef __cplusplus
extern "C" {
#endif

// How serious a log entry is. `weft run --log-level` says from which level on entries are shown.
enum weft_level { WEFT_DEBUG, WEFT_INFO, WEFT_WARNING, WEFT_ERROR };

// The longest entry of the log in bytes; longer ones are cut off there.
#define WEFT_LOG_MAX 65536

#define WEFT_NO_DEADLINE INT64_MAX

// --- Input: what the caller sent

// Reads up to `size` bytes of what is left of the input; 0 at its end. Like read(2).
static inline ssize_t weft_read(void* buffer, size_t size) {
  return read(STDIN_FILENO, buffer, size);
}

// How many bytes of the input are left, or -1 when only reading tells (a pipe). Sets no errno.
static inline int64_t weft_input_left(void) {
  struct stat status;
  int before = errno;
  off_t at = lseek(STDIN_FILENO, 0, SEEK_CUR);
  int known = at >= 0 && fstat(STDIN_FILENO, &status) == 0 && S_ISREG(status.st_mode);
  errno = before;
  return !known ? -1 : status.st_size > at ? (int64_t)(status.st_size - at) : 0;
}

// Reads all that is left of the input into memory that the caller gives back with free(); a zero
// byte follows it. NULL when reading fails or memory is short (errno ENOMEM). `length` may be NULL.
static inline char* weft_input(size_t* length) {
  int64_t expected = weft_input_left();
  // One byte more than expected tells that this is the end.
  size_t room = expected >= 0 && expected < INT32_MAX ? (size_t)expected + 1 : 16384, used = 0;
  char* input = (char*)malloc(room + 1);
  for (ssize_t n = 1; input != NULL && n > 0;) {
    if (used == room) {
      char* larger = room < SIZE_MAX / 2 ? (char*)realloc(input, (room *= 2) + 1) : NULL;
      if (larger == NULL) {
        free(input);
        errno = ENOMEM;
        return NULL;
      }
      input = larger;
    }
    n = weft_read(input + used, room - used);
    if (n < 0 && errno != EINTR) {
      free(input);
      return NULL;
    }
    used += n > 0 ? (size_t)n : 0;
    n = n < 0 ? 1 : n;
  }
  if (input == NULL) {
    errno = ENOMEM;
    return NULL;
  }
  input[used] = '\0';
  if (length != NULL) {
    *length = used;
  }
  return input;
}

// --- Output: what the caller gets

// Writes all `size` bytes; may be called many times. 0, or -1. What printf has written before, and
// not yet flushed, comes first.
static inline int weft_output(const void* bytes, size_t size) {
  if (fflush(stdout) != 0) {
    return -1;
  }
  for (size_t done = 0; done < size;) {
    ssize_t n = write(STDOUT_FILENO, (const char*)bytes + done, size - done);
    if (n < 0 && errno != EINTR) {
      return -1;
    }
    done += n > 0 ? (size_t)n : 0;
  }
  return 0;
}

// --- The imports

#ifdef __wasm__
#define WEFT_IMPORT(name) __attribute__((import_module("weft"), import_name(name)))
int32_t weft_import_log(uint32_t level, const char* text, uint32_t length) WEFT_IMPORT("log");
int32_t weft_import_context(uint32_t what, char* buffer, uint32_t room, uint32_t* length)
    WEFT_IMPORT("context");
int64_t weft_import_time_left(void) WEFT_IMPORT("time_left");
void weft_import_ready(void) WEFT_IMPORT("ready");
int32_t weft_import_call(const char* name, uint32_t name_length, const void* input,
                         uint32_t input_length, uint32_t* call) WEFT_IMPORT("call");
int32_t weft_import_call_wait(const uint32_t* calls, uint32_t count, uint32_t* index)
    WEFT_IMPORT("call_wait");
int32_t weft_import_call_result(uint32_t call, void* result) WEFT_IMPORT("call_result");
int32_t weft_import_call_output(uint32_t call, uint64_t offset, void* buffer, uint32_t room,
                                uint32_t* copied) WEFT_IMPORT("call_output");
int32_t weft_import_call_close(uint32_t call) WEFT_IMPORT("call_close");
#undef WEFT_IMPORT
#else
static inline int32_t weft_import_log(uint32_t level, const char* text, uint32_t length) {
  static const char* const names[] = {"debug", "info", "warning", "error"};
  const char* wanted = getenv("WEFT_LOG_LEVEL");
  uint32_t lowest = WEFT_INFO;
  for (uint32_t i = 0; wanted != NULL && i < 4; ++i) {
    lowest = strcmp(wanted, names[i]) == 0 ? i : lowest;
  }
  if (level >= lowest) {
    fprintf(stderr, "%s: %.*s\n", names[level], (int)length, text);
  }
  return 0;
}
static inline int32_t weft_import_context(uint32_t what, char* buffer, uint32_t room,
                                          uint32_t* length) {
  const char* text = what == 0 ? "native" : what == 1 ? "0" : "";
  *length = (uint32_t)strlen(text);
  memcpy(buffer, text, *length < room ? *length : room);
  return 0;
}
static inline int64_t weft_import_time_left(void) { return WEFT_NO_DEADLINE; }
static inline void weft_import_ready(void) {}
static inline int32_t weft_import_call(const char* name, uint32_t name_length, const void* input,
                                       uint32_t input_length, uint32_t* call) {
  (void)name, (void)name_length, (void)input, (void)input_length, (void)call;
  return ENOSYS;
}
static inline int32_t weft_import_call_wait(const uint32_t* calls, uint32_t count,
                                            uint32_t* index) {
  (void)calls, (void)count, (void)index;
  return EBADF;
}
static inline int32_t weft_import_call_result(uint32_t call, void* result) {
  (void)call, (void)result;
  return EBADF;
}
static inline int32_t weft_import_call_output(uint32_t call, uint64_t offset, void* buffer,
                                              uint32_t room, uint32_t* copied) {
  (void)call, (void)offset, (void)buffer, (void)room, (void)copied;
  return EBADF;
}
static inline int32_t weft_import_call_close(uint32_t call) {
  (void)call;
  return EBADF;
}
#endif

// --- Log

// Adds an entry; where it shows up depends on how the program runs (weft run: standard error). The
// text has no newline at its end. 0, or -1 (EINVAL: no such level).
static inline int weft_log(enum weft_level level, const char* text) {
  size_t length = strlen(text);
  if ((unsigned)level > WEFT_ERROR) {
    errno = EINVAL;
    return -1;
  }
  int32_t failed = weft_import_log((uint32_t)level, text,
                                   length < WEFT_LOG_MAX ? (uint32_t)length : WEFT_LOG_MAX);
  if (failed != 0) {
    errno = failed;
    return -1;
  }
  return 0;
}

// The same with printf's format.
__attribute__((format(printf, 2, 3))) static inline int weft_logf(enum weft_level level,
                                                                  const char* format, ...) {
  char brief[256];
  va_list values, again;
  va_start(values, format);
  va_copy(again, values);
  int length = vsnprintf(brief, sizeof brief, format, values);
  va_end(values);
  int done = -1;
  if (length >= 0 && (size_t)length < sizeof brief) {
    done = weft_log(level, brief);
  } else if (length >= 0) {
    char* text = (char*)malloc((size_t)length + 1);
    if (text != NULL) {
      vsnprintf(text, (size_t)length + 1, format, again);
      done = weft_log(level, text);
      free(text);
    }
  }
  va_end(again);
  return done;
}

// --- The call

// What text there is of a kind (0 to 2), in a buffer for each kind and thread.
static inline const char* weft_context_text(uint32_t what) {
  static __thread char texts[3][512];
  enum { room = sizeof texts[0] - 1 };
  char* text = texts[what];
  uint32_t length = 0;
  if (weft_import_context(what, text, room, &length) != 0) {
    length = 0;
  }
  text[length < room ? length : room] = '\0';
  return text;
}

// The name of the function that is called, as it is deployed; weft run: the program's name. Like
// the next two: never NULL, and valid until this thread ends or asks again; texts of more than 511
// bytes are cut off.
static inline const char* weft_function(void) { return weft_context_text(0); }

// Names this call; no other has it. A call that was frozen and goes on elsewhere keeps it.
static inline const char* weft_call_id(void) { return weft_context_text(1); }

// The trace that this call belongs to: 32 hexadecimal digits as in W3C's Trace Context, or "".
static inline const char* weft_trace_id(void) { return weft_context_text(2); }

// Nanoseconds until the call has to be done, after which it is ended; 0 when that is now.
// WEFT_NO_DEADLINE when there is none.
static inline int64_t weft_time_left(void) { return weft_import_time_left(); }

// --- Start-up

// Says that what all calls have in common is done: files read, tables built. Where weft keeps an
// image of the program, each call begins right after this; before, there must be no input read, no
// output written, and nothing remembered that is one call's own (time, call id, random numbers).
// Elsewhere it does nothing.
static inline void weft_ready(void) { weft_import_ready(); }

// --- Chain: calls of other functions

// A call of another function, from weft_call until weft_call_close.
typedef uint32_t weft_call_t;

enum weft_ending {
  WEFT_RETURNED,
  WEFT_EXITED,
  WEFT_TRAPPED,
  WEFT_TIMED_OUT,
  WEFT_CANCELLED,
  WEFT_OUT_OF_LIMITS
};

struct weft_call_result {
  uint32_t ending;  // enum weft_ending
  uint32_t exit_code;
  uint64_t output_size;
};

static inline int weft_import_answer(int32_t failed) {
  if (failed != 0) {
    errno = failed;
    return -1;
  }
  return 0;
}

// Begins a call of the function of that name in this one's namespace, and returns while it runs.
// The call has this one's trace and deadline, and ends with it. Costs some microseconds; the input
// is copied once. 0, or -1: ENOENT (no such function), EAGAIN (too many calls, or too deep), ENOSYS
// (this program does not run on a node, or it has threads).
static inline int weft_call(const char* function, const void* input, size_t size,
                            weft_call_t* call) {
  return weft_import_answer(weft_import_call(function, (uint32_t)strlen(function), input,
                                             (uint32_t)size, call));
}

// Waits until one of the calls has ended and says which: its index, or -1 (EBADF: one is none).
static inline ssize_t weft_call_wait_any(const weft_call_t* calls, size_t count) {
  uint32_t index = 0;
  return weft_import_answer(weft_import_call_wait(calls, (uint32_t)count, &index)) == 0
             ? (ssize_t)index
             : -1;
}

// Waits until all of them have ended. 0, or -1.
static inline int weft_call_wait_all(const weft_call_t* calls, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    if (weft_call_wait_any(calls + i, 1) < 0) {
      return -1;
    }
  }
  return 0;
}

// How it ended. 0, or -1: EAGAIN (it has not).
static inline int weft_call_result(weft_call_t call, struct weft_call_result* result) {
  return weft_import_answer(weft_import_call_result(call, result));
}

// Copies its output from `offset` on; the number of bytes, 0 behind the end, or -1.
static inline ssize_t weft_call_output(weft_call_t call, uint64_t offset, void* buffer,
                                       size_t size) {
  uint32_t copied = 0;
  return weft_import_answer(weft_import_call_output(call, offset, buffer, (uint32_t)size,
                                                    &copied)) == 0
             ? (ssize_t)copied
             : -1;
}

// Forgets the call; one that has not ended is cancelled.
static inline int weft_call_close(weft_call_t call) {
  return weft_import_answer(weft_import_call_close(call));
}

// Waits for a call, closes it, and gives its output as memory that the caller gives back with
// free(); a zero byte follows it. NULL when it failed: EIO (it trapped, exited with another code
// than 0, took too long, …). `size` may be NULL.
static inline char* weft_call_take(weft_call_t call, size_t* size) {
  struct weft_call_result result;
  if (weft_call_wait_any(&call, 1) < 0 || weft_call_result(call, &result) != 0) {
    return NULL;
  }
  char* output = NULL;
  int failed = EIO;
  if (result.ending <= WEFT_EXITED && result.exit_code == 0) {
    output = (char*)malloc((size_t)result.output_size + 1);
    failed = ENOMEM;
    if (output != NULL) {
      ssize_t n = weft_call_output(call, 0, output, (size_t)result.output_size);
      output[n > 0 ? n : 0] = '\0';
      if (size != NULL) {
        *size = n > 0 ? (size_t)n : 0;
      }
    }
  }
  weft_call_close(call);
  if (output == NULL) {
    errno = failed;
  }
  return output;
}

#ifdef __cplusplus
}
#endif
