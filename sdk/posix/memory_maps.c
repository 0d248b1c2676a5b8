// mmap: anonymous memory, and files read into memory. A guest has no pages of its own to map, so
//
//   * a private mapping of a file holds what the file held when it was made; later changes of the
//   file are not seen;
//   * a shared one is that, too, when it is only read. One that is written to fails with ENOTSUP,
//   because nothing would
//     write it back when the program ends in a trap, and others would not see it before;
//   * protection is accepted and not enforced: reading PROT_NONE does not trap, and PROT_EXEC
//   fails.
//
// Addresses are multiples of the page size that sysconf() tells, 64 KiB.
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "posix.h"

enum { page_bytes = 65536 };

// What is left of a mapping, [begin, end); freed when all of it has been unmapped.
struct mapping {
  struct mapping* next;
  char* memory;  // from the allocator
  char* begin;
  char* end;
  int is_file;
};
static struct mapping* mappings;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static size_t rounded(size_t length) {
  return (length + page_bytes - 1) & ~(size_t)(page_bytes - 1);
}

static int is_misaligned(const void* address) { return (uintptr_t)address % page_bytes != 0; }

// Does the range lie in linear memory as it is now?
static int is_memory(const void* address, size_t length) {
  uint64_t end = (uint64_t)(uintptr_t)address + length;
  return end <= (uint64_t)__builtin_wasm_memory_size(0) * page_bytes;
}

static struct mapping* mapping_around(const char* begin, const char* end) {
  struct mapping* m = mappings;
  while (m != NULL && (begin < m->begin || end > m->end)) {
    m = m->next;
  }
  return m;
}

// Fills from the file; beyond its end there are zeros. 0 or an error number.
static int fill(char* memory, size_t length, int fd, off_t offset) {
  size_t done = 0;
  while (done < length) {
    ssize_t got = pread(fd, memory + done, length - done, offset + (off_t)done);
    if (got < 0 && errno != EINTR) {
      return errno == ENOTCAPABLE ? EACCES : errno;
    }
    if (got == 0) {
      break;
    }
    done += got > 0 ? (size_t)got : 0;
  }
  memset(memory + done, 0, length - done);
  return 0;
}

static int check_arguments(size_t length, int protection, int flags, int fd, off_t offset) {
  int sharing = flags & MAP_TYPE;
  if (length == 0 || offset < 0 || offset % page_bytes != 0 ||
      (sharing != MAP_PRIVATE && sharing != MAP_SHARED && sharing != MAP_SHARED_VALIDATE)) {
    return EINVAL;
  }
  if (length > SIZE_MAX - page_bytes) {
    return ENOMEM;
  }
  if ((protection & PROT_EXEC) != 0) {
    return ENOTSUP;
  }
  if ((flags & MAP_ANONYMOUS) != 0) {
    return 0;
  }
  struct stat status;
  if (fstat(fd, &status) != 0) {
    return EBADF;
  }
  if (!S_ISREG(status.st_mode)) {
    return ENODEV;
  }
  return sharing != MAP_PRIVATE && (protection & PROT_WRITE) != 0 ? ENOTSUP : 0;
}

// MAP_FIXED may replace what mmap gave before; other memory belongs to the allocator or the stack.
static int map_over(char* address, size_t length, int flags, int fd, off_t offset) {
  if (is_misaligned(address)) {
    return EINVAL;
  }
  pthread_mutex_lock(&lock);
  struct mapping* around = mapping_around(address, address + rounded(length));
  pthread_mutex_unlock(&lock);
  if (around == NULL || (flags & MAP_FIXED_NOREPLACE) != 0) {
    return around == NULL ? ENOTSUP : EEXIST;
  }
  if ((flags & MAP_ANONYMOUS) == 0) {
    return fill(address, rounded(length), fd, offset);
  }
  memset(address, 0, rounded(length));
  return 0;
}

static int map_anew(char** out, size_t length, int flags, int fd, off_t offset) {
  struct mapping* m = malloc(sizeof *m);
  char* memory = m == NULL ? NULL : aligned_alloc(page_bytes, rounded(length));
  if (memory == NULL) {
    free(m);
    return ENOMEM;
  }
  int is_file = (flags & MAP_ANONYMOUS) == 0;
  int error = 0;
  if (is_file) {
    error = fill(memory, rounded(length), fd, offset);
  } else {
    memset(memory, 0, rounded(length));
  }
  if (error != 0) {
    free(memory);
    free(m);
    return error;
  }
  pthread_mutex_lock(&lock);
  *m = (struct mapping){mappings, memory, memory, memory + rounded(length), is_file};
  mappings = m;
  pthread_mutex_unlock(&lock);
  *out = memory;
  return 0;
}

PUBLIC void* mmap(void* address, size_t length, int protection, int flags, int fd, off_t offset) {
  int error = check_arguments(length, protection, flags, fd, offset);
  char* memory = address;
  if (error == 0) {
    int is_fixed = (flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) != 0;
    error = is_fixed ? map_over(memory, length, flags, fd, offset)
                     : map_anew(&memory, length, flags, fd, offset);
  }
  if (error != 0) {
    errno = error;
    return MAP_FAILED;
  }
  return memory;
}

// Cuts the mapping at either end; what goes out of its middle stays until the rest goes.
static void cut(struct mapping** at, char* begin, char* end) {
  struct mapping* m = *at;
  if (begin <= m->begin && end > m->begin) {
    m->begin = end < m->end ? end : m->end;
  }
  if (end >= m->end && begin < m->end) {
    m->end = begin > m->begin ? begin : m->begin;
  }
  if (m->begin >= m->end) {
    *at = m->next;
    free(m->memory);
    free(m);
  }
}

// Unmapping what is not mapped is no error, says POSIX.
PUBLIC int munmap(void* address, size_t length) {
  if (length == 0 || is_misaligned(address) || length > SIZE_MAX - page_bytes) {
    return fail(EINVAL);
  }
  char* begin = address;
  pthread_mutex_lock(&lock);
  for (struct mapping** at = &mappings; *at != NULL;) {
    struct mapping* before = *at;
    cut(at, begin, begin + rounded(length));
    if (*at == before) {
      at = &before->next;
    }
  }
  pthread_mutex_unlock(&lock);
  return 0;
}

static int check_range(const void* address, size_t length) {
  if (is_misaligned(address)) {
    return fail(EINVAL);
  }
  return is_memory(address, length) ? 0 : fail(ENOMEM);
}

PUBLIC int mprotect(void* address, size_t length, int protection) {
  return (protection & PROT_EXEC) != 0 ? fail(ENOTSUP) : check_range(address, length);
}
// Nothing is written to files through a mapping, so nothing is to be written back.
PUBLIC int msync(void* address, size_t length, int flags) {
  int both = MS_ASYNC | MS_SYNC;
  if ((flags & ~(both | MS_INVALIDATE)) != 0 || (flags & both) == both) {
    return fail(EINVAL);
  }
  return check_range(address, length);
}

// MADV_DONTNEED makes anonymous memory zero again, as programs rely on; else advice has no effect.
PUBLIC int madvise(void* address, size_t length, int advice) {
  if (check_range(address, length) != 0) {
    return -1;
  }
  if (advice == MADV_DONTNEED) {
    char* begin = address;
    pthread_mutex_lock(&lock);
    struct mapping* around = mapping_around(begin, begin + rounded(length));
    pthread_mutex_unlock(&lock);
    if (around != NULL && !around->is_file) {
      memset(begin, 0, rounded(length));
    }
  }
  return 0;
}
PUBLIC int posix_madvise(void* address, size_t length, int advice) {
  return check_range(address, length) == 0 ? 0 : errno;
}
PUBLIC int mincore(void* address, size_t length, unsigned char* pages) {
  if (check_range(address, length) != 0) {
    return -1;
  }
  memset(pages, 1, rounded(length) / page_bytes);
  return 0;
}

PUBLIC void* mremap(void* address, size_t old_length, size_t new_length, int flags, ...) {
  pthread_mutex_lock(&lock);
  struct mapping* m = mapping_around(address, (char*)address + rounded(old_length));
  pthread_mutex_unlock(&lock);
  int error = m == NULL || new_length == 0 ? EINVAL : (flags & MREMAP_FIXED) != 0 ? ENOTSUP : 0;
  if (error == 0 && rounded(new_length) <= rounded(old_length)) {
    char* end = (char*)address + rounded(new_length);
    if (rounded(new_length) < rounded(old_length)) {
      munmap(end, rounded(old_length) - rounded(new_length));
    }
    return address;
  }
  char* moved = NULL;
  if (error == 0) {
    error =
        (flags & MREMAP_MAYMOVE) == 0 ? ENOMEM : map_anew(&moved, new_length, MAP_ANONYMOUS, -1, 0);
  }
  if (error != 0) {
    errno = error;
    return MAP_FAILED;
  }
  memcpy(moved, address, rounded(old_length));
  munmap(address, old_length);
  return moved;
}

// Memory is never paged out as far as a guest can tell.
PUBLIC int mlock(const void* address, size_t length) {
  return is_memory(address, length) ? 0 : fail(ENOMEM);
}
PUBLIC int mlock2(const void* address, size_t length, unsigned flags) {
  return mlock(address, length);
}
PUBLIC int munlock(const void* address, size_t length) { return mlock(address, length); }
PUBLIC int mlockall(int flags) { return flags == 0 ? fail(EINVAL) : 0; }
PUBLIC int munlockall(void) { return 0; }

PUBLIC int remap_file_pages(void* address, size_t size, int protection, size_t page, int flags) {
  return unsupported();
}
PUBLIC int memfd_create(const char* name, unsigned flags) { return unsupported(); }
PUBLIC int brk(void* end) { return fail(ENOMEM); }

PUBLIC void* memalign(size_t alignment, size_t length) {
  void* memory = NULL;
  size_t least = alignment < sizeof(void*) ? sizeof(void*) : alignment;
  int error = posix_memalign(&memory, least, length);
  if (error != 0) {
    errno = error;
    return NULL;
  }
  return memory;
}
PUBLIC void* valloc(size_t length) { return memalign(page_bytes, length); }
