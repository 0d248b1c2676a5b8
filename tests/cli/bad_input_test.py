#!/usr/bin/env python3
"""What is wrong is said in one line, with the right exit code, and leaves nothing behind."""

import os
import pathlib
import stat
import subprocess
import sys
import unittest

import guests
from guests import CommandTest, WEFT


class Files(CommandTest):
    def test_a_file_that_is_none_is_refused(self):
        (self.dir / "folder").mkdir()
        (self.dir / "empty").write_bytes(b"")
        (self.dir / "noise").write_bytes(os.urandom(100).replace(b"\0", b"1"))
        (self.dir / "text.wat").write_text("(module)")
        (self.dir / "component").write_bytes(b"\0asm\x0d\0\1\0")
        for command in ("run", "compile", "inspect"):
            self.assert_refused(self.weft(command, "nowhere.wasm"), 1, "nowhere.wasm", "No such file")
            self.assert_refused(self.weft(command, "folder"), 1, "folder", "is a directory")
            self.assert_refused(self.weft(command, "empty"), 1, "empty")
            self.assert_refused(self.weft(command, "noise"), 1, "noise", "magic")
            self.assert_refused(self.weft(command, "text.wat"), 1, "text.wat", "text format")
            self.assert_refused(self.weft(command, "component"), 1, "component")
        self.assertEqual(sorted(os.listdir(self.dir)), ["component", "empty", "folder", "noise", "text.wat"])

    @unittest.skipIf(os.geteuid() == 0, "root reads everything")
    def test_a_file_that_cannot_be_read_is_refused(self):
        name = self.build(guests.HELLO)
        (self.dir / name).chmod(0)
        self.assert_refused(self.weft("run", name), 1, name, "Permission denied")

    def test_a_module_cut_off_anywhere_is_refused(self):
        whole = (self.dir / self.build(guests.HELLO)).read_bytes()
        for size in range(1, len(whole) - 1, 13):
            (self.dir / "cut.wasm").write_bytes(whole[:size])
            done = self.weft("run", "cut.wasm")
            # A module that ends between two sections may be whole, and is then no program.
            self.assert_refused(done, 1, "cut.wasm")

    def test_a_name_cannot_command_the_terminal(self):
        done = self.weft("run", "a\x1b[31m\nb")
        self.assert_refused(done, 1, "\\x1b[31m\\x0ab")

    def test_a_missing_import_is_named_with_its_signature(self):
        text = '(module (import "env" "odd" (func (param i32 i64) (result f32))) (func (export "_start")))'
        self.assert_refused(self.run_text(text), 1, "guest.wasm", "env", "odd", "(i32, i64) -> (f32)")
        wrong = '(module (import "wasi_snapshot_preview1" "fd_write" (func (param i32))) (func (export "_start")))'
        self.assert_refused(self.run_text(wrong), 1, "fd_write", "(i32) -> ()", "(i32, i32, i32, i32) -> (i32)")

    def test_all_missing_imports_are_named_before_anything_is_compiled(self):
        name = self.build("""(module (import "env" "f" (func (param i32))) (import "env" "g" (global i64))
          (import "env" "memory" (memory 1)) (import "wasi_snapshot_preview1" "fd_write" (func (result i64)))
          (func (export "_start")))""")
        self.env["WEFT_CACHE_DIR"] = str(self.dir / "code")
        done = self.weft("run", name)
        lines = done.stderr.decode().splitlines()
        self.assertEqual((done.returncode, len(lines)), (1, 4), lines)
        self.assertEqual(lines[0], "weft: guest.wasm: 3 of its imports are not provided")
        self.assertIn("env.f (i32) -> ()", lines[1])
        self.assertIn("env.g (i64)", lines[2])
        self.assertIn("fd_write as () -> (i64)", lines[3])
        self.assertFalse((self.dir / "code").exists(), "it was compiled")
        self.assertEqual(self.weft("compile", name).returncode, 0)
        self.assertEqual(self.weft("run", "guest.weft").stderr, done.stderr.replace(b".wasm:", b".weft:"))

    def test_a_library_is_no_program(self):
        self.env["WEFT_CACHE_DIR"] = str(self.dir / "code")
        library = '(module (func (export "f")) (func (export "g")))'
        self.assert_refused(self.run_text(library), 1, "_start", "--invoke", "f, g")
        name = self.build(guests.TRAPS)
        self.assert_refused(self.weft("run", "--invoke", "nix", name), 1, "nix", "add")
        self.assert_refused(self.weft("run", "--invoke", "add", name, "1"), 1, "2 arguments", "(i32, i64) -> (i64)")
        self.assert_refused(self.weft("run", "--invoke", "add", name, "x", "1"), 1, "x", "i32")
        self.assert_refused(self.weft("run", "--invoke", "add", name, "4294967296", "1"), 1, "4294967296", "i32")
        self.assertFalse((self.dir / "code").exists(), "it was compiled")

    def test_a_granted_directory_that_is_not_there_is_named_before_anything_runs(self):
        name = self.build(guests.HELLO)
        self.assert_refused(self.weft("run", "--dir", "gone::/x", name), 1, "gone", "No such file")
        self.assert_refused(self.weft("run", "--dir", f"{name}::/x", name), 1, name, "Not a directory")

    def test_a_module_may_come_through_a_pipe(self):
        bytes_ = (self.dir / self.build(guests.exits(9))).read_bytes()
        self.assertEqual(self.weft("run", "/dev/stdin", input=bytes_).returncode, 9)

    def test_more_memory_than_the_limit_is_refused(self):
        name = self.build('(module (memory 100) (func (export "_start")))')
        self.assert_refused(self.weft("run", "--memory-max", "1M", name), 1, name)


class Cache(CommandTest):
    def test_a_cache_that_cannot_be_used_costs_a_warning(self):
        name = self.build(guests.HELLO)
        (self.dir / "file").write_text("")
        self.env["WEFT_CACHE_DIR"] = str(self.dir / "file/code")
        done = self.weft("run", name)
        self.assertEqual((done.returncode, done.stdout), (0, b"hello\n"))
        self.assertEqual(done.stderr.count(b"\n"), 1)
        self.assertTrue(done.stderr.startswith(b"weft: warning: "), done.stderr)

    def test_without_the_cache_nothing_is_kept(self):
        name = self.build(guests.HELLO)
        self.env["WEFT_CACHE_DIR"] = str(self.dir / "code")
        self.assertEqual(self.weft("run", "--no-cache", name).stdout, b"hello\n")
        self.assertFalse((self.dir / "code").exists())
        self.assertEqual(self.weft("run", name).stdout, b"hello\n")
        self.assertEqual(len(os.listdir(self.dir / "code")), 1)

    def test_each_effort_has_code_of_its_own(self):
        name = self.build(guests.HELLO)
        self.env["WEFT_CACHE_DIR"] = str(self.dir / "code")
        for words in (["--effort", "fast"], ["--effort", "full"], []):
            self.assertEqual(self.weft("run", *words, name).stdout, b"hello\n")
        self.assertEqual(len(os.listdir(self.dir / "code")), 2)
        self.env["WEFT_EFFORT"] = "fast"
        self.assertEqual(self.weft("exec", name).stdout, b"hello\n")
        self.assertEqual(len(os.listdir(self.dir / "code")), 2)
        self.weft("compile", name, "-o", "fast.weft")
        self.weft("compile", "--effort", "full", name, "-o", "full.weft")
        self.assertNotEqual((self.dir / "fast.weft").read_bytes(), (self.dir / "full.weft").read_bytes())

    def test_an_unknown_effort(self):
        name = self.build(guests.HELLO)
        self.assert_refused(self.weft("run", "--effort", "quick", name), 2, "quick", "full or fast")
        self.env["WEFT_EFFORT"] = "quick"
        for command in ("run", "exec"):
            self.assert_refused(self.weft(command, name), 2, "quick", "full or fast")

    def test_a_damaged_entry_is_made_again(self):
        name = self.build(guests.HELLO)
        self.env["WEFT_CACHE_DIR"] = str(self.dir / "code")
        self.weft("run", name)
        (entry,) = (self.dir / "code").iterdir()
        whole = entry.read_bytes()
        for damaged in (whole[:1000], whole[:-1], whole[:5000] + b"?" + whole[5001:], b""):
            entry.write_bytes(damaged)
            done = self.weft("run", name)
            self.assertEqual((done.returncode, done.stdout, done.stderr), (0, b"hello\n", b""))
            self.assertEqual(entry.read_bytes(), whole)


class Usage(CommandTest):
    def test_a_wrong_command_line_is_exit_code_two_and_says_what_was_meant(self):
        self.assert_refused(self.weft("rnu", "x"), 2, "rnu", "`run`")
        self.assert_refused(self.weft("xyzzy"), 2, "xyzzy", "--help")
        self.assert_refused(self.weft("--verison"), 2, "`--version`")
        self.assert_refused(self.weft("help", "insect"), 2, "`inspect`")
        self.assert_refused(self.weft("run", "--tiemout", "5s", "x"), 2, "--tiemout", "`--timeout`")
        self.assert_refused(self.weft("run"), 2, "which program")
        name = self.build(guests.HELLO)
        self.assert_refused(self.weft(name), 2, f"weft run {name}")

    def test_a_wrong_value_is_exit_code_two(self):
        for option, value in (("--timeout", "soon"), ("--timeout", "0"), ("--timeout", "-1s"), ("--timeout", "5 years"),
                              ("--stack-size", "1G"), ("--stack-size", "8Q"), ("--memory-max", "1"), ("--cpu", "z80"),
                              ("--threads-max", "0"), ("--env", "=x"), ("--dir", ""), ("--dir", "a::b::c"),
                              ("--dir", "::/x"), ("--freeze-to", "f"), ("--freeze-after", "1s")):
            with self.subTest(option=option, value=value):
                self.assert_refused(self.weft("run", option, value, "x.wasm"), 2, "weft run --help")
        self.assert_refused(self.weft("run", "--timeout"), 2, "--timeout")
        self.assert_refused(self.weft("compile", "--jobs", "many", "x.wasm"), 2, "--jobs")

    def test_help_is_on_standard_output_and_begins_with_examples(self):
        for words in (("--help",), ("-h",), ("help",)):
            done = self.weft(*words)
            self.assertEqual((done.returncode, done.stderr), (0, b""))
            self.assertLess(done.stdout.index(b"Examples:"), done.stdout.index(b"Usage:"))
        for command in ("run", "compile", "thaw", "inspect", "doctor", "wast", "completion"):
            done = self.weft("help", command)
            self.assertEqual((done.returncode, done.stderr), (0, b""))
            self.assertLess(done.stdout.index(b"Examples:"), done.stdout.index(b"Usage:"))
            self.assertEqual(self.weft(command, "--help").stdout, done.stdout)

    def test_output_that_cannot_be_written_is_a_failure(self):
        with open("/dev/full", "wb") as full:
            done = self.weft("--help", stdout=full, stderr=subprocess.PIPE, capture_output=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"No space left", done.stderr)


class FrozenFiles(CommandTest):
    def test_a_file_that_holds_no_frozen_program_is_refused(self):
        (self.dir / "noise").write_bytes(os.urandom(9000))
        (self.dir / "folder").mkdir()
        for name in ("nowhere", "noise", "folder", self.build(guests.HELLO)):
            self.assert_refused(self.weft("thaw", name), 1, name)

    def test_a_damaged_frozen_program_is_refused(self):
        name = self.build(guests.ENDLESS)
        self.assertEqual(self.weft("run", "--freeze-after", "50ms", "--freeze-to", "f", name).returncode, 0)
        self.assertEqual(stat.S_IMODE((self.dir / "f").stat().st_mode) & 0o077, 0, "others may read it")
        whole = (self.dir / "f").read_bytes()
        for damaged in (whole[: len(whole) // 2], whole[:-1], whole[:100] + b"????" + whole[104:]):
            (self.dir / "f").write_bytes(damaged)
            self.assert_refused(self.weft("thaw", "--timeout", "5s", "f"), 1, "f")

    def test_a_directory_that_the_program_had_must_be_granted_again(self):
        (self.dir / "data").mkdir()
        name = self.build(guests.ENDLESS)
        self.weft("run", "--dir", "data::/d", "--freeze-after", "50ms", "--freeze-to", "f", name)
        self.assert_refused(self.weft("thaw", "--timeout", "100ms", "f"), 1, "/d")
        self.assertEqual(self.weft("thaw", "--dir", "data::/d", "--timeout", "100ms", "f").returncode, 124)

    def test_a_place_that_cannot_be_written_is_named(self):
        done = self.weft("run", "--freeze-after", "50ms", "--freeze-to", "gone/f", self.build(guests.ENDLESS))
        self.assert_refused(done, 1, "gone/f")


if __name__ == "__main__":
    sys.exit(unittest.main())
