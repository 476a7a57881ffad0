"""The official clients at gantry-mcp: the TypeScript and the Python SDK and the Inspector."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import subprocess
import unittest
from pathlib import Path
from typing import Any

from .javascript import MODULES, NODE, needs_javascript, run_script
from .mcp_program import GANTRY_MCP, ProgramTest
from .mcp_wire import LEGACY, MODERN
from .slow_redis import SlowRedis, getter

MORE = 530
needs_sdk = unittest.skipUnless(importlib.util.find_spec("mcp"), "the package mcp is not installed")


class Clients(ProgramTest):
    def setUp(self) -> None:
        super().setUp()
        self.redis = SlowRedis()
        self.addCleanup(self.redis.close)
        data = self.folder / "data"
        data.mkdir()
        (data / "hello.txt").write_text("hello\n", encoding="utf-8")
        self.document: dict[str, Any] = {
            "name": "clients",
            "instructions": "Ask for hello.txt.",
            "sources": {
                "files": {"type": "filesystem", "allowed_paths": [str(data)]},
                "slow": self.redis.source(),
                "fast": self.redis.source(),
            },
            "tools": {
                "read": {"type": "file-read", "source": "files"},
                "get": getter(),
                "quick": getter("fast"),
                **{f"list_{i:03}": {"type": "file-list", "source": "files"} for i in range(MORE)},
            },
        }

    def pipes(self) -> dict[str, Any]:
        """How a client starts a server of its own."""
        path: Path = self.write(self.document)
        return {"command": GANTRY_MCP, "args": ["serve", "--transport", "stdio", "-c", str(path)], "env": {"ASAN_OPTIONS": "exitcode=99"}}


@needs_javascript
class TypeScript(Clients):
    def test_both_versions_of_the_sdk(self) -> None:
        self.serve(self.document)
        given = {"url": self.url, "stdio": self.pipes(), "tools": MORE + 3}
        ran = run_script("serve.mjs", json.dumps(given))
        self.assertEqual((0, "done\n"), (ran.returncode, ran.stdout), ran.stderr)

    def inspector(self, *arguments: str) -> Any:
        ran = subprocess.run(
            [str(NODE), str(MODULES / ".bin/mcp-inspector"), "--cli", *arguments],
            cwd=self.folder,
            env={"PATH": f"{MODULES / '.bin'}:/usr/bin:/bin", "HOME": str(self.folder)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        self.assertEqual(ran.returncode, 0, ran.stderr)
        return json.loads(ran.stdout)

    def test_the_inspector(self) -> None:
        self.serve(self.document)
        settings = self.folder / "mcp.json"
        settings.write_text(json.dumps({"mcpServers": {"gantry": {"type": "stdio", **self.pipes()}}}), encoding="utf-8")
        for chosen in ((self.url, "--transport", "http"), ("--config", str(settings), "--server", "gantry")):
            listed = self.inspector(*chosen, "--method", "tools/list")["tools"]
            self.assertGreaterEqual({tool["name"] for tool in listed}, {"get", "list_000"})
            called = self.inspector(*chosen, "--method", "tools/call", "--tool-name", "read", "--tool-arg", "path=hello.txt")
            self.assertIn("hello", called["content"][0]["text"])


@needs_sdk
class Python(Clients):
    async def use(self, server: Any, mode: str, version: str) -> None:
        from mcp import Client, MCPError

        async with Client(server, mode=mode) as client:
            self.assertEqual(client.protocol_version, version)
            self.assertEqual(client.server_info.name, "clients")
            self.assertEqual(client.instructions, "Ask for hello.txt.")
            names: list[str] = []
            page = await client.list_tools()
            names += [tool.name for tool in page.tools]
            while page.next_cursor is not None:
                page = await client.list_tools(cursor=page.next_cursor)
                names += [tool.name for tool in page.tools]
            self.assertEqual(names, sorted(self.document["tools"]))
            read = await client.call_tool("read", {"path": "hello.txt"})
            self.assertFalse(read.is_error)
            self.assertIn("hello", json.dumps(read.structured_content))
            many = await asyncio.gather(*(client.call_tool("quick", {"key": f"k{i}"}) for i in range(50)))
            self.assertEqual([result.structured_content["reply"] for result in many], [f"k{i}" for i in range(50)])
            with self.assertRaises(MCPError) as caught:
                await client.call_tool("none", {})
            self.assertEqual(caught.exception.error.code, -32602)
            wrong = await client.call_tool("read", {"nope": 1})
            self.assertTrue(wrong.is_error)
            with self.assertRaises((MCPError, TimeoutError)):
                await client.call_tool("get", {"key": "held"}, read_timeout_seconds=0.3)
            after = await client.call_tool("quick", {"key": "after"})
            self.assertEqual(after.structured_content["reply"], "after")

    def test_over_http(self) -> None:
        self.serve(self.document)
        for mode, version in (("legacy", LEGACY[-1]), ("auto", MODERN), (MODERN, MODERN)):
            if mode != MODERN:
                asyncio.run(self.use(self.url, mode, version))
            else:
                asyncio.run(self.pinned())

    async def pinned(self) -> None:
        """A client that asks nothing before its first call."""
        from mcp import Client

        async with Client(self.url, mode=MODERN) as client:
            result = await client.call_tool("list_000")
            self.assertIn("hello.txt", json.dumps(result.structured_content))

    def test_over_pipes(self) -> None:
        from mcp import StdioServerParameters

        for mode, version in (("legacy", LEGACY[-1]), ("auto", MODERN)):
            asyncio.run(self.use(StdioServerParameters(**self.pipes()), mode, version))

    def test_it_hears_of_another_list(self) -> None:
        from mcp import Client

        self.serve(self.document)

        async def listen() -> list[str]:
            async with Client(self.url, mode="auto") as client, client.listen(tools_list_changed=True) as changes:
                await client.list_tools()
                del self.document["tools"]["get"]
                self.write(self.document)
                async for _ in changes:
                    return [tool.name for tool in (await client.list_tools()).tools]
            return []

        self.assertNotIn("get", asyncio.run(asyncio.wait_for(listen(), 120)) or ["get"])


if __name__ == "__main__":
    unittest.main()
