#!/usr/bin/env python3
"""Speed of the guest's BLAS and FFTW (sdk/math, sdk/sysroot/fftw.sh) against the same sources built for this machine.

    bench/guest_math.py [--rounds N] [--weft WEFT]

The sides alternate; times are the best of all repetitions in all rounds. `ratio` is weft's time over native's
(clang -O3 -march=native, which fuses multiplications and additions; `weft-fast` is weft with permission to do so).
"""

import argparse
import os
import sys

import peers

HERE = peers.HERE / "math"
MATH = peers.ROOT / "sdk/math"
NATIVE = "-O3 -march=native -w".split()
# Guest: what links it. Native: sources and libraries of the same.
KERNELS = {
    "dgemm 512": {"define": "-DGEMM", "work": 2 * 512**3},
    "fft 2^16": {"define": "-DFFT", "work": 5 * 2**16 * 16},
}


def recipe(path):
    return peers.run([peers.ROOT / "scripts/cached", peers.ROOT / path]).strip()


def build(name, side, options):
    """The command that runs a kernel on a side."""
    kernel = KERNELS[name]
    main = HERE / "main.c"
    is_gemm = kernel["define"] == "-DGEMM"
    if side == "native":
        own = [MATH / "gemm.c", MATH / "xerbla.c"] if is_gemm else []
        fftw = "" if is_gemm else recipe("bench/math/fftw_native.sh")
        libraries = [] if is_gemm else [f"-I{fftw}/include", f"{fftw}/lib/libfftw3.a"]
        command = [peers.CLANG, *NATIVE, kernel["define"], main, *own, *libraries, "-lm"]
        inputs = [main, *own, fftw, " ".join(NATIVE), peers.version_of(peers.CLANG)]
        if is_gemm:
            inputs += [MATH / "gemm.inc", MATH / "own.h"]
    else:
        sysroot = recipe("sdk/sysroot/math.sh")
        fast = ["-ffp-contract=fast"] if side == "weft-fast" else []
        # The library's own objects do not allow fusing: it is compiled with the program.
        own = [MATH / "gemm.c", MATH / "xerbla.c"] if fast and is_gemm else []
        weftcc = peers.weft(options.weft).with_name("weftcc")
        library = "-lblas" if is_gemm else "-lfftw3"
        command = [weftcc, "-O3", "-w", *fast, kernel["define"], main, *own, library, "-lm"]
        inputs = [main, *own, sysroot, weftcc, " ".join(fast)]
        os.environ["WEFT_SYSROOT"] = sysroot

    key = f"math-{name.split()[0]}-{side}"
    program = peers.cached(key, inputs, lambda path: peers.run([*command, "-o", path]))
    return [program] if side == "native" else [peers.weft(options.weft), "run", program]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--repetitions", type=int, default=20)
    parser.add_argument("--weft")
    options = parser.parse_args()
    machine = peers.machine()
    print(", ".join(f"{key} {machine[key]}" for key in ("processor", "vectors", "load")))
    failed = False
    print(f"{'':12}{'native':>20}{'weft':>20}{'ratio':>8}{'weft-fast':>20}{'ratio':>8}")
    for name, kernel in KERNELS.items():
        sides = ["native", "weft"] + (["weft-fast"] if kernel["define"] == "-DGEMM" else [])
        commands = {side: build(name, side, options) for side in sides}
        best, sums = {}, {}
        for _ in range(options.rounds):
            for side, command in commands.items():
                time, total = peers.run([*command, options.repetitions]).split()
                best[side] = min(best.get(side, float("inf")), float(time))
                sums[side] = float(total)
        row = f"{name:12}"
        for side in sides:
            row += f"{best[side] / 1e6:9.3f} ms {kernel['work'] / best[side]:5.1f} G/s"
            row += "" if side == "native" else f"{best[side] / best['native']:8.2f}"
            if abs(sums[side] - sums["native"]) > 1e-8 * abs(sums["native"]):
                print(f"{name}: {side} computes {sums[side]}, native {sums['native']}")
                failed = True
        print(row)
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except peers.Missing as missing:
        print(missing, file=sys.stderr)
        sys.exit(1)
