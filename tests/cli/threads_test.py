#!/usr/bin/env python3
"""Programs with threads, from the command line."""

import signal
import subprocess
import time
import unittest

import guests
from guests import CommandTest, WEFT


def program(thread, start):
    """Its threads run `thread` with $argument, its first one `start`; both may call $spawn, $await and $count."""
    return f"""(module
      (import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))
      (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
      (import "env" "memory" (memory 1 16 shared))
      (func $await (param $at i32) (param $least i32) (local $now i32)
        (loop $again
          (local.set $now (i32.atomic.load (local.get $at)))
          (if (i32.lt_s (local.get $now) (local.get $least))
            (then (drop (memory.atomic.wait32 (local.get $at) (local.get $now) (i64.const -1))) (br $again)))))
      (func $count (param $at i32)
        (drop (i32.atomic.rmw.add (local.get $at) (i32.const 1)))
        (drop (memory.atomic.notify (local.get $at) (i32.const -1))))
      (func (export "wasi_thread_start") (param $tid i32) (param $argument i32) {thread})
      (func (export "_start") {start}))"""


def spawns(count):
    return "".join(f"(drop (call $spawn (i32.const {n})))" for n in range(1, count + 1))


FOREVER = "(loop $forever (br $forever))"

# Four threads count to some hundred millions together; the exit code says whether they did.
COUNTING = program("""
  (local $i i32) (local $x i32)
  (loop $again
    (local.set $x (i32.add (i32.mul (local.get $x) (i32.const 1664525)) (i32.const 1013904223)))
    (local.set $i (i32.add (local.get $i) (i32.const 1)))
    (br_if $again (i32.lt_u (local.get $i) (i32.const 400000000))))
  (drop (i32.atomic.rmw.xor (i32.const 8) (local.get $x)))
  (call $count (i32.const 0))""", spawns(3) + """
  (call $await (i32.const 0) (i32.const 3))
  (call $proc_exit (i32.and (i32.load (i32.const 8)) (i32.const 127)))""")


class Threads(CommandTest):
    def test_any_thread_exits_the_program(self):
        name = self.build(program("(call $proc_exit (i32.const 7))", spawns(1) + FOREVER))
        done = self.weft("run", name)
        self.assertEqual((done.returncode, done.stderr), (7, b""))

    def test_a_trap_names_the_thread(self):
        name = self.build(program("(unreachable)", spawns(1) + FOREVER))
        done = self.weft("run", "--cores", "1", name)
        self.assertEqual(done.returncode, 134)
        lines = done.stderr.decode().splitlines()
        self.assertEqual(lines[0], f"weft: trap: unreachable in {name}, thread 1")
        self.assertIn("wasi_thread_start", lines[1])

    def test_beyond_the_limit_no_thread_is_made(self):
        text = program("(call $await (i32.const 0) (i32.const 1))",
                       "(call $proc_exit (i32.sub (i32.const 0) (i32.add (call $spawn (i32.const 1)) "
                       "(call $spawn (i32.const 2)))))")  # fmt: skip
        name = self.build(text)
        self.assertEqual(self.weft("run", "--threads-max", "1", name).returncode, 2)
        self.assertEqual(self.weft("run", "--threads-max", "2", name).returncode, 0)

    def test_a_deadlock_ends_by_the_timeout(self):
        wait = "(call $await (i32.const 0) (i32.const 1))"
        name = self.build(program(wait, spawns(3) + wait))
        done = self.weft("run", "--timeout", "300ms", name)
        self.assertEqual(done.returncode, 124)
        self.assertIn(b"did not end within 300ms", done.stderr)

    def test_an_interrupt_ends_threads_that_spin(self):
        name = self.build(program(FOREVER, spawns(3) + FOREVER))
        self.weft("compile", name)
        running = subprocess.Popen([WEFT, "run", name], cwd=self.dir, env=self.env)
        while running.poll() is None and not self.is_computing(running.pid):
            time.sleep(0.01)
        running.send_signal(signal.SIGINT)
        self.assertEqual(running.wait(30), -signal.SIGINT)

    def test_frozen_and_thawed_it_ends_as_undisturbed(self):
        name = self.build(COUNTING)
        undisturbed = self.weft("run", name).returncode
        done = self.weft("run", "--freeze-after", "20ms", "--freeze-to", "frozen", name)
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        done = self.weft("thaw", "--cores", "1", "--freeze-after", "20ms", "--freeze-to", "again", "frozen")
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        self.assertEqual(self.weft("thaw", "again").returncode, undisturbed)
        self.assertEqual(self.weft("thaw", "frozen").returncode, undisturbed)

    def test_numbers_out_of_range_are_refused(self):
        for option in ("--cores", "--threads-max"):
            for number in ("0", "100000", "many"):
                self.assert_refused(self.weft("run", option, number, "x.wasm"), 2, option)

    @staticmethod
    def is_computing(pid):
        """Has it used a tenth of a second of processor time?"""
        words = open(f"/proc/{pid}/stat", encoding="ascii").read().rsplit(")", 1)[1].split()
        return int(words[11]) + int(words[12]) > 10


if __name__ == "__main__":
    unittest.main()
