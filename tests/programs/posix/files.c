#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/time.h>
#include <termios.h>
#include <unistd.h>
#include <utime.h>
#include <wordexp.h>

#include "check.h"

static int visited;
static int visit(const char* path, const struct stat* status, int kind) {
  ++visited;
  return 0;
}

static void temporary(void) {
  char name[] = "aXXXXXX";
  int fd = mkstemp(name);
  check("mkstemp()", fd >= 0 && strcmp(name, "aXXXXXX") != 0 && write(fd, "x", 1) == 1);
  close(fd);
  check("its file is there", access(name, F_OK) == 0 && unlink(name) == 0);
  char bad[] = "aXXXXX";
  fails("mkstemp() with five X", mkstemp(bad) == -1, EINVAL);
  char far[] = "no-such/XXXXXX";
  fails("mkstemp() where there is no directory", mkstemp(far) == -1, ENOENT);
  char suffixed[] = "aXXXXXX.txt";
  fd = mkstemps(suffixed, 4);
  check("mkstemps()", fd >= 0 && strcmp(suffixed + 7, ".txt") == 0 && unlink(suffixed) == 0);
  close(fd);
  char directory[] = "dXXXXXX";
  check("mkdtemp()", mkdtemp(directory) == directory && rmdir(directory) == 0);
  FILE* file = tmpfile();
  check("tmpfile()", file != NULL && fputs("text", file) >= 0 && fseek(file, 0, SEEK_SET) == 0 &&
                         fgetc(file) == 't' && fclose(file) == 0);
  char buffer[L_tmpnam];
  check("tmpnam()", tmpnam(buffer) == buffer && access(buffer, F_OK) != 0);
  setenv("TMPDIR", "/no-such", 1);
  fails("tmpfile() without a place", tmpfile() == NULL, ENOENT);
  unsetenv("TMPDIR");
}

static void owners_and_modes(void) {
  int fd = open("f", O_RDWR | O_CREAT, 0600);
  check("chmod() is accepted", chmod("f", 0755) == 0 && fchmod(fd, 0600) == 0);
  fails("chmod() of nothing", chmod("none", 0755) == -1, ENOENT);
  fails("fchmod() of nothing", fchmod(99, 0755) == -1, EBADF);
  check("chown() to itself", chown("f", getuid(), -1) == 0 && fchown(fd, -1, getgid()) == 0);
  fails("chown() to another", chown("f", 7, -1) == -1, EPERM);
  check("umask() remembers", umask(077) == 022 && umask(022) == 077);
  fails("mkfifo()", mkfifo("p", 0600) == -1, ENOSYS);
  struct utimbuf times = {1000, 2000};
  struct stat status;
  check("utime()", utime("f", &times) == 0 && stat("f", &status) == 0 && status.st_mtime == 2000);
  struct timeval both[2] = {{5, 0}, {7, 0}};
  check("futimes()", futimes(fd, both) == 0 && fstat(fd, &status) == 0 && status.st_mtime == 7);
  struct statvfs room;
  fails("statvfs()", statvfs("f", &room) == -1, ENOSYS);
  fails("statvfs() of nothing", statvfs("none", &room) == -1, ENOENT);
  check("fallocate()",
        posix_fallocate(fd, 0, 100) == 0 && fstat(fd, &status) == 0 && status.st_size == 100);
  sync();
  close(fd);
}

static void empty_paths(void) {
  struct stat status;
  fails("stat() of no name", stat("", &status) == -1, ENOENT);
  fails("lstat() of no name", lstat("", &status) == -1, ENOENT);
  fails("open() of no name", open("", O_RDONLY) == -1, ENOENT);
  fails("access() to no name", access("", F_OK) == -1, ENOENT);
  fails("rename() to no name", rename("f", "") == -1, ENOENT);
  fails("chdir() to no name", chdir("") == -1, ENOENT);
  check("the working directory has one", stat(".", &status) == 0 && S_ISDIR(status.st_mode));
}

static void descriptors(void) {
  int fd = open("f", O_RDWR);
  check("fcntl() tells the mode", (fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDWR);
  check("fcntl() sets flags", fcntl(fd, F_SETFL, O_APPEND) == 0 && fcntl(fd, F_GETFL) & O_APPEND);
  struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
  check("a record is locked", fcntl(fd, F_SETLK, &lock) == 0);
  check("nobody else holds it", fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type == F_UNLCK);
  lock.l_type = 9;
  fails("a lock of no kind", fcntl(fd, F_SETLK, &lock) == -1, EINVAL);
  fails("fcntl() of nothing", fcntl(99, F_GETFL) == -1, EBADF);
  fails("fcntl() of no command", fcntl(fd, 777) == -1, EINVAL);
  check("flock()", flock(fd, LOCK_EX | LOCK_NB) == 0 && flock(fd, LOCK_UN) == 0);
  fails("flock() of no kind", flock(fd, 0) == -1, EINVAL);
  check("lockf()", lockf(fd, F_TLOCK, 0) == 0 && lockf(fd, F_ULOCK, 0) == 0);
  struct winsize size;
  fails("a file has no window", ioctl(fd, TIOCGWINSZ, &size) == -1, ENOTTY);
  struct termios settings;
  fails("tcgetattr()", tcgetattr(fd, &settings) == -1, ENOTTY);
  fails("tcgetattr() of nothing", tcgetattr(99, &settings) == -1, EBADF);
  check("ttyname()", ttyname(fd) == NULL && !isatty(fd));
  close(fd);
}

static void duplicates(void) {
  int fd = open("f", O_RDWR | O_TRUNC);
  int copy = dup(fd);
  check("dup() takes the lowest number", copy == fd + 1 && write(copy, "ab", 2) == 2);
  check("duplicates share the offset", lseek(fd, 0, SEEK_CUR) == 2);
  check("duplicates share the flags",
        fcntl(fd, F_SETFL, O_APPEND) == 0 && (fcntl(copy, F_GETFL) & O_APPEND) != 0);
  check("a duplicate outlives its original", close(fd) == 0 && write(copy, "c", 1) == 1);
  check("fcntl(F_DUPFD) begins where it is told", fcntl(copy, F_DUPFD, 20) == 20 && close(20) == 0);
  check("dup2() opens that number", dup2(copy, 30) == 30 && lseek(30, 0, SEEK_CUR) == 3);
  check("dup2() of itself", dup2(copy, copy) == copy);
  fails("dup3() of itself", dup3(copy, copy, 0) == -1, EINVAL);
  fails("dup() of nothing", dup(99) == -1, EBADF);
  fails("dup2() of nothing", dup2(99, 1) == -1, EBADF);
  fails("dup2() to no number", dup2(copy, -1) == -1, EBADF);
  close(30);
  // standard output, led elsewhere and back
  fflush(stdout);
  int out = dup(1);
  dup2(copy, 1);
  printf("to the file");
  fflush(stdout);
  check("dup2() closes what was there", dup2(out, 1) == 1 && close(out) == 0);
  char text[20] = "";
  check("standard output was the file",
        pread(copy, text, sizeof text, 3) == 11 && strcmp(text, "to the file") == 0);
  close(copy);
}

static void pipes(void) {
  int ends[2];
  char text[20] = "";
  check("pipe()", pipe(ends) == 0 && write(ends[1], "through", 7) == 7);
  check("comes out", read(ends[0], text, sizeof text) == 7 && strcmp(text, "through") == 0);
  fails("an end to write is not read", read(ends[1], text, 1) == -1, EBADF);
  fails("a pipe has no offset", lseek(ends[0], 0, SEEK_SET) == -1, ESPIPE);
  check("its end", close(ends[1]) == 0 && read(ends[0], text, 1) == 0 && close(ends[0]) == 0);
  check("pipe2()", pipe2(ends, O_NONBLOCK) == 0);
  fails("nothing waits in it", read(ends[0], text, 1) == -1, EAGAIN);
  close(ends[0]);
  close(ends[1]);
  fails("pipe2() with other flags", pipe2(ends, O_APPEND) == -1, EINVAL);
}

static void walks(void) {
  mkdir("walk", 0700);
  close(open("walk/one", O_CREAT | O_WRONLY, 0600));
  close(open("walk/two", O_CREAT | O_WRONLY, 0600));
  check("ftw()", ftw("walk", visit, 4) == 0 && visited == 3);
  glob_t found;
  check("glob()", glob("walk/*", 0, NULL, &found) == 0 && found.gl_pathc == 2);
  globfree(&found);
  check("glob() of nothing", glob("walk/x*", 0, NULL, &found) == GLOB_NOMATCH);
  wordexp_t words;
  check("wordexp()", wordexp("a b", &words, 0) == WRDE_NOSYS);
  char path[4096];
  check("realpath()", realpath("walk/../f", path) != NULL && strcmp(strrchr(path, '/'), "/f") == 0);
  fails("realpath() of nothing", realpath("walk/none", path) == NULL, ENOENT);
  unlink("walk/one");
  unlink("walk/two");
  rmdir("walk");
}

int main(void) {
  temporary();
  owners_and_modes();
  empty_paths();
  descriptors();
  duplicates();
  pipes();
  walks();
  unlink("f");
}
