// Terminals: a program may write to one, but cannot control it.
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "posix.h"

static int no_control(int fd) {
  struct stat status;
  return fstat(fd, &status) == 0 ? fail(ENOTTY) : -1;
}

PUBLIC int tcgetattr(int fd, struct termios* out) { return no_control(fd); }
PUBLIC int tcsetattr(int fd, int when, const struct termios* settings) { return no_control(fd); }
PUBLIC int tcdrain(int fd) { return no_control(fd); }
PUBLIC int tcflow(int fd, int action) { return no_control(fd); }
PUBLIC int tcflush(int fd, int queue) { return no_control(fd); }
PUBLIC int tcsendbreak(int fd, int duration) { return no_control(fd); }
PUBLIC pid_t tcgetsid(int fd) { return no_control(fd); }
PUBLIC pid_t tcgetpgrp(int fd) { return no_control(fd); }
PUBLIC int tcsetpgrp(int fd, pid_t group) { return no_control(fd); }
PUBLIC int tcgetwinsize(int fd, struct winsize* out) { return no_control(fd); }
PUBLIC int tcsetwinsize(int fd, const struct winsize* size) { return no_control(fd); }

PUBLIC speed_t cfgetospeed(const struct termios* settings) { return settings->c_cflag & CBAUD; }
PUBLIC speed_t cfgetispeed(const struct termios* settings) { return cfgetospeed(settings); }
PUBLIC int cfsetospeed(struct termios* settings, speed_t speed) {
  if ((speed & ~CBAUD) != 0) {
    return fail(EINVAL);
  }
  settings->c_cflag = (settings->c_cflag & ~CBAUD) | speed;
  return 0;
}
PUBLIC int cfsetispeed(struct termios* settings, speed_t speed) {
  return speed == 0 ? 0 : cfsetospeed(settings, speed);
}
PUBLIC int cfsetspeed(struct termios* settings, speed_t speed) {
  return cfsetospeed(settings, speed);
}
PUBLIC void cfmakeraw(struct termios* settings) {
  settings->c_iflag &= ~(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR | IGNCR | ICRNL | IXON);
  settings->c_oflag &= ~OPOST;
  settings->c_lflag &= ~(ECHO | ECHONL | ICANON | ISIG | IEXTEN);
  settings->c_cflag &= ~(CSIZE | PARENB);
  settings->c_cflag |= CS8;
  settings->c_cc[VMIN] = 1;
  settings->c_cc[VTIME] = 0;
}

PUBLIC int ttyname_r(int fd, char* buffer, size_t size) {
  if (!isatty(fd)) {
    return errno;
  }
  return (size_t)snprintf(buffer, size, "/dev/tty") < size ? 0 : ERANGE;
}
PUBLIC char* ttyname(int fd) {
  static char name[16];
  int error = ttyname_r(fd, name, sizeof name);
  errno = error != 0 ? error : errno;
  return error == 0 ? name : NULL;
}
PUBLIC char* ctermid(char* buffer) {
  static char own[L_ctermid];
  char* name = buffer == NULL ? own : buffer;
  snprintf(name, L_ctermid, "/dev/tty");
  return name;
}

PUBLIC int posix_openpt(int flags) { return unsupported(); }
PUBLIC int grantpt(int fd) { return no_control(fd); }
PUBLIC int unlockpt(int fd) { return no_control(fd); }
PUBLIC char* ptsname(int fd) {
  no_control(fd);
  return NULL;
}
PUBLIC int ptsname_r(int fd, char* buffer, size_t size) { return no_control(fd) == 0 ? 0 : errno; }
PUBLIC int openpty(int* master, int* slave, char* name, const struct termios* settings,
                   const struct winsize* size) {
  return unsupported();
}
PUBLIC int forkpty(int* master, char* name, const struct termios* settings,
                   const struct winsize* size) {
  return unsupported();
}
