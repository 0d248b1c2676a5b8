#!/usr/bin/env python3
"""Turns a test of wabt's interpreter into a specification script.

Such a test is a module in text form, followed by what `wasm-interp --run-all-exports` prints for it, in a comment:

    name() => i32:1
    name() => error: uncaught exception
"""

import re
import sys


def assertion(line):
    match = re.fullmatch(r"(\S+)\(\) =>(.*)", line)
    if not match:
        raise SystemExit(f"not understood: {line!r}")
    call = f'(invoke "{match[1]}")'
    result = match[2].strip()
    if result == "error: uncaught exception":
        return f"(assert_exception {call})"
    if not result:
        return f"(assert_return {call})"
    values = re.findall(r"([if]\d+):(\S+?)(?:,|$)", result)
    if not values:
        raise SystemExit(f"not understood: {line!r}")
    return f"(assert_return {call} {' '.join(f'({type_}.const {value})' for type_, value in values)})"


def main():
    text = re.sub(r"^;;;.*\n", "", sys.stdin.read(), flags=re.MULTILINE)
    module, _, rest = text.partition("(;; STDOUT ;;;\n")
    expected = rest.partition("\n;;; STDOUT ;;)")[0]
    print(module)
    for line in expected.splitlines():
        # The closing mark begins with ;;; as well and is gone by now.
        if line and line != ";; STDOUT ;;)":
            print(assertion(line))


main()
