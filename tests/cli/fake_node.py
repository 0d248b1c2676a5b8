"""A node that does as the HTTP API says, as far as the client's tests need it; it runs nothing.

Functions are names with a behaviour: `echo` gives its input back, `exit` exits with its argument, `trap` traps,
`slow` ends when the test says so. What was asked is kept in `requests`.
"""

import http.server
import json
import sys
import threading
import urllib.parse


class FakeNode:
    def __init__(self, token=None):
        self.token = token
        self.requests = []  # (method, path, query, headers, body)
        self.arrived = threading.Condition()
        self.functions = {}  # "ns/name" -> Function
        self.calls = {}  # id -> [Call, output or None]
        self.next = {}  # path -> what to answer instead: (status, headers, body)
        self.batch_limit = None
        self.tokens = [{"id": "t1", "name": "ci", "scopes": ["invoke", "read"], "namespaces": ["*"],
                        "created": "2026-01-02T03:04:05.000006Z", "expires": None}]
        handler = type("Handler", (Handler,), {"node": self})
        self.server = Server(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()

    def wait_for(self, path):
        with self.arrived:
            return self.arrived.wait_for(lambda: any(r[1] == path for r in self.requests), 60)

    def close(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    def end(self, call_id, output, **how):
        self.calls[call_id][0].update(state="ended", ended="2026-01-02T03:04:06.000000Z", **how)
        self.calls[call_id][1] = output

    def add_call(self, function, **more):
        call_id = f"c{len(self.calls) + 1}"
        self.calls[call_id] = [{"id": call_id, "function": function, "version": "v1", "state": "running",
                                "outcome": None, "accepted": "2026-01-02T03:04:05.000000Z", **more}, None]
        return call_id


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], ConnectionError):  # a client may go when it has had enough
            super().handle_error(request, client_address)


def problem(status, name, detail, **more):
    body = {"type": f"urn:weft:problem:{name}", "title": name, "status": status, "detail": detail, **more}
    return status, {"Content-Type": "application/problem+json"}, json.dumps(body).encode()


def answer(status, value=None, **headers):
    body = b"" if value is None else json.dumps(value).encode()
    return status, {"Content-Type": "application/json", **headers}, body


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    node = None

    def log_message(self, *_):
        pass

    def handle_any(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path, _, text = self.path.partition("?")
        query = urllib.parse.parse_qsl(text, keep_blank_values=True)
        with self.node.arrived:
            self.node.requests.append((self.command, path, query, self.headers, body))
            self.node.arrived.notify_all()
        if path in self.node.next:
            result = self.node.next[path]
        elif self.node.token and self.headers.get("Authorization") != f"Bearer {self.node.token}":
            result = problem(401, "unauthorized", "this node wants a token")
        else:
            parts = [urllib.parse.unquote(p) for p in path.split("/")[1:]]
            result = self.answer(parts, dict(query), query, body)
        status, headers, content = result
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_PUT = do_POST = do_DELETE = handle_any

    def answer(self, parts, query, queries, body):
        kind = parts[1] if parts[0] == "v1" and len(parts) > 1 else None
        method = {"functions": self.functions, "calls": self.calls, "batch": self.batch, "tokens": self.tokens,
                  "node": self.state}.get(kind)
        found = method(parts[2:], query, queries, body) if method else None
        return found or problem(404, "not-found", f"there is no {self.command} {self.path}")

    def functions(self, parts, query, queries, body):
        functions = self.node.functions
        if len(parts) == 1:
            names = sorted(name for name in functions if name.startswith(parts[0] + "/"))
            at = int(query.get("cursor", "0"))
            page = names[at:at + 2]  # small pages, so that every client has to turn them
            more = str(at + 2) if at + 2 < len(names) else None
            return answer(200, {"functions": [functions[n] for n in page], "next": more})
        name = "/".join(parts[:2])
        if self.command == "PUT":
            version = f"v{len(body)}"
            old = functions.get(name)
            if not body.startswith(b"\0asm"):
                return problem(422, "cannot-run", "this module cannot run", reasons=["it needs env.f", "and env.g"])
            functions[name] = {"namespace": parts[0], "name": parts[1], "version": version, "alias": "live",
                               "created": "2026-01-02T03:04:05.000000Z", "size_bytes": len(body),
                               "spec": json.loads(self.headers.get("Weft-Function", "{}")),
                               "stats": {"calls": 7, "running": 1, "failed": 2}}
            return answer(200 if old and old["version"] == version else 201, functions[name])
        if name not in functions:
            return problem(404, "not-found", f"there is no function {name}")
        if len(parts) > 2 and parts[2] == "invoke":
            return self.invoke(name, parts[1], query, queries, body)
        if len(parts) > 3 and parts[2] == "alias":
            functions[name]["version"] = json.loads(body)["version"]
            return answer(200, functions[name])
        if self.command == "DELETE":
            del functions[name]
            return answer(204)
        version = functions[name]["version"]
        return answer(200, {**functions[name], "aliases": {"live": version}, "versions": [
            {"version": version, "created": "2026-01-02T03:04:05Z", "size_bytes": 4096}]})

    def invoke(self, name, behaviour, query, queries, body):
        args = [value for key, value in queries if key == "arg"]
        if query.get("async"):
            call_id = self.node.add_call(name)
            return answer(202, {"id": call_id}, Location=f"/v1/calls/{call_id}")
        call = {"id": "c0", "function": name, "message": "unreachable", "backtrace": [
            {"function": "walk", "offset": 77, "file": "bad.c", "line": 6}, {"function": "_start", "offset": 5}],
            "log_tail": "about to fall\n"}
        if behaviour == "trap":
            return problem(500, "call-trapped", "it trapped", call={**call, "outcome": "trapped"})
        if behaviour == "late":
            return problem(504, "call-timed-out", "too late", call={**call, "outcome": "timed_out", "message": "1s"})
        if behaviour == "large":
            return problem(507, "call-out-of-limits", "too much",
                           call={**call, "outcome": "out_of_limits", "message": "memory is 1M"})
        code = int(args[0]) if behaviour == "exit" else 0
        headers = {"Weft-Call-Id": "c0", "Weft-Exit-Code": str(code), "Weft-Outcome": "exited", "Weft-Queue-Us": "12",
                   "Weft-Run-Us": "345", "Weft-Cold": "0", "Content-Type": "application/octet-stream"}
        return 200, headers, body

    def batch(self, parts, query, queries, body):
        asked = json.loads(body)
        entries = []
        for text in asked.get("inputs", asked.get("inputs_base64")):
            how = {"outcome": "exited", "exit_code": int(text == "bad")}
            if text == "slow":  # ends after the batch's wait is over
                call_id = self.node.add_call(asked["function"])
                entries.append({"id": call_id, "state": "running"})
                self.node.end(call_id, b"late", **how)
            else:
                entries.append({"id": f"b{len(entries)}", "state": "ended", "output": text, **how})
        entries = entries[:self.node.batch_limit]
        if any(e["state"] == "running" for e in entries):
            return problem(504, "timed-out", "not all calls ended; they go on", calls=entries)
        return answer(200, {"batch": "b", "calls": entries})

    def calls(self, parts, query, queries, body):
        if not parts:
            wanted = [c for c, _ in self.node.calls.values() if query.get("state") in (None, c["state"])]
            return answer(200, {"calls": wanted, "next": None})
        if parts[0] not in self.node.calls:
            return problem(404, "not-found", f"there is no call {parts[0]}")
        call, output = self.node.calls[parts[0]]
        if parts[1:] == ["output"]:
            return answer(202, call) if call["state"] != "ended" else (200, {}, output)
        if parts[1:] == ["logs"]:
            if not query.get("follow"):
                return 200, {"Content-Type": "text/plain"}, b"one\ntwo\n"
            entries = [{"time": "2026-01-02T03:04:05Z", "level": "info", "text": t} for t in ("one", "tw\x1bo")]
            stream = "".join(f"event: log\ndata: {json.dumps(e)}\n\n" for e in entries)
            stream = ": hello\r\n\r\n" + stream + f"event: end\ndata: {json.dumps(call)}\n\n"
            return 200, {"Content-Type": "text/event-stream"}, stream.encode()
        if self.command == "DELETE":
            if call["state"] == "ended":
                return problem(409, "conflict", f"call {parts[0]} has ended")
            self.node.end(parts[0], b"", outcome="cancelled")
            return answer(202, call)
        return answer(200, call)

    def tokens(self, parts, query, queries, body):
        if self.command == "POST":
            return answer(201, {"id": "t2", "token": "weft_secret", **json.loads(body)})
        if self.command == "DELETE":
            return answer(204) if parts == ["t1"] else problem(404, "not-found", f"no token {parts[0]}")
        return answer(200, {"tokens": self.node.tokens})

    def state(self, parts, query, queries, body):
        per_function = [{"function": f"default/{name}", "calls_per_s": rate, "p50_us": 90, "p99_us": 2500, "running": 1,
                         "failed": 0} for name, rate in (("slow", 2.5), ("busy", 4000))]
        return answer(200, {"version": "0.1.0", "node_id": "n", "uptime_s": 3725, "functions": 2, "connections": 1,
                            "cores": [{"running": 1, "waiting": 0, "queued": 3, "calls_per_s": 4002.5, "busy": 0.5}],
                            "memory": {"resident_bytes": 64 << 20, "limit_bytes": 128 << 20},
                            "calls": {"waiting": 3, "running": 2, "ended": {"returned": 1234000, "trapped": 567}},
                            "latency_us": {"p50": 90, "p90": 400, "p99": 2500, "p999": 1250000},
                            "per_function": per_function})
