#!/usr/bin/env python3
"""Threads and OpenMP under weft against clang -O3 -march=native with LLVM's libomp, on the same machine.

    bench/threads.py [--rounds N] [--threads 2,16] [--weft WEFT]

The sides alternate; a time is the best of all repetitions in all rounds, and `ratio` is weft's over native's.
"""

import argparse
import sys

import peers

HERE = peers.HERE / "threads"
NATIVE = "-O3 -march=native -w".split()


def build(source, flag, side, options):
    path = HERE / source
    if side == "native":
        command = [peers.CLANG, *NATIVE, flag, path, "-lm"]
        inputs = [path, flag, " ".join(NATIVE), peers.version_of(peers.CLANG)]
    else:
        weftcc = peers.weft(options.weft).with_name("weftcc")
        command = [weftcc, "-O3", "-w", flag, path, "-lm"]
        inputs = [path, flag, weftcc, str((peers.weft(options.weft).parents[1] / "sysroot").resolve())]
    program = peers.cached(f"threads-{source}-{side}", inputs, lambda out: peers.run([*command, "-o", out]))
    return [program] if side == "native" else [peers.weft(options.weft), "run", program]


def compare(title, commands, words, rounds):
    best = {}
    for _ in range(rounds):
        for side, command in commands.items():
            for line in peers.run([*command, *words]).splitlines():
                name, time = line.split()
                cell = best.setdefault(name, {})
                cell[side] = min(cell.get(side, float("inf")), float(time))
    print(f"\n{title:20}{'native':>16}{'weft':>16}{'ratio':>8}")
    for name, cell in best.items():
        row = "".join(f"{cell[side] / 1e3:13.2f} us" for side in ("native", "weft"))
        print(f"{name:20}{row}{cell['weft'] / cell['native']:8.2f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", default="2,16")
    parser.add_argument("--weft")
    options = parser.parse_args()
    machine = peers.machine()
    print(", ".join(f"{key} {machine[key]}" for key in ("processor", "cores", "load")))
    sides = ("native", "weft")
    posix = {side: build("posix.c", "-pthread", side, options) for side in sides}
    compare("POSIX threads", posix, [], options.rounds)
    openmp = {side: build("omp.c", "-fopenmp", side, options) for side in sides}
    for threads in options.threads.split(","):
        compare(f"OpenMP, {threads} threads", openmp, [threads], options.rounds)


if __name__ == "__main__":
    try:
        main()
    except peers.Missing as missing:
        print(missing, file=sys.stderr)
        sys.exit(1)
