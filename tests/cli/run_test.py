#!/usr/bin/env python3
"""How `weft run` runs programs: streams, arguments, exit codes, traps, signals, deadlines."""

import os
import pathlib
import signal
import subprocess
import sys
import unittest

import guests
from guests import CommandTest, WEFT

CLANG = "clang-22"
GDB = "gdb"


def wait_for_guest(child):
    """Until the guest of this weft runs: it has used processor time for its own, or waits for its input."""
    status = f"/proc/{child.pid}/stat"
    while child.poll() is None:
        fields = pathlib.Path(status).read_text().rsplit(")", 1)[1].split()
        ticks = int(fields[11]) + int(fields[12])
        if ticks >= 20 or "poll" in pathlib.Path(f"/proc/{child.pid}/wchan").read_text():
            return


class Streams(CommandTest):
    def shell(self, script):
        return subprocess.run(["sh", "-c", script, WEFT], cwd=self.dir, env=self.env)

    def test_a_program_writes_to_the_standard_output_of_weft(self):
        done = self.run_text(guests.HELLO)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, b"hello\n", b""))

    def test_a_hundred_megabytes_pass_through_a_pipe(self):
        data = bytes(range(256)) * 4096 * 100
        done = self.run_text(guests.CAT, input=data)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue(done.stdout == data, f"{len(done.stdout)} bytes came back, or others")

    def test_the_program_reads_the_file_that_weft_was_given(self):
        (self.dir / "in").write_bytes(b"from a file")
        with open(self.dir / "in", "rb") as file:
            done = self.run_text(guests.CAT, stdin=file)
        self.assertEqual(done.stdout, b"from a file")

    def test_a_closed_stream_is_closed_for_the_program_and_no_other_file(self):
        name = self.build(guests.writes(1))
        for redirection in ("<&-", "<&- 2>&-"):
            done = self.shell(f'"$0" run {name} > out {redirection}')
            self.assertEqual((done.returncode, (self.dir / "out").read_bytes()), (0, b"x"))
        bad_descriptor = 8
        done = self.shell(f'"$0" run {name} >&-')
        self.assertEqual(done.returncode, bad_descriptor)

    def test_all_streams_may_be_closed(self):
        name = self.build(guests.exits(7))
        done = self.shell(f'"$0" run {name} <&- >&- 2>&-')
        self.assertEqual(done.returncode, 7)

    def test_a_full_device_is_the_programs_error(self):
        no_space = 51
        with open("/dev/full", "wb") as full:
            done = self.run_text(guests.writes(1), stdout=full, stderr=subprocess.PIPE, capture_output=False)
        self.assertEqual(done.returncode, no_space)

    def test_a_reader_that_has_gone_away_ends_weft_by_sigpipe(self):
        name = self.build(guests.writes(1))
        read, write = os.pipe()
        os.close(read)
        done = self.weft("run", name, stdout=write, stderr=subprocess.PIPE, capture_output=False)
        os.close(write)
        self.assertEqual((done.returncode, done.stderr), (-signal.SIGPIPE, b""))

    def test_where_sigpipe_is_ignored_the_program_gets_the_error(self):
        name = self.build(guests.writes(1))
        read, write = os.pipe()
        os.close(read)
        done = self.weft("run", name, stdout=write, stderr=subprocess.PIPE, capture_output=False, restore_signals=False)
        os.close(write)
        broken_pipe = 64
        self.assertEqual(done.returncode, broken_pipe, done.stderr)


class Words(CommandTest):
    def test_all_words_after_the_program_are_its_own(self):
        words = ["--dir", "x", "--", "-h", "", "a=b", "--timeout"]
        done = self.run_text(guests.ARGUMENTS, *words)
        self.assertEqual(done.stdout.decode().split("\0")[:-1], ["guest.wasm", *words])

    def test_two_dashes_before_the_program_end_the_options(self):
        name = self.build(guests.ARGUMENTS, "--odd.wasm")
        done = self.weft("run", "--", name, "--", "x")
        self.assertEqual(done.stdout.decode().split("\0")[:-1], [name, "--", "x"])

    def test_the_program_sees_only_the_variables_that_were_granted(self):
        self.env["SECRET"] = "1"
        self.env["PASSED"] = "on"
        name = self.build(guests.VARIABLES)
        self.assertEqual(self.weft("run", name).stdout, b"")
        done = self.weft("run", "--env", "A=b=c", "--env", "PASSED", "--env=E=", "--env", "NOT_SET_HERE", name)
        self.assertEqual(done.stdout.decode().split("\0")[:-1], ["A=b=c", "PASSED=on", "E="])


class Directories(CommandTest):
    bad_descriptor, not_capable, missing = 8, 76, 44

    def setUp(self):
        super().setUp()
        (self.dir / "data").mkdir()
        (self.dir / "data/in").write_text("x")

    def test_no_directory_is_granted_unless_it_is_named(self):
        self.assertEqual(self.run_text(guests.opens("in")).returncode, self.bad_descriptor)

    def test_a_granted_directory_is_seen_and_nothing_beside_it(self):
        self.assertEqual(self.weft("run", "--dir", "data::/d", self.build(guests.opens("in"))).returncode, 0)
        self.assertEqual(self.weft("run", "--dir", "data", self.build(guests.opens("in"))).returncode, 0)
        outside = self.build(guests.opens("../guest.wasm"))
        self.assertEqual(self.weft("run", "--dir", "data::/d", outside).returncode, self.not_capable)
        (self.dir / "data/link").symlink_to("../guest.wasm")
        link = self.build(guests.opens("link"))
        self.assertEqual(self.weft("run", "--dir", "data::/d", link).returncode, self.not_capable)

    def test_a_directory_granted_for_reading_cannot_be_changed(self):
        name = self.build(guests.opens("new", create=True))
        self.assertEqual(self.weft("run", "--dir", "data::/d::ro", name).returncode, self.not_capable)
        self.assertFalse((self.dir / "data/new").exists())
        self.assertEqual(self.weft("run", "--dir", "data::/d", name).returncode, 0)
        self.assertTrue((self.dir / "data/new").exists())


class Ends(CommandTest):
    def test_the_exit_code_is_the_programs_low_eight_bits(self):
        for code, expected in ((0, 0), (1, 1), (134, 134), (255, 255), (256, 0), (257, 1), (-1, 255)):
            self.assertEqual(self.run_text(guests.exits(code)).returncode, expected)

    def test_a_trap_names_its_kind_and_the_calls_and_exits_with_134(self):
        done = self.run_text(guests.TRAPS)
        self.assertEqual(done.returncode, 134)
        lines = done.stderr.decode().splitlines()
        self.assertEqual(lines[0], "weft: trap: integer divide by zero in guest.wasm")
        for line, function in zip(lines[1:], ("divide", "between", "_start"), strict=True):
            self.assertRegex(line, rf"^  #\d {function}(\+0x[0-9a-f]+)? \(guest.wasm:0x[0-9a-f]+\)$")

    def test_a_trap_names_lines_of_the_source_when_the_program_has_them(self):
        lines = self.trap_of_c("-g")
        self.assertRegex(lines[1], r"^  #0 peek sub/bad\.c:3, inlined in$")
        self.assertRegex(lines[2], r"^     walk sub/bad\.c:6 \(bad\.wasm:0x[0-9a-f]+\)$")
        self.assertRegex(lines[3], r"^  #1 _start sub/bad\.c:9 \(bad\.wasm:0x[0-9a-f]+\)$")
        self.assertEqual(len(lines), 4)

    def test_without_lines_of_the_source_a_trap_names_offsets(self):
        for line, function in zip(self.trap_of_c("-g0")[1:], ("walk", "_start"), strict=True):
            self.assertRegex(line, rf"^  #\d {function} \(bad\.wasm:0x[0-9a-f]+\)$")

    def test_gdb_knows_the_functions_of_the_program(self):
        self.trap_of_c("-g0")
        command = [GDB, "-nx", "-batch", "-ex", "handle all nostop noprint pass", "-ex", "handle SIGSEGV stop",
                   "-ex", "run", "-ex", "backtrace", "--args", WEFT, "run", "bad.wasm"]  # fmt: skip
        done = subprocess.run(command, cwd=self.dir, env=self.env, capture_output=True, text=True, timeout=120)
        self.assertRegex(done.stdout, r"(?m)^#0  _start \(\) at module\.wasm:\d+$", done.stderr)

    def trap_of_c(self, debug):
        """What weft says of a C program that reads out of bounds."""
        (self.dir / "sub").mkdir(exist_ok=True)
        (self.dir / "sub/bad.c").write_text(guests.BAD_C)
        flags = ["--target=wasm32", "-O1", debug, "-nostdlib", "-Wl,--export=_start", "-Wl,--no-entry"]
        subprocess.run([CLANG, *flags, "sub/bad.c", "-o", "bad.wasm"], cwd=self.dir, check=True)
        done = self.weft("run", "bad.wasm")
        self.assertEqual(done.returncode, 134)
        self.assertTrue(done.stderr.startswith(b"weft: trap: out of bounds memory access"), done.stderr)
        return done.stderr.decode().splitlines()

    def test_an_endless_recursion_is_a_trap_with_a_bounded_report(self):
        name = self.build(guests.TRAPS)
        for stack in ("64K", "16M"):
            done = self.weft("run", "--stack-size", stack, "--invoke", "recurse", name, "1")
            self.assertEqual(done.returncode, 134)
            self.assertTrue(done.stderr.startswith(b"weft: trap: call stack exhausted"), done.stderr)
            self.assertLess(done.stderr.count(b"\n"), 60)

    def test_an_access_out_of_bounds_is_a_trap(self):
        done = self.weft("run", "--invoke", "out_of_bounds", self.build(guests.TRAPS))
        self.assertEqual(done.returncode, 134)
        self.assertTrue(done.stderr.startswith(b"weft: trap: out of bounds memory access"), done.stderr)

    def test_addresses_wrap_at_four_gigabytes_and_trap_where_they_lie_beyond_the_memory(self):
        name = self.build(guests.WRAPPING)
        beyond = "out of bounds memory access"
        cases = (
            (("one", "-8"), 1), (("both", "-8"), beyond), (("both", "0"), 3), (("high_first", "-8"), beyond),
            (("one_path", "-8", "0"), 1), (("one_path", "-8", "1"), beyond), (("call_between", "-8"), "unreachable"),
            (("below", "0"), beyond), (("below", "8"), 3), (("far", "-65536"), beyond), (("apart", "-65536"), 1),
        )  # fmt: skip
        for words, result in cases:
            done = self.weft("run", "--invoke", words[0], name, *words[1:])
            if isinstance(result, int):
                self.assertEqual((done.returncode, done.stdout), (0, f"{result}\n".encode()), words)
            else:
                self.assertEqual(done.returncode, 134, words)
                self.assertTrue(done.stderr.startswith(f"weft: trap: {result}".encode()), (words, done.stderr))

    def test_a_memory_ends_a_page_before_four_gigabytes_unless_it_is_declared_larger(self):
        body = '(func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))'
        for declared, pages, result in (("1", 65534, 1), ("1", 65535, -1), ("1 65536", 65535, -1), ("65536", 0, 65536)):
            done = self.weft("run", "--invoke", "grow", self.build(f"(module (memory {declared}) {body})"), str(pages))
            self.assertEqual(done.stdout, f"{result}\n".encode(), (declared, done.stderr))

    def test_memory_grows_to_the_limit_and_no_further(self):
        name = self.build("""(module (memory 1)
          (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))""")
        for pages, result in ((15, b"1\n"), (16, b"-1\n")):
            done = self.weft("run", "--memory-max", "1M", "--invoke", "grow", name, str(pages))
            self.assertEqual((done.returncode, done.stdout), (0, result), done.stderr)

    def test_an_invoked_function_takes_arguments_and_prints_results(self):
        name = self.build(guests.TRAPS)
        done = self.weft("run", "--invoke", "add", name, "-2", "0xffffffffffffffff")
        self.assertEqual((done.returncode, done.stdout), (0, b"-3\n"), done.stderr)
        done = self.weft("run", "--invoke", "pair", name, "1.5")
        self.assertEqual((done.returncode, done.stdout), (0, b"1.5\n-7\n"), done.stderr)

    def test_a_timeout_ends_a_loop_and_a_wait(self):
        for guest in (guests.ENDLESS, guests.READER):
            read, write = os.pipe()
            done = self.weft("run", "--timeout", "200ms", self.build(guest), stdin=read)
            os.close(read)
            os.close(write)
            self.assert_refused(done, 124, "timeout", "guest.wasm", "200ms")

    def test_a_program_that_ends_in_time_does_not_notice_its_timeout(self):
        done = self.weft("run", "--timeout", "1h", self.build(guests.HELLO))
        self.assertEqual((done.returncode, done.stdout), (0, b"hello\n"))


class Signals(CommandTest):
    def test_weft_dies_of_the_signal_that_ends_it(self):
        for guest in (guests.ENDLESS, guests.READER):
            name = self.build(guest)
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1):
                read, write = os.pipe()
                child = self.spawn("run", name, stdin=read)
                wait_for_guest(child)
                child.send_signal(number)
                out, errors = child.communicate(timeout=60)
                os.close(read)
                os.close(write)
                self.assertEqual((child.returncode, out, errors), (-number, b"", b""))

    def test_a_signal_that_was_ignored_stays_ignored(self):
        name = self.build(guests.ENDLESS)
        child = self.spawn("run", "--timeout", "1s", name,
                           preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN))
        wait_for_guest(child)
        child.send_signal(signal.SIGINT)
        child.communicate(timeout=60)
        self.assertEqual(child.returncode, 124)

    def test_a_stopped_program_goes_on_and_gives_the_same_result(self):
        name = self.build(guests.COUNTER)
        expected = self.weft("run", "--timeout", "100s", name).stdout
        self.assertEqual(len(expected), 8)
        child = self.spawn("run", "--timeout", "100s", name)
        wait_for_guest(child)
        child.send_signal(signal.SIGTSTP)
        os.waitid(os.P_PID, child.pid, os.WSTOPPED | os.WNOWAIT)
        child.send_signal(signal.SIGCONT)
        out, errors = child.communicate(timeout=60)
        self.assertEqual((child.returncode, out, errors), (0, expected, b""))


class Frozen(CommandTest):
    def test_a_frozen_program_goes_on_to_the_same_result(self):
        name = self.build(guests.COUNTER)
        expected = self.weft("run", name).stdout
        done = self.weft("run", "--freeze-after", "150ms", "--freeze-to", "f", name)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, b"", b""))
        again = self.weft("thaw", "--freeze-after", "150ms", "--freeze-to", "g", "f")
        self.assertEqual((again.returncode, again.stdout, again.stderr), (0, b"", b""))
        for file in ("f", "g", "g"):
            done = self.weft("thaw", file)
            self.assertEqual((done.returncode, done.stdout, done.stderr), (0, expected, b""))

    def test_a_program_frozen_while_it_waits_reads_on(self):
        name = self.build(guests.CAT)
        read, write = os.pipe()
        done = self.weft("run", "--freeze-after", "100ms", "--freeze-to", "f", name, stdin=read)
        os.close(read)
        os.close(write)
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        self.assertEqual(self.weft("thaw", "f", input=b"later").stdout, b"later")

    def test_a_program_that_ends_before_leaves_no_file(self):
        done = self.weft("run", "--freeze-after", "1h", "--freeze-to", "f", self.build(guests.HELLO))
        self.assertEqual((done.returncode, done.stdout), (0, b"hello\n"))
        self.assertFalse((self.dir / "f").exists())

    def test_a_frozen_program_keeps_its_timeout_out_of_the_file(self):
        name = self.build(guests.ENDLESS)
        self.weft("run", "--freeze-after", "50ms", "--freeze-to", "f", name)
        self.assert_refused(self.weft("thaw", "--timeout", "100ms", "f"), 124, "timeout", "100ms")


if __name__ == "__main__":
    sys.exit(unittest.main())
