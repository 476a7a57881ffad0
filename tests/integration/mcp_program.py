"""gantry-mcp as a child: a configuration of the test's own, calls as a client makes them."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import threading
import time
import unittest
from pathlib import Path
from typing import Any

from .data_plane import post, send
from .local_cloud import ROOT

GANTRY_MCP = os.environ.get("GANTRY_MCP_BINARY", str(ROOT / "build/bin/gantry-mcp"))


class Outcome:
    """Of a call: `structured` and `content`, or `kind` and `text` of a failure."""

    def __init__(self, result: dict[str, Any]) -> None:
        self.failed = bool(result.get("isError"))
        self.kind = result.get("_meta", {}).get("gantry/kind", "") if self.failed else ""
        self.content = result["content"]
        self.text = self.content[0].get("text", "")
        self.structured = result.get("structuredContent")


def listening(process: subprocess.Popen[str], tiers: int, errors: Path) -> dict[str, str]:
    """The URLs of so many tiers, as soon as the server says that it listens there."""
    assert process.stdout is not None
    urls: dict[str, str] = {}
    while len(urls) < tiers:
        line = process.stdout.readline()
        if not line:
            raise AssertionError(errors.read_text(encoding="utf-8"))
        event = json.loads(line)
        if event["event"] == "listening":
            urls[event["tier"]] = event["url"]
    return urls


class ProgramTest(unittest.TestCase):
    """Servers that end well: without a word of the sanitizers, and with status 0."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.url = ""
        self.urls: dict[str, str] = {}
        self.notes: list[dict[str, Any]] = []
        self.readers: dict[subprocess.Popen[str], threading.Thread] = {}
        self.ends_with = 0
        self.program = GANTRY_MCP

    def write(self, document: dict[str, Any]) -> Path:
        """JSON is YAML. Where tools do not say so, they are not repeated and have more time than any machine needs."""
        tiers = document.setdefault("tiers", {"local": {"listen": "127.0.0.1:0"}})
        for tool in document["tools"].values():
            tool.setdefault("retry", {"attempts": 1})
            if not any("timeout_ms" in where.get("limits", {}) for where in (tool, *tiers.values())):
                tool.setdefault("timeout_ms", 60_000)
        return self.put(json.dumps(document))

    def put(self, text: str) -> Path:
        """The configuration becomes another one in one step: nobody reads the half of it."""
        path, beside = self.folder / "gantry-mcp.yaml", self.folder / "beside.yaml"
        beside.write_text(text, encoding="utf-8")
        return beside.replace(path)

    def rewrite(self, document: dict[str, Any] | str, valid: bool = True) -> None:
        """Returns when the server has read it."""
        before = len(self.reloads())
        if isinstance(document, str):
            self.put(document)
        else:
            self.write(document)
        self.eventually(lambda: len(self.reloads()) > before)
        self.assertEqual(self.reloads()[-1]["valid"], valid, self.notes)

    def reloads(self) -> list[dict[str, Any]]:
        return self.told("reloaded")

    def told(self, event: str) -> list[dict[str, Any]]:
        """What came so far: a note may come later than what can be seen of its cause."""
        return [note for note in list(self.notes) if note["event"] == event]

    def told_in_all(self, event: str) -> list[dict[str, Any]]:
        """What was told until the end of the servers, which comes now: to see that something was not."""
        for process, reader in self.readers.items():
            process.terminate()
            process.wait(timeout=60)
            reader.join(60)
            self.assertFalse(reader.is_alive())
        return self.told(event)

    def serve(self, document: dict[str, Any], **variables: str) -> subprocess.Popen[str]:
        path = self.write(document)
        return self.begin("-c", str(path), tiers=len(document["tiers"]), **variables)

    def begin(self, *words: str, tiers: int = 1, keep: tuple[int, ...] = (), **variables: str) -> subprocess.Popen[str]:
        names = ("PATH", "HOME", "ASAN_OPTIONS", "UBSAN_OPTIONS")
        environment = {name: os.environ[name] for name in names if name in os.environ}
        errors = self.folder / f"stderr-{len(self.readers)}"
        with errors.open("wb") as stderr:
            process = subprocess.Popen(
                [self.program, "serve", "--json", *words],
                cwd=self.folder,
                env=environment | variables,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=stderr,
                pass_fds=keep,
                text=True,
            )
        assert process.stdout is not None
        self.addCleanup(process.stdout.close)
        self.addCleanup(self.end, process, errors)
        self.urls = listening(process, tiers, errors)
        self.url = next(iter(self.urls.values()), "")
        self.readers[process] = threading.Thread(target=self.collect, args=(process,), daemon=True)
        self.readers[process].start()
        return process

    def collect(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            self.notes.append(json.loads(line))

    def end(self, process: subprocess.Popen[str], errors: Path) -> None:
        if process.poll() is None:
            process.terminate()
        try:
            process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise
        if process in self.readers:
            self.readers[process].join(60)
        said = errors.read_text(encoding="utf-8")
        self.assertNotRegex(said, "Sanitizer|runtime error")
        self.assertEqual(process.returncode, self.ends_with, said)

    def ask(self, method: str, params: Any = None) -> dict[str, Any]:
        answer = post(self.url, method, params)
        self.assertEqual(answer.status, 200, answer.body)
        document: dict[str, Any] = answer.json
        return document

    def call(self, tool: str, **arguments: Any) -> Outcome:
        document = self.ask("tools/call", {"name": tool, "arguments": arguments})
        self.assertNotIn("error", document)
        return Outcome(document["result"])

    def result(self, tool: str, **arguments: Any) -> Any:
        """The structured content of a call that must do."""
        outcome = self.call(tool, **arguments)
        self.assertFalse(outcome.failed, outcome.text)
        return outcome.structured

    def refused(self, kind: str, words: str, tool: str, **arguments: Any) -> Outcome:
        outcome = self.call(tool, **arguments)
        self.assertTrue(outcome.failed, outcome.structured)
        self.assertEqual(outcome.kind, kind, outcome.text)
        self.assertRegex(outcome.text, words)
        return outcome

    def tool(self, name: str) -> dict[str, Any]:
        """As a client sees it."""
        return next(tool for tool in self.ask("tools/list")["result"]["tools"] if tool["name"] == name)

    def ready(self, source: str) -> dict[str, Any]:
        state: dict[str, Any] = send("GET", self.url.replace("/mcp", "/ready")).json["sources"][source]
        return state

    def eventually(self, fn: Any, seconds: float = 60) -> None:
        """`seconds` where it would come to pass by itself if one waited long enough."""
        end = time.monotonic() + seconds
        while not fn():
            self.assertLess(time.monotonic(), end, "it did not come to pass")
            time.sleep(0.05)


def most_in(seconds: float, rate: float) -> int:
    """How many a rate lets pass in so long a time, with what it has saved up before."""
    grain = 0.002  # the server counts milliseconds
    return int(max(rate, 1) + rate * (seconds + grain))


def memory_mib(process: subprocess.Popen[str]) -> float:
    """What it has in memory now."""
    pages = int(Path(f"/proc/{process.pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
