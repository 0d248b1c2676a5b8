// posix_spawn: attributes and actions can be filled, as programs do before they try; the spawning
// itself fails.
#include <spawn.h>
#include <string.h>

#include "posix.h"

PUBLIC int posix_spawn(pid_t* process, const char* path, const posix_spawn_file_actions_t* actions,
                       const posix_spawnattr_t* attributes, char* const arguments[],
                       char* const variables[]) {
  return ENOSYS;
}
PUBLIC int posix_spawnp(pid_t* process, const char* file, const posix_spawn_file_actions_t* actions,
                        const posix_spawnattr_t* attributes, char* const arguments[],
                        char* const variables[]) {
  return ENOSYS;
}

PUBLIC int posix_spawn_file_actions_init(posix_spawn_file_actions_t* actions) {
  memset(actions, 0, sizeof *actions);
  return 0;
}
PUBLIC int posix_spawn_file_actions_destroy(posix_spawn_file_actions_t* actions) { return 0; }

static int valid_fd(int fd) { return fd >= 0 ? 0 : EBADF; }

PUBLIC int posix_spawn_file_actions_addclose(posix_spawn_file_actions_t* actions, int fd) {
  return valid_fd(fd);
}
PUBLIC int posix_spawn_file_actions_adddup2(posix_spawn_file_actions_t* actions, int from, int to) {
  return valid_fd(from < to ? from : to);
}
PUBLIC int posix_spawn_file_actions_addopen(posix_spawn_file_actions_t* actions, int fd,
                                            const char* path, int flags, mode_t mode) {
  return valid_fd(fd);
}
PUBLIC int posix_spawn_file_actions_addchdir_np(posix_spawn_file_actions_t* actions,
                                                const char* path) {
  return 0;
}
PUBLIC int posix_spawn_file_actions_addfchdir_np(posix_spawn_file_actions_t* actions, int fd) {
  return valid_fd(fd);
}

PUBLIC int posix_spawnattr_init(posix_spawnattr_t* attributes) {
  memset(attributes, 0, sizeof *attributes);
  return 0;
}
PUBLIC int posix_spawnattr_destroy(posix_spawnattr_t* attributes) { return 0; }

PUBLIC int posix_spawnattr_setflags(posix_spawnattr_t* attributes, short flags) {
  attributes->__flags = flags;
  return 0;
}
PUBLIC int posix_spawnattr_getflags(const posix_spawnattr_t* attributes, short* flags) {
  *flags = (short)attributes->__flags;
  return 0;
}
PUBLIC int posix_spawnattr_setpgroup(posix_spawnattr_t* attributes, pid_t group) {
  attributes->__pgrp = group;
  return 0;
}
PUBLIC int posix_spawnattr_getpgroup(const posix_spawnattr_t* attributes, pid_t* group) {
  *group = attributes->__pgrp;
  return 0;
}
PUBLIC int posix_spawnattr_setsigmask(posix_spawnattr_t* attributes, const sigset_t* mask) {
  attributes->__mask = *mask;
  return 0;
}
PUBLIC int posix_spawnattr_getsigmask(const posix_spawnattr_t* attributes, sigset_t* mask) {
  *mask = attributes->__mask;
  return 0;
}
PUBLIC int posix_spawnattr_setsigdefault(posix_spawnattr_t* attributes, const sigset_t* signals) {
  attributes->__def = *signals;
  return 0;
}
PUBLIC int posix_spawnattr_getsigdefault(const posix_spawnattr_t* attributes, sigset_t* signals) {
  *signals = attributes->__def;
  return 0;
}
