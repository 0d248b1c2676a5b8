#!/usr/bin/env python3
"""The commands beside `run`: compile, inspect, doctor, wast, completion, and what a terminal sees."""

import json
import os
import pty
import shutil
import signal
import subprocess
import sys
import unittest

import guests
from guests import CommandTest, WEFT


class Compile(CommandTest):
    def test_a_compiled_program_runs_as_its_module_does(self):
        name = self.build(guests.HELLO)
        self.assertEqual(self.weft("compile", name).returncode, 0)
        self.assertEqual(self.weft("run", "guest.weft").stdout, b"hello\n")
        done = self.weft("compile", name, "-o", "other.weft", "--cpu", "x86-64-v2", "-j", "1")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, b"", b""))
        self.assertEqual(self.weft("run", "other.weft").stdout, b"hello\n")

    def test_the_same_module_gives_the_same_bytes(self):
        name = self.build(guests.COUNTER)
        self.weft("compile", name, "-o", "a")
        self.weft("compile", name, "-o", "b", "-j", "1")
        self.assertEqual((self.dir / "a").read_bytes(), (self.dir / "b").read_bytes())

    def test_what_cannot_be_compiled_leaves_the_old_file(self):
        name = self.build(guests.HELLO)
        (self.dir / "out").write_text("old")
        (self.dir / "bad.wasm").write_bytes(b"\0asm\1\0\0\0\1")
        self.assert_refused(self.weft("compile", "bad.wasm", "-o", "out"), 1, "bad.wasm")
        self.assertEqual((self.dir / "out").read_text(), "old")
        self.assert_refused(self.weft("compile", name, "-o", "gone/out"), 1, "gone/out", "No such file")
        self.assert_refused(self.weft("compile", name, name), 2, "one module")
        self.weft("compile", name)
        self.assert_refused(self.weft("compile", "guest.weft"), 1, "compiled already")
        there = ["bad.wasm", "guest.wasm", "guest.wasm.wat", "guest.weft", "out"]
        self.assertEqual(sorted(os.listdir(self.dir)), there)

    def test_a_damaged_code_file_is_refused(self):
        self.weft("compile", self.build(guests.HELLO))
        whole = (self.dir / "guest.weft").read_bytes()
        for damaged in (whole[:100], whole[:-1], whole[:6000] + b"?" + whole[6001:]):
            (self.dir / "guest.weft").write_bytes(damaged)
            self.assert_refused(self.weft("run", "guest.weft"), 1, "guest.weft")


class Inspect(CommandTest):
    def test_a_module_is_described(self):
        name = self.build(guests.HELLO)
        text = self.weft("inspect", name).stdout.decode()
        fd_write = "wasi_snapshot_preview1.fd_write (i32, i32, i32, i32) -> (i32)"
        for part in (fd_write, "_start", "1 MiB", "It can run here"):
            self.assertIn(part, text)
        found = json.loads(self.weft("inspect", "--json", name).stdout)
        self.assertTrue(found["runs_here"])
        self.assertEqual(found["memory"], {"min": 16, "max": None, "shared": False})
        self.assertEqual([e["name"] for e in found["exports"]], ["memory", "_start"])

    def test_features_are_found(self):
        name = self.build("""(module (memory 1 1 shared)
          (func (param v128) (result v128) (i8x16.add (local.get 0) (local.get 0)))
          (func (drop (i32.atomic.load (i32.const 0))) (memory.fill (i32.const 0) (i32.const 0) (i32.const 0)))
          (func $t (return_call $t)))""")
        found = json.loads(self.weft("inspect", "--json", name).stdout)
        self.assertEqual(found["features"], ["bulk-memory", "simd", "tail-call", "threads"])

    def test_each_reason_against_running_is_a_line(self):
        name = self.build("""(module (import "env" "f" (func (param i32))) (import "env" "g" (global i32))
          (import "env" "memory" (memory 1))
          (import "wasi_snapshot_preview1" "fd_write" (func (result i64))))""")
        done = self.weft("inspect", name)
        lines = [line for line in done.stdout.decode().splitlines() if line.startswith("It cannot run here: ")]
        self.assertEqual(len(lines), 3)
        self.assertIn("env.f (i32) -> ()", lines[0])
        self.assertIn("global env.g", lines[1])
        self.assertIn("() -> (i64); weft provides (i32, i32, i32, i32) -> (i32)", lines[2])

    def test_a_code_file_is_described(self):
        self.weft("compile", "--cpu", "x86-64-v2", self.build(guests.HELLO))
        found = json.loads(self.weft("inspect", "--json", "guest.weft").stdout)
        self.assertEqual((found["kind"], found["cpu"], found["runs_here"]), ("code file", "x86-64-v2", True))


class Doctor(CommandTest):
    def test_it_says_whether_weft_can_run(self):
        done = self.weft("doctor")
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertTrue(done.stdout.endswith(b"weft can run here.\n"))
        found = json.loads(self.weft("doctor", "--json").stdout)
        self.assertTrue(found["runs"])
        self.assertTrue(all(f["advice"] for f in found["findings"] if f["level"] != "ok"))

    @guests.needs_limits
    def test_what_is_slower_is_found_with_what_to_do(self):
        script = 'ulimit -d 4000000; ulimit -n 100; WEFT_CACHE_DIR=/proc/none "$0" doctor --json'
        done = subprocess.run(["sh", "-c", script, WEFT], capture_output=True, env=self.env)
        self.assertEqual(done.returncode, 0, done.stdout)
        slow = {f["what"]: f["advice"] for f in json.loads(done.stdout)["findings"] if f["level"] == "slow"}
        self.assertIn("ulimit -d", slow["data limit"])
        self.assertIn("ulimit -n", slow["open files"])
        self.assertIn("WEFT_CACHE_DIR", slow["code cache"])

    @guests.needs_limits
    def test_too_little_address_space_is_found(self):
        done = subprocess.run(["sh", "-c", 'ulimit -v 8000000; "$0" doctor', WEFT], capture_output=True, env=self.env)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"missing  address space", done.stdout)


class Wast(CommandTest):
    SCRIPT = """(module (func (export "one") (result i32) (i32.const 1)))
      (assert_return (invoke "one") (i32.const {}))
      (assert_invalid (module (func (result i32))) "type mismatch")"""

    def test_counts_are_in_the_order_of_the_files(self):
        for name, value in (("a", 1), ("b", 2), ("c", 1)):
            (self.dir / f"{name}.wast").write_text(self.SCRIPT.format(value))
        done = self.weft("wast", "-j", "3", "c.wast", "b.wast", "a.wast")
        lines = done.stdout.decode().splitlines()
        self.assertEqual(done.returncode, 1)
        self.assertEqual((lines[0], lines[2], lines[3]), ("c.wast: 3/3", "b.wast: 2/3", "a.wast: 3/3"))
        self.assertTrue(lines[1].startswith("b.wast:2: "), lines[1])
        done = self.weft("wast", "-q", "a.wast", "c.wast")
        self.assertEqual((done.returncode, done.stdout), (0, b"a.wast: 3/3\nc.wast: 3/3\n"))

    def test_a_file_that_is_none_fails_alone(self):
        (self.dir / "a.wast").write_text(self.SCRIPT.format(1))
        done = self.weft("wast", "gone.wast", "a.wast")
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"gone.wast", done.stdout)
        self.assertTrue(done.stdout.endswith(b"a.wast: 3/3\n"))


class Completion(CommandTest):
    @unittest.skipUnless(shutil.which("bash"), "no bash")
    def test_bash_completes_commands_and_options(self):
        ask = 'source <("$0" completion bash); COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _weft; echo "${COMPREPLY[@]}"'

        def complete(*words):
            command = ["bash", "-c", ask, WEFT, "weft", *words]
            done = subprocess.run(command, capture_output=True, env=self.env, check=True)
            return done.stdout.decode().split()

        self.assertEqual(complete("ins"), ["inspect"])
        self.assertEqual(complete("run", "--ti"), ["--timeout"])
        self.assertEqual(complete("compile", "--cpu", "x86-64-v3"), ["x86-64-v3"])

    def test_each_shell_has_a_script_that_it_can_read(self):
        for shell in ("bash", "zsh", "fish"):
            done = self.weft("completion", shell)
            self.assertIn(b"--timeout" if shell != "fish" else b"-l timeout", done.stdout)
            if shutil.which(shell):
                subprocess.run([shell, "-n"], input=done.stdout, check=True)
        self.assert_refused(self.weft("completion", "tcsh"), 2, "tcsh")


class Terminal(CommandTest):
    def on_terminal(self, *words, interrupt=False):
        """Runs weft with standard error on a terminal; its exit status and what the terminal saw."""
        ours, theirs = pty.openpty()
        child = subprocess.Popen([WEFT, *words], cwd=self.dir, env={**self.env, "TERM": "xterm"}, stderr=theirs,
                                 stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        os.close(theirs)
        seen = b""
        try:
            while piece := os.read(ours, 4096):
                seen += piece
                if b"%" in seen and interrupt:
                    child.send_signal(signal.SIGINT)
        except OSError:  # the terminal's other end is closed
            pass
        child.communicate(timeout=60)
        os.close(ours)
        return child.returncode, seen

    def large_module(self):
        """Compiles for more than the time that the progress bar stays away."""
        body = "".join(f"""
          (local.set 0 (i64.add (i64.mul (local.get 0) (i64.const {i})) (i64.rotl (local.get 1) (local.get 0))))
          (i64.store (i32.const {8 * (i % 999)}) (local.get 0))""" for i in range(400))
        functions = "".join(f"(func (export \"f{i}\") (param i64 i64) {body})" for i in range(60))
        return self.build(f"(module (memory 1) {functions} (func (export \"_start\")))")

    def test_progress_is_drawn_on_a_terminal_and_erased(self):
        name = self.large_module()
        code, seen = self.on_terminal("run", "--no-cache", name)
        self.assertEqual(code, 0)
        self.assertIn(b"compiling guest.wasm", seen)
        self.assertTrue(seen.endswith(b"\r\x1b[K"), seen[-80:])
        self.assertEqual(self.weft("run", "--no-cache", name).stderr, b"")

    def test_an_interrupted_compilation_leaves_a_clean_line(self):
        code, seen = self.on_terminal("run", "--no-cache", self.large_module(), interrupt=True)
        self.assertEqual(code, -signal.SIGINT)
        self.assertTrue(seen.endswith(b"\r\x1b[K"), seen[-80:])

    def test_a_quick_program_draws_nothing(self):
        name = self.build(guests.HELLO)
        self.weft("run", name)
        self.assertEqual(self.on_terminal("run", name), (0, b""))


if __name__ == "__main__":
    sys.exit(unittest.main())
