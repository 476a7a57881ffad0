"""Servers and clients of the embedded cloud's gateways that do what they should not."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import threading
import time
import unittest
import urllib.parse
from collections.abc import Callable
from typing import Any

from .data_plane import ACCEPT, STREAMS, DataPlaneTest, Issuer, bearer, post, send

Reply = Callable[[socket.socket, dict[str, Any]], None]
JSON = b"application/json"


def http(client: socket.socket, kind: bytes, body: bytes, status: bytes = b"200 OK") -> None:
    head = b"HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n" % (status, kind, len(body))
    client.sendall(head + b"Connection: close\r\n\r\n" + body)


def result(message: dict[str, Any], **more: Any) -> bytes:
    answer = {"content": [{"type": "text", "text": "hello"}]}
    return json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": answer, **more}).encode()


def event(body: bytes) -> bytes:
    return b"data: " + body + b"\n\n"


class HostileServer:
    """An MCP server that is good until a tool is called; then `replies` of the tool's name is it."""

    def __init__(self, replies: dict[str, Reply]) -> None:
        self.replies = replies
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}/mcp"
        self.over = threading.Event()
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self.over.set()
        self.listener.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                threading.Thread(target=self._talk, args=(client,), daemon=True).start()

    def _talk(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError), client.makefile("rb") as stream:
            length = 0
            while line := stream.readline().strip():
                if line.lower().startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
            message = json.loads(stream.read(length) or b"{}")
            method = message.get("method")
            if method == "initialize":
                agreed = {
                    "protocolVersion": "2025-11-25",
                    "capabilities": {"tools": {}},
                    "serverInfo": {"name": "hostile", "version": "1"},
                }
                body = {"jsonrpc": "2.0", "id": message["id"], "result": agreed}
                http(client, JSON, json.dumps(body).encode())
            elif method == "tools/list":
                tools = [{"name": name, "inputSchema": {"type": "object"}} for name in self.replies]
                body = {"jsonrpc": "2.0", "id": message["id"], "result": {"tools": tools}}
                http(client, JSON, json.dumps(body).encode())
            elif method == "tools/call":
                self.replies[message["params"]["name"]](client, message)
            else:
                http(client, JSON, b"", b"202 Accepted")


class Servers(DataPlaneTest):
    """Answers of targets."""

    # AddressSanitizer keeps up to 256 MB of freed memory, which would be measured with what is in use.
    env = {"ASAN_OPTIONS": f"{os.environ.get('ASAN_OPTIONS', '')}:quarantine_size_mb=16".lstrip(":")}

    def start(self, **replies: Reply) -> str:
        server = HostileServer(replies)
        self.addCleanup(server.close)
        self.over = server.over
        gateway = self.gateway(protocolConfiguration=STREAMS, exceptionLevel="DEBUG")
        target = self.server_target(gateway, server.url)
        self.assertEqual(target["status"], "READY", target)
        return gateway["gatewayUrl"]

    def test_answers_that_are_none(self) -> None:
        def moved(client: socket.socket, message: dict[str, Any]) -> None:
            client.sendall(
                b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"
            )

        wrong: dict[str, Reply] = {
            "id": lambda client, message: http(client, JSON, result(message, id=987654)),
            "text": lambda client, message: http(client, JSON, b"<html>"),
            "deep": lambda client, message: http(client, JSON, b"[" * 100_000),
            "big": lambda client, message: http(client, JSON, b'"' + b"x" * 20_000_000 + b'"'),
            "none": lambda client, message: client.sendall(b""),
            "half": lambda client, message: client.sendall(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{"
            ),
            "moved": moved,
            "binary": lambda client, message: http(client, JSON, b"\x00\xff\xfe" * 100),
            "other": lambda client, message: http(client, b"text/event-stream", b"data: {}\n\n"),
            "noise": lambda client, message: client.sendall(b"\x16\x03\x01 not HTTP\r\n\r\n"),
        }
        url = self.start(good=lambda client, message: http(client, JSON, result(message)), **wrong)
        for name in wrong:
            found = self.call(url, f"lark___{name}")
            self.assertTrue(found.get("isError"), (name, found))
            self.assertIn("target lark", found["content"][0]["text"])
            self.assertEqual(self.text(url, "lark___good"), "hello", name)

    def test_the_first_of_several_answers_counts(self) -> None:
        def twice(client: socket.socket, message: dict[str, Any]) -> None:
            second = result(message, result={"content": []})
            body = event(result(message, id=5)) + event(result(message)) + event(second) * 3
            http(client, b"text/event-stream", body)

        url = self.start(twice=twice)
        for _ in range(3):
            self.assertEqual(self.text(url, "lark___twice"), "hello")

    def test_streams_that_never_end_hold_nobody_up(self) -> None:
        sent = [0]

        def endless(client: socket.socket, message: dict[str, Any]) -> None:
            head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
            told = {"level": "info", "data": "x" * 10_000}
            line = {"jsonrpc": "2.0", "method": "notifications/message", "params": told}
            client.sendall(head)
            while not self.over.is_set():
                client.sendall(event(json.dumps(line).encode()))
                sent[0] += 10_000

        def silent(client: socket.socket, message: dict[str, Any]) -> None:
            self.over.wait(60)

        def slow(client: socket.socket, message: dict[str, Any]) -> None:
            for byte in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"a" * 10_000:
                client.sendall(bytes([byte]))
                if self.over.wait(0.05):
                    return

        url = self.start(
            endless=endless,
            silent=silent,
            slow=slow,
            good=lambda client, message: http(client, JSON, result(message)),
        )
        clients = []
        for name in ("endless", "silent", "slow"):
            params = {"name": f"lark___{name}", "arguments": {}}
            body = json.dumps(
                {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
            ).encode()
            head = f"POST {url[len(self.cloud.url) :]} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            head += "".join(f"{key}: {value}\r\n" for key, value in ACCEPT.items())
            client = socket.create_connection(("127.0.0.1", self.cloud.port))
            self.addCleanup(client.close)
            client.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
            clients.append(client)  # and reads nothing
        self.cloud.wait_until(lambda: sent[0] > 20_000_000, 120)
        begun = time.monotonic()
        for _ in range(5):
            self.assertEqual(self.text(url, "lark___good"), "hello")
        self.assertLess(time.monotonic() - begun, 20)  # and not the 300 s of a call's time limit
        with open(f"/proc/{self.cloud.process.pid}/status", encoding="utf-8") as status:
            resident = [line for line in status if line.startswith("VmRSS")][0]
        self.assertLess(int(resident.split()[1]), 200_000)
        for client in clients:
            client.close()
        self.assertEqual(self.text(url, "lark___good"), "hello")


class Clients(DataPlaneTest):
    """Requests to gateways and runtimes."""

    def test_bodies_that_are_none(self) -> None:
        url = self.gateway()["gatewayUrl"]
        for body, status in (
            (b"", 400),
            (b"{", 400),
            (b"[" * 100_000, 400),
            (b'{"a":' * 5_000 + b"1" + b"}" * 5_000, 400),
            (b"null", 400),
            (b"[]", 400),
            (b'{"jsonrpc":"2.0","id":1,"method":"ping","method":"ping"}', 400),
            (b"\xff\xfe", 400),
            (b'"' + b"x" * 17_000_000 + b'"', 413),
        ):
            with contextlib.suppress(ConnectionError):  # 413 may come before all was sent
                self.assertEqual(send("POST", url, body, **ACCEPT).status, status, body[:60])
        self.assertEqual(post(url, "ping").json["result"], {})

    def test_qualifiers_of_any_bytes(self) -> None:
        issuer = Issuer(self.cloud)
        self.command("lark")
        arn = self.runtime(authorizerConfiguration=issuer.authorizer())
        url = f"{self.cloud.url}/runtimes/{urllib.parse.quote(arn, safe='')}/invocations"
        token = bearer(issuer.token())
        for qualifier in ("%ff", "%0a", "%c3", "x" * 10_000, "nobody"):
            answer = post(f"{url}?qualifier={qualifier}", "tools/list", **token)
            self.assertEqual(answer.status, 404, answer.body)
            self.assertIn("No endpoint or agent found with qualifier", answer.json["message"])
        self.assertEqual(post(f"{url}?qualifier=DEFAULT", "tools/list", **token).status, 200)

    def test_arguments_of_any_shape(self) -> None:
        url, _, _ = self.chain()
        for params in (
            {"name": 7},
            {"name": "lark___echo", "arguments": "text"},
            {"name": "lark___" + "x" * 100_000},
            {"name": "\u0000"},
            {"name": "lark___echo", "arguments": {"text": "\ud83d\ude00" * 1000}, "_meta": {}},
        ):
            answer = post(url, "tools/call", params)
            self.assertIn(answer.status, (200, 400))
            self.assertTrue({"result", "error"} & set(answer.json))
        self.assertEqual(self.text(url, "lark___echo", {"text": "still here"}), "still here")


if __name__ == "__main__":
    unittest.main()
