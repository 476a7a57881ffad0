"""MCP over raw HTTP and pipes, one message at a time: what SDKs would hide."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import subprocess
import urllib.parse
from collections.abc import Iterator
from typing import Any

from .data_plane import ACCEPT, Answer, send

LEGACY = ("2025-03-26", "2025-06-18", "2025-11-25")
MODERN = "2026-07-28"
META = "io.modelcontextprotocol/"
NAMED = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}


def message(method: str, params: Any = None, number: int | str = 1) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": params or {}}


def modern_params(params: Any = None, **meta: Any) -> dict[str, Any]:
    claims = {f"{META}protocolVersion": MODERN, f"{META}clientCapabilities": {}}
    return {**(params or {}), "_meta": {**claims, **meta}}


def modern_headers(method: str, params: Any = None) -> dict[str, str]:
    headers = {**ACCEPT, "MCP-Protocol-Version": MODERN, "Mcp-Method": method}
    if method in NAMED:
        headers["Mcp-Name"] = (params or {}).get(NAMED[method], "")
    return headers


def post_raw(url: str, body: bytes, **headers: str) -> Answer:
    return send("POST", url, body, **{**ACCEPT, **headers})


def modern(url: str, method: str, params: Any = None, **headers: str) -> Answer:
    """A request at 2026-07-28."""
    body = json.dumps(message(method, modern_params(params))).encode()
    return send("POST", url, body, **{**modern_headers(method, params), **headers})


def place(url: str) -> tuple[str, int]:
    parts = urllib.parse.urlsplit(url)
    return parts.hostname or "", parts.port or 0


def request_bytes(url: str, document: Any, **headers: str) -> bytes:
    """A POST as it goes over the wire."""
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    parts = urllib.parse.urlsplit(url)
    lines = [f"POST {parts.path} HTTP/1.1", f"Host: {parts.netloc}", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in {**ACCEPT, **headers}.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


@contextlib.contextmanager
def connection(url: str, timeout: float = 60) -> Iterator[socket.socket]:
    with socket.create_connection(place(url), timeout=timeout) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield client


def read_answer(client: socket.socket) -> tuple[int, bytes]:
    """Status and body of an answer with Content-Length; 0 when the connection ended."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = client.recv(65536)
        if not more:
            return 0, data
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    names = dict(line.split(b": ", 1) for line in head.lower().split(b"\r\n")[1:])
    while len(body) < int(names.get(b"content-length", b"0")):
        more = client.recv(65536)
        if not more:
            break
        body += more
    return int(head.split()[1]), body


class Stream:
    """A request whose answer is an event stream, read message by message."""

    def __init__(self, url: str, document: Any, **headers: str) -> None:
        parts = urllib.parse.urlsplit(url)
        self.connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
        self.connection.request("POST", parts.path, json.dumps(document), {**ACCEPT, **headers})
        self.answer = self.connection.getresponse()
        self.headers = {name.lower(): value for name, value in self.answer.getheaders()}

    def next(self) -> Any:
        """The next message; None at the end."""
        while line := self.answer.readline():
            if line.startswith(b"data: "):
                return json.loads(line[6:])
        return None

    def close(self) -> None:
        self.answer.close()
        self.connection.close()


class Pipe:
    """A server behind pipes, spoken to line by line."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.number = 0

    def write(self, document: Any) -> None:
        assert self.process.stdin is not None
        text = document if isinstance(document, str) else json.dumps(document)
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()

    def read(self) -> Any:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        return json.loads(line) if line else None

    def ask(self, method: str, params: Any = None) -> Any:
        self.number += 1
        self.write(message(method, params, self.number))
        return self.read()
