// WASI has no owners and no modes of files.
#pragma once
#include <sys/stat.h>
#include <unistd.h>
#define fchown(file, user, group) 0
#define chown(path, user, group) 0
#define fchmod(file, mode) 0
#define chmod(path, mode) 0
