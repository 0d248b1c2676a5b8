#!/usr/bin/env python3
"""Gives the C that f2c makes of BLAS and LAPACK the calling convention of C programs, and Fortran its own beside it.

    fix_f2c.py FILE.c...     rewrites the files; prints the names of the procedures that take characters

f2c follows old Fortran compilers: subroutines return an int, and the lengths of characters come after the other
arguments. C programs, CBLAS and LAPACKE call `void dgemm_(char*, …)` without lengths. Elsewhere the difference goes
unnoticed; WebAssembly calls no function whose type is another one. So both go, and a procedure that takes characters
gets a second entry, dgemm_.lengths, which is what Fortran programs call (sdk/fortran/retarget/passes.h).

f2c's constants (c__1) are named after their file, so that several files can be compiled as one. All definitions are
weak, so that a program may bring some of them of its own.
"""

import pathlib
import re
import sys

RESULT = "int|VOID|doublereal|real|integer|logical"
DEFINITION = re.compile(rf"^((?:/\*[^*]*\*/\s*)?)({RESULT}) (\w+_)\(([^)]*)\)\s*\{{", re.M)


def name_of(parameter):
    return re.search(r"(\w+)\s*$", parameter)[1]


def lengths_entry(result, name, parameters):
    """The second entry, in C."""
    lengths = [f"int {name_of(p)}_len" for p in parameters if p.startswith("char")]
    signature = f'{result} {name[:-1]}_lengths({", ".join(parameters + lengths)})'
    back = "" if result == "void" else "return "
    return (f'\n{signature} __asm__("{name}.lengths");\n'
            f'WEAK {signature} {{ {back}{name}({", ".join(map(name_of, parameters))}); }}\n')


def fix(text, stem):
    """The text, and the procedures in it that take characters."""
    entries, names = [], []

    def definition(match):
        comment, result, name, parameters = match.groups()
        result = "void" if "Subroutine" in comment or result == "VOID" else result
        parameters = [" ".join(p.split()) for p in parameters.split(",")]
        parameters = [p for p in parameters if not p.startswith("ftnlen")]
        if any(p.startswith("char") for p in parameters):
            entries.append(lengths_entry(result, name, parameters))
            names.append(name[:-1])
        return f"{comment}WEAK {match[0][len(comment):]}"

    # Names with an underscore get two more from f2c, and one from every compiler of today.
    text = re.sub(r"\b([a-z0-9]+(?:_[a-z0-9]+)+)__\b", r"\1_", text)
    text = DEFINITION.sub(definition, text)
    # A Fortran program may have an XERBLA of its own: it is called as Fortran does it.
    if re.search(r"\bxerbla_\([^()]*\bftnlen\)", text):
        text = re.sub(r"\bxerbla_\b", "xerbla_lengths", text)
    text = re.sub(r"(\bxerbla_lengths\([^;]*?),\s*\(\s*ftnlen\s*\)\s*(\d+)", r"\1, \2", text)
    text = re.sub(r"(\bxerbla_lengths\([^()]*)\bftnlen\)", r"\1int)", text)
    text = re.sub(r",\s*\(\s*ftnlen\s*\)\s*\d+", "", text)
    text = re.sub(r",\s*ftnlen\b(\s+\w+)?", "", text)
    text = re.sub(r"/\* Subroutine \*/\s+(WEAK )?int\b", r"/* Subroutine */ \1void", text)
    if re.search(r"^(/\* Subroutine \*/ WEAK void|/\* (Double )?Complex \*/ WEAK VOID) ", text, re.M):
        text = re.sub(r"\breturn 0;", "return;", text)
    text = re.sub(r"\b(c_(?:[_bn]\d+|true|false))\b", rf"{stem}_\1", text)
    text = text.replace('#include "FLA_f2c.h"', '#include "f2c.h"')
    return text + "".join(entries), names


for file in sys.argv[1:]:
    path = pathlib.Path(file)
    fixed, taking_characters = fix(path.read_text(errors="replace"), path.stem)
    path.write_text(fixed)
    for found in taking_characters:
        print(found)
