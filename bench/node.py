#!/usr/bin/env python3
"""The node under load: calls a second and their latencies, cold functions, durable calls, a noisy neighbour, memory.

    ninja -C build weft net_load net_echo_beast
    bench/node.py [--rounds N] [--milliseconds MS] [--build build] [--data DIR] [PART…]

Server and load share the machine. Where there are sides they alternate, and which is first changes each round; figures
are medians over the rounds. Each call of a function runs in a fresh faaslet. Parts: calls cold durable noisy many.
"""

import argparse
import concurrent.futures
import contextlib
import json
import os
import resource
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

import peers

NODE_ECHO = """
const server = require('http').createServer((request, response) => {
  const parts = [];
  request.on('data', part => parts.push(part));
  request.on('end', () => {
    const body = Buffer.concat(parts);
    response.writeHead(200, {'Content-Type': 'text/plain', 'Content-Length': body.length});
    response.end(body);
  });
});
server.listen(0, '127.0.0.1', () => console.log('127.0.0.1:' + server.address().port));
"""


def leb(number):
    out = b""
    while number > 127:
        out, number = out + bytes([number & 127 | 128]), number >> 7
    return out + bytes([number])


def module(code, shared=False, name=""):
    """A command whose _start is `code`, with a page of memory. A custom section with `name` makes it one of its own."""

    def section(number, content):
        return bytes([number]) + leb(len(content)) + content

    body = b"\x00" + code + b"\x0b"
    custom = section(0, b"\x05bench" + name.encode()) if name else b""
    memory = b"\x01\x03\x01\x01" if shared else b"\x01\x00\x01"
    exports = b"\x02\x06memory\x02\x00\x06_start\x00\x00"
    return (b"\0asm\x01\0\0\0" + section(1, b"\x01\x60\0\0") + section(3, b"\x01\0") + section(5, memory)
            + section(7, exports) + section(10, b"\x01" + leb(len(body)) + body) + custom)


NOTHING = b""
ENDLESS = b"\x03\x40\x0c\x00\x0b"  # (loop (br 0))


class Server:
    """A program that says where it listens, and is killed at the end."""

    def __init__(self, command, address_of):
        self.began = time.perf_counter()
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.address = None
        while self.address is None:
            line = self.process.stdout.readline()
            if not line:
                raise peers.Missing(f"{command[0]} ends with {self.process.wait()} and says nothing")
            self.address = address_of(line)
        self.took = time.perf_counter() - self.began

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def cpu_seconds(self):
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self):
        """Proportional: pages of files and of images that are mapped many times count once."""
        with open(f"/proc/{self.process.pid}/smaps_rollup", encoding="ascii") as rollup:
            return next(int(line.split()[1]) for line in rollup if line.startswith("Pss:")) << 10


class Connection:
    """Keep-alive; as little in the way as possible. (Python's own client hides behind this folder's http.py.)"""

    def __init__(self, address):
        host, port = address.split(":")
        self.socket = socket.create_connection((host, int(port)))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.answers = self.socket.makefile("rb")

    def send(self, method, target, body=b"", headers=None):
        lines = [f"{method} {target} HTTP/1.1", "Host: localhost", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        self.socket.sendall("\r\n".join([*lines, "", ""]).encode() + body)

    def ask(self, method, target, body=b"", headers=None, statuses=(200,)):
        self.send(method, target, body, headers)
        status, length = int(self.answers.readline().split()[1]), 0
        while (line := self.answers.readline().strip().lower()) != b"":
            if line.startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        content = self.answers.read(length)
        if status not in statuses:
            raise peers.Missing(f"{method} {target} is answered {status}: {content[:300].decode(errors='replace')}")
        return content

    def close(self):
        self.answers.close()
        self.socket.close()


def weft_address(line):
    if line.startswith("{"):
        return json.loads(line).get("url", "").removeprefix("http://") or None
    return next((word.split("//")[1] for word in line.split() if word.startswith("url=http://")), None)


class Weft(Server):
    def __init__(self, options, data):
        command = [f"{options.build}/bin/weft", "up", "--dev", "--listen", "127.0.0.1:0", "--data", str(data)]
        super().__init__(command, weft_address)

    def connection(self):
        return Connection(self.address)

    def deploy(self, name, code, connection=None, settings=None):
        headers = {"Content-Type": "application/wasm", "Weft-Function": json.dumps(settings or {})}
        (connection or self.connection()).ask("PUT", f"/v1/functions/{name}", code, headers, (200, 201))


def invoke(name):
    return f"/v1/functions/{name}/invoke"


def load(options, server, connections, target, status=200, milliseconds=None):
    """Requests a second, CPU microseconds of the server for each, p50 and p99 in microseconds."""
    milliseconds = milliseconds or options.milliseconds
    before = server.cpu_seconds()
    command = [f"{options.build}/bin/net_load", server.address, connections, milliseconds, target, status]
    rate, p50, p99 = map(float, peers.run(command).split())
    return rate, (server.cpu_seconds() - before) / (rate * milliseconds / 1e3) * 1e6, p50, p99


@contextlib.contextmanager
def data_directory(options):
    directory = tempfile.mkdtemp(prefix="weft-bench-", dir=options.data)
    try:
        yield directory
    finally:
        shutil.rmtree(directory)


def verdict(good):
    return "" if good else "  MISSED"


def deploy_many(weft, names, code_of):
    def some(part):
        connection = weft.connection()
        for name in part:
            weft.deploy(name, code_of(name), connection)

    width = 32
    with concurrent.futures.ThreadPoolExecutor(width) as pool:
        list(pool.map(some, [names[i::width] for i in range(width)]))


# --- parts


def calls(options):
    """No-op calls beside plain echoes."""
    sides = {"beast": lambda _: Server([f"{options.build}/bin/net_echo_beast"], str.strip)}
    if shutil.which("node"):
        sides["node"] = lambda _: Server(["node", "-e", NODE_ECHO], str.strip)
    else:
        print("node is not installed: no figures of it")
    sides["weft"] = lambda data: Weft(options, data)
    print("spin and its like: no package of the registries we use has one, so they are absent")
    print("\ncalls of nothing  server   requests  CPU/request      p50          p99   "
          "weft / it  by CPU (goal: beast 0.5)")
    for connections in options.connections.split(","):
        figures = {side: [] for side in sides}
        for number in range(options.rounds):
            for side in list(sides) if number % 2 else list(reversed(sides)):
                with data_directory(options) as data, sides[side](data) as server:
                    if side == "weft":
                        server.deploy("default/nothing", module(NOTHING))
                        server.connection().ask("POST", invoke("default/nothing"), b"x")
                    load(options, server, connections, invoke("default/nothing"), milliseconds=200)
                    figures[side].append(load(options, server, connections, invoke("default/nothing")))
        medians = {side: [statistics.median(column) for column in zip(*figures[side])] for side in sides}
        for side, (rate, cpu, p50, p99) in medians.items():
            ratio = medians["weft"][0] / rate
            by_cpu = cpu / medians["weft"][1]
            missed = verdict(side != "beast" or by_cpu >= 0.5)
            beside = "" if side == "weft" else f"{ratio:8.2f} {by_cpu:8.2f}{missed}"
            print(f"{connections:>17} {side:6}{rate:11.0f}/s{cpu:8.2f} us{p50:9.1f} us{p99:9.1f} us{beside}")


def cold(options):
    """The first call of functions that this process never called, their code on disk."""
    names = [f"default/cold{number}" for number in range(options.cold)]
    with data_directory(options) as data:
        with Weft(options, data) as weft:
            deploy_many(weft, names, lambda name: module(NOTHING, name=name))
            weft.deploy("default/nothing", module(NOTHING))
        with Weft(options, data) as weft:
            connection = weft.connection()

            def latency(name):
                begin = time.perf_counter()
                connection.ask("POST", invoke(name), b"x")
                return (time.perf_counter() - begin) * 1e3

            for _ in range(100):
                latency("default/nothing")
            first = [latency(name) for name in names]
            warm = [latency(name) for name in names]
    over = statistics.median(first) - statistics.median(warm)
    print(f"\ncold functions ({len(names)}): {statistics.median(warm):.3f} ms warm, "
          f"{statistics.median(first):.3f} ms cold, "
          f"p90 {sorted(first)[len(first) * 9 // 10]:.3f} ms; {over:.3f} ms over warm (goal 1){verdict(over <= 1)}")


def durable(options):
    """Calls that were written to the disk before they are answered, and maps that wait for all."""
    accepted, ended, maps, call_cpu, map_cpu = [], [], [], [], []
    for _ in range(options.rounds):
        with data_directory(options) as data, Weft(options, data) as weft:
            weft.deploy("default/nothing", module(NOTHING))
            connection = weft.connection()
            connection.ask("POST", invoke("default/nothing"), b"x")
            begin, cpu = time.perf_counter(), weft.cpu_seconds()
            rate = load(options, weft, options.posters, invoke("default/nothing") + "?async=true", 202)[0]
            accepted.append(rate)
            while any(count_of(connection, state) for state in ("accepted", "running")):
                time.sleep(0.02)
            count = rate * options.milliseconds / 1e3
            ended.append(count / (time.perf_counter() - begin))
            call_cpu.append((weft.cpu_seconds() - cpu) / count * 1e6)
        with data_directory(options) as data, Weft(options, data) as weft:
            weft.deploy("default/nothing", module(NOTHING))
            connection = weft.connection()
            connection.ask("POST", invoke("default/nothing"), b"x")
            inputs = [f"input {number}" for number in range(options.inputs)]
            body = json.dumps({"function": "default/nothing", "inputs": inputs}).encode()
            headers = {"Content-Type": "application/json"}
            cpu, turns = weft.cpu_seconds(), 3
            for _ in range(turns):
                begin = time.perf_counter()
                answer = connection.ask("POST", "/v1/batch?wait=60s", body, headers)
                maps.append(len(inputs) / (time.perf_counter() - begin))
                if sum(call["state"] == "ended" for call in json.loads(answer)["calls"]) != len(inputs):
                    raise peers.Missing("a map was answered before all of its calls had ended")
            map_cpu.append((weft.cpu_seconds() - cpu) / (turns * len(inputs)) * 1e6)
    rate = statistics.median(accepted)
    print(f"\ndurable calls: {rate:.0f}/s accepted over {options.posters} connections (goal 20,000)"
          f"{verdict(rate >= 20_000)}, {statistics.median(ended):.0f}/s from the first until the last has ended, "
          f"{statistics.median(call_cpu):.1f} us of CPU for a call's whole life")
    rate = statistics.median(maps)
    print(f"map of {options.inputs} inputs, all answers waited for: {rate:.0f}/s, best {max(maps):.0f}/s (goal 30,000)"
          f"{verdict(rate >= 30_000)}, {statistics.median(map_cpu):.1f} us of CPU a call")


def count_of(connection, state):
    return len(json.loads(connection.ask("GET", f"/v1/calls?state={state}&namespace=default&limit=1"))["calls"])


def noisy(options):
    """One namespace's calls of nothing, alone and beside endless loops of another."""
    alone, beside = [], []
    for number in range(options.rounds):
        for is_noisy in (False, True) if number % 2 else (True, False):
            with data_directory(options) as data, Weft(options, data) as weft:
                weft.deploy("quiet/nothing", module(NOTHING))
                weft.deploy("noisy/endless", module(ENDLESS), settings={"limits": {"time": "60s"}})
                weft.connection().ask("POST", invoke("quiet/nothing"), b"x")
                loops = []
                for _ in range(options.loops if is_noisy else 0):
                    loops.append(weft.connection())
                    loops[-1].send("POST", invoke("noisy/endless"), b"x")
                time.sleep(0.5)  # until they all run
                figures = load(options, weft, options.quiet, invoke("quiet/nothing"))
                (beside if is_noisy else alone).append(figures)
                for loop in loops:
                    loop.close()
    alone = [statistics.median(column) for column in zip(*alone)]
    beside = [statistics.median(column) for column in zip(*beside)]
    ratio = beside[3] / alone[3]
    print(f"\nquiet namespace, {options.quiet} connections: {alone[0]:.0f}/s p50 {alone[2]:.0f} us "
          f"p99 {alone[3]:.0f} us; "
          f"beside {options.loops} endless loops of another {beside[0]:.0f}/s "
          f"p50 {beside[2]:.0f} us "
          f"p99 {beside[3]:.0f} us: p99 {ratio:.2f} times (goal 2){verdict(ratio <= 2)}")


def many(options):
    """Start-up with 1,000 functions, memory with 10,000, 10,000 connections."""
    with data_directory(options) as data:
        with Weft(options, data) as weft:
            empty = weft.memory()
            print(f"\nnew node: up after {weft.took:.3f} s, {empty / 2**20:.1f} MiB")
            names = [f"default/f{number}" for number in range(10_000)]
            begin = time.perf_counter()
            deploy_many(weft, names[:1000], lambda _: module(NOTHING))
            print(f"1,000 functions deployed at {1000 / (time.perf_counter() - begin):.0f}/s")
        starts = []
        for _ in range(options.rounds):
            with Weft(options, data) as weft:
                starts.append(weft.took)
        start = statistics.median(starts)
        print(f"up after {start:.3f} s with 1,000 functions (goal 1){verdict(start < 1)}")
        with Weft(options, data) as weft:
            deploy_many(weft, names[1000:], lambda _: module(NOTHING))
        with Weft(options, data) as weft:
            used = weft.memory()
            print(f"10,000 functions: up after {weft.took:.3f} s, {used / 2**20:.1f} MiB (goal 1024)"
                  f"{verdict(used <= 1 << 30)}")
            connection = weft.connection()
            for name in names:
                connection.ask("POST", invoke(name), b"x")
            used = weft.memory()
            print(f"after a call of each: {used / 2**20:.1f} MiB{verdict(used <= 1 << 30)}")
            open_connections(weft)


def open_connections(weft):
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    count = 9_990
    if count + 50 > hard:
        print(f"10,000 connections need more file descriptors than the hard limit, {hard}: no figure")
        return
    before = weft.memory()
    host, port = weft.address.split(":")
    request = b"POST " + invoke("default/f0").encode() + b" HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\nhi"
    sockets = []
    for _ in range(count):
        sockets.append(socket.create_connection((host, int(port))))
        sockets[-1].sendall(request)
        if not sockets[-1].recv(4096).startswith(b"HTTP/1.1 200"):
            raise peers.Missing(f"connection {len(sockets)} has no answer")
    time.sleep(3)  # until what an active connection keeps is given back
    print(f"{count} connections open, after a call each: {(weft.memory() - before) / count:.0f} bytes each")
    for each in sockets:
        each.close()


PARTS = {"calls": calls, "cold": cold, "durable": durable, "noisy": noisy, "many": many}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", choices=[[], *PARTS], help="all unless given")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--milliseconds", type=int, default=2000)
    parser.add_argument("--connections", default="1,16,64", help="of calls")
    parser.add_argument("--cold", type=int, default=100, metavar="N", help="functions that are called once")
    parser.add_argument("--posters", type=int, default=256, metavar="N", help="connections that post durable calls")
    parser.add_argument("--inputs", type=int, default=10_000, metavar="N", help="of a map")
    parser.add_argument("--loops", type=int, default=64, metavar="N", help="endless ones of the noisy namespace")
    parser.add_argument("--quiet", type=int, default=16, metavar="N", help="connections of the quiet namespace")
    parser.add_argument("--data", metavar="DIR", help="where nodes keep their data: the disk of durable calls")
    parser.add_argument("--build", default=str(peers.HERE.parent / "build"))
    options = parser.parse_args()
    machine = peers.machine()
    print(", ".join(f"{key} {machine[key]}" for key in ("processor", "cores", "load")))
    for part in options.parts or PARTS:
        try:
            PARTS[part](options)
        except peers.Missing as missing:
            sys.exit(f"{part}: {missing}")


if __name__ == "__main__":
    main()
