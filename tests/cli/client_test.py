#!/usr/bin/env python3
"""The commands that talk to a node, against one that only answers (fake_node.py)."""

import fcntl
import json
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import unittest

from fake_node import FakeNode, problem
from guests import CommandTest, WEFT

WASM = b"\0asm\1\0\0\0"


class ClientTest(CommandTest):
    TOKEN = None

    def setUp(self):
        super().setUp()
        self.node = FakeNode(self.TOKEN)
        self.addCleanup(self.node.close)
        for name in ("WEFT_SERVER", "WEFT_TOKEN", "WEFT_NAMESPACE"):
            self.env.pop(name, None)
        self.env.update(WEFT_SERVER=self.node.url, XDG_CONFIG_HOME=str(self.dir / "config"))

    def add(self, *names):
        for name in names:
            name = name if "/" in name else f"default/{name}"
            self.node.functions[name] = {"namespace": name.split("/")[0], "name": name.split("/")[1], "version": "v1",
                                         "created": "2026-01-02T03:04:05Z", "size_bytes": 4096, "spec": {},
                                         "stats": {"calls": 7, "running": 1, "failed": 2}}

    def ok(self, *words, **options):
        done = self.weft(*words, **options)
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        return done.stdout

    def last(self):
        return self.node.requests[-1]

    def profiles(self, text, mode=0o600):
        folder = self.dir / "config/weft"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "profiles.toml").write_text(text)
        (folder / "profiles.toml").chmod(mode)


class Deploy(ClientTest):
    def test_a_module_is_deployed_under_its_own_name_or_another(self):
        (self.dir / "wc.wasm").write_bytes(WASM)
        self.assertEqual(self.ok("deploy", "wc.wasm"), b"default/wc v8 deployed (live)\n")
        self.assertEqual(self.ok("deploy", "wc.wasm"), b"default/wc v8 was there already (live)\n")
        method, path, query, headers, body = self.last()
        self.assertEqual((method, path, query, body), ("PUT", "/v1/functions/default/wc", [], WASM))
        self.assertEqual((headers["Content-Type"], headers["Weft-Function"]), ("application/wasm", "{}"))
        self.ok("deploy", "wc.wasm", "--name", "count", "--namespace", "text", "--alias", "next")
        self.assertEqual(self.last()[1:3], ("/v1/functions/text/count", [("alias", "next")]))

    def test_the_functions_of_a_project_are_deployed_with_their_settings(self):
        (self.dir / "a.wasm").write_bytes(WASM)
        (self.dir / "b.wasm").write_bytes(WASM + b"\0\1\0")
        (self.dir / "weft.toml").write_text("""
            [[function]]
            name = "a"
            module = "a.wasm"
            [function.limits]
            memory = "1024K"
            time = 90
            [[function]]
            name = "b"
            module = "b.wasm"
            env = { GREETING = "grüß dich" }
        """)
        found = json.loads(self.ok("deploy", "--json"))
        self.assertEqual([f["name"] for f in found], ["a", "b"])
        self.assertEqual(found[0]["spec"], {"limits": {"memory": "1M", "time": "90s"}})
        self.assertEqual(found[1]["spec"], {"env": {"GREETING": "grüß dich"}})
        self.node.requests.clear()
        self.ok("deploy", ".", "--name", "b")
        self.assertEqual([r[1] for r in self.node.requests], ["/v1/functions/default/b"])
        self.assert_refused(self.weft("deploy", "--name", "c"), 1, "has no function c")

    def test_a_project_is_built_before_it_is_deployed(self):
        (self.dir / "made").write_bytes(WASM)
        (self.dir / "weft.toml").write_text("""
            [package]
            name = "hello"
            lang = "c"
            [build]
            command = "cp made out.wasm"
            output = "out.wasm"
        """)
        self.assertEqual(self.ok("deploy"), b"default/hello v8 deployed (live)\n")
        self.assertEqual(self.last()[4], WASM)
        (self.dir / "made").unlink()
        self.node.requests.clear()
        done = self.weft("deploy")
        self.assertEqual((done.returncode, self.node.requests), (1, []))
        self.assertIn(b"made", done.stderr)

    def test_a_project_that_is_not_whole_is_refused_before_anything_is_sent(self):
        (self.dir / "weft.toml").write_text('[[function]]\nname = "a"\n')
        self.assert_refused(self.weft("deploy"), 1, "build/a.wasm is not there", "[[function]] a")
        (self.dir / "weft.toml").write_text('[[function]]\nname = "a"\nlimit = 1\n')
        self.assert_refused(self.weft("deploy"), 1, "weft.toml:3:1", "did you mean `limits`?")
        (self.dir / "weft.toml").unlink()
        self.assert_refused(self.weft("deploy"), 1, "weft.toml", "weft new")
        self.assert_refused(self.weft("deploy", "gone.wasm"), 1, "gone.wasm")
        (self.dir / "My Module.wasm").write_bytes(WASM)
        self.assert_refused(self.weft("deploy", "My Module.wasm"), 1, "--name")
        self.assertEqual(self.node.requests, [])

    def test_a_module_that_cannot_run_is_refused_with_the_reasons(self):
        (self.dir / "bad.wasm").write_bytes(b"no module")
        self.assert_refused(self.weft("deploy", "bad.wasm"), 1, "deploying bad", "it needs env.f", "and env.g")


class Invoke(ClientTest):
    def setUp(self):
        super().setUp()
        self.add("echo", "exit", "trap", "late", "large", "text/echo")

    def test_input_comes_from_a_text_a_file_or_standard_input(self):
        self.assertEqual(self.ok("invoke", "echo"), b"")
        self.assertEqual(self.ok("invoke", "echo", "--data", "some text"), b"some text")
        (self.dir / "in").write_bytes(bytes(range(256)) * 1000)
        self.assertEqual(self.ok("invoke", "echo", "--data", "@in"), bytes(range(256)) * 1000)
        self.assertEqual(self.ok("invoke", "echo", "--data", "-", input=b"\0\xff"), b"\0\xff")
        self.assert_refused(self.weft("invoke", "echo", "--data", "@gone"), 1, "gone", "No such file")

    def test_arguments_and_settings_of_the_call_are_sent(self):
        self.ok("invoke", "text/echo", "a b&c", "--timeout", "1.5m", "--env", "A=1", "--env", "B=x y", "--durable",
                "--key", "k1", "--entry", "other", "--alias", "next", "--", "-l", "--data")
        method, path, query, headers, _ = self.last()
        self.assertEqual((method, path), ("POST", "/v1/functions/text/echo/invoke"))
        self.assertEqual(query, [("arg", "a b&c"), ("arg", "-l"), ("arg", "--data"), ("timeout", "90s"),
                                 ("entry", "other"), ("alias", "next")])
        self.assertEqual(headers.get_all("Weft-Env"), ["A=1", "B=x y"])
        self.assertEqual((headers["Weft-Durable"], headers["Idempotency-Key"]), ("true", "k1"))

    def test_the_exit_code_is_the_functions_own(self):
        done = self.weft("invoke", "exit", "7", "--data", "out")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (7, b"out", b""))

    def test_a_trap_is_told_as_weft_run_does(self):
        done = self.weft("invoke", "trap")
        self.assertEqual((done.returncode, done.stdout), (134, b""))
        lines = done.stderr.decode().splitlines()
        self.assertEqual(lines[0], "weft: trap: unreachable in default/trap, call c0")
        self.assertEqual(lines[1:3], ["  #0  walk at bad.c:6", "  #1  _start (+0x5)"])
        self.assertEqual(lines[-1], "  about to fall")

    def test_limits_that_end_a_call_have_their_exit_codes(self):
        done = self.weft("invoke", "late")
        self.assertEqual(done.returncode, 124)
        self.assertIn(b"weft: timeout: default/late", done.stderr)
        done = self.weft("invoke", "large")
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"memory is 1M", done.stderr)

    def test_json_holds_the_result_and_how_it_came(self):
        found = json.loads(self.ok("invoke", "echo", "--json", "--data", "x"))
        self.assertEqual(found, {"id": "c0", "outcome": "exited", "exit_code": 0, "queue_us": 12.0, "run_us": 345.0,
                                 "cold": False, "output": "x"})
        (self.dir / "in").write_bytes(b"\xff\xfe\0a")
        found = json.loads(self.ok("invoke", "echo", "--json", "--data", "@in"))
        self.assertEqual(found["output_base64"], "//4AYQ==")
        done = self.weft("invoke", "trap", "--json")
        self.assertEqual((done.returncode, json.loads(done.stdout)["outcome"]), (134, "trapped"))

    def test_what_is_unknown_or_contradictory_is_refused(self):
        self.assert_refused(self.weft("invoke", "gone"), 1, "there is no function default/gone")
        self.assert_refused(self.weft("invoke", "Echo"), 1, "Echo", "is not a function's name")
        self.assert_refused(self.weft("invoke"), 2, "which function?")
        self.assert_refused(self.weft("invoke", "echo", "--tiemout", "5s"), 2, "did you mean `--timeout`?")
        self.assert_refused(self.weft("invoke", "echo", "--timeout", "soon"), 2, "write 200ms")
        self.assert_refused(self.weft("invoke", "echo", "--env", "A=x\ny"), 2, "no line ends")
        self.assert_refused(self.weft("invoke", "echo", "-n", "0"), 2, "-n")
        self.assert_refused(self.weft("invoke", "echo", "-n", "2", "--async"), 2, "single call")
        self.assert_refused(self.weft("invoke", "echo", "--alias", "a", "--version", "b"), 2, "not both")

    def test_a_reader_that_has_gone_ends_it_as_other_programs(self):
        (self.dir / "in").write_bytes(b"x" * 4_000_000)
        child = self.spawn("invoke", "echo", "--data", "@in")
        child.stdout.close()
        self.assertEqual(child.wait(60), -signal.SIGPIPE)


class Many(ClientTest):
    def setUp(self):
        super().setUp()
        self.add("echo")

    def outputs(self, text):
        return [json.loads(line)["output"] for line in text.splitlines()]

    def test_results_come_in_the_order_of_the_lines(self):
        (self.dir / "in.jsonl").write_text('"one"\n\n{"a": [1, 2]}\n42\n"grüß\\n dich"\n')
        out = self.ok("invoke", "echo", "--map", "in.jsonl")
        self.assertEqual(self.outputs(out), ["one", '{"a": [1, 2]}', "42", "grüß\n dich"])
        self.assertEqual([json.loads(line)["index"] for line in out.splitlines()], [0, 1, 2, 3])
        _, path, query, _, body = self.last()
        self.assertEqual((path, query), ("/v1/batch", [("wait", "30s")]))
        self.assertEqual(json.loads(body)["function"], "default/echo")
        self.assertEqual(self.outputs(self.ok("invoke", "echo", "--map", "-", input=b'"a"\n"b"')), ["a", "b"])

    def test_many_lines_go_in_several_batches(self):
        (self.dir / "in.jsonl").write_text("".join(f"{i}\n" for i in range(4500)))
        out = self.ok("invoke", "echo", "--map", "in.jsonl")
        self.assertEqual(self.outputs(out), [str(i) for i in range(4500)])
        self.assertEqual([json.loads(line)["index"] for line in out.splitlines()], list(range(4500)))
        self.assertEqual(len(self.node.requests), 3)

    def test_large_lines_go_in_several_batches(self):
        lines = [str(i) * 6_000_000 for i in range(5)]
        (self.dir / "in.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
        out = self.ok("invoke", "echo", "--map", "in.jsonl")
        self.assertEqual(self.outputs(out), lines)
        self.assertEqual(len(self.node.requests), 3)

    def test_a_number_of_calls_has_the_same_input(self):
        self.assertEqual(self.outputs(self.ok("invoke", "echo", "-n", "1000", "--data", "x")), ["x"] * 1000)
        (self.dir / "in").write_bytes(b"\xff")
        self.assertEqual(self.outputs(self.ok("invoke", "echo", "-n", "2", "--data", "@in")), ["/w=="] * 2)
        self.assertIn("inputs_base64", json.loads(self.last()[4]))

    def test_failed_calls_are_counted(self):
        done = self.weft("invoke", "echo", "--map", "-", input=b'"bad"\n"good"\n"bad"\n')
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stderr, b"weft: 2 of 3 calls failed\n")
        self.assertEqual(self.outputs(done.stdout), ["bad", "good", "bad"])

    def test_a_line_that_is_no_json_is_refused_before_the_first_call(self):
        (self.dir / "in.jsonl").write_text('"one"\ntwo\n')
        self.assert_refused(self.weft("invoke", "echo", "--map", "in.jsonl"), 1, "in.jsonl:2", "quotes")
        self.assert_refused(self.weft("invoke", "echo", "--map", "gone"), 1, "gone", "No such file")
        self.assertEqual(self.node.requests, [])

    def test_calls_that_take_longer_than_one_wait_are_waited_for(self):
        out = self.ok("invoke", "echo", "--map", "-", input=b'"a"\n"slow"\n"b"\n')
        self.assertEqual(self.outputs(out), ["a", "late", "b"])

    def test_an_answer_without_all_results_is_an_error(self):
        self.node.batch_limit = 2
        self.assert_refused(self.weft("invoke", "echo", "-n", "3"), 1, "2 results for 3 inputs")


class Calls(ClientTest):
    def setUp(self):
        super().setUp()
        self.add("echo")
        self.id = self.ok("invoke", "--async", "echo").decode().strip()

    def test_status_says_how_far_it_is_and_how_it_ended(self):
        self.assertIn(b"state      running\n", self.ok("call", "status", self.id))
        self.node.end(self.id, b"", outcome="exited", exit_code=3, run_us=1234, peak_memory_bytes=1 << 20)
        text = self.ok("call", "status", self.id)
        for part in (b"ended: exited", b"exit code  3", b"1.2 ms", b"1 MiB", b"2026-01-02 03:04:05"):
            self.assertIn(part, text)
        self.assertEqual(json.loads(self.ok("call", "status", "--json", self.id))["exit_code"], 3)

    def test_wait_gives_output_and_exit_code_as_invoke_would_have(self):
        child = self.spawn("call", "wait", self.id)
        self.assertTrue(self.node.wait_for(f"/v1/calls/{self.id}/output"))
        self.node.end(self.id, b"result", outcome="exited", exit_code=5)
        out, err = child.communicate(timeout=60)
        self.assertEqual((child.returncode, out, err), (5, b"result", b""))
        self.assertEqual(next(q for _, p, q, *_ in self.node.requests if p.endswith("/output")), [("wait", "30s")])

    def test_wait_gives_up_after_its_timeout(self):
        self.assert_refused(self.weft("call", "wait", "--timeout", "20ms", self.id), 124, "it goes on")

    def test_output_is_there_when_the_call_has_ended(self):
        self.assert_refused(self.weft("call", "output", self.id), 1, "has not ended", f"weft call wait {self.id}")
        self.node.end(self.id, b"\xffresult", outcome="returned", exit_code=0)
        self.assertEqual(self.ok("call", "output", self.id), b"\xffresult")
        self.node.next[f"/v1/calls/{self.id}/output"] = problem(410, "gone", "its result was collected")
        self.assert_refused(self.weft("call", "output", self.id), 1, "was collected")
        self.assert_refused(self.weft("call", "wait", self.id), 1, "was collected")

    def test_cancel_ends_it_once(self):
        self.assertEqual(self.ok("call", "cancel", self.id), b"")
        self.assert_refused(self.weft("call", "cancel", self.id), 1, "has ended")
        self.assert_refused(self.weft("call", "wait", self.id), 1, "cancelled")

    def test_what_there_is_to_do_is_named(self):
        self.assert_refused(self.weft("call"), 2, "status, wait, output or cancel")
        self.assert_refused(self.weft("call", "stauts", "x"), 2, "did you mean `status`?")
        self.assert_refused(self.weft("call", "status"), 2, "which call?")
        self.assert_refused(self.weft("call", "status", "c/../x"), 1, "c/../x")

    def test_logs_are_shown_and_followed(self):
        self.assertEqual(self.ok("logs", self.id), b"one\ntwo\n")
        self.assertEqual(self.ok("logs", "-f", self.id), b"2026-01-02 03:04:05 info    one\n"
                         b"2026-01-02 03:04:05 info    tw\\x1bo\n")
        lines = [json.loads(line)["text"] for line in self.ok("logs", "--json", self.id).splitlines()]
        self.assertEqual(lines, ["one", "tw\x1bo"])
        cut_off = (200, {"Content-Type": "text/event-stream"}, b"event: log\ndata: {}")
        self.node.next[f"/v1/calls/{self.id}/logs"] = cut_off
        self.assert_refused(self.weft("logs", "-f", self.id), 1, "before the call has ended")

    def test_ps_lists_what_runs_and_with_all_what_has_ended(self):
        self.node.end(self.node.add_call("default/old"), b"", outcome="exited", exit_code=3)
        lines = self.ok("ps").decode().splitlines()
        self.assertEqual([line.split()[0] for line in lines], ["ID", self.id])
        lines = self.ok("ps", "-a").decode().splitlines()
        self.assertEqual(len(lines), 3)
        self.assertIn("exit 3", lines[2])
        self.assertEqual(self.last()[2][0], ("namespace", "default"))
        self.assertEqual(len(json.loads(self.ok("ps", "--json", "--state", "ended"))), 1)
        self.ok("ps", "-n", "5", "echo")
        self.assertIn(("function", "default/echo"), self.last()[2])
        self.assert_refused(self.weft("ps", "--state", "endd"), 2, "did you mean `ended`?")


class FunctionsAndTokens(ClientTest):
    def test_functions_of_all_pages_are_listed(self):
        self.add("a", "b", "c", "d", "e", "other/f")
        lines = self.ok("functions").decode().splitlines()
        self.assertEqual([line.split()[0] for line in lines], ["FUNCTION"] + [f"default/{n}" for n in "abcde"])
        self.assertEqual([f["name"] for f in json.loads(self.ok("functions", "--json", "--namespace", "other"))], ["f"])

    def test_one_is_described_rolled_back_and_deleted(self):
        self.add("a")
        text = self.ok("functions", "a").decode()
        self.assertIn("calls      7, 1 running, 2 failed", text)
        self.assertRegex(text, r"v1 +2026-01-02 03:04:05 +4 KiB +live")
        self.assertEqual(self.ok("functions", "a", "--rollback", "v0"), b"default/a live is now v0\n")
        self.assertEqual(self.last()[1], "/v1/functions/default/a/alias/live")
        self.assertEqual(self.ok("functions", "a", "--delete"), b"")
        self.assert_refused(self.weft("functions", "a"), 1, "there is no function default/a")
        self.assert_refused(self.weft("functions", "--delete"), 2, "which function?")

    def test_tokens_are_created_listed_and_revoked(self):
        made = self.ok("token", "create", "ci", "--scope", "deploy,read", "--expires", "30d")
        self.assertEqual(made, b"weft_secret\n")
        self.assertEqual(json.loads(self.last()[4]), {"name": "ci", "scopes": ["deploy", "read"],
                                                      "namespaces": ["default"], "expires": "2592000s"})
        self.ok("token", "create", "x", "--all-namespaces")
        self.assertEqual(json.loads(self.last()[4]), {"name": "x", "scopes": ["invoke"], "namespaces": ["*"]})
        self.assertRegex(self.ok("token", "list").decode(), r"t1 +ci +invoke,read +\* +2026-01-02 03:04:05 +-")
        self.assertEqual(self.ok("token", "revoke", "t1"), b"")
        self.assert_refused(self.weft("token", "revoke", "t9"), 1, "no token t9")
        self.assert_refused(self.weft("token", "create", "x", "--scope", "depoly"), 2, "did you mean `deploy`?")


class Servers(ClientTest):
    TOKEN = "weft_right"

    def test_a_token_comes_from_the_environment_or_a_profile(self):
        self.assert_refused(self.weft("functions"), 1, "wants a token", "WEFT_TOKEN")
        self.env["WEFT_TOKEN"] = "weft_right"
        self.ok("functions")
        del self.env["WEFT_TOKEN"], self.env["WEFT_SERVER"]
        self.profiles(f'[profile.work]\nurl = "{self.node.url}"\ntoken = "weft_right"\nnamespace = "shop"\n')
        self.ok("functions", "--profile", "work")
        self.assertEqual(self.last()[1], "/v1/functions/shop")
        self.ok("functions", "--profile", "work", "--namespace", "mine")
        self.assertEqual(self.last()[1], "/v1/functions/mine")
        self.assert_refused(self.weft("functions", "--profile", "wrok"), 1, "did you mean `work`?")

    def test_the_profile_default_is_used_without_being_named(self):
        del self.env["WEFT_SERVER"]
        self.profiles(f'[profile.default]\nurl = "{self.node.url}"\ntoken = "weft_right"\n')
        self.ok("functions")

    def test_a_profiles_token_goes_to_no_other_server(self):
        self.profiles('[profile.default]\nurl = "http://127.0.0.1:1"\ntoken = "weft_right"\n')
        self.assert_refused(self.weft("functions"), 1, "wants a token")
        self.assertIsNone(self.last()[3]["Authorization"])
        self.assert_refused(self.weft("functions", "--server", self.node.url), 1, "wants a token")
        self.assertIsNone(self.last()[3]["Authorization"])

    def test_profiles_with_mistakes_are_named_with_their_place(self):
        self.profiles('[profile.a]\nurl = "http://x"\ntokn = "t"\n')
        self.assert_refused(self.weft("ps", "--profile", "a"), 1, "profiles.toml:3:1", "did you mean `token`?")
        self.profiles("[profile.a]\n")
        self.assert_refused(self.weft("ps", "--profile", "a"), 1, "profiles.toml:1:1", "has no url")

    def test_tokens_that_others_may_read_are_warned_of(self):
        self.profiles(f'[profile.a]\nurl = "{self.node.url}"\ntoken = "weft_right"\n', 0o644)
        done = self.weft("functions", "--profile", "a")
        self.assertEqual(done.returncode, 0)
        self.assertIn(b"chmod 600", done.stderr)

    def test_a_server_that_is_none_is_said(self):
        self.env["WEFT_TOKEN"] = "weft_right"
        self.assert_refused(self.weft("ps", "--server", "http://127.0.0.1:1"), 1, "127.0.0.1:1")
        self.assert_refused(self.weft("ps", "--server", "ftp://x"), 1, "ftp")
        self.assert_refused(self.weft("ps", "--server", self.node.url, "--profile", "x"), 1, "give one")
        self.node.next["/v1/node"] = (200, {}, b"<html>")
        self.assert_refused(self.weft("top"), 1, "is this a weft node?")
        self.node.next["/v1/node"] = (502, {}, b"<html>")
        self.assert_refused(self.weft("top"), 1, "answered 502 without saying why")


class Top(ClientTest):
    def test_it_prints_once_where_there_is_no_terminal(self):
        lines = self.ok("top").decode().splitlines()
        self.assertRegex(lines[0], r"^weft 0\.1\.0 at http://127\.0\.0\.1:\d+, up 1h 2m, 2 functions, 1 connection$")
        self.assertIn("latency  p50 90 µs, p90 400 µs, p99 2.5 ms, p99.9 1.2 s", lines)
        self.assertIn("memory   64 MiB of 128 MiB [||||||||||          ]", lines)
        self.assertEqual([line.split()[0] for line in lines[-3:]], ["FUNCTION", "default/busy", "default/slow"])
        self.assertEqual(json.loads(self.ok("top", "--json"))["uptime_s"], 3725)

    def on_terminal(self, act):
        """Runs `weft top` on a terminal of 24 x 60; `act(child, terminal, seen)` is told each time there is more."""
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 60, 0, 0))
        before = termios.tcgetattr(theirs)
        child = subprocess.Popen([WEFT, "top"], env={**self.env, "TERM": "xterm"}, stdin=theirs, stdout=theirs,
                                 stderr=theirs, start_new_session=True)
        seen = b""
        while child.poll() is None or select.select([ours], [], [], 0)[0]:
            if select.select([ours], [], [], 0.05)[0]:
                seen += os.read(ours, 65536)
                act(child, ours, seen)
        after = termios.tcgetattr(theirs)
        os.close(ours)
        os.close(theirs)
        self.assertEqual(before, after)
        self.assertIn(b"\x1b[?1049h", seen)
        self.assertTrue(seen.endswith(b"\x1b[?1049l"), seen[-60:])
        return child.returncode, seen

    def test_on_a_terminal_it_is_live_until_q_and_leaves_it_as_it_was(self):
        pressed = []

        def act(child, terminal, seen):
            if b"ordered by calls/s" in seen and not pressed:
                pressed.append(os.write(terminal, b"n"))
            elif b"ordered by name" in seen and len(pressed) == 1:
                pressed.append(os.write(terminal, b"q"))

        code, seen = self.on_terminal(act)
        self.assertEqual((code, len(pressed)), (0, 2))
        text = seen.decode()
        self.assertLess(text.rindex("default/busy"), text.rindex("default/slow"))
        # No line is wider than the terminal.
        self.assertNotIn("running, 0 waiting, 3 queued", text)

    def test_a_signal_leaves_the_terminal_as_it_was(self):
        sent = []

        def act(child, terminal, seen):
            if b"q to quit" in seen and not sent:
                sent.append(child.send_signal(signal.SIGTERM))

        code, _ = self.on_terminal(act)
        self.assertEqual(code, -signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(unittest.main())
