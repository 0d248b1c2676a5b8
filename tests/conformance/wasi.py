#!/usr/bin/env python3
"""Runs the public WASI test suite under `weft run`.

    tests/conformance/wasi.py SUITES/wasi [--weft COMMAND] [NAME...]

A test is NAME.wasm with, optionally, NAME.json: "args", "dirs" (folders beside it to grant), "env", and what is
expected, "exit_code" (0 when absent) and "stdout". A test may write into its folders, so each gets a copy of its own.
Prints each failure, and at last "N passed, N failed".
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]


def run(weft, wasm):
    """Returns None when the test passed, else what went wrong."""
    description = wasm.with_suffix(".json")
    test = json.loads(description.read_text()) if description.exists() else {}
    with tempfile.TemporaryDirectory() as scratch:
        command = [weft, "run", "--timeout", "20s"]
        for folder in test.get("dirs", []):
            copy = os.path.join(scratch, folder)
            shutil.copytree(wasm.parent / folder, copy)
            command += ["--dir", f"{copy}::{folder}"]
        for name, value in test.get("env", {}).items():
            command += ["--env", f"{name}={value}"]
        command += [str(wasm), *test.get("args", [])]
        try:
            done = subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, timeout=60)
        except subprocess.TimeoutExpired:
            return "did not end within a minute"
    expected = test.get("exit_code", 0)
    if done.returncode != expected:
        said = (done.stderr + done.stdout).decode(errors="replace").strip()
        return f"exit code {done.returncode}, not {expected}: {said[-600:]}"
    if "stdout" in test and done.stdout.decode(errors="replace") != test["stdout"]:
        return f"printed {done.stdout!r}, not {test['stdout']!r}"
    return None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("suite", type=pathlib.Path)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--weft", default=os.environ.get("WEFT", str(ROOT / "build/bin/weft")))
    options = parser.parse_args()
    tests = [t for t in sorted(options.suite.glob("*/*.wasm")) if not options.names or t.stem in options.names]
    if not tests:
        sys.exit(f"no test in {options.suite}")
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(lambda test: run(options.weft, test), tests))
    failed = 0
    for test, wrong in zip(tests, results):
        if wrong is not None:
            failed += 1
            print(f"FAILED {test.parent.name}/{test.stem}: {wrong}")
    print(f"{len(tests) - failed} passed, {failed} failed")
    sys.exit(failed > 0)


main()
