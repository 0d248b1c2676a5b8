#!/usr/bin/env python3
"""The client's commands against a node: `weft up` on a free port, programs that run there."""

import json
import re
import signal
import sys
import unittest

import guests
from guests import CommandTest


class Node(CommandTest):
    def setUp(self):
        super().setUp()
        for name in ("WEFT_SERVER", "WEFT_TOKEN", "WEFT_NAMESPACE"):
            self.env.pop(name, None)
        self.env["XDG_CONFIG_HOME"] = str(self.dir / "config")
        self.node = self.spawn("up", "--dev", "--listen", "127.0.0.1:0", "--data", str(self.dir / "data"))
        seen = ""
        while not (found := re.search(r"127\.0\.0\.1:[1-9]\d*", seen)):
            line = self.node.stderr.readline().decode()
            self.assertTrue(line, f"the node has ended: {seen}")
            seen += line
        self.env["WEFT_SERVER"] = f"http://{found[0]}"

    def ok(self, *words, **options):
        done = self.weft(*words, **options)
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        return done.stdout

    def test_what_is_deployed_can_be_called_in_every_way(self):
        self.build(guests.CAT, "cat.wasm")
        self.build(guests.ARGUMENTS, "args.wasm")
        self.build(guests.exits(7), "seven.wasm")
        for name in ("cat", "args", "seven"):
            self.assertRegex(self.ok("deploy", f"{name}.wasm").decode(), rf"^default/{name} \w+ deployed \(live\)$")
        self.assertIn(b"was there already", self.ok("deploy", "cat.wasm"))
        self.assertEqual(self.ok("invoke", "cat", "--data", "some text"), b"some text")
        self.assertEqual(self.ok("invoke", "cat", "--data", "-", input=bytes(range(256))), bytes(range(256)))
        self.assertTrue(self.ok("invoke", "args", "a b", "--", "-l").endswith(b"a b\0-l\0"))
        self.assertEqual(self.weft("invoke", "seven").returncode, 7)
        found = json.loads(self.ok("invoke", "--json", "cat", "--data", "x"))
        self.assertEqual((found["output"], found["exit_code"]), ("x", 0))
        call_id = self.ok("invoke", "--async", "cat", "--data", "later").decode().strip()
        self.assertEqual(self.ok("call", "wait", call_id), b"later")
        self.assertEqual(self.ok("call", "output", call_id), b"later")
        self.assertIn(b"state      ended", self.ok("call", "status", call_id))
        self.assertIn(call_id.encode(), self.ok("ps", "-a"))
        lines = "".join(f'"line {i}"\n' for i in range(2500))
        out = self.ok("invoke", "cat", "--map", "-", input=lines.encode())
        self.assertEqual([json.loads(line)["output"] for line in out.splitlines()], [f"line {i}" for i in range(2500)])
        self.assertEqual([f["name"] for f in json.loads(self.ok("functions", "--json"))], ["args", "cat", "seven"])
        self.ok("functions", "seven", "--delete")
        self.assert_refused(self.weft("invoke", "seven"), 1, "seven")
        self.assertIn(b"latency", self.ok("top"))

    def test_traps_and_timeouts_have_their_exit_codes(self):
        self.build('(module (func (export "_start") unreachable))', "trap.wasm")
        self.build(guests.ENDLESS, "endless.wasm")
        self.ok("deploy", "trap.wasm")
        self.ok("deploy", "endless.wasm")
        done = self.weft("invoke", "trap")
        self.assertEqual(done.returncode, 134)
        self.assertTrue(done.stderr.startswith(b"weft: trap: unreachable in default/trap"), done.stderr)
        self.assertEqual(self.weft("invoke", "endless", "--timeout", "50ms").returncode, 124)
        call_id = self.ok("invoke", "--async", "endless").decode().strip()
        self.ok("call", "cancel", call_id)
        self.assert_refused(self.weft("call", "wait", call_id), 1, "cancelled")

    def test_it_ends_when_it_is_told_to(self):
        self.node.send_signal(signal.SIGTERM)
        self.node.communicate(timeout=60)
        self.assertEqual(self.node.returncode, 0)


if __name__ == "__main__":
    sys.exit(unittest.main())
