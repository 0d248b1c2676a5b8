#!/usr/bin/env python3
"""A random genome with repeats, and reads of it with errors, both as FASTA; the same for the same seed."""

import argparse
import random


def genome(rng, bases):
    sequence = "".join(rng.choices("ACGT", k=bases))
    for _ in range(bases // 20000):  # repeats, as genomes have them
        length = rng.randint(300, 3000)
        begin, to = rng.randrange(bases - length), rng.randrange(bases - length)
        sequence = sequence[:to] + sequence[begin:begin + length] + sequence[to + length:]
    return sequence


def read(rng, sequence, length, errors):
    begin = rng.randrange(len(sequence) - length)
    bases = []
    for base in sequence[begin:begin + length]:
        chance = rng.random()
        if chance < errors / 3:
            continue
        if chance < 2 * errors / 3:
            bases.append(rng.choice("ACGT"))
        bases.append(rng.choice("ACGT") if chance > 1 - errors / 3 else base)
    text = "".join(bases)
    if rng.random() < 0.5:
        text = text[::-1].translate(str.maketrans("ACGT", "TGCA"))
    return text


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bases", type=int, default=400_000)
    parser.add_argument("--reads", type=int, default=400)
    parser.add_argument("--length", type=int, default=3000)
    parser.add_argument("--errors", type=float, default=0.08)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--genome", required=True)
    parser.add_argument("--output", required=True)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    sequence = genome(rng, options.bases)
    with open(options.genome, "w", encoding="ascii") as file:
        file.write(">chr1\n")
        file.writelines(sequence[i:i + 60] + "\n" for i in range(0, len(sequence), 60))
    with open(options.output, "w", encoding="ascii") as file:
        for i in range(options.reads):
            file.write(f">read{i}\n{read(rng, sequence, options.length, options.errors)}\n")


if __name__ == "__main__":
    main()
