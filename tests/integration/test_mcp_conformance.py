"""The official MCP conformance suite against `gantry-mcp serve --conformance`.

The suite is a package of tests/integration/js.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
import unittest

from .javascript import MODULES, NODE, needs_javascript
from .mcp_program import ProgramTest

SCRIPT = MODULES / "@modelcontextprotocol/conformance/dist/index.js"

EXTENSION = re.compile(r"^✗ tasks-", re.MULTILINE)
"""An extension that the server does not have; no version of the specification asks for it."""

PENDING = ("json-schema-2020-12", "http-header-validation", "http-custom-header-server-validation")
"""Not scored at 2026-07-28, and passed all the same."""


@needs_javascript
class Conformance(ProgramTest):
    def setUp(self) -> None:
        super().setUp()
        self.begin("--conformance", "--listen", "127.0.0.1:0")

    def run_suite(self, version: str) -> str:
        with tempfile.TemporaryDirectory() as results:
            command = [str(NODE), str(SCRIPT), "server", "--url", self.url, "--requirements", version, "-o", results]
            done = subprocess.run(command, capture_output=True, text=True, timeout=1200, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def check(self, version: str, scenarios: int) -> str:
        summary = self.run_suite(version).split("=== SUMMARY ===")[1].split("Total:")[0]
        others = [line for line in summary.splitlines() if line.startswith("✗") and not EXTENSION.match(line)]
        self.assertEqual(others, [])
        self.assertGreaterEqual(summary.count("✓"), scenarios, summary)
        return summary

    def test_2025_11_25(self) -> None:
        self.check("2025-11-25", 33)

    def test_2026_07_28(self) -> None:
        summary = self.check("2026-07-28", 40)
        for name in PENDING:
            self.assertRegex(summary, rf"✓ {name}: [1-9]\d* passed, 0 failed")


class Apart(ProgramTest):
    """What the suite asks for is served with --conformance alone, and nothing else then."""

    def names(self) -> set[str]:
        return {tool["name"] for tool in self.ask("tools/list")["result"]["tools"]}

    def test_a_production_list_has_no_fixture(self) -> None:
        tools = {"list": {"type": "file-list", "security": {"allowed_paths": [str(self.folder)]}}}
        self.serve({"tools": tools})
        self.assertEqual(self.names(), {"list"})
        self.assertIn("error", self.ask("tools/call", {"name": "test_simple_text", "arguments": {}}))
        for method in ("prompts/list", "resources/list", "completion/complete", "logging/setLevel"):
            self.assertEqual(self.ask(method)["error"]["code"], -32601, method)

    def test_with_a_configuration_the_fixtures_stand_alone(self) -> None:
        tools = {"list": {"type": "file-list", "security": {"allowed_paths": [str(self.folder)]}}}
        path = self.write({"tools": tools})
        self.begin("--conformance", "-c", str(path))
        names = self.names()
        self.assertIn("test_simple_text", names)
        self.assertNotIn("list", names)
        for uri, there in (("test://template/7/data", True), ("test://template/data", False)):
            self.assertEqual("result" in self.ask("resources/read", {"uri": uri}), there, uri)


if __name__ == "__main__":
    unittest.main()
