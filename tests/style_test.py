#!/usr/bin/env python3
"""Fails where the source tree leaves the house style, as far as a program can see it.

Lines have at most 100 columns, files at most 500 lines, functions about 70; names hold no get_, Manager, Impl or Utils.
A file that says `// generated table` in its first ten lines is exempt from the sizes, and so are the Python scripts that
guests run. Tests are named by sentences.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
FOLDERS = ("src", "apps", "bench", "sdk", "tests", "scripts", "cmake")
CODE = (".h", ".cc", ".c", ".S")
OTHER = (".py", ".sh", ".cmake")
MAX_COLUMNS, MAX_LINES, MAX_FUNCTION_LINES = 100, 500, 80
# Scripts may be wider: their long lines are mostly comments and option lists.
MAX_SCRIPT_COLUMNS = 120


def files():
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            guest_script = path.suffix == ".py" and ROOT / "tests/programs" in path.parents
            if path.is_file() and path.suffix in CODE + OTHER and not guest_script:
                yield path


def without_comments_and_strings(text):
    """The same number of lines, with comments and literals blanked."""
    token = r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\''
    return re.sub(token, lambda m: "\n" * m[0].count("\n") or " ", text, flags=re.DOTALL)


def sizes(path, lines):
    widest = MAX_COLUMNS if path.suffix in CODE else MAX_SCRIPT_COLUMNS
    for number, line in enumerate(lines, 1):
        if len(line) > widest:
            yield number, f"{len(line)} columns"
    if len(lines) > MAX_LINES:
        yield len(lines), f"{len(lines)} lines in one file"


def names(lines):
    # A name behind . -> or :: is another library's (std::get_if, llvm::PassManager); so are the virtual functions of
    # Beast's parser.
    unwanted = re.compile(r"(?<![\w.:>])(get_\w+|[A-Z]\w*(?:Manager|Impl|Utils?)|(?!on_)\w+_(?:manager|impl|utils?))\b")
    for number, line in enumerate(lines, 1):
        if line.lstrip().startswith("#include"):
            continue
        for name in unwanted.findall(line):
            yield number, f"the name {name}"


def functions(lines):
    """clang-format puts a function's head and its closing brace at the margin."""
    begin = None
    for number, line in enumerate(lines, 1):
        if begin is None and line.endswith("{") and not re.match(r"\s|(?:inline )?namespace|extern|struct|class|enum|union|\}", line):
            begin = number
        if line.startswith("}"):
            if begin and number - begin + 1 > MAX_FUNCTION_LINES:
                yield begin, f"a function of {number - begin + 1} lines"
            begin = None


def test_names(lines):
    for number, line in enumerate(lines, 1):
        match = re.match(r"(?:TEST|TEST_F|TEST_P|RC_GTEST_PROP)\((\w+), (\w+)\)", line)
        if match and (not match[2][0].islower() or "_" not in match[2]):
            yield number, f"the test {match[1]}.{match[2]} is not named by a sentence"


def faults(path):
    text = path.read_text()
    lines = text.splitlines()
    if not any("// generated table" in line for line in lines[:10]):
        yield from sizes(path, lines)
        if path.suffix in CODE:
            yield from functions(lines)
    if path.suffix in CODE:
        bare = without_comments_and_strings(text).splitlines()
        yield from names(bare)
        yield from test_names(lines)


def main():
    errors = [f"{path.relative_to(ROOT)}:{line}: {what}" for path in files() for line, what in faults(path)]
    print("\n".join(errors) or "the source tree keeps to the house style")
    sys.exit(bool(errors))


main()
