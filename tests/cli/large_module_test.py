#!/usr/bin/env python3
"""Modules of a size that hurts: they compile, run and give the right result. These tests take long."""

import sys
import unittest

import guests
from guests import CommandTest, leb

GET_0, I32_CONST, I32_ADD, I32_MUL, CALL, SET_0 = b"\x20\0", b"\x41", b"\x6a", b"\x6c", b"\x10", b"\x21\0"


def result_is(function, argument, expected):
    """Code that traps when the function, called with the argument, gives anything else."""
    return (I32_CONST + signed(argument) + CALL + leb(function) + I32_CONST + signed(expected) + b"\x47"  # i32.ne
            b"\x04\x40\0\x0b")  # if: unreachable


def signed(n):
    """An i32 in LEB128."""
    n = (n + 2**31) % 2**32 - 2**31
    out = bytearray()
    while True:
        byte, n = n & 127, n >> 7
        if n == (-1 if byte & 64 else 0):
            return bytes([*out, byte])
        out.append(byte | 128)


class Large(CommandTest):
    def check(self, bodies, start):
        (self.dir / "large.wasm").write_bytes(guests.program(bodies, start))
        done = self.weft("run", "--no-cache", "large.wasm", timeout=1500)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, b"", b""))

    def test_a_hundred_thousand_functions(self):
        count = 100_000
        bodies = [GET_0 + I32_CONST + signed(i) + I32_ADD for i in range(count)]
        self.check(bodies, result_is(count - 1, 5, 5 + count - 1) + result_is(0, 7, 7) + result_is(777, 1, 778))

    def test_one_function_of_a_megabyte(self):
        step = GET_0 + I32_CONST + signed(3) + I32_MUL + I32_CONST + signed(5) + I32_ADD + SET_0
        count = (1 << 20) // len(step) + 1
        x = 1
        for _ in range(count):
            x = (x * 3 + 5) % 2**32
        self.check([step * count + GET_0], result_is(0, 1, x))

    def test_a_hundred_thousand_nested_ifs(self):
        count = 100_000
        count_up = GET_0 + I32_CONST + signed(1) + I32_ADD + SET_0
        nested = (GET_0 + b"\x04\x40" + count_up) * count + b"\x0b" * count
        self.check([nested + GET_0], result_is(0, 1, 1 + count) + result_is(0, 0, 0) + result_is(0, -5, 0))

    def test_conditional_branches_out_of_fifty_thousand_nested_blocks(self):
        count = 50_000
        leave = GET_0 + I32_CONST + signed(1) + I32_ADD + SET_0 + GET_0 + I32_CONST + signed(7) + b"\x46\x0d"  # br_if
        nested = b"\x02\x40" * count + b"".join(leave + leb(depth) for depth in range(count)) + b"\x0b" * count
        self.check([nested + GET_0], result_is(0, 3, 7) + result_is(0, 8, 8 + count))


if __name__ == "__main__":
    sys.exit(unittest.main())
