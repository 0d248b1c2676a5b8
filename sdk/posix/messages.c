// Messages: syslog goes to standard error, err.h's functions are here because wasi-libc has only
// their header, and gettext, without catalogues, gives back what it is given.
#include <err.h>
#include <libintl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "posix.h"

extern char* __progname __attribute__((weak));
static const char* program(void) { return &__progname == NULL ? "program" : __progname; }

static const char* log_name;
static int log_mask = 0xff;

PUBLIC void openlog(const char* name, int options, int facility) { log_name = name; }
PUBLIC void closelog(void) { log_name = NULL; }
PUBLIC int setlogmask(int mask) {
  int before = log_mask;
  log_mask = mask != 0 ? mask : log_mask;
  return before;
}

// %m is the text of errno.
static void expand(const char* format, const char* text, char* out, size_t size) {
  size_t used = 0;
  for (; *format != '\0' && used + 1 < size; ++format) {
    if (format[0] == '%' && format[1] == 'm') {
      int length = snprintf(out + used, size - used, "%s", text);
      used += (size_t)length < size - used ? (size_t)length : size - used - 1;
      ++format;
    } else {
      out[used++] = *format;
      if (format[0] == '%' && format[1] == '%' && used + 1 < size) {
        out[used++] = *++format;
      }
    }
  }
  out[used] = '\0';
}

PUBLIC void vsyslog(int priority, const char* format, va_list arguments) {
  int saved = errno;
  if ((log_mask & LOG_MASK(LOG_PRI(priority))) == 0) {
    return;
  }
  char expanded[1024];
  expand(format, strerror(saved), expanded, sizeof expanded);
  fprintf(stderr, "%s: ", log_name == NULL ? program() : log_name);
  vfprintf(stderr, expanded, arguments);
  size_t length = strlen(expanded);
  if (length == 0 || expanded[length - 1] != '\n') {
    fputc('\n', stderr);
  }
  errno = saved;
}
PUBLIC void syslog(int priority, const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsyslog(priority, format, arguments);
  va_end(arguments);
}

PUBLIC void vwarnx(const char* format, va_list arguments) {
  fprintf(stderr, "%s: ", program());
  if (format != NULL) {
    vfprintf(stderr, format, arguments);
  }
  fputc('\n', stderr);
}
PUBLIC void vwarn(const char* format, va_list arguments) {
  const char* reason = strerror(errno);
  fprintf(stderr, "%s: ", program());
  if (format != NULL) {
    vfprintf(stderr, format, arguments);
    fputs(": ", stderr);
  }
  fprintf(stderr, "%s\n", reason);
}
PUBLIC _Noreturn void verr(int status, const char* format, va_list arguments) {
  vwarn(format, arguments);
  exit(status);
}
PUBLIC _Noreturn void verrx(int status, const char* format, va_list arguments) {
  vwarnx(format, arguments);
  exit(status);
}
PUBLIC void warn(const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vwarn(format, arguments);
  va_end(arguments);
}
PUBLIC void warnx(const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vwarnx(format, arguments);
  va_end(arguments);
}
PUBLIC _Noreturn void err(int status, const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  verr(status, format, arguments);
}
PUBLIC _Noreturn void errx(int status, const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  verrx(status, format, arguments);
}

static const char* one_or_many(const char* one, const char* many, unsigned long n) {
  return n == 1 ? one : many;
}
PUBLIC char* gettext(const char* text) { return (char*)text; }
PUBLIC char* dgettext(const char* domain, const char* text) { return (char*)text; }
PUBLIC char* dcgettext(const char* domain, const char* text, int category) { return (char*)text; }
PUBLIC char* ngettext(const char* one, const char* many, unsigned long n) {
  return (char*)one_or_many(one, many, n);
}
PUBLIC char* dngettext(const char* domain, const char* one, const char* many, unsigned long n) {
  return (char*)one_or_many(one, many, n);
}
PUBLIC char* dcngettext(const char* domain, const char* one, const char* many, unsigned long n,
                        int category) {
  return (char*)one_or_many(one, many, n);
}
static char default_domain[] = "messages";
PUBLIC char* textdomain(const char* domain) {
  return domain == NULL ? default_domain : (char*)domain;
}
PUBLIC char* bindtextdomain(const char* domain, const char* directory) { return (char*)directory; }
PUBLIC char* bind_textdomain_codeset(const char* domain, const char* codeset) {
  return (char*)codeset;
}
