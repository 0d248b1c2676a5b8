#!/usr/bin/env python3
"""The HTTP API of a node: durable calls, batches, tokens, and what is there after a restart."""

import base64
import json
import pathlib
import sys
import tempfile
import unittest

from node import guests, Node, NodeTest, SAYS_AND_GOES_ON


def events(stream):
    """(event, data) of server-sent events, as they come."""
    event = None
    for line in stream:
        line = line.decode().rstrip("\n")
        if line.startswith("event: "):
            event = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield event, json.loads(line.removeprefix("data: "))


class DurableCalls(NodeTest):
    def test_an_asynchronous_call_ends_and_keeps_its_output(self):
        self.deployed("d/cat", guests.CAT)
        call = self.accepted("d/cat", b"\xff\0 later")
        done = self.output(call)
        self.assertEqual((done.status, done.body), (200, b"\xff\0 later"))
        self.assertEqual((done.headers["Weft-Outcome"], done.headers["Weft-Call-Id"]), ("returned", call))
        described = self.node.ask("GET", f"/v1/calls/{call}").json
        self.assertEqual((described["state"], described["outcome"], described["function"]),
                         ("ended", "returned", "d/cat"))
        self.assertEqual((described["input_bytes"], described["output_bytes"], described["children"]), (8, 8, []))
        self.assertEqual(self.node.ask("GET", f"/v1/calls/{call}/output").body, done.body)

    def test_arguments_variables_and_trace_go_along(self):
        self.deployed("d/args", guests.ARGUMENTS)
        self.deployed("d/env", guests.VARIABLES)
        trace = "4bf92f3577b34da6a3ce929d0e0e4736"
        call = self.accepted("d/args", query="&arg=x&arg=y", headers={"traceparent": f"00-{trace}-00f067aa0ba902b7-01"})
        self.assertEqual(self.output(call).body.split(b"\0")[1:], [b"x", b"y", b""])
        self.assertEqual(self.node.ask("GET", f"/v1/calls/{call}").json["trace_id"], trace)
        call = self.accepted("d/env", headers={"Weft-Env": "A=b"})
        self.assertIn(b"A=b", self.output(call).body.split(b"\0"))

    def test_a_durable_call_is_waited_for(self):
        self.deployed("d/wait", guests.CAT)
        done = self.node.invoke("d/wait", b"now", headers={"Weft-Durable": "true"})
        self.assertEqual((done.status, done.body), (200, b"now"))
        listed = self.node.ask("GET", "/v1/calls?function=d/wait").json["calls"]
        self.assertEqual([call["id"] for call in listed], [done.headers["Weft-Call-Id"]])

    def test_a_wait_that_ends_first_leaves_the_call_running(self):
        self.deployed("d/long", guests.ENDLESS)
        late = self.node.invoke("d/long", headers={"Weft-Durable": "true", "Weft-Wait": "20ms"})
        self.assert_problem(late, 504, "timed-out")
        call = late.json["id"]
        self.assertEqual(self.output(call, "20ms").status, 202)
        self.assertEqual(self.node.ask("DELETE", f"/v1/calls/{call}").status, 202)
        done = self.output(call)
        self.assertEqual((done.status, done.headers["Weft-Outcome"]), (200, "cancelled"))
        self.assert_problem(self.node.ask("DELETE", f"/v1/calls/{call}"), 409, "conflict")

    def test_a_durable_trap_tells_where_and_keeps_its_backtrace(self):
        self.deployed("d/traps", guests.TRAPS)
        done = self.node.invoke("d/traps", headers={"Weft-Durable": "true"})
        self.assert_problem(done, 500, "call-trapped")
        call = self.node.ask("GET", "/v1/calls/" + done.json["call"]["id"]).json
        for described in (done.json["call"], call):
            self.assertEqual(described["outcome"], "trapped")
            self.assertEqual([f["function"] for f in described["backtrace"]], ["divide", "between", "_start"])

    def test_a_log_is_followed_to_the_end_of_its_call(self):
        self.deployed("d/says", SAYS_AND_GOES_ON)
        call = self.accepted("d/says")
        connection = self.node.connection()
        self.addCleanup(connection.close)
        connection.request("GET", f"/v1/calls/{call}/logs?follow=true")
        response = connection.getresponse()
        self.assertEqual(response.headers["Content-Type"], "text/event-stream")
        stream = events(response)
        self.assertEqual([next(stream), next(stream)], [("log", {"text": "one"}), ("log", {"text": "two"})])
        self.assertEqual(self.node.ask("DELETE", f"/v1/calls/{call}").status, 202)
        rest = list(stream)
        self.assertEqual([event for event, _ in rest], ["end"])
        self.assertEqual((rest[0][1]["id"], rest[0][1]["outcome"]), (call, "cancelled"))
        log = self.node.ask("GET", f"/v1/calls/{call}/logs")
        self.assertEqual((log.headers["Content-Type"], log.body), ("text/plain; charset=utf-8", b"one\ntwo\n"))

    def test_a_switch_is_true_or_false(self):
        self.deployed("d/switch", guests.HELLO)
        call = self.accepted("d/switch")
        for done in (self.node.invoke("d/switch", query="?async=yes"), self.node.invoke("d/switch", query="?async="),
                     self.node.invoke("d/switch", headers={"Weft-Durable": "1"}),
                     self.node.ask("GET", f"/v1/calls/{call}/logs?follow=yes")):
            self.assert_problem(done, 400, "bad-request")

    def test_the_log_of_no_call_is_not_followed(self):
        unknown = self.node.ask("GET", f"/v1/calls/{'0' * 26}/logs?follow=true")
        self.assert_problem(unknown, 404, "not-found")

    def test_a_key_names_one_call(self):
        self.deployed("d/keys", guests.CAT)
        key = {"Idempotency-Key": "order-1"}
        first = self.node.invoke("d/keys", b"same", headers=key)
        again = self.node.invoke("d/keys", b"same", headers=key)
        self.assertEqual((first.status, first.body), (200, b"same"))
        self.assertEqual((again.status, again.body), (200, b"same"))
        self.assertEqual(first.headers["Weft-Call-Id"], again.headers["Weft-Call-Id"])
        self.assertEqual(self.accepted("d/keys", b"same", headers=key), first.headers["Weft-Call-Id"])
        other = self.node.invoke("d/keys", b"other", headers=key)
        self.assert_problem(other, 409, "idempotency-conflict")
        too_long = self.node.invoke("d/keys", headers={"Idempotency-Key": "k" * 129})
        self.assert_problem(too_long, 400, "bad-request")

    def test_calls_are_listed_newest_first_by_what_is_asked(self):
        for name, text in (("list/good", guests.HELLO), ("list/exits", guests.exits(3)), ("list/bad", guests.TRAPS)):
            self.deployed(name, text)
        calls = [self.accepted(f"list/{name}") for name in ("good", "exits", "bad", "good", "good")]
        for call in calls:
            self.output(call)

        def listed(query):
            return [call["id"] for call in self.node.ask("GET", "/v1/calls?" + query).json["calls"]]
        good = [calls[4], calls[3], calls[0]]
        self.assertEqual(listed("namespace=list"), calls[::-1])
        self.assertEqual(listed("function=list/good"), good)
        self.assertEqual(listed("namespace=list&state=exited"), [calls[1]])
        self.assertEqual(listed("namespace=list&state=trapped"), [calls[2]])
        self.assertEqual(listed("function=list/good&state=ended"), good)
        self.assertEqual(listed("namespace=list&state=running"), [])
        self.assertEqual(listed("namespace=list&limit=2"), calls[:2:-1])
        page = self.node.ask("GET", "/v1/calls?namespace=list&limit=2").json
        self.assertEqual(listed("namespace=list&limit=10&cursor=" + page["next"]), calls[2::-1])
        for query in ("state=odd", "function=x", "function=x/", "namespace=", "namespace=A", "limit=0", "cursor=x"):
            self.assert_problem(self.node.ask("GET", "/v1/calls?" + query), 400, "bad-request")


class Batches(NodeTest):
    def batch(self, content, query="", headers=None):
        return self.node.ask("POST", "/v1/batch" + query, content, headers)

    def test_each_input_is_a_call(self):
        self.deployed("b/cat", guests.CAT)
        inputs = [f"input {i}" for i in range(100)]
        done = self.batch({"function": "b/cat", "inputs": inputs}, "?wait=60s")
        self.assertEqual(done.status, 200, done.body)
        self.assertEqual([call["output"] for call in done.json["calls"]], inputs)
        self.assertEqual(done.json["batch"], done.json["calls"][0]["id"])
        accepted = self.batch({"function": "b/cat", "inputs": inputs[:3]})
        self.assertEqual((accepted.status, len(accepted.json["ids"])), (202, 3))
        self.assertEqual([self.output(call).body.decode() for call in accepted.json["ids"]], inputs[:3])

    def test_bytes_travel_as_base64_both_ways(self):
        self.deployed("b/bytes", guests.CAT)
        inputs = [base64.b64encode(data).decode() for data in (b"", b"\xff", b"\xfe\xff\xfd", b"text")]
        done = self.batch({"function": "b/bytes", "inputs_base64": inputs}, "?wait=60s").json["calls"]
        self.assertEqual([call.get("output_base64", call.get("output")) for call in done], ["", *inputs[1:3], "text"])

    def test_lines_are_inputs_too(self):
        self.deployed("b/lines", guests.CAT)
        done = self.batch('{"a":1}\n{"a":2}\n', "?function=b/lines&wait=60s", {"Content-Type": "application/jsonl"})
        self.assertEqual([call["output"] for call in done.json["calls"]], ['{"a":1}', '{"a":2}'])

    def test_arguments_and_time_limit_hold_for_all(self):
        self.deployed("b/args", guests.ARGUMENTS)
        self.deployed("b/endless", guests.ENDLESS)
        done = self.batch({"function": "b/args", "inputs": ["", ""], "args": ["a"]}, "?wait=60s&arg=b").json["calls"]
        self.assertEqual([call["output"].split("\0")[1:] for call in done], [["a", "b", ""]] * 2)
        done = self.batch({"function": "b/endless", "inputs": [""], "timeout": "20ms"}, "?wait=60s").json["calls"]
        self.assertEqual(done[0]["outcome"], "timed_out")

    def test_a_wait_that_ends_first_names_the_calls(self):
        self.deployed("b/long", guests.ENDLESS)
        late = self.batch({"function": "b/long", "inputs": [""]}, "?wait=20ms")
        self.assert_problem(late, 504, "timed-out")
        self.assertNotEqual(late.json["calls"][0]["state"], "ended")
        self.node.ask("DELETE", "/v1/calls/" + late.json["calls"][0]["id"])

    def test_a_key_names_one_batch(self):
        self.deployed("b/key", guests.CAT)
        key = {"Idempotency-Key": "map-1"}
        first = self.batch({"function": "b/key", "inputs": ["1", "2"]}, headers=key).json
        self.assertEqual(self.batch({"function": "b/key", "inputs": ["1", "2"]}, headers=key).json, first)
        other = self.batch({"function": "b/key", "inputs": ["1", "3"]}, headers=key)
        self.assert_problem(other, 409, "idempotency-conflict")

    def test_what_is_no_batch_is_refused(self):
        self.deployed("b/f", guests.CAT)
        good = {"function": "b/f", "inputs": ["x"]}
        for change in ({"function": "f"}, {"function": 1}, {"inputs": "x"}, {"inputs": [1]}, {"inputs": None},
                       {"inputs_base64": ["eA=="]}, {"inputz": []}, {"args": "x"}, {"timeout": 5}, {"timeout": "soon"}):
            with self.subTest(change=change):
                self.assert_problem(self.batch({**good, **change}), 400, "bad-request")
        for bad in ("=", "eA=", "e===", "eA==eA==", "e A="):
            with self.subTest(base64=bad):
                self.assert_problem(self.batch({"function": "b/f", "inputs_base64": [bad]}), 400, "bad-request")
        self.assert_problem(self.batch("{"), 400, "bad-request")
        self.assert_problem(self.batch({**good, "function": "b/none"}), 404, "not-found")


class TokensAndSpaces(NodeTest):
    dev = False

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.admin = (cls.node.data / "admin.token").read_text().strip()
        for name in ("mine/f", "theirs/f"):
            assert cls.node.deploy(name, guests.CAT, token=cls.admin).status == 201

    def token(self, scopes, namespaces, **more):
        done = self.node.ask("POST", "/v1/tokens", {"scopes": scopes, "namespaces": namespaces, **more},
                             token=self.admin)
        self.assertEqual(done.status, 201, done.body)
        return done.json

    def test_only_the_owner_reads_the_first_token(self):
        self.assertEqual((self.node.data / "admin.token").stat().st_mode & 0o077, 0)

    def test_without_a_token_nothing_is_told(self):
        for method, path in (("GET", "/v1/functions"), ("GET", "/v1/functions/mine/f"), ("GET", "/v1/calls"),
                             ("GET", f"/v1/calls/{'0' * 26}"), ("GET", "/v1/node"), ("GET", "/metrics"),
                             ("GET", "/v1/tokens"), ("PUT", "/v1/functions/mine/g"), ("POST", "/v1/batch"),
                             ("POST", "/v1/functions/mine/f/invoke")):
            for token in (None, "weft_" + "x" * 43, "x"):
                body = {"function": "mine/f", "inputs": ["x"]} if path == "/v1/batch" else None
                done = self.node.ask(method, path, body, token=token)
                with self.subTest(method=method, path=path, token=token):
                    self.assert_problem(done, 401, "unauthorized")
                    self.assertTrue(done.headers["WWW-Authenticate"].startswith("Bearer"))
        self.assertEqual(self.node.ask("GET", "/healthz").status, 200)

    def test_a_token_allows_its_scopes_in_its_namespaces(self):
        invoke = self.token(["invoke"], ["mine"])["token"]
        self.assertEqual(self.node.invoke("mine/f", b"x", token=invoke).body, b"x")
        for done in (self.node.invoke("theirs/f", token=invoke),
                     self.node.ask("GET", "/v1/functions/mine/f", token=invoke),
                     self.node.deploy("mine/g", guests.CAT, token=invoke),
                     self.node.ask("DELETE", "/v1/functions/mine/f", token=invoke),
                     self.node.ask("POST", "/v1/batch", {"function": "theirs/f", "inputs": ["x"]}, token=invoke),
                     self.node.ask("GET", "/v1/tokens", token=invoke),
                     self.node.ask("GET", "/v1/node", token=invoke)):
            self.assert_problem(done, 403, "forbidden")
        deploy = self.token(["deploy"], ["*"])["token"]
        self.assertEqual(self.node.deploy("theirs/g", guests.CAT, token=deploy).status, 201)
        self.assert_problem(self.node.invoke("theirs/g", token=deploy), 403, "forbidden")

    def test_calls_of_another_namespace_are_not_there(self):
        call = self.node.invoke("theirs/f", b"secret", "?async=true", token=self.admin).json["id"]
        mine = self.token(["read", "invoke"], ["mine"])["token"]
        for method, path in (("GET", ""), ("GET", "/output"), ("GET", "/output?wait=1s"), ("GET", "/logs"),
                             ("GET", "/logs?follow=true"), ("DELETE", "")):
            with self.subTest(method=method, path=path):
                done = self.node.ask(method, f"/v1/calls/{call}{path}", token=mine)
                self.assert_problem(done, 404, "not-found")
        self.assert_problem(self.node.ask("GET", "/v1/calls", token=mine), 403, "forbidden")
        self.assert_problem(self.node.ask("GET", "/v1/calls?function=theirs/f", token=mine), 403, "forbidden")
        self.assertEqual(self.node.ask("GET", "/v1/calls?namespace=mine", token=mine).status, 200)
        read = self.node.ask("GET", f"/v1/calls/{call}/output?wait=60s", token=self.admin)
        self.assertEqual(read.body, b"secret")

    def test_tokens_are_listed_without_their_secrets_and_revoked(self):
        made = self.token(["read"], ["mine"], name="short")
        self.assertEqual(self.node.ask("GET", "/v1/functions/mine", token=made["token"]).status, 200)
        listed = self.node.ask("GET", "/v1/tokens", token=self.admin)
        self.assertIn({key: made[key] for key in made if key != "token"}, listed.json["tokens"])
        self.assertNotIn(made["token"], listed.body.decode())
        self.assertEqual(self.node.ask("DELETE", "/v1/tokens/" + made["id"], token=self.admin).status, 204)
        self.assert_problem(self.node.ask("GET", "/v1/functions/mine", token=made["token"]), 401, "unauthorized")
        self.assert_problem(self.node.ask("DELETE", "/v1/tokens/" + made["id"], token=self.admin), 404, "not-found")

    def test_a_token_expires(self):
        made = self.token(["read"], ["mine"], expires="1ms")
        self.until(lambda answer: answer.status == 401, "GET", "/v1/functions/mine", None, None, made["token"])

    def test_what_is_no_token_is_refused(self):
        good = {"scopes": ["read"], "namespaces": ["mine"]}
        for change in ({"scopes": []}, {"scopes": ["all"]}, {"namespaces": []}, {"namespaces": ["Mine"]},
                       {"expires": "soon"}, {"expires": 5}, {"nmae": "x"}):
            with self.subTest(change=change):
                done = self.node.ask("POST", "/v1/tokens", {**good, **change}, token=self.admin)
                self.assert_problem(done, 400, "bad-request")


class Restarts(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.dir = pathlib.Path(directory.name)

    def start(self, *words, dev=True):
        node = Node(self.dir / "data", *words, dev=dev)
        self.addCleanup(node.close)
        return node

    def test_functions_calls_and_keys_outlive_the_node(self):
        node = self.start()
        version = node.deploy("r/cat", guests.CAT).json["version"]
        call = node.invoke("r/cat", b"kept", headers={"Idempotency-Key": "k"}).headers["Weft-Call-Id"]
        self.assertEqual(node.stop(), 0)
        self.assertEqual(node.log[-1]["message"], "stopped")
        node = self.start()
        self.assertEqual(node.ask("GET", "/v1/functions/r/cat").json["version"], version)
        self.assertEqual(node.ask("GET", f"/v1/calls/{call}/output").body, b"kept")
        again = node.invoke("r/cat", b"kept", headers={"Idempotency-Key": "k"})
        self.assertEqual((again.body, again.headers["Weft-Call-Id"]), (b"kept", call))
        self.assertEqual(node.invoke("r/cat", b"new").body, b"new")

    def test_tokens_outlive_the_node_and_the_first_is_made_once(self):
        node = self.start(dev=False)
        admin = (node.data / "admin.token").read_text().strip()
        node.stop()
        node = self.start(dev=False)
        self.assertEqual((node.data / "admin.token").read_text().strip(), admin)
        self.assertEqual(len(node.ask("GET", "/v1/tokens", token=admin).json["tokens"]), 1)

    def test_a_call_that_had_begun_is_lost_by_a_kill_and_one_that_had_not_runs(self):
        (self.dir / "weft.toml").write_text("[node]\ncores = 1\n")
        node = self.start("--config", self.dir / "weft.toml")
        node.deploy("r/endless", guests.ENDLESS, {"limits": {"concurrency": 1}})
        node.deploy("r/again", guests.ENDLESS, {"retry": {"policy": "at-least-once", "backoff": "1ms"},
                                               "limits": {"time": "100ms"}})
        begun = node.invoke("r/endless", query="?async=true", headers={"Idempotency-Key": "begun"}).json["id"]
        again = node.invoke("r/again", query="?async=true").json["id"]
        while any(node.ask("GET", f"/v1/calls/{call}").json["state"] == "accepted" for call in (begun, again)):
            pass
        node.stop(9)
        node = self.start("--config", self.dir / "weft.toml")
        self.assertEqual(node.ask("GET", f"/v1/calls/{begun}/output?wait=60s").headers["Weft-Outcome"], "lost")
        repeated = node.invoke("r/endless", headers={"Idempotency-Key": "begun"})
        self.assertEqual((repeated.status, repeated.problem), (500, "call-lost"))
        self.assertEqual(node.ask("GET", f"/v1/calls/{again}/output?wait=60s").headers["Weft-Outcome"], "timed_out")

    def test_a_body_beyond_the_limit_is_refused(self):
        (self.dir / "weft.toml").write_text('[limits]\nmax_body = "1K"\n')
        node = self.start("--config", self.dir / "weft.toml")
        node.deploy("r/cat", guests.CAT)
        self.assertEqual(node.invoke("r/cat", b"x" * 1024).status, 200)
        done = node.invoke("r/cat", b"x" * 1025)
        self.assertEqual((done.status, done.problem), (413, "body-too-large"))


if __name__ == "__main__":
    sys.exit(unittest.main())
