#!/usr/bin/env python3
"""Asks a node by its own description: schemathesis makes requests of /openapi.json, valid ones and such that are not,
and looks whether the answers are as described. The last line is "N passed, N failed", of operations.

    tests/node/described.py PACKAGES [--examples N] [--seed N]      PACKAGES: scripts/cached tests/node/schemathesis.sh
"""

import argparse
import os
import pathlib
import re
import subprocess
import sys
import tempfile

from node import guests, Node

# What there is on the node, so that requests come as far as it; deletions and tokens are left to chance.
SETTINGS = """
[[operations]]
include-operation-id-regex = "^(deploy|describeFunction|readModule|pointAlias|invoke)$"
parameters = {{ namespace = "default", name = "count" }}

[[operations]]
include-operation-id-regex = "^(describeCall|cancelCall|callOutput|callLog)$"
parameters = {{ id = "{call}" }}
"""
# A description cannot say all that makes a request valid: an hour that is no hour, an export that a module lacks.
UNCHECKED = "positive_data_acceptance"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("packages")
    parser.add_argument("--examples", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        node = Node(directory + "/data")
        try:
            output = ask(node, pathlib.Path(directory), options)
            alive = node.process.poll() is None
        finally:
            node.close()
    print(output)
    tested = re.search(r"Tested: (\d+)", output)
    failures = re.search(r"^=+ .*?(\d+) failures?", output, re.MULTILINE)
    errors = re.search(r"^=+ .*?(\d+) errors?", output, re.MULTILINE)
    failed = sum(int(found[1]) for found in (failures, errors) if found) + (not alive)
    passed = max(int(tested[1]) - failed, 0) if tested else 0
    print(f"{passed} passed, {failed} failed")
    return 0 if passed and not failed else 1


def ask(node, directory, options):
    for name in ("default/count", "default/other"):
        assert node.deploy(name, guests.CAT).status == 201
    call = node.invoke("default/count", b"x", headers={"Weft-Durable": "true"}).headers["Weft-Call-Id"]
    (directory / "schemathesis.toml").write_text(SETTINGS.format(call=call))
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", "schemathesis.toml", "run",
               node.url + "/openapi.json", "--phases", "coverage,fuzzing", "--exclude-checks", UNCHECKED,
               "--max-examples", str(options.examples), "--seed", str(options.seed), "--generation-database", "none",
               "--request-timeout", "60", "--continue-on-failure", "--no-color", "--suppress-health-check", "all"]
    done = subprocess.run(command, cwd=directory, env={**os.environ, "PYTHONPATH": options.packages, "COLUMNS": "120"},
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
