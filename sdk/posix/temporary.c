// Temporary files and names. Random letters come from the host; the directory is $TMPDIR, or /tmp,
// which a program has only if it was given to it (`weft run --dir DIR::/tmp`).
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "posix.h"

enum { letters = 6, tries = 100 };

// The place of the XXXXXX before `suffix_length` bytes at the end; NULL with EINVAL when there are
// none.
static char* blanks_of(char* pattern, int suffix_length) {
  size_t length = strlen(pattern);
  if (suffix_length < 0 || length < (size_t)suffix_length + letters) {
    errno = EINVAL;
    return NULL;
  }
  char* blanks = pattern + length - (size_t)suffix_length - letters;
  if (memcmp(blanks, "XXXXXX", letters) != 0) {
    errno = EINVAL;
    return NULL;
  }
  return blanks;
}

static void fill(char* blanks) {
  static const char alphabet[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
  unsigned char bytes[letters];
  getentropy(bytes, sizeof bytes);
  for (int i = 0; i < letters; ++i) {
    blanks[i] = alphabet[bytes[i] % 64];
  }
}

PUBLIC int mkostemps(char* pattern, int suffix_length, int flags) {
  char* blanks = blanks_of(pattern, suffix_length);
  if (blanks == NULL) {
    return -1;
  }
  for (int i = 0; i < tries; ++i) {
    fill(blanks);
    int fd = open(pattern, (flags & ~O_ACCMODE) | O_RDWR | O_CREAT | O_EXCL, 0600);
    if (fd >= 0 || errno != EEXIST) {
      if (fd < 0) {
        memset(blanks, 'X', letters);
      }
      return fd;
    }
  }
  return -1;
}
PUBLIC int mkstemps(char* pattern, int suffix_length) {
  return mkostemps(pattern, suffix_length, 0);
}
PUBLIC int mkostemp(char* pattern, int flags) { return mkostemps(pattern, 0, flags); }
PUBLIC int mkstemp(char* pattern) { return mkostemps(pattern, 0, 0); }

PUBLIC char* mkdtemp(char* pattern) {
  char* blanks = blanks_of(pattern, 0);
  if (blanks == NULL) {
    return NULL;
  }
  for (int i = 0; i < tries; ++i) {
    fill(blanks);
    if (mkdir(pattern, 0700) == 0) {
      return pattern;
    }
    if (errno != EEXIST) {
      break;
    }
  }
  memset(blanks, 'X', letters);
  return NULL;
}

static int is_free(const char* path) {
  struct stat status;
  return lstat(path, &status) != 0 && errno == ENOENT;
}

// An empty string, as POSIX has it, when there is no name to be had.
PUBLIC char* mktemp(char* pattern) {
  char* blanks = blanks_of(pattern, 0);
  for (int i = 0; blanks != NULL && i < tries; ++i) {
    fill(blanks);
    if (is_free(pattern)) {
      return pattern;
    }
  }
  *pattern = '\0';
  return pattern;
}

static const char* temporary_directory(void) {
  const char* chosen = getenv("TMPDIR");
  return is_empty(chosen) ? "/tmp" : chosen;
}

PUBLIC char* tmpnam(char* buffer) {
  static char own[L_tmpnam];
  char* name = buffer == NULL ? own : buffer;
  strcpy(name, "/tmp/tmp_XXXXXX");
  char* blanks = blanks_of(name, 0);
  for (int i = 0; i < tries; ++i) {
    fill(blanks);
    if (is_free(name)) {
      return name;
    }
  }
  return NULL;
}

PUBLIC char* tempnam(const char* directory, const char* prefix) {
  const char* place = is_empty(directory) ? temporary_directory() : directory;
  char* name = NULL;
  if (asprintf(&name, "%s/%s_XXXXXX", place, is_empty(prefix) ? "temp" : prefix) < 0) {
    return NULL;
  }
  mktemp(name);
  if (*name == '\0') {
    free(name);
    return NULL;
  }
  return name;
}

PUBLIC FILE* tmpfile(void) {
  char* name = NULL;
  if (asprintf(&name, "%s/tmpfile_XXXXXX", temporary_directory()) < 0) {
    return NULL;
  }
  FILE* file = NULL;
  int fd = mkstemp(name);
  if (fd >= 0) {
    unlink(name);
    file = fdopen(fd, "w+");
    if (file == NULL) {
      close(fd);
    }
  }
  free(name);
  return file;
}
