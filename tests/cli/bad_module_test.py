#!/usr/bin/env python3
"""Modules that are broken, too large, or of features that weft does not have: one line, exit code 1, nothing left."""

import os
import resource
import shutil
import subprocess
import sys
import unittest

import guests
from guests import CommandTest, I32_TYPE, NO_TYPE, WEFT, function_body, leb, name_of, sections, vector

ONE_TYPE = (1, vector([NO_TYPE]))
ONE_FUNCTION = (3, vector([b"\0"]))
START = (7, vector([name_of("_start") + b"\0\0"]))


def with_code(code, locals_=b"\0"):
    return sections(ONE_TYPE, ONE_FUNCTION, START, (10, vector([function_body(code, locals_)])))


class Modules(CommandTest):
    def refused(self, bytes_, *parts):
        (self.dir / "bad.wasm").write_bytes(bytes_)
        for command in ("run", "compile", "inspect"):
            self.assert_refused(self.weft(command, "bad.wasm"), 1, "bad.wasm", *parts)
        self.assertEqual(os.listdir(self.dir), ["bad.wasm"])

    def test_a_malformed_module_is_refused_with_what_is_wrong(self):
        cases = {
            "an unknown section": (sections((20, b"")), "section"),
            "a section beyond the end": (b"\0asm\1\0\0\0\1\x7f\1", "section"),
            "sections out of order": (sections(ONE_FUNCTION, ONE_TYPE), ""),
            "a function without a body": (sections(ONE_TYPE, ONE_FUNCTION), "function"),
            "a type that does not exist": (sections((3, vector([b"\5"])), (10, vector([function_body(b"")]))), "type"),
            "a number of too many bytes": (sections((1, b"\xff" * 12)), ""),
            "a name that is no UTF-8": (sections((7, vector([b"\2\xff\xfe\0\0"]))), "utf-8"),
            "an operand that is not there": (with_code(b"\x1a"), "type mismatch"),
            "a branch to nowhere": (with_code(b"\x0c\x09"), "depth"),
            "a function that does not end": (sections(ONE_TYPE, ONE_FUNCTION, (10, vector([b"\2\0\1"]))), ""),
            "no such local": (with_code(b"\x20\7\x1a"), "local"),
            "no such instruction": (with_code(b"\xff"), "opcode"),
        }
        for what, (bytes_, part) in cases.items():
            with self.subTest(what):
                self.refused(bytes_, part)

    def test_a_feature_that_weft_does_not_have_is_refused(self):
        cases = {
            "64-bit memory": (sections((5, vector([b"\4\1"]))), "memory64"),
            "two memories": (sections((5, vector([b"\0\1", b"\0\1"]))), "memor"),
            "structures": (sections((1, vector([b"\x5f\1\x7f\0"]))), "type"),
            "try_table": (with_code(b"\x1f\x40\0\x0b"), "opcode"),
            "typed references": (sections((1, vector([b"\x60\1\x63\x70\0"]))), "type"),
        }
        for what, (bytes_, part) in cases.items():
            with self.subTest(what):
                self.refused(bytes_, part)

    def test_a_module_beyond_a_limit_is_refused(self):
        many = 1_000_001
        cases = {
            "parameters": (sections((1, vector([b"\x60" + vector([b"\x7f"] * 1001) + b"\0"]))), "1000"),
            "locals": (with_code(b"", vector([leb(50_001) + b"\x7f"])), "50000"),
            "more locals than a number holds": (with_code(b"", vector([leb(2**32 - 1) + b"\x7f"] * 2)), "local"),
            "functions": (sections(ONE_TYPE, (3, vector([b"\0"] * many)), (10, vector([function_body(b"")] * many))),
                          "1000000"),
            "a function's bytes": (with_code(b"\1" * ((16 << 20) + 1)), str(16 << 20)),
            "pages": (sections((5, vector([b"\0" + leb(65_537)]))), "65536"),
        }
        for what, (bytes_, part) in cases.items():
            with self.subTest(what):
                self.refused(bytes_, part)

    def test_a_file_beyond_the_limit_is_refused_without_reading_it(self):
        with open(self.dir / "bad.wasm", "wb") as file:
            file.write(b"\0asm\1\0\0\0")
            file.truncate((1 << 30) + 1)
        for command in ("run", "compile", "inspect"):
            self.assert_refused(self.weft(command, "bad.wasm"), 1, "bad.wasm", str(1 << 30))

    def test_a_table_that_no_memory_can_hold_is_refused(self):
        name = self.build('(module (table 4294967295 funcref) (func (export "_start")))')
        self.assert_refused(self.weft("run", name), 1, name, "table")


class Memory(CommandTest):
    def test_four_gibibytes_are_usable_to_the_last_byte(self):
        name = self.build("""(module (memory 65536)
          (func (export "last") (result i32)
            (i64.store (i32.const -8) (i64.const 0x0908070605040302)) (i32.load8_u (i32.const -1)))
          (func (export "beyond") (drop (i64.load (i32.const -7))))
          (func (export "grow") (result i32) (memory.grow (i32.const 1))))""")
        done = self.weft("run", "--invoke", "last", name)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, b"9\n", b""))
        self.assertEqual(self.weft("run", "--invoke", "grow", name).stdout, b"-1\n")
        done = self.weft("run", "--invoke", "beyond", name)
        self.assertEqual(done.returncode, 134)
        self.assertTrue(done.stderr.startswith(b"weft: trap: out of bounds memory access"), done.stderr)

    GROWING = """(module (memory 0)
      (func (export "grow") (result i32)
        (loop $more
          (if (i32.ge_s (memory.grow (i32.const 1)) (i32.const 0))
            (then (i32.store8 (i32.mul (i32.sub (memory.size) (i32.const 1)) (i32.const 65536)) (i32.const 1))
              (br $more))))
        (memory.size)))"""

    def test_memory_that_grows_page_by_page_ends_at_the_limit(self):
        name = self.build(self.GROWING)
        done = self.weft("run", "--memory-max", "64M", "--invoke", "grow", name)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, b"1024\n", b""))

    @guests.needs_limits
    def test_memory_that_the_machine_does_not_give_is_the_programs_error(self):
        # 8 GiB of addresses for the slot and 4 for code are what weft itself takes.
        name = self.build(self.GROWING)
        self.weft("run", "--memory-max", "64K", "--invoke", "grow", name)
        done = self.weft("run", "--invoke", "grow", name, preexec_fn=lambda: resource.setrlimit(
            resource.RLIMIT_DATA, (512 << 20, 512 << 20)))
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        self.assertLess(int(done.stdout), 512 << 4)


class Vanishing(CommandTest):
    # Says that it runs, waits for a byte, then exits with the errno of opening `f` below the granted directory.
    OPENS_LATER = guests.module("""
      (data (i32.const 16) "f")
      (func (export "_start")
        (i32.store (i32.const 0) (i32.const 16)) (i32.store (i32.const 4) (i32.const 1))
        (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
        (i32.store (i32.const 0) (i32.const 1024))
        (drop (call $fd_read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))
        (call $proc_exit (call $path_open (i32.const 3) (i32.const 1) (i32.const 16) (i32.const 1)
          (i32.const 0) (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 8))))""",
                                "fd_read", "fd_write", "path_open", "proc_exit")

    def test_a_granted_directory_that_vanishes_is_an_error_of_the_program(self):
        noent = 44
        name = self.build(self.OPENS_LATER)
        for vanish in (shutil.rmtree, lambda path: (path / "f").unlink(), lambda path: path.rename(self.dir / "new")):
            (self.dir / "data").mkdir()
            (self.dir / "data/f").write_text("x")
            child = self.spawn("run", "--dir", "data::/d", name, stdin=subprocess.PIPE)
            self.assertEqual(child.stdout.read(1), b"f")
            vanish(self.dir / "data")
            out, errors = child.communicate(b"x", timeout=60)
            moved = (self.dir / "new").exists()  # a directory is what was granted, not its name
            self.assertEqual((child.returncode, out, errors), (0 if moved else noent, b"", b""))
            shutil.rmtree(self.dir / "data", ignore_errors=True)


def can_mount():
    return subprocess.run(["unshare", "-rm", "mount", "-t", "tmpfs", "none", "/mnt"], stderr=subprocess.DEVNULL,
                          check=False).returncode == 0


class CacheDirectories(CommandTest):
    def within(self, options, command):
        """Runs weft with the code cache in a file system of its own, and lists what is in there afterwards."""
        mount = f'mount -t tmpfs -o {options} none "$WEFT_CACHE_DIR"; "$0" run guest.wasm; code=$?; '
        (self.dir / "code").mkdir(exist_ok=True)
        self.env["WEFT_CACHE_DIR"] = str(self.dir / "code")
        return subprocess.run(["unshare", "-rm", "sh", "-c", mount + command + "; exit $code", WEFT], cwd=self.dir,
                              env=self.env, capture_output=True, timeout=120)

    @unittest.skipUnless(can_mount(), "needs user namespaces, to mount file systems")
    def test_a_cache_that_is_full_or_read_only_costs_a_warning_and_leaves_nothing(self):
        self.build(guests.HELLO)
        for options, why in (("size=8k", "No space left"), ("ro", "Read-only")):
            with self.subTest(options):
                done = self.within(options, 'ls -A "$WEFT_CACHE_DIR"')
                self.assertEqual((done.returncode, done.stdout), (0, b"hello\n"), done.stderr)
                message = done.stderr.decode()
                self.assertEqual(message.count("\n"), 1, message)
                self.assertTrue(message.startswith("weft: warning: the code cache"), message)
                self.assertIn(why, message)
                self.assertIn("not kept", message)

    @unittest.skipUnless(can_mount(), "needs user namespaces, to mount file systems")
    def test_a_compiled_file_that_does_not_fit_leaves_nothing(self):
        self.build(guests.HELLO)
        (self.dir / "small").mkdir()
        script = 'mount -t tmpfs -o size=8k none small; "$0" compile guest.wasm -o small/out; code=$?; ls -A small; '
        done = subprocess.run(["unshare", "-rm", "sh", "-c", script + "exit $code", WEFT], cwd=self.dir, env=self.env,
                              capture_output=True, timeout=120)
        self.assert_refused(done, 1, "small/out", "No space left")


if __name__ == "__main__":
    sys.exit(unittest.main())
