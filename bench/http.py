#!/usr/bin/env python3
"""net::Server against the plainest loop of Boost.Beast: a small POST echoed over keep-alive, on the same machine.

    ninja -C build net_echo_weft net_echo_beast net_load
    bench/http.py [--rounds N] [--connections 1,64,512] [--milliseconds MS] [--build build]

Each server has one thread, the load another. The sides alternate, and which is first changes each round; figures are
medians over the rounds. `CPU` is what the server used a request; `ratio` is weft's requests a second over Beast's.
With --idle N, the memory and the CPU time of N idle connections too.
"""

import argparse
import os
import resource
import socket
import statistics
import subprocess
import sys
import time

import peers

SIDES = ("beast", "weft")


class Server:
    def __init__(self, program):
        self.process = subprocess.Popen([program], stdout=subprocess.PIPE, text=True)
        self.address = self.process.stdout.readline().strip()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def cpu_seconds(self):
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self):
        with open(f"/proc/{self.process.pid}/statm", encoding="ascii") as statm:
            return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def load(server, build, connections, milliseconds):
    before = server.cpu_seconds()
    said = subprocess.run([f"{build}/bin/net_load", server.address, str(connections), str(milliseconds)],
                          capture_output=True, text=True, check=True).stdout
    rate, p50, p99 = map(float, said.split())
    cpu = (server.cpu_seconds() - before) / (rate * milliseconds / 1e3) * 1e6
    return rate, cpu, p50, p99


def compare(options, connections):
    figures = {side: [] for side in SIDES}
    for number in range(options.rounds):
        for side in SIDES if number % 2 else reversed(SIDES):
            with Server(f"{options.build}/bin/net_echo_{side}") as server:
                figures[side].append(load(server, options.build, connections, options.milliseconds))
    medians = {side: [statistics.median(column) for column in zip(*figures[side])] for side in SIDES}
    for side in SIDES:
        rate, cpu, p50, p99 = medians[side]
        ratio = f"{rate / medians['beast'][0]:8.2f}" if side == "weft" else ""
        print(f"{connections:11}  {side:6}{rate:11.0f}/s{cpu:8.2f} us{p50:9.1f} us{p99:9.1f} us{ratio}")


def idle(options):
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if options.idle + 50 > hard:
        sys.exit(f"{options.idle} connections need more file descriptors than the hard limit, {hard} (ulimit -Hn)")
    request = b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi"
    print(f"\n{options.idle} idle connections, after a request each")
    for side in SIDES:
        with Server(f"{options.build}/bin/net_echo_{side}") as server:
            host, port = server.address.split(":")
            before, sockets = server.memory(), []
            for _ in range(options.idle):
                sockets.append(socket.create_connection((host, int(port))))
                sockets[-1].sendall(request)
                sockets[-1].recv(4096)
            time.sleep(3)  # until what an active connection keeps is given back
            used, cpu = server.memory() - before, server.cpu_seconds()
            time.sleep(5)
            cpu = (server.cpu_seconds() - cpu) / 5 * 100
            print(f"{side:6}{used / options.idle:9.0f} bytes of resident memory each {cpu:8.2f} % of a core")
            for each in sockets:
                each.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--connections", default="1,64,512")
    parser.add_argument("--milliseconds", type=int, default=2000)
    parser.add_argument("--build", default=str(peers.HERE.parent / "build"))
    parser.add_argument("--idle", type=int, metavar="N")
    options = parser.parse_args()
    machine = peers.machine()
    print(", ".join(f"{key} {machine[key]}" for key in ("processor", "cores", "load")))
    print("connections  server   requests  CPU/request      p50          p99   ratio")
    for connections in options.connections.split(","):
        compare(options, int(connections))
    if options.idle:
        idle(options)


if __name__ == "__main__":
    main()
