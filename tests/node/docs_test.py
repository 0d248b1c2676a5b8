#!/usr/bin/env python3
"""The shell blocks of docs/api.md do what the page says, one after the other."""

import pathlib
import re
import subprocess
import sys
import unittest

from node import guests, NodeTest, ROOT, wasm


class Page(NodeTest):
    def test_every_command_of_the_page_works(self):
        blocks = re.findall(r"^```sh\n(.*?)^```$", (ROOT / "docs/api.md").read_text(), re.MULTILINE | re.DOTALL)
        self.assertGreater(len(blocks), 5)
        script = "set -euo pipefail\n" + "\n".join(blocks).replace("http://127.0.0.1:8080", self.node.url)
        self.assertNotIn(":8080", script)
        (pathlib.Path(self.directory.name) / "count.wasm").write_bytes(wasm(guests.CAT))
        done = subprocess.run(["bash", "-c", script], cwd=self.directory.name, capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        for part in ('"token":"weft_', "one two three", "weft_calls_running", '"outcome":"returned"',
                     "urn:weft:problem:not-found", "Weft-Exit-Code: 0", '"output":"one two"'):
            self.assertIn(part, done.stdout)


if __name__ == "__main__":
    sys.exit(unittest.main())
