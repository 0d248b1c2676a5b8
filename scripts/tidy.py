#!/usr/bin/env python3
"""Runs clang-tidy on the sources that changed since they last passed.

    scripts/tidy.py BUILD [--budget SECONDS] [FILE...]

BUILD is a build directory with compile_commands.json. What a file's verdict depends on is known to ninja (every header
that its object was built from), so a file whose hash of all that has passed before is not looked at again. When the
budget is spent, the files left over are named as not checked; the next run goes on with them.
Prints each complaint, and at last "N passed, N failed".
"""

import argparse
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
TIDY = "clang-tidy-19"


def dependencies(build):
    """Object -> the files it was built from, as ninja recorded them."""
    result, name = {}, None
    said = subprocess.run(["ninja", "-C", build, "-t", "deps"], capture_output=True, text=True, check=True).stdout
    for line in said.splitlines():
        if not line.startswith(" "):
            name = line.split(":")[0]
            result[name] = []
        elif line.strip():
            result[name].append(line.strip())
    return result


def fingerprint(command, files, build):
    digest = hashlib.sha256((ROOT / ".clang-tidy").read_bytes() + command.encode())
    for file in sorted(files):
        path = pathlib.Path(build) / file
        # A system header changes with its package only.
        if not str(path.resolve()).startswith("/usr/"):
            digest.update(file.encode() + path.read_bytes())
    return digest.hexdigest()[:32]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("files", nargs="*")
    parser.add_argument("--budget", type=float, default=600)
    options = parser.parse_args()
    cache = pathlib.Path(os.environ.get("WEFT_CACHE", pathlib.Path.home() / ".cache/weft")) / "tidy"
    cache.mkdir(parents=True, exist_ok=True)
    built_from = dependencies(options.build)
    wanted = {str(pathlib.Path(file).resolve()) for file in options.files}
    todo, known = [], 0
    for entry in json.loads((pathlib.Path(options.build) / "compile_commands.json").read_text()):
        file = entry["file"]
        if not file.endswith(".cc") or (wanted and file not in wanted):
            continue
        # Tests drop results and build things in loops on purpose.
        if file.endswith(("_test.cc", "_bench.cc", "_fuzz.cc")) and not wanted:
            continue
        # CMake names the object in the command alone.
        output = re.search(r" -o (\S+)", entry["command"])
        files = built_from.get(output[1] if output else "", [file])
        stamp = cache / fingerprint(entry["command"], files, options.build)
        if stamp.exists():
            known += 1
        else:
            todo.append((len(files), file, stamp))
    # The small ones first: they say the most for the time.
    todo.sort()
    end = time.monotonic() + options.budget

    def check(item):
        _, file, stamp = item
        if time.monotonic() > end:
            return None
        done = subprocess.run([TIDY, "--quiet", "-p", options.build, file], capture_output=True, text=True, check=False)
        if done.returncode == 0:
            stamp.touch()
            return True
        print(done.stdout.strip() or done.stderr.strip()[-2000:], flush=True)
        return False

    with concurrent.futures.ThreadPoolExecutor(int(os.environ.get("JOBS", os.cpu_count()))) as pool:
        verdicts = list(pool.map(check, todo))
    left = [pathlib.Path(file).relative_to(ROOT) for (_, file, _), verdict in zip(todo, verdicts) if verdict is None]
    if left:
        print(f"not checked, for want of time: {' '.join(map(str, left))}")
    print(f"{known + verdicts.count(True)} passed, {verdicts.count(False)} failed")
    sys.exit(verdicts.count(False) > 0)


main()
