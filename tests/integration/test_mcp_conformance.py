"""The official MCP conformance suite against the MCP library, by way of tests/support/mcp_fixture.c.

The suite is a package of tests/integration/js.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

from .javascript import MODULES, NODE, needs_javascript

ROOT = Path(__file__).resolve().parent.parent.parent
FIXTURE = os.environ.get("GANTRY_MCP_FIXTURE", "")
SCRIPT = MODULES / "@modelcontextprotocol/conformance/dist/index.js"

EXTENSION = re.compile(r"^✗ tasks-", re.MULTILINE)
"""An extension that the library does not have; no version of the specification asks for it."""


@needs_javascript
class Conformance(unittest.TestCase):
    def setUp(self) -> None:
        self.server = subprocess.Popen(
            [FIXTURE, str(ROOT / "tests/support/mcp_fixture.json"), "0"], stdout=subprocess.PIPE, text=True
        )
        assert self.server.stdout is not None
        self.addCleanup(self.server.stdout.close)
        self.url = self.server.stdout.readline().strip()

    def tearDown(self) -> None:
        self.server.terminate()
        self.assertEqual(self.server.wait(30), 0, "the server did not end well")

    def run_suite(self, version: str) -> str:
        with tempfile.TemporaryDirectory() as results:
            command = [str(NODE), str(SCRIPT), "server", "--url", self.url, "--requirements", version, "-o", results]
            done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def check(self, version: str, scenarios: int) -> None:
        summary = self.run_suite(version).split("=== SUMMARY ===")[1].split("Total:")[0]
        others = [line for line in summary.splitlines() if line.startswith("✗") and not EXTENSION.match(line)]
        self.assertEqual(others, [])
        self.assertGreaterEqual(summary.count("✓"), scenarios, summary)

    def test_2025_11_25(self) -> None:
        self.check("2025-11-25", 33)

    def test_2026_07_28(self) -> None:
        self.check("2026-07-28", 40)


if __name__ == "__main__":
    unittest.main()
