#!/usr/bin/env python3
"""Kills a node again and again under load: what it acknowledged ends, and what may run once runs once.

    tests/node/kill_test.py [--kills N] [--seed N]
"""

import argparse
import collections
import http.client
import pathlib
import random
import signal
import sys
import tempfile
import threading
import unittest

from node import Node, NOTES_ITS_RUN

SUBMITTERS = 4
options = argparse.Namespace(kills=4, seed=1)


class Load:
    """Submits asynchronous calls with inputs of their own, one at a time for each thread, until the node is gone."""

    def __init__(self, node, turn, enough):
        self.node, self.turn, self.enough = node, turn, enough
        self.acknowledged = {}  # id -> input
        self.lock = threading.Lock()
        self.reached = threading.Event()

    def submit(self, number):
        name = ("once", "often")[number % 2]
        connection = self.node.connection()
        try:
            for i in range(1 << 30):
                text = f"{name}-{self.turn}-{number}-{i}"
                answer = self.node.ask_on(connection, "POST", f"/v1/functions/k/{name}/invoke?async=true", text + "\n")
                if answer.status == 503:
                    continue
                assert answer.status == 202, (answer.status, answer.body)
                with self.lock:
                    self.acknowledged[answer.json["id"]] = text
                    if len(self.acknowledged) >= self.enough:
                        self.reached.set()
        except (OSError, http.client.HTTPException):
            pass  # the node was killed: what is not acknowledged may be there or not
        finally:
            connection.close()
            self.reached.set()

    def run_until_killed(self):
        threads = [threading.Thread(target=self.submit, args=(i,)) for i in range(SUBMITTERS)]
        for thread in threads:
            thread.start()
        self.reached.wait()
        assert self.node.process.poll() is None, self.node.log
        self.node.stop(signal.SIGKILL)
        for thread in threads:
            thread.join()


class Kills(unittest.TestCase):
    def start(self):
        node = Node(self.dir / "data", "--config", self.dir / "weft.toml")
        self.addCleanup(node.close)
        return node

    def ends(self, node, calls):
        """{id: outcome}, once all have ended."""
        outcomes = {}
        connection = node.connection()
        for call in calls:
            answer = node.ask_on(connection, "GET", f"/v1/calls/{call}/output?wait=100s")
            self.assertEqual(answer.status, 200, (call, answer.body))
            outcomes[call] = answer.headers["Weft-Outcome"]
            if outcomes[call] == "returned":
                self.assertEqual(answer.body.decode(), calls[call] + "\n")
        connection.close()
        return outcomes

    def test_every_acknowledged_call_ends_and_none_runs_more_often_than_it_may(self):
        chance = random.Random(options.seed)
        with tempfile.TemporaryDirectory() as directory:
            self.dir = pathlib.Path(directory)
            (self.dir / "volume").mkdir()
            (self.dir / "weft.toml").write_text(f'[volumes]\nnotes = "{self.dir}/volume"\n')
            node = self.start()
            spec = {"directories": ["notes:/notes"], "limits": {"concurrency": 8}}
            self.assertEqual(node.deploy("k/once", NOTES_ITS_RUN, spec).status, 201)
            spec["retry"] = {"policy": "at-least-once", "attempts": 100, "backoff": "1ms"}
            self.assertEqual(node.deploy("k/often", NOTES_ITS_RUN, spec).status, 201)
            calls, outcomes = {}, {}
            for turn in range(options.kills):
                load = Load(node, turn, chance.randint(1, 600))
                load.run_until_killed()
                self.assertTrue(load.acknowledged)
                node = self.start()
                calls.update(load.acknowledged)
                outcomes.update(self.ends(node, load.acknowledged))
                self.check(calls, outcomes)
            self.assertEqual(self.ends(node, calls), outcomes, "an end has changed afterwards")
            print(f"{options.kills} kills, {len(calls)} calls acknowledged:",
                  dict(collections.Counter(outcomes.values())))
            self.assertEqual(node.stop(), 0)

    def check(self, calls, outcomes):
        runs = collections.Counter((self.dir / "volume/ran").read_text().split())
        for text, times in runs.items():
            if text.startswith("once"):
                self.assertEqual(times, 1, f"{text} has run {times} times")
        for call, text in calls.items():
            if text.startswith("often"):
                self.assertEqual(outcomes[call], "returned", text)
            self.assertIn(outcomes[call], ("returned", "lost"), text)
            if outcomes[call] == "returned":
                self.assertGreaterEqual(runs[text], 1, f"{text} has returned, and not run")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=options.kills)
    parser.add_argument("--seed", type=int, default=options.seed)
    parser.parse_args(namespace=options)
    unittest.main(argv=sys.argv[:1])
