#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "check.h"

static size_t page;

static int is_filled(const char* memory, size_t length, char with) {
  size_t i = 0;
  while (i < length && memory[i] == with) {
    ++i;
  }
  return i == length;
}

static void anonymous(void) {
  int flags = MAP_PRIVATE | MAP_ANONYMOUS;
  char* memory = mmap(NULL, 3 * page, PROT_READ | PROT_WRITE, flags, -1, 0);
  check("anonymous memory is zero and aligned",
        memory != MAP_FAILED && (uintptr_t)memory % page == 0 && is_filled(memory, 3 * page, 0));
  memset(memory, 'x', 3 * page);
  check("mprotect() is accepted", mprotect(memory, page, PROT_READ) == 0);
  fails("mprotect() of half a page", mprotect(memory + 1, page, PROT_READ) == -1, EINVAL);
  fails("mprotect() to run", mprotect(memory, page, PROT_EXEC) == -1, ENOTSUP);
  check("MADV_DONTNEED makes it zero", madvise(memory, page, MADV_DONTNEED) == 0 &&
                                           is_filled(memory, page, 0) && memory[page] == 'x');
  char* over = mmap(memory + page, page, PROT_READ, flags | MAP_FIXED, -1, 0);
  check("MAP_FIXED replaces", over == memory + page && is_filled(over, page, 0));
  check("parts are unmapped", munmap(memory, page) == 0 && memory[2 * page] == 'x' &&
                                  munmap(memory + page, 2 * page) == 0);
  fails("MAP_FIXED over other memory",
        mmap(memory, page, PROT_READ, flags | MAP_FIXED, -1, 0) == MAP_FAILED, ENOTSUP);
  fails("mmap() of nothing", mmap(NULL, 0, PROT_READ, flags, -1, 0) == MAP_FAILED, EINVAL);
  fails("mmap() of no kind", mmap(NULL, 1, PROT_READ, MAP_ANONYMOUS, -1, 0) == MAP_FAILED, EINVAL);
  fails("mmap() to run", mmap(NULL, 1, PROT_EXEC, flags, -1, 0) == MAP_FAILED, ENOTSUP);
  fails("mmap() of too much", mmap(NULL, SIZE_MAX - 5, PROT_READ, flags, -1, 0) == MAP_FAILED,
        ENOMEM);
  fails("munmap() of nothing", munmap(memory, 0) == -1, EINVAL);
  memory = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  check("shared anonymous memory", memory != MAP_FAILED);
  memory[5] = 'y';
  fails("mremap() in place", mremap(memory, page, 2 * page, 0) == MAP_FAILED, ENOMEM);
  char* moved = mremap(memory, page, 2 * page, MREMAP_MAYMOVE);
  check("mremap() moves", moved != MAP_FAILED && moved[5] == 'y' && moved[page] == 0);
  munmap(moved, 2 * page);
}

static void files(void) {
  int fd = open("map.dat", O_RDWR | O_CREAT | O_TRUNC, 0600);
  char block[1000];
  memset(block, 'f', sizeof block);
  for (int i = 0; i < 100; ++i) {
    write(fd, block, sizeof block);
  }
  char* memory = mmap(NULL, 100000, PROT_READ, MAP_SHARED, fd, 0);
  check("a file is read", memory != MAP_FAILED && is_filled(memory, 100000, 'f') &&
                              is_filled(memory + 100000, 2 * page - 100000, 0));
  check("munmap() of a length that is no multiple", munmap(memory, 100000) == 0);
  memory = mmap(NULL, 100, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, (off_t)page);
  check("a part of it", memory != MAP_FAILED && is_filled(memory, 100000 - page, 'f'));
  memory[0] = 'p';
  char byte;
  check("private changes stay private", pread(fd, &byte, 1, (off_t)page) == 1 && byte == 'f');
  check("msync()", msync(memory, 100, MS_SYNC) == 0);
  fails("msync() both ways", msync(memory, 100, MS_SYNC | MS_ASYNC) == -1, EINVAL);
  munmap(memory, 100);
  int both = PROT_READ | PROT_WRITE;
  fails("a shared one to write", mmap(NULL, 9, both, MAP_SHARED, fd, 0) == MAP_FAILED, ENOTSUP);
  fails("from the middle of a page", mmap(NULL, 9, PROT_READ, MAP_PRIVATE, fd, 100) == MAP_FAILED,
        EINVAL);
  close(fd);
  fails("of a closed file", mmap(NULL, 9, PROT_READ, MAP_PRIVATE, fd, 0) == MAP_FAILED, EBADF);
  fd = open(".", O_RDONLY | O_DIRECTORY);
  fails("of a directory", mmap(NULL, 9, PROT_READ, MAP_PRIVATE, fd, 0) == MAP_FAILED, ENODEV);
  close(fd);
  unlink("map.dat");
}

int main(void) {
  page = (size_t)sysconf(_SC_PAGESIZE);
  anonymous();
  files();
  char local = 0;
  check("mlock()", mlock(&local, 1) == 0 && munlock(&local, 1) == 0);
  fails("memfd_create()", memfd_create("x", 0) == -1, ENOSYS);
  fails("shm_open()", shm_open("/x", O_RDWR, 0600) == -1, ENOSYS);
  void* memory = NULL;
  check("posix_memalign()",
        posix_memalign(&memory, 4096, 10) == 0 && (uintptr_t)memory % 4096 == 0);
  check("posix_memalign() of no power of two", posix_memalign(&memory, 24, 10) == EINVAL);
}
