#!/usr/bin/env python3
"""Prints "N passed, N failed" for a ctest run, counting the cases of GoogleTest programs rather than the programs.

    scripts/ctest_counts.py JUNIT.xml      as `ctest --output-junit` writes it
"""

import re
import sys
import xml.etree.ElementTree as tree


def counts(case):
    output = case.findtext("system-out") or ""
    passed = sum(map(int, re.findall(r"^\[  PASSED  \] (\d+) tests?", output, re.MULTILINE)))
    failed = sum(map(int, re.findall(r"^\[  FAILED  \] (\d+) tests?", output, re.MULTILINE)))
    if case.get("status") == "run":
        return (passed or 1, failed)
    # a program that crashed has counted nothing
    return (passed, max(failed, 1))


def main():
    passed = failed = 0
    for case in tree.parse(sys.argv[1]).getroot().iter("testcase"):
        if case.get("status") in ("disabled", "notrun") and case.find("failure") is None:
            continue
        more_passed, more_failed = counts(case)
        passed += more_passed
        failed += more_failed
    print(f"{passed} passed, {failed} failed")


main()
