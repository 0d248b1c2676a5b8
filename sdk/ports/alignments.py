#!/usr/bin/env python3
"""Prints a SAM file of random alignments; the same for the same seed."""

import argparse
import random


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=60000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    lengths = {"chr1": 200_000, "chr2": 120_000}
    print("@HD\tVN:1.6\tSO:unsorted")
    for name, length in lengths.items():
        print(f"@SQ\tSN:{name}\tLN:{length}")
    for i in range(options.records):
        name = rng.choice(list(lengths))
        size = rng.randint(80, 150)
        flags = rng.choice((0, 16, 0, 16, 256, 1024, 4))
        bases = "".join(rng.choices("ACGT", k=size))
        qualities = "".join(chr(33 + rng.randint(2, 40)) for _ in range(size))
        place = f"{name}\t{rng.randint(1, lengths[name] - size)}\t{rng.randint(0, 60)}\t{size}M"
        if flags == 4:
            place = "*\t0\t0\t*"
        print(f"read{i}\t{flags}\t{place}\t*\t0\t0\t{bases}\t{qualities}\tNM:i:{rng.randint(0, 5)}")


if __name__ == "__main__":
    main()
