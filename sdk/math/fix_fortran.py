#!/usr/bin/env python3
"""Rewrites the Fortran 90 in LAPACK's FORTRAN 77 that f2c does not know.

    fix_fortran.py -- FILE.f...
"""

import pathlib
import re
import sys

SECTION = re.compile(r"(\s+)(\w*WORK)\(\s*(\d+)\s*:\s*(\d+)\s*\)\s*=\s*(\w+)$")


def rewrite(line):
    """The lines that say the same."""
    if line[:1] in tuple("*cC!"):
        return []
    line = line.replace("RECURSIVE SUBROUTINE", "SUBROUTINE")
    section = SECTION.match(line)
    if section:
        indent, array, first, last, value = section.groups()
        return [f"{indent}{array}({i}) = {value}" for i in range(int(first), int(last) + 1)]
    return [line]


for name in sys.argv[2:]:
    path = pathlib.Path(name)
    lines = path.read_text(errors="replace").splitlines()
    if name.removesuffix(".f") in ("zgeev", "zgeevx"):
        lines = [re.sub(r"\bAIMAG\b", "DIMAG", line) for line in lines]
    path.write_text("".join(f"{new}\n" for line in lines for new in rewrite(line)))
