// Users and groups: there is one of each, "weft", with the number 1000. Its home is $HOME, or the
// root directory.
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "posix.h"

enum { this_user = 1000, this_group = 1000 };
static char name[] = "weft";
static char no_password[] = "x";
static char shell[] = "/bin/sh";

PUBLIC uid_t getuid(void) { return this_user; }
PUBLIC uid_t geteuid(void) { return this_user; }
PUBLIC gid_t getgid(void) { return this_group; }
PUBLIC gid_t getegid(void) { return this_group; }
PUBLIC int issetugid(void) { return 0; }

PUBLIC int getresuid(uid_t* real, uid_t* effective, uid_t* saved) {
  *real = *effective = *saved = this_user;
  return 0;
}
PUBLIC int getresgid(gid_t* real, gid_t* effective, gid_t* saved) {
  *real = *effective = *saved = this_group;
  return 0;
}

// A user who is not root may become who it is; -1 stands for "as it is" where several are set.
static int become(unsigned id, unsigned own) { return id == own ? 0 : fail(EPERM); }
static int keeps(unsigned id, unsigned own) { return id == own || id == (unsigned)-1; }

PUBLIC int setuid(uid_t user) { return become(user, this_user); }
PUBLIC int seteuid(uid_t user) { return become(user, this_user); }
PUBLIC int setgid(gid_t group) { return become(group, this_group); }
PUBLIC int setegid(gid_t group) { return become(group, this_group); }
PUBLIC int setreuid(uid_t real, uid_t effective) {
  return keeps(real, this_user) && keeps(effective, this_user) ? 0 : fail(EPERM);
}
PUBLIC int setregid(gid_t real, gid_t effective) {
  return keeps(real, this_group) && keeps(effective, this_group) ? 0 : fail(EPERM);
}
PUBLIC int setresuid(uid_t real, uid_t effective, uid_t saved) {
  return keeps(saved, this_user) ? setreuid(real, effective) : fail(EPERM);
}
PUBLIC int setresgid(gid_t real, gid_t effective, gid_t saved) {
  return keeps(saved, this_group) ? setregid(real, effective) : fail(EPERM);
}

PUBLIC int getgroups(int capacity, gid_t* groups) {
  if (capacity < 0) {
    return fail(EINVAL);
  }
  if (capacity > 0) {
    groups[0] = this_group;
  }
  return 1;
}
PUBLIC int setgroups(size_t count, const gid_t* groups) { return fail(EPERM); }
PUBLIC int initgroups(const char* user, gid_t group) { return fail(EPERM); }
PUBLIC int getgrouplist(const char* user, gid_t group, gid_t* groups, int* count) {
  int fits = *count >= 1;
  *count = 1;
  if (fits) {
    groups[0] = group;
  }
  return fits ? 1 : -1;
}

static struct passwd* user_record(void) {
  static struct passwd record;
  char* home = getenv("HOME");
  static char root[] = "/";
  record = (struct passwd){.pw_name = name,
                           .pw_passwd = no_password,
                           .pw_uid = this_user,
                           .pw_gid = this_group,
                           .pw_gecos = name,
                           .pw_dir = is_empty(home) ? root : home,
                           .pw_shell = shell};
  return &record;
}

// Not found is no error: NULL with errno as it was.
PUBLIC struct passwd* getpwuid(uid_t user) { return user == this_user ? user_record() : NULL; }
PUBLIC struct passwd* getpwnam(const char* user) {
  return strcmp(user, name) == 0 ? user_record() : NULL;
}

static int copy_user(struct passwd* found, struct passwd* out, char* buffer, size_t size,
                     struct passwd** result) {
  *result = NULL;
  if (found == NULL) {
    return 0;
  }
  int length = snprintf(buffer, size, "%s", found->pw_dir);
  if (length < 0 || (size_t)length >= size) {
    return ERANGE;
  }
  *out = *found;
  out->pw_dir = buffer;
  *result = out;
  return 0;
}
PUBLIC int getpwuid_r(uid_t user, struct passwd* out, char* buffer, size_t size,
                      struct passwd** result) {
  return copy_user(getpwuid(user), out, buffer, size, result);
}
PUBLIC int getpwnam_r(const char* user, struct passwd* out, char* buffer, size_t size,
                      struct passwd** result) {
  return copy_user(getpwnam(user), out, buffer, size, result);
}

static int users_listed;
PUBLIC void setpwent(void) { users_listed = 0; }
PUBLIC void endpwent(void) { users_listed = 0; }
PUBLIC struct passwd* getpwent(void) { return users_listed++ == 0 ? user_record() : NULL; }

static struct group* group_record(void) {
  static char* members[] = {NULL};
  static struct group record = {name, no_password, this_group, members};
  return &record;
}
PUBLIC struct group* getgrgid(gid_t group) { return group == this_group ? group_record() : NULL; }
PUBLIC struct group* getgrnam(const char* group) {
  return strcmp(group, name) == 0 ? group_record() : NULL;
}
static int copy_group(struct group* found, struct group* out, struct group** result) {
  *result = NULL;
  if (found != NULL) {
    *out = *found;
    *result = out;
  }
  return 0;
}
PUBLIC int getgrgid_r(gid_t group, struct group* out, char* buffer, size_t size,
                      struct group** result) {
  return copy_group(getgrgid(group), out, result);
}
PUBLIC int getgrnam_r(const char* group, struct group* out, char* buffer, size_t size,
                      struct group** result) {
  return copy_group(getgrnam(group), out, result);
}
static int groups_listed;
PUBLIC void setgrent(void) { groups_listed = 0; }
PUBLIC void endgrent(void) { groups_listed = 0; }
PUBLIC struct group* getgrent(void) { return groups_listed++ == 0 ? group_record() : NULL; }

// $LOGNAME, if the host passes one on; else there is nobody logged in.
PUBLIC char* getlogin(void) {
  char* user = getenv("LOGNAME");
  if (is_empty(user)) {
    errno = ENXIO;
    return NULL;
  }
  return user;
}
PUBLIC int getlogin_r(char* buffer, size_t size) {
  const char* user = getlogin();
  if (user == NULL) {
    return errno;
  }
  return (size_t)snprintf(buffer, size, "%s", user) < size ? 0 : ERANGE;
}
PUBLIC char* cuserid(char* buffer) {
  static char own[L_cuserid];
  return strcpy(buffer == NULL ? own : buffer, name);
}

PUBLIC char* getpass(const char* prompt) {
  errno = ENXIO;
  return NULL;
}
