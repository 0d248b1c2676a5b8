#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "check.h"

int main(void) {
  check("one user", getuid() == 1000 && geteuid() == getuid());
  check("one group", getgid() == 1000 && getegid() == getgid());
  check("setuid() to itself", setuid(getuid()) == 0 && setgid(getgid()) == 0);
  fails("setuid() to root", setuid(0) == -1, EPERM);
  fails("setregid()", setregid(-1, 0) == -1, EPERM);
  gid_t groups[2];
  check("getgroups()", getgroups(0, NULL) == 1 && getgroups(2, groups) == 1 && groups[0] == 1000);

  struct passwd* user = getpwuid(getuid());
  check("getpwuid()", user != NULL && strcmp(user->pw_name, "weft") == 0 && user->pw_uid == 1000);
  check("its home is $HOME", user != NULL && strcmp(user->pw_dir, "/home/test") == 0);
  errno = 0;
  check("getpwuid() of nobody", getpwuid(7) == NULL && errno == 0 && getpwnam("root") == NULL);
  struct passwd record, *found;
  char buffer[64];
  check("getpwnam_r()", getpwnam_r("weft", &record, buffer, sizeof buffer, &found) == 0 &&
                            found == &record && strcmp(record.pw_dir, "/home/test") == 0);
  check("getpwnam_r() without room",
        getpwnam_r("weft", &record, buffer, 3, &found) == ERANGE && found == NULL);
  check("getpwuid_r() of nobody",
        getpwuid_r(7, &record, buffer, sizeof buffer, &found) == 0 && found == NULL);
  setpwent();
  check("getpwent() lists one", getpwent() != NULL && getpwent() == NULL);
  struct group* group = getgrgid(getgid());
  check("getgrgid()", group != NULL && strcmp(group->gr_name, "weft") == 0);
  check("getgrnam() of none", getgrnam("wheel") == NULL);
  fails("getlogin() without LOGNAME", getlogin() == NULL, ENXIO);
  setenv("LOGNAME", "me", 1);
  check("getlogin()", strcmp(getlogin(), "me") == 0 && getlogin_r(buffer, 2) == ERANGE);

  char host[16];
  check("gethostname()", gethostname(host, sizeof host) == 0 && strcmp(host, "weft") == 0);
  fails("gethostname() without room", gethostname(host, 2) == -1, ENAMETOOLONG);
  struct utsname system;
  check("uname()", uname(&system) == 0 && strcmp(system.machine, "wasm32") == 0);
}
