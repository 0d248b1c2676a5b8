#!/usr/bin/env python3
"""Makes wasi-libc's headers declare what sdk/posix has.

    headers.py WASI-LIBC-SOURCE INCLUDE-DIR

wasi-libc's headers are musl's, with what WASI has not hidden behind `#ifdef __wasilibc_unmodified_upstream`. These
blocks are opened, except those where wasi-libc has something else in their place (KEPT). The headers that wasi-libc
leaves out altogether come from its copy of musl. At last, the files of append/ are added to those of the same name, and
the files of include/ are put beside them.
"""

import pathlib
import shutil
import sys

HERE = pathlib.Path(__file__).resolve().parent
MACRO = "__wasilibc_unmodified_upstream"

# The comments behind the #ifdef of blocks that stay hidden: there is another definition, or there is no such function.
KEPT = (
    "Use alternate", "NULL", "define FILE", "compiler's", "Optimize the readonly", "1 is a valid", "sig_atomic_t",
    "Declare strlen", "readdir_r", "gets is obsolete", "name_to_handle", "F_GETOWN_EX", "splice", "syc_file_range",
    "statx", "WASI has no syscall", "Linux-specific", "arc4random", "// WASI has no usernames", "attributes as",
)  # fmt: skip
# Blocks that begin so only claim options of the standard, or define something otherwise.
KEPT_FIRST_LINES = ("#define _POSIX_", "#define RTLD_LOCAL", "/* WASI has no setjmp")
# In these the whole of musl's text is taken, "alternate" or not.
WHOLE = ("sys/resource.h",)

# Declared in two headers, and not alike for C++: HEADER, line, what takes its place.
REPLACED = (
    ("sched.h", "void *memcpy(void *__restrict, const void *__restrict, size_t);", "#include <__functions_memcpy.h>"),
    ("sched.h", "void *memset (void *, int, size_t);", ""),
)

FROM_MUSL = """
    grp.h libintl.h link.h elf.h mntent.h net/if.h netdb.h paths.h pty.h pwd.h resolv.h shadow.h spawn.h sys/ipc.h
    sys/msg.h sys/prctl.h sys/sem.h sys/shm.h sys/statfs.h sys/sysmacros.h sys/syslog.h sys/termios.h sys/vfs.h
    sys/wait.h syslog.h termios.h ulimit.h utmp.h utmpx.h wait.h wordexp.h lastlog.h
""".split()
FROM_MUSL_BITS = "ipc.h link.h msg.h sem.h shm.h statfs.h termios.h ipcstat.h".split()


def opened(text, whole):
    lines = text.split("\n")
    for i, line in enumerate(lines):
        if MACRO not in line or not line.startswith("#if") or line.startswith("#ifndef"):
            continue
        kept = any(k in line for k in KEPT) and not (whole and "alternate" in line)
        if kept or lines[i + 1].startswith(KEPT_FIRST_LINES):
            continue
        lines[i] = line.replace(f"#ifdef {MACRO}", "#if 1")
        lines[i] = lines[i].replace(f"defined({MACRO})", "1").replace(f"defined {MACRO}", "1")
    return "\n".join(lines)


def main():
    source, include = map(pathlib.Path, sys.argv[1:])
    musl = source / "libc-top-half/musl"
    for name in FROM_MUSL:
        (include / name).parent.mkdir(exist_ok=True)
        shutil.copyfile(musl / "include" / name, include / name)
    for name in FROM_MUSL_BITS:
        shutil.copyfile(musl / "arch/generic/bits" / name, include / "bits" / name)
    for path in include.rglob("*.h"):
        name = str(path.relative_to(include))
        if "c++" not in path.parts and MACRO in (text := path.read_text(errors="surrogateescape")):
            path.write_text(opened(text, name in WHOLE), errors="surrogateescape")
    for name, line, other in REPLACED:
        text = (include / name).read_text()
        if line not in text:
            raise SystemExit(f"headers.py: {name} has no line '{line}'")
        (include / name).write_text(text.replace(line, other))
    for path in (HERE / "append").rglob("*.h"):
        target = include / path.relative_to(HERE / "append")
        target.write_text(target.read_text() + "\n" + path.read_text())
    shutil.copytree(HERE / "include", include, dirs_exist_ok=True)


main()
