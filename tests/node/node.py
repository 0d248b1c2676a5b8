"""A node of its own for a test: `weft up` on any free port, spoken to over HTTP; and small guests for it."""

import http.client
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import threading
import unittest
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/cli"))

import guests  # noqa: E402

WEFT = guests.WEFT
PATIENCE = 120  # seconds, for what should take none


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def problem(self):
        """The name of the problem that this is."""
        assert self.headers["Content-Type"] == "application/problem+json", (self.status, self.body)
        assert self.json["status"] == self.status, self.body
        return self.json["type"].removeprefix("urn:weft:problem:")


class Node:
    """A running `weft up`. What it logs is kept in `log`, entry by entry."""

    def __init__(self, data, *words, dev=True, environment=None):
        self.data = pathlib.Path(data)
        command = [WEFT, "up", "--data", data, "--listen", "127.0.0.1:0", *(["--dev"] if dev else []), *words]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True,
                                        env={**os.environ, "LC_ALL": "C.UTF-8", **(environment or {})})
        self.log = []
        self.url = None
        while self.url is None:
            line = self.process.stderr.readline()
            if not line:
                raise AssertionError(f"the node ended with {self.process.wait()}: {self.log}")
            self.keep(line)
            self.url = self.log[-1].get("url") if isinstance(self.log[-1], dict) else None
        self.host, port = urllib.parse.urlsplit(self.url).netloc.rsplit(":", 1)
        self.port = int(port)
        self.reader = threading.Thread(target=self.read_log)
        self.reader.start()

    def keep(self, line):
        try:
            self.log.append(json.loads(line))
        except ValueError:
            self.log.append(line)

    def read_log(self):
        for line in self.process.stderr:
            self.keep(line)

    def connection(self):
        return http.client.HTTPConnection(self.host, self.port, timeout=PATIENCE)

    def ask(self, method, path, body=None, headers=None, token=None):
        """One request on a connection of its own. `headers` is a dict, or a list of pairs."""
        connection = self.connection()
        try:
            return self.ask_on(connection, method, path, body, headers, token)
        finally:
            connection.close()

    @staticmethod
    def ask_on(connection, method, path, body=None, headers=None, token=None):
        connection.putrequest(method, path)
        body = json.dumps(body).encode() if isinstance(body, dict) else body.encode() if isinstance(body, str) else body
        for name, value in headers.items() if isinstance(headers, dict) else headers or []:
            connection.putheader(name, value)
        if token:
            connection.putheader("Authorization", f"Bearer {token}")
        if body is not None or method in ("POST", "PUT"):
            connection.putheader("Content-Length", str(len(body or b"")))
        connection.endheaders(body)
        return Answer(connection.getresponse())

    def deploy(self, name, text, spec=None, token=None, query=""):
        """Deploys a module in the text format."""
        headers = {"Content-Type": "application/wasm"}
        if spec is not None:
            headers["Weft-Function"] = json.dumps(spec)
        return self.ask("PUT", f"/v1/functions/{name}{query}", wasm(text), headers, token)

    def invoke(self, name, body=b"", query="", headers=None, token=None):
        return self.ask("POST", f"/v1/functions/{name}/invoke{query}", body, headers, token)

    def stop(self, how=signal.SIGTERM):
        """Its exit code."""
        self.process.send_signal(how)
        code = self.process.wait()
        self.reader.join()
        self.process.stderr.close()
        return code

    def close(self):
        if self.process.poll() is None:
            self.stop(signal.SIGKILL)


built = {}


def wasm(text):
    if text not in built:
        with tempfile.TemporaryDirectory() as directory:
            source = pathlib.Path(directory) / "guest.wat"
            source.write_text(text)
            subprocess.run(["wat2wasm", "--enable-all", "--debug-names", source, "-o", source.with_suffix(".wasm")],
                           check=True)
            built[text] = source.with_suffix(".wasm").read_bytes()
    return built[text]


# Says so on standard error, and does not end.
SAYS_AND_GOES_ON = guests.module("""
  (data (i32.const 16) "one\\ntwo\\n")
  (func (export "_start")
    (i32.store (i32.const 0) (i32.const 16)) (i32.store (i32.const 4) (i32.const 8))
    (drop (call $fd_write (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 8)))
    (loop br 0))""", "fd_write")

MISSING_IMPORT = '(module (import "env" "magic" (func)) (memory (export "memory") 1) (func (export "_start")))'

# Appends its input, which is short, to the file "ran" in the directory that it was granted, then spins for a while.
NOTES_ITS_RUN = guests.module("""
  (data (i32.const 16) "ran")
  (func (export "_start") (local $i i32)
    (i32.store (i32.const 0) (i32.const 1024)) (i32.store (i32.const 4) (i32.const 256))
    (if (call $fd_read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 4)) (then unreachable))
    (if (call $path_open (i32.const 3) (i32.const 0) (i32.const 16) (i32.const 3) (i32.const 1)
          (i64.const 64) (i64.const 0) (i32.const 1) (i32.const 8)) (then unreachable))
    (if (call $fd_write (i32.load (i32.const 8)) (i32.const 0) (i32.const 1) (i32.const 12)) (then unreachable))
    (if (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 12)) (then unreachable))
    (loop $spin
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $spin (i32.lt_u (local.get $i) (i32.const 200000)))))""", "fd_read", "path_open", "fd_write")


class NodeTest(unittest.TestCase):
    """One node for all tests of the class; each deploys functions of names of its own."""

    dev = True
    words = ()

    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.directory.cleanup)
        cls.node = Node(cls.directory.name + "/data", *cls.words, dev=cls.dev)
        cls.addClassCleanup(cls.node.close)

    def deployed(self, name, text, spec=None):
        done = self.node.deploy(name, text, spec)
        self.assertEqual(done.status, 201, done.body)
        return done.json["version"]

    def accepted(self, name, body=b"", query="", headers=None):
        """The id of an asynchronous call."""
        done = self.node.invoke(name, body, "?async=true" + query, headers)
        self.assertEqual(done.status, 202, done.body)
        self.assertEqual(done.headers["Location"], "/v1/calls/" + done.json["id"])
        return done.json["id"]

    def output(self, call, wait="60s"):
        return self.node.ask("GET", f"/v1/calls/{call}/output?wait={wait}")

    def until(self, holds, *what):
        """Asks until the answer is as it should be."""
        while True:
            answer = self.node.ask(*what)
            if holds(answer):
                return answer

    def assert_problem(self, answer, status, name):
        self.assertEqual((answer.status, answer.problem), (status, name), answer.body)
