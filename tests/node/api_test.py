#!/usr/bin/env python3
"""The HTTP API of a node: functions and calls that are answered at once."""

import hashlib
import json
import re
import sys
import unittest

from node import guests, MISSING_IMPORT, NodeTest, wasm


class Functions(NodeTest):
    def test_a_deployed_module_is_described_listed_and_given_back(self):
        done = self.node.deploy("a/one", guests.CAT, {"limits": {"time": "10000ms"}})
        self.assertEqual(done.status, 201)
        self.assertEqual(done.headers["Location"], "/v1/functions/a/one")
        version = done.json["version"]
        self.assertRegex(version, "^[0-9a-f]{16}$")
        self.assertEqual(done.json["spec"], {"limits": {"time": "10s"}})
        self.assertEqual(done.json["aliases"], {"live": version})
        one = self.node.ask("GET", "/v1/functions/a/one").json
        self.assertEqual([v["version"] for v in one["versions"]], [version])
        self.assertEqual(one["size_bytes"], len(wasm(guests.CAT)))
        module = self.node.ask("GET", "/v1/functions/a/one/module")
        self.assertEqual((module.headers["Content-Type"], module.body), ("application/wasm", wasm(guests.CAT)))
        listed = self.node.ask("GET", "/v1/functions/a").json
        self.assertEqual(([f["name"] for f in listed["functions"]], listed["next"]), (["one"], None))

    def test_the_same_module_with_the_same_settings_is_the_same_version(self):
        first = self.node.deploy("same/f", guests.HELLO, {"limits": {"memory": "1M"}})
        again = self.node.deploy("same/f", guests.HELLO, {"limits": {"memory": 1048576}})
        other = self.node.deploy("same/f", guests.HELLO, {"limits": {"memory": "2M"}})
        self.assertEqual([done.status for done in (first, again, other)], [201, 200, 201])
        self.assertEqual(first.json["version"], again.json["version"])
        self.assertNotEqual(first.json["version"], other.json["version"])

    def test_an_alias_leads_to_a_new_version_and_back(self):
        old = self.deployed("roll/f", guests.exits(1))
        new = self.deployed("roll/f", guests.exits(2))
        self.assertEqual(self.node.invoke("roll/f").headers["Weft-Exit-Code"], "2")
        self.assertEqual(self.node.invoke("roll/f", query=f"?version={old}").headers["Weft-Exit-Code"], "1")
        back = self.node.ask("POST", "/v1/functions/roll/f/alias/live", {"version": old})
        self.assertEqual((back.status, back.json["aliases"]), (200, {"live": old}))
        self.assertEqual(self.node.invoke("roll/f").headers["Weft-Exit-Code"], "1")
        self.node.ask("POST", "/v1/functions/roll/f/alias/next", {"version": new})
        self.assertEqual(self.node.invoke("roll/f", query="?alias=next").headers["Weft-Exit-Code"], "2")
        unknown = self.node.ask("POST", "/v1/functions/roll/f/alias/live", {"version": "0" * 16})
        self.assert_problem(unknown, 404, "not-found")
        for body in ("", "[]", '{"version": 1}'):
            self.assert_problem(self.node.ask("POST", "/v1/functions/roll/f/alias/live", body), 400, "bad-request")

    def test_a_version_can_be_deployed_without_an_alias_or_with_another(self):
        old = self.deployed("quiet/f", guests.exits(1))
        quiet = self.node.deploy("quiet/f", guests.exits(2), query="?alias=").json
        self.assertEqual(quiet["aliases"], {"live": old})
        self.assertEqual(self.node.invoke("quiet/f").headers["Weft-Exit-Code"], "1")
        named = self.node.deploy("quiet/f", guests.exits(3), query="?alias=beta").json
        self.assertEqual(named["aliases"], {"live": old, "beta": named["version"]})

    def test_versions_and_functions_are_deleted(self):
        old = self.deployed("gone/f", guests.exits(1))
        new = self.deployed("gone/f", guests.exits(2))
        done = self.node.ask("DELETE", f"/v1/functions/gone/f?version={old}")
        self.assertEqual((done.status, done.body), (204, b""))
        left = self.node.ask("GET", "/v1/functions/gone/f").json
        self.assertEqual([v["version"] for v in left["versions"]], [new])
        self.assertEqual(self.node.ask("DELETE", "/v1/functions/gone/f").status, 204)
        for answer in (self.node.ask("GET", "/v1/functions/gone/f"), self.node.invoke("gone/f"),
                       self.node.ask("GET", "/v1/functions/gone/f/module"),
                       self.node.ask("DELETE", "/v1/functions/gone/f")):
            self.assert_problem(answer, 404, "not-found")

    def test_pages_of_functions_have_each_function_once(self):
        names = [f"f{i}" for i in range(7)]
        for name in names:
            self.deployed("pages/" + name, guests.HELLO)
        seen, cursor, pages = [], "", 0
        while cursor is not None:
            page = self.node.ask("GET", f"/v1/functions/pages?limit=3{cursor and '&cursor=' + cursor}").json
            self.assertLessEqual(len(page["functions"]), 3)
            seen += [f["name"] for f in page["functions"]]
            cursor, pages = page["next"], pages + 1
        self.assertEqual((seen, pages), (names, 3))
        for query in ("limit=0", "limit=1001", "limit=x", "cursor=x"):
            self.assert_problem(self.node.ask("GET", "/v1/functions?" + query), 400, "bad-request")

    def test_a_module_that_cannot_run_is_refused_with_all_reasons(self):
        done = self.node.deploy("bad/f", MISSING_IMPORT)
        self.assert_problem(done, 422, "cannot-run")
        self.assertTrue(any("magic" in reason for reason in done.json["reasons"]), done.body)
        self.assert_problem(self.node.ask("PUT", "/v1/functions/bad/f", b"\0asm\1\0\0\0\1"), 422, "invalid-module")
        self.assert_problem(self.node.ask("PUT", "/v1/functions/bad/f", b""), 400, "bad-request")
        volume = self.node.deploy("bad/f", guests.HELLO, {"directories": ["nowhere:/data"]})
        self.assert_problem(volume, 422, "cannot-run")
        self.assert_problem(self.node.ask("GET", "/v1/functions/bad/f"), 404, "not-found")

    def test_settings_that_do_not_exist_are_named(self):
        done = self.node.deploy("bad/spec", guests.HELLO, {"limits": {"memroy": "1M"}})
        self.assert_problem(done, 400, "bad-request")
        self.assertIn("#/limits/memroy", done.json["detail"])

    def test_another_type_of_body_is_refused(self):
        done = self.node.ask("PUT", "/v1/functions/a/f", wasm(guests.HELLO), {"Content-Type": "text/plain"})
        self.assert_problem(done, 415, "unsupported-media-type")

    def test_names_have_a_form(self):
        for path in ("A/f", "a/F", "a/" + "f" * 64, "a/-f", "a/f%2Fg", "a/%C3%A4"):
            self.assert_problem(self.node.deploy(path, guests.HELLO), 400, "bad-request")


class Invocations(NodeTest):
    def test_input_comes_back_with_what_the_call_took(self):
        self.deployed("i/cat", guests.CAT)
        data = bytes(range(256)) * 1000
        done = self.node.invoke("i/cat", data)
        self.assertEqual((done.status, hashlib.sha256(done.body).digest()), (200, hashlib.sha256(data).digest()))
        self.assertEqual((done.headers["Weft-Outcome"], done.headers["Weft-Exit-Code"]), ("returned", "0"))
        self.assertRegex(done.headers["Weft-Call-Id"], "^[0-9A-Z]{26}$")
        for name in ("Weft-Queue-Us", "Weft-Run-Us", "Weft-Cpu-Us"):
            self.assertGreaterEqual(int(done.headers[name]), 0)
        self.assertEqual(done.headers["Weft-Cold"], "1")
        self.assertEqual(self.node.invoke("i/cat").headers["Weft-Cold"], "0")

    def test_arguments_stand_behind_those_of_the_function(self):
        self.deployed("i/args", guests.ARGUMENTS, {"args": ["first"]})
        words = self.node.invoke("i/args", query="?arg=a%20b&arg=&arg=%C3%A4&timeout=10s").body.split(b"\0")
        self.assertEqual(words[1:], [b"first", b"a b", b"", "ä".encode(), b""])

    def test_variables_of_the_call_and_of_the_function_meet(self):
        self.deployed("i/env", guests.VARIABLES, {"env": {"FIXED": "1", "BOTH": "function"}})
        sent = [("Weft-Env", "BOTH=call"), ("Weft-Env", "OWN=a=b")]
        variables = self.node.invoke("i/env", headers=sent).body.split(b"\0")
        for line in (b"FIXED=1", b"OWN=a=b", b"BOTH=call"):
            self.assertIn(line, variables)
        self.assert_problem(self.node.invoke("i/env", headers={"Weft-Env": "=x"}), 400, "bad-request")

    def test_an_exit_code_is_an_answer(self):
        self.deployed("i/exits", guests.exits(7))
        done = self.node.invoke("i/exits")
        self.assertEqual((done.status, done.headers["Weft-Outcome"], done.headers["Weft-Exit-Code"]),
                         (200, "exited", "7"))

    def test_a_trap_tells_where(self):
        self.deployed("i/traps", guests.TRAPS)
        done = self.node.invoke("i/traps")
        self.assert_problem(done, 500, "call-trapped")
        call = done.json["call"]
        self.assertEqual(call["outcome"], "trapped")
        self.assertEqual([frame["function"] for frame in call["backtrace"]], ["divide", "between", "_start"])
        self.assertEqual(done.headers["Weft-Call-Id"], call["id"])

    def test_another_export_can_be_the_entry(self):
        self.deployed("i/entry", guests.TRAPS)
        done = self.node.invoke("i/entry", query="?entry=out_of_bounds")
        self.assert_problem(done, 500, "call-trapped")
        self.assertEqual(done.json["call"]["backtrace"][0]["function"], "out_of_bounds")
        self.assertIn(self.node.invoke("i/entry", query="?entry=nothing").status, (400, 404, 422))

    def test_a_call_that_takes_too_long_is_ended(self):
        self.deployed("i/endless", guests.ENDLESS)
        self.deployed("i/endless2", guests.ENDLESS, {"limits": {"time": "50ms"}})
        for done in (self.node.invoke("i/endless", query="?timeout=50ms"), self.node.invoke("i/endless2")):
            self.assert_problem(done, 504, "call-timed-out")
            self.assertEqual(done.json["call"]["outcome"], "timed_out")
        self.assert_problem(self.node.invoke("i/endless", query="?timeout=soon"), 400, "bad-request")

    def test_output_beyond_its_limit_ends_the_call(self):
        self.deployed("i/small", guests.CAT, {"limits": {"output": "1K"}})
        self.assertEqual(self.node.invoke("i/small", b"x" * 1024).status, 200)
        self.assert_problem(self.node.invoke("i/small", b"x" * 1025), 507, "call-out-of-limits")

    def test_each_call_begins_with_the_same_memory(self):
        self.deployed("i/fresh", """(module (global $calls (mut i32) (i32.const 0)) (memory 1)
          (func (export "_start")
            (if (i32.or (global.get $calls) (i32.load (i32.const 8))) (then unreachable))
            (global.set $calls (i32.const 1)) (i32.store (i32.const 8) (i32.const 1))))""")
        for _ in range(20):
            self.assertEqual(self.node.invoke("i/fresh").status, 200)

    def test_many_calls_go_over_one_connection(self):
        self.deployed("i/keep", guests.CAT)
        connection = self.node.connection()
        self.addCleanup(connection.close)
        for i in range(50):
            done = self.node.ask_on(connection, "POST", "/v1/functions/i/keep/invoke", str(i))
            self.assertEqual(done.body, str(i).encode())


class Elsewhere(NodeTest):
    def test_unknown_paths_and_methods_are_told_apart(self):
        for method, path in (("GET", "/nothing"), ("GET", "/v1"), ("GET", "/v1/functions/a/f/what"),
                             ("POST", "/v1/batch/x"), ("GET", "/v1/calls/x/y/z"), ("GET", "/v1/tokens/a/b"),
                             ("GET", "/v1/calls/no-id"), ("GET", "/v1/calls/0123456789ABCDEFGHJKMNPQRS")):
            with self.subTest(method=method, path=path):
                self.assert_problem(self.node.ask(method, path), 404, "not-found")
        for method, path, allowed in (("POST", "/v1/functions", "GET, HEAD"), ("PATCH", "/v1/functions/a/f",
                                      "GET, HEAD, PUT, DELETE"), ("GET", "/v1/functions/a/f/invoke", "POST"),
                                      ("PUT", "/v1/batch", "POST"), ("DELETE", "/v1/calls", "GET, HEAD"),
                                      ("POST", "/v1/node", "GET, HEAD"), ("DELETE", "/v1/tokens", "GET, HEAD, POST"),
                                      ("POST", "/metrics", "GET, HEAD")):
            with self.subTest(method=method, path=path):
                done = self.node.ask(method, path)
                self.assert_problem(done, 405, "method-not-allowed")
                self.assertEqual(done.headers["Allow"], allowed)

    def test_the_node_lives_and_says_what_it_is(self):
        for path in ("/healthz", "/readyz"):
            self.assertEqual(self.node.ask("GET", path).body, b"ok\n")
        head = self.node.ask("HEAD", "/readyz")
        self.assertEqual((head.status, head.headers["Content-Length"], head.body), (200, "3", b""))
        self.deployed("e/f", guests.HELLO)
        self.node.invoke("e/f")
        node = self.node.ask("GET", "/v1/node").json
        self.assertGreaterEqual(node["functions"], 1)
        self.assertGreaterEqual(node["calls"]["ended"]["returned"], 1)
        self.assertIn("e/f", [f["function"] for f in node["per_function"]])

    def test_metrics_are_what_prometheus_reads(self):
        self.deployed("e/m", guests.HELLO)
        self.node.invoke("e/m")
        answer = self.node.ask("GET", "/metrics")
        self.assertTrue(answer.headers["Content-Type"].startswith("text/plain; version=0.0.4"))
        samples = parse_metrics(answer.body.decode())
        self.assertEqual(samples[("weft_function_calls_total", (("function", "e/m"),))], 1)
        buckets = [value for (name, _), value in samples.items() if name == "weft_call_duration_seconds_bucket"]
        self.assertEqual(buckets, sorted(buckets))
        self.assertEqual(buckets[-1], samples[("weft_call_duration_seconds_count", ())])
        self.assertGreater(samples[("process_resident_memory_bytes", ())], 1 << 20)

    def test_the_document_names_the_paths_that_there_are(self):
        document = json.loads(self.node.ask("GET", "/openapi.json").body)
        self.assertTrue(document["openapi"].startswith("3.1"))
        for path, item in document["paths"].items():
            sample = re.sub(r"{(\w+)}", lambda m: {"id": "0" * 26}.get(m[1], "x"), path)
            done = self.node.ask("PATCH", sample)
            with self.subTest(path=path):
                self.assertEqual(done.status, 405)
                methods = {method.upper() for method in item if method != "parameters"}
                self.assertEqual(set(done.headers["Allow"].split(", ")) - {"HEAD"}, methods)


def parse_metrics(text):
    """{(name, labels): value}. Every series has a type, and stands with its family."""
    samples, types = {}, {}
    family = None
    for line in text.splitlines():
        if line.startswith("# HELP "):
            continue
        if line.startswith("# TYPE "):
            family, kind = line.split()[2:]
            assert family not in types and kind in ("counter", "gauge", "histogram"), line
            types[family] = kind
            continue
        match = re.fullmatch(r'([a-z_]+)(?:{(\w+)="([^"\\]*)"})? ([-+.e0-9]+)', line)
        assert match, line
        suffix = match[1].removeprefix(family)
        assert suffix in (("_bucket", "_sum", "_count") if types[family] == "histogram" else ("",)), line
        key = (match[1], ((match[2], match[3]),) if match[2] else ())
        assert key not in samples, line
        samples[key] = float(match[4])
    return samples


if __name__ == "__main__":
    sys.exit(unittest.main())
