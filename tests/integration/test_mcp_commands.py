"""gantry-mcp tools and call: what they print, how they end, what they say when something is wrong."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile
import time
import unittest
from pathlib import Path
from typing import Any

from .harness import DONE, FAILED, INTERRUPTED, USAGE
from .mcp_program import GANTRY_MCP
from .slow_redis import SlowRedis, getter


PERSISTENT = {"timeout_ms": 200_000, "retry": {"attempts": 3, "base_ms": 60_000}}
"""A server would try again half a minute later at the earliest."""


class Commands(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        (self.folder / "data").mkdir()
        (self.folder / "data/hello.txt").write_text("hello\n", encoding="utf-8")
        self.redis = SlowRedis()
        self.addCleanup(self.redis.close)
        document = {
            "sources": {
                "files": {"type": "filesystem", "allowed_paths": ["data"]},
                "slow": self.redis.source(),
                "down": {"type": "redis", "host": "127.0.0.1", "port": 1},
                "pg": {"type": "postgres", "host": "127.0.0.1", "port": 1, "database": "d", "user": "u", "password": "${env.SECRET}"},
            },
            "tools": {
                "file_read": {"type": "file-read", "source": "files", "tier": "local"},
                "file_list": {"type": "file-list", "source": "files", "tier": "other"},
                "get": getter(timeout_ms=60_000, tier="local"),
                "down": getter("down", tier="local", **PERSISTENT),
                "query": {"type": "postgres-query", "source": "pg", "tier": "local", **PERSISTENT},
            },
            "toolsets": {"few": {"tools": ["file_list"]}},
            "tiers": {"local": {"listen": 8000}, "other": {"listen": 8001}},
        }
        (self.folder / "gantry-mcp.yaml").write_text(json.dumps(document), encoding="utf-8")

    def environment(self) -> dict[str, str]:
        names = ("PATH", "HOME", "ASAN_OPTIONS", "UBSAN_OPTIONS")
        return {"SECRET": "x", **{name: os.environ[name] for name in names if name in os.environ}}

    def run_it(self, *words: str, code: int = DONE, **variables: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [GANTRY_MCP, *words],
            cwd=self.folder,
            env={**self.environment(), **variables},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        self.assertEqual(done.returncode, code, f"{words}\n{done.stdout}{done.stderr}")
        return done

    def events(self, done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
        return {event["event"]: event for event in map(json.loads, done.stdout.splitlines())}


class Tools(Commands):
    def test_the_list(self) -> None:
        listed = self.run_it("tools").stdout.splitlines()
        self.assertEqual([line.split()[2] for line in listed], ["TOOL", "down", "file_list", "file_read", "get", "query"])
        self.assertIn("reads", listed[1])
        for words in (("--toolset", "few"), ("--tier", "other")):
            self.assertEqual([line.split()[2] for line in self.run_it("tools", *words).stdout.splitlines()], ["TOOL", "file_list"])

    def test_for_machines(self) -> None:
        tools = self.events(self.run_it("tools", "--json"))["tools"]["tools"]
        read = next(tool for tool in tools if tool["name"] == "file_read")
        for member in ("description", "inputSchema", "outputSchema", "annotations", "_meta"):
            self.assertIn(member, read)

    def test_a_list_needs_no_secret(self) -> None:
        environment = self.environment()
        del environment["SECRET"]
        done = subprocess.run([GANTRY_MCP, "tools"], cwd=self.folder, env=environment, capture_output=True, text=True, timeout=120, check=False)
        self.assertEqual(done.returncode, DONE, done.stderr)

    def test_what_there_is_not(self) -> None:
        self.assertRegex(self.run_it("tools", "--toolset", "none", code=USAGE).stderr, '"none"\n.*use one of few')
        self.assertRegex(self.run_it("tools", "--tier", "none", code=USAGE).stderr, '"none"\n.*use one of local, other')
        self.assertIn("gantry-mcp init", self.run_it("tools", "-c", "none.yaml", code=FAILED).stderr)


class Call(Commands):
    def test_results(self) -> None:
        done = self.run_it("call", "file_read", '{"path": "hello.txt"}')
        self.assertEqual(json.loads(done.stdout)["text"], "hello\n")
        self.assertEqual(done.stderr, "")
        result = self.events(self.run_it("call", "file_read", '{"path": "hello.txt"}', "--json"))["result"]
        self.assertEqual(result["structuredContent"]["text"], "hello\n")
        self.assertIn("hello.txt", self.run_it("call", "file_list").stdout)

    def test_arguments_that_are_wrong(self) -> None:
        for arguments, code in (("{path}", USAGE), ("[1]", USAGE), ("7", USAGE), ('{"a":1,"a":2}', USAGE), ("{}", FAILED), ('{"path":7}', FAILED)):
            done = self.run_it("call", "file_read", arguments, code=code)
            self.assertIn("hint: ", done.stderr)
            self.assertEqual(done.stdout, "")
        done = self.run_it("call", "file_read", '{"path":"hello.txt","z":1}', "--json", code=FAILED)
        self.assertEqual(self.events(done)["result"]["_meta"]["gantry/kind"], "invalid_arguments")
        self.assertIn('"z"', self.events(done)["diagnostic"]["message"])
        self.assertNotRegex(self.run_it("call", "file_read", '{"path":"../../etc/passwd"}', code=FAILED).stderr, "root:")

    def test_a_tool_that_there_is_not(self) -> None:
        self.assertIn("did you mean file_read?", self.run_it("call", "file_raed", code=USAGE).stderr)
        self.assertIn("gantry-mcp tools", self.run_it("call", "zzzzzzzz", code=USAGE).stderr)
        self.run_it("call", code=USAGE)
        self.run_it("call", "file_read", "{}", "more", code=USAGE)

    def test_a_source_that_is_down(self) -> None:
        for tool, arguments in (("down", "{}"), ("query", '{"query": "SELECT 1"}')):
            begun = time.monotonic()
            done = self.run_it("call", tool, arguments, code=FAILED)
            self.assertLess(time.monotonic() - begun, 20)
            self.assertIn("cannot be reached", done.stderr)

    def test_an_interrupt(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            process = subprocess.Popen([GANTRY_MCP, "call", "get", '{"key": "held"}'], cwd=self.folder, env=self.environment(), stderr=subprocess.PIPE)
            self.until_held(1)
            process.send_signal(number)
            _, said = process.communicate(timeout=30)
            self.assertEqual(process.returncode, INTERRUPTED, said)
            self.assertNotIn(b"Sanitizer", said)
            self.redis.release()
            self.until_held(0)
            self.redis.hold()

    def until_held(self, count: int) -> None:
        end = time.monotonic() + 60
        while self.redis.held != count:
            self.assertLess(time.monotonic(), end)
            time.sleep(0.02)


if __name__ == "__main__":
    unittest.main()
