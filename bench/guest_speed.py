#!/usr/bin/env python3
"""Speed of guest code: kernels against native code and other engines, all in one run, the sides alternating.

    bench/guest_speed.py [--kernels gemm,fft] [--sides weft,cranelift] [--quick] [--json OUT]

Prints one row per kernel with each side's time as a multiple of `native` (clang -O3 -march=native), and the geometric
means. Times are the best of many repetitions: other work on the machine only ever adds to them. A cell is marked `~`
when its best time was not seen twice (within 2 %), so that it may be better than shown. The exit code is 1 when a
checksum is wrong or a side failed. See README.md beside this file.
"""

import argparse
import json
import math
import os
import pathlib
import subprocess
import sys

import peers

KERNELS = peers.HERE / "kernels"
# The kernels that the project's speed targets name; the table has more.
NAMED = (
    "gemm 2mm jacobi2d seidel2d nqueens sha256 nbody triad spmv mandelbrot quicksort lz hashmap fft"
).split()
# weftcc leaves vectorising and unrolling to the host's compiler, which knows the machine.
SCALAR_GUEST = "-O3 -fno-vectorize -fno-slp-vectorize -fno-unroll-loops".split()
# What other people's modules are usually built with.
SIMD_GUEST = "-O3 -msimd128".split()
SIDES = {
    "native": "clang -O3 -march=native",
    "native-base": "clang -O3",
    "weft": "weft, guest weftcc -O3",
    "native-fast": "clang -O3 -march=native -ffp-contract=fast",
    "weft-fast": "weft, the same guest marked as compiled with -ffp-contract=fast",
    "weft-simd": "weft, guest " + " ".join(SIMD_GUEST),
    "wasm2c": "wasm2c + clang -O2, guest " + " ".join(SIMD_GUEST),
    "cranelift": "wasmtime (Cranelift, speed), guest " + " ".join(SIMD_GUEST),
    # Not in the default table:
    "wasm2c-native": "wasm2c + clang -O3 -march=native, guest " + " ".join(SIMD_GUEST),
    "wasm2c-scalar": "wasm2c + clang -O2, guest " + " ".join(SCALAR_GUEST),
    "wasm2c-scalar-native": "wasm2c + clang -O3 -march=native, guest " + " ".join(SCALAR_GUEST),
    "cranelift-scalar": "wasmtime (Cranelift, speed), guest " + " ".join(SCALAR_GUEST),
}
DEFAULT_SIDES = "native native-base native-fast weft weft-fast weft-simd wasm2c cranelift".split()
TOLERANCE = 1e-6


class Builder:
    """Makes the command that runs a kernel on a side. Everything it builds is cached by content."""

    def __init__(self, options):
        self.options = options
        self.compiler = peers.version_of(peers.CLANG)

    def sources(self, kernel):
        return [KERNELS / f"{kernel}.c", KERNELS / "main.c"]

    def compile(self, kernel, tag, flags, compiler=peers.CLANG):
        """A program of the kernel with these compiler flags."""
        sources = self.sources(kernel)
        command = [compiler, "-std=gnu17", *flags, f'-DKERNEL_NAME="{kernel}"', *sources, "-lm"]

        def build(path):
            peers.run([*command, "-o", path])

        inputs = [*sources, KERNELS / "kernel.h", self.compiler, str(compiler), " ".join(flags)]
        return peers.cached(f"{kernel}-{tag}", inputs, build)

    def native(self, kernel, *flags):
        return self.compile(kernel, "native", flags)

    def guest(self, kernel, flags):
        root = peers.sysroot(self.options.sysroot)
        target = ["--target=wasm32-wasip1", f"--sysroot={root}"]
        return self.compile(kernel, "guest", [*target, *flags])

    def weftcc(self, kernel, *flags):
        return self.compile(kernel, "weftcc", ["-O3", *flags], peers.weft(self.options.weft).with_name("weftcc"))

    def wasm2c(self, kernel, guest_flags, *host_flags):
        module = self.guest(kernel, guest_flags)
        host = peers.HERE / "wasm2c_host.c"

        def build(path):
            sources = path.with_name(path.name + ".d")
            try:
                files, includes = peers.wasm2c_sources(module, sources)
                command = [peers.CLANG, *host_flags, "-w", *includes, *files, host]
                peers.run([*command, "-lm", "-o", path])
            finally:
                peers.shutil.rmtree(sources, ignore_errors=True)

        inputs = [module, host, self.compiler, *host_flags, *peers.PACKAGES]
        return peers.cached(f"{kernel}-wasm2c", inputs, build)

    def cranelift(self, kernel, guest_flags):
        module = self.guest(kernel, guest_flags)
        runner = peers.HERE / "wasmtime_host.py"

        def build(path):
            peers.run([peers.python(), runner, "compile", module, path])

        inputs = [module, runner, *peers.PACKAGES, peers.machine()["processor"]]
        return [peers.python(), runner, "run", peers.cached(f"{kernel}-cranelift", inputs, build)]

    def weft(self, module):
        program = peers.weft(self.options.weft)
        return [program, "run", *self.options.weft_options.split(), module]

    def command(self, kernel, side):
        """The command line without the number of repetitions."""
        if side == "native":
            return [self.native(kernel, "-O3", "-march=native")]
        if side == "native-base":
            return [self.native(kernel, "-O3")]
        if side == "native-fast":
            return [self.native(kernel, "-O3", "-march=native", "-ffp-contract=fast")]
        if side == "weft":
            return self.weft(self.weftcc(kernel))
        if side == "weft-fast":
            return self.weft(self.weftcc(kernel, "-ffp-contract=fast"))
        guest = SCALAR_GUEST if "scalar" in side else SIMD_GUEST
        if side.startswith("weft"):
            return self.weft(self.guest(kernel, guest))
        if side.startswith("cranelift"):
            return self.cranelift(kernel, guest)
        flags = ["-O3", "-march=native"] if side.endswith("native") else ["-O2"]
        return [self.wasm2c(kernel, guest, *flags)]

    def exact_checksum(self, kernel):
        """The checksum without any contraction to FMA: what WebAssembly's rules demand."""
        program = self.native(kernel, "-O2", "-ffp-contract=off")
        return measure([program], 1)[0]


def raise_priority():
    """Called in the measured process: other work on the machine should wait. Only root may; others measure as is."""
    try:
        os.setpriority(os.PRIO_PROCESS, 0, -10)
    except PermissionError:
        pass


def measure(command, repetitions):
    """Runs a kernel program once; returns its checksum and its best and median time in ns."""
    command = [*map(str, command), str(repetitions)]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=600, check=False, preexec_fn=raise_priority
        )
    except subprocess.TimeoutExpired as late:
        raise peers.Missing(f"no end after {late.timeout} s") from late
    fields = done.stdout.split()
    if done.returncode != 0 or len(fields) != 4:
        tail = " | ".join((done.stderr + done.stdout).strip().splitlines()[-2:])
        raise peers.Missing(f"exits {done.returncode}: {tail}")
    return float(fields[1]), int(fields[2]), int(fields[3])


class Cell:
    """What one side gave for one kernel."""

    def __init__(self):
        self.bests = []
        self.medians = []
        self.checksum = None
        self.problem = None

    def add(self, checksum, best, median):
        if self.checksum is not None and checksum != self.checksum:
            self.problem = f"checksum changes between runs: {checksum!r}, {self.checksum!r}"
        self.checksum = checksum
        self.bests.append(best)
        self.medians.append(median)

    @property
    def best(self):
        return min(self.bests)

    def settled(self):
        """Whether the best time was seen twice."""
        lowest = sorted(self.bests)[:2]
        return len(lowest) == 2 and lowest[1] <= lowest[0] * 1.02


def measure_kernel(builder, kernel, sides, options):
    """All sides of one kernel, in rounds; each round runs every side once, in turning order."""
    cells = {side: Cell() for side in sides}
    commands = {}
    for side in sides:
        try:
            commands[side] = builder.command(kernel, side)
            # The first run is not counted: it may compile, and fills caches.
            measure(commands[side], 1)
        except peers.Missing as missing:
            cells[side].problem = str(missing)
            commands.pop(side, None)
    for turn in range(options.max_rounds):
        running = [side for side in commands if cells[side].problem is None]
        for side in running[turn % 2 :] + running[: turn % 2]:
            try:
                cells[side].add(*measure(commands[side], options.reps))
            except peers.Missing as missing:
                cells[side].problem = str(missing)
        if turn + 1 >= options.rounds and all(cells[side].settled() for side in running):
            break
    return cells


def check(cells, exact):
    """Marks sides with a wrong checksum; returns those whose value differs by contraction only."""
    contracted = []
    for side, cell in cells.items():
        if cell.problem or cell.checksum == exact:
            continue
        if math.isclose(cell.checksum, exact, rel_tol=TOLERANCE) and not is_strict(side):
            contracted.append(side)
        else:
            cell.problem = f"WRONG checksum {cell.checksum!r} instead of {exact!r}"
    for side, cell in cells.items():
        if ratio(cells, side) is not None and ratio(cells, side) < 0.05:
            cell.problem = f"{cell.best} ns: the compiler optimised the work away; mend the kernel"
    return contracted


def is_strict(side):
    """Native code may contract a*b+c within an expression, and weft may where the module says that its source allowed
    it. wasm2c's output is C, so clang -march=native may contract there too; with -O2 alone it has no FMA."""
    return not (side.startswith(("native", "weft")) or side.endswith("native"))


def geomean(values):
    return math.exp(sum(math.log(value) for value in values) / len(values)) if values else None


def ratio(cells, side):
    """The side's time as a multiple of native's; None when either is missing."""
    if any(cells[name].problem or not cells[name].bests for name in ("native", side)):
        return None
    return cells[side].best / cells["native"].best


def summary(table, sides):
    """Geometric means over all kernels and over the named ones, and the worst kernel, per side."""
    result = {}
    for side in sides:
        ratios = {kernel: ratio(cells, side) for kernel, cells in table.items()}
        ratios = {kernel: value for kernel, value in ratios.items() if value is not None}
        worst = max(ratios, key=ratios.get, default=None)
        result[side] = {
            "geomean": geomean(list(ratios.values())),
            "geomean_named": geomean([ratios[k] for k in NAMED if k in ratios]),
            "kernels": len(ratios),
            "worst": worst and [worst, ratios[worst]],
        }
    return result


def print_row(kernel, cells, sides):
    row = f"{kernel:<12}{cells['native'].best / 1e6:>9.2f}" if cells["native"].bests else f"{kernel:<21}"
    for side in sides[1:]:
        value = ratio(cells, side)
        mark = " " if value is None or (cells[side].settled() and cells["native"].settled()) else "~"
        row += f"{'missing' if value is None else f'{value:.2f}':>{len(side) + 3}}{mark}"
    print(row, flush=True)


def print_summary(totals, sides):
    for label, key in (("geomean", "geomean"), ("of named", "geomean_named")):
        row = f"{label:<21}"
        for side in sides[1:]:
            value = totals[side][key]
            row += f"{'-' if value is None else f'{value:.3f}':>{len(side) + 3}} "
        print(row)
    row = f"{'worst':<21}"
    for side in sides[1:]:
        worst = totals[side]["worst"]
        row += f"{f'{worst[1]:.2f}' if worst else '-':>{len(side) + 3}} "
    print(row)


def arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kernels", help="comma-separated; all without it")
    parser.add_argument("--sides", help="comma-separated, of " + ", ".join(SIDES))
    parser.add_argument("--reps", type=int, default=11, help="repetitions per process (11)")
    parser.add_argument("--rounds", type=int, default=4, help="processes per side and kernel, at least (4)")
    parser.add_argument("--max-rounds", type=int, default=12, help="at most, while times settle (12)")
    parser.add_argument("--quick", action="store_true", help="2 rounds of 5: a rough picture")
    parser.add_argument("--json", type=pathlib.Path, help="also write all figures to this file")
    parser.add_argument("--weft", help="the runner, called as WEFT run PROG.wasm ARGS (build/bin/weft)")
    parser.add_argument("--weft-options", default="", help="options between `run` and the program")
    parser.add_argument("--sysroot", help="guest sysroot (WEFT_SYSROOT, else sdk/sysroot builds it)")
    options = parser.parse_args()
    if options.quick:
        options.reps, options.rounds, options.max_rounds = 5, 2, 2
    return options


def chosen(given, known, default, what):
    names = given.split(",") if given else list(default)
    unknown = [name for name in names if name not in known]
    if unknown:
        sys.exit(f"unknown {what} {', '.join(unknown)}; there are {', '.join(known)}")
    return names


def main():
    options = arguments()
    known = sorted(path.stem for path in KERNELS.glob("*.c") if path.stem != "main")
    kernels = chosen(options.kernels, known, known, "kernel")
    sides = chosen(options.sides, SIDES, DEFAULT_SIDES, "side")
    sides = ["native"] + [side for side in sides if side != "native"]
    machine = peers.machine()
    print("; ".join(f"{key} {value}" for key, value in machine.items()))
    for side in sides:
        print(f"  {side:<22}{SIDES[side]}")
    print(f"\n{'kernel':<12}{'native ms':>9}" + "".join(f"{side:>{len(side) + 3}} " for side in sides[1:]))
    builder, table, notes = Builder(options), {}, []
    for kernel in kernels:
        cells = table[kernel] = measure_kernel(builder, kernel, sides, options)
        contracted = check(cells, builder.exact_checksum(kernel))
        print_row(kernel, cells, sides)
        notes += [f"{kernel}: {side}: {cell.problem}" for side, cell in cells.items() if cell.problem]
        if [side for side in contracted if not side.startswith("native")]:
            notes.append(f"{kernel}: result contracted to FMA on {', '.join(contracted)}")
    totals = summary(table, sides)
    print_summary(totals, sides)
    print("\nload average at the end " + "/".join(f"{value:.1f}" for value in os.getloadavg()))
    for note in notes:
        print("note: " + note)
    if options.json:
        write_json(options.json, machine, sides, table, totals, notes)
    return 1 if any(cell.problem for cells in table.values() for cell in cells.values()) else 0


def write_json(path, machine, sides, table, totals, notes):
    def figures(cell):
        if not cell.bests:
            return {"problem": cell.problem}
        median = sorted(cell.medians)[len(cell.medians) // 2]
        return {
            "best_ns": cell.best,
            "median_ns": median,
            "rounds": len(cell.bests),
            "settled": cell.settled(),
            "checksum": cell.checksum,
            "problem": cell.problem,
        }

    data = {
        "machine": machine,
        "sides": {side: SIDES[side] for side in sides},
        "kernels": {k: {side: figures(c) for side, c in cells.items()} for k, cells in table.items()},
        "summary": totals,
        "notes": notes,
    }
    path.write_text(json.dumps(data, indent=1) + "\n")


if __name__ == "__main__":
    sys.exit(main())
