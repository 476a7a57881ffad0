"""gantry-mcp serve among slow, broken and numerous clients; over pipes; and how it starts or does not."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import socket
import struct
import subprocess
import threading
import time
import unittest
from pathlib import Path
from typing import Any

from .data_plane import post, send
from .harness import DONE, FAILED, LONG, RELEASE_GANTRY, USAGE
from .mcp_program import GANTRY_MCP, ProgramTest, memory_mib
from .mcp_wire import (
    LEGACY,
    MODERN,
    Pipe,
    connection,
    message,
    modern_headers,
    modern_params,
    place,
    read_answer,
    request_bytes,
)
from .slow_redis import SlowRedis, getter

RELEASE = str(Path(RELEASE_GANTRY).parent / "gantry-mcp")
CALL = {"name": "read", "arguments": {"path": "hello.txt"}}


class FilesTest(ProgramTest):
    def document(self, **members: Any) -> dict[str, Any]:
        data = self.folder / "data"
        data.mkdir(exist_ok=True)
        (data / "hello.txt").write_text("hello\n", encoding="utf-8")
        (data / "large.txt").write_text("0123456789abcdef\n" * 60_000, encoding="utf-8")
        return {
            "sources": {"files": {"type": "filesystem", "allowed_paths": [str(data)]}},
            "tools": {"read": {"type": "file-read", "source": "files"}, "list": {"type": "file-list", "source": "files"}},
            **members,
        }


class Hostile(FilesTest):
    def setUp(self) -> None:
        super().setUp()
        self.process = self.serve(self.document())

    def answers(self) -> None:
        begun = time.monotonic()
        self.assertFalse(self.call("list").failed)
        self.assertLess(time.monotonic() - begun, 20)  # before the slow ones are given up

    def open(self, count: int) -> list[socket.socket]:
        clients = [socket.create_connection(place(self.url), timeout=60) for _ in range(count)]
        for client in clients:
            self.addCleanup(client.close)
        return clients

    def status(self, client: socket.socket) -> int:
        """Of an answer that may not come: 0 where the connection was ended, in whatever way."""
        try:
            return read_answer(client)[0]
        except ConnectionError:
            return 0

    def test_clients_that_send_a_byte_now_and_then(self) -> None:
        whole = request_bytes(self.url, message("tools/call", CALL))
        clients = self.open(300)
        for at, stop in ((0, 1), (1, 40), (40, len(whole) - 1)):
            for client in clients:
                client.sendall(whole[at:stop])
            self.answers()
        for client in clients:
            client.sendall(whole[-1:])
        for client in clients:
            self.assertEqual(read_answer(client)[0], 200)

    @unittest.skipUnless(LONG, "waits for half a minute")
    def test_a_request_that_does_not_get_ready_is_given_up(self) -> None:
        whole = request_bytes(self.url, message("tools/call", CALL))
        clients = self.open(50)
        end = time.monotonic() + 28
        at = 0
        while time.monotonic() < end:
            for client in clients:
                with contextlib.suppress(OSError):  # it is given up already
                    client.sendall(whole[at : at + 1])
            at += 1
            time.sleep(0.5)
        for client in clients:
            self.assertIn(self.status(client), (0, 408))
        self.answers()

    def test_a_thousand_at_once(self) -> None:
        clients = self.open(1000)
        whole = request_bytes(self.url, message("tools/call", CALL))
        for client in clients:
            client.sendall(whole)
        for client in clients:
            status, body = read_answer(client)
            self.assertEqual(status, 200)
            self.assertIn(b"hello", body)
        self.answers()

    def test_clients_that_break_off(self) -> None:
        whole = request_bytes(self.url, message("tools/call", CALL))
        modern = request_bytes(self.url, message("tools/call", modern_params(CALL)), **modern_headers("tools/call", CALL))
        for request in (whole, modern):
            for cut in (1, 30, len(request) - 1, len(request)):
                for how in ("half", "close", "reset"):
                    for client in self.open(3):
                        client.sendall(request[:cut])
                        if how == "half":
                            client.shutdown(socket.SHUT_WR)
                        if how == "reset":
                            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                        if how != "half":
                            client.close()
        self.answers()

    def test_clients_that_do_not_read(self) -> None:
        request = request_bytes(self.url, message("tools/call", {"name": "read", "arguments": {"path": "large.txt"}}))
        clients = self.open(30)
        for client in clients:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
            client.sendall(request * 3)
        time.sleep(0.5)
        self.answers()
        self.assertEqual(read_answer(clients[0])[0], 200)

    def test_nonsense(self) -> None:
        halves = []
        for noise in (b"\0" * 1000, b"POST /mc", request_bytes(self.url, message("ping"))[:-1]) * 5:
            halves += self.open(1)
            halves[-1].sendall(noise)
            halves[-1].shutdown(socket.SHUT_WR)
        for noise in (
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            b"GET\r\n\r\n",
            b"POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
            b"POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            b"POST /mcp HTTP/1.1\r\nHost: localhost\r\nHost: evil\r\n\r\n",
            b"POST /mcp HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        ):
            for client in self.open(3):
                client.sendall(noise)
                with contextlib.suppress(OSError):  # it is ended already
                    client.shutdown(socket.SHUT_WR)
                self.assertIn(self.status(client), (0, 400, 405, 501, 505), noise[:40])
        self.answers()
        for client in halves:
            client.settimeout(60)
            self.assertEqual(client.recv(100), b"", "what can never be complete is closed")

    @unittest.skipUnless(LONG, "opens ten thousand connections")
    def test_ten_thousand_idle_connections(self) -> None:
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if hard < 12_000:
            self.skipTest(f"only {hard} descriptors are allowed")
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 12_000), hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        clients = self.open(10_000)
        request = request_bytes(self.url, message("ping"))
        for client in clients[::100]:
            client.sendall(request)
            self.assertEqual(read_answer(client)[0], 200)
        self.answers()


class Memory(FilesTest):
    """By the resident size of a release build: sanitizers keep what was freed."""

    CALLS = 1_000_000 if LONG else 100_000
    CONNECTIONS = 4

    def run_calls(self, requests: list[bytes], calls: int) -> None:
        failures: list[Any] = []

        def work() -> None:
            try:
                with connection(self.url, 60) as client, client.makefile("rb") as answers:
                    for _ in range(calls // self.CONNECTIONS // len(requests)):
                        client.sendall(b"".join(requests))
                        for _ in requests:
                            self.skip_answer(answers)
            except (OSError, AssertionError) as error:
                failures.append(error)

        threads = [threading.Thread(target=work) for _ in range(self.CONNECTIONS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(failures, [])

    def skip_answer(self, answers: Any) -> None:
        assert answers.readline().startswith(b"HTTP/1.1 200")
        length = 0
        while line := answers.readline().strip():
            if line.lower().startswith(b"content-length:"):
                length = int(line.split()[1])
        answers.read(length)

    @unittest.skipUnless(os.path.exists(RELEASE), "there is no release build")
    def test_it_stays_flat(self) -> None:
        self.program = RELEASE
        with SlowRedis() as redis:
            document = self.document()
            document["sources"]["cache"] = redis.source()
            document["tools"]["get"] = getter("cache")
            process = self.serve(document)
            calls = [
                {"name": "get", "arguments": {"key": "x" * 200}},
                {"name": "get", "arguments": {"wrong": 1}},
                {"name": "nothing"},
                CALL,
                {"name": "list"},
            ]
            requests = []
            for call in calls:
                requests.append(request_bytes(self.url, message("tools/call", call)))
                requests.append(request_bytes(self.url, message("tools/call", modern_params(call)), **modern_headers("tools/call", call)))
            requests.append(request_bytes(self.url, message("tools/list")))
            requests.append(request_bytes(self.url, [message("ping", None, i) for i in range(5)]))
            self.run_calls(requests, self.CALLS // 5)
            sizes = [memory_mib(process)]
            while len(sizes) < 4 and (len(sizes) < 2 or sizes[-1] - sizes[-2] >= 2):
                self.run_calls(requests, self.CALLS)
                sizes.append(memory_mib(process))
            self.assertLess(sizes[-1] - sizes[-2], 2, sizes)  # what leaks does so each time


class Pipes(FilesTest):
    def setUp(self) -> None:
        super().setUp()
        self.errors = self.folder / "stderr"
        self.redis = SlowRedis()
        self.addCleanup(self.redis.close)

    def start(self, *words: str, **members: Any) -> Pipe:
        document = self.document(**members)
        document["sources"]["slow"] = self.redis.source()
        document["tools"]["get"] = getter()
        path = self.write(document)
        with self.errors.open("wb") as stderr:
            process = subprocess.Popen(
                [GANTRY_MCP, "serve", "--transport", "stdio", "-c", str(path), *words],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
            )
        assert process.stdin is not None and process.stdout is not None
        self.addCleanup(process.stdout.close)
        self.addCleanup(self.end, process, self.errors)
        self.addCleanup(process.wait, 60)
        self.addCleanup(process.stdin.close)
        return Pipe(process)

    def test_every_version(self) -> None:
        pipe = self.start()
        found = pipe.ask("server/discover", modern_params())["result"]
        self.assertEqual(found["supportedVersions"], [MODERN, *reversed(LEGACY)])
        self.assertIn("hello", json.dumps(pipe.ask("tools/call", modern_params(CALL))["result"]))
        for version in LEGACY:
            params = {"protocolVersion": version, "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}
            self.assertEqual(pipe.ask("initialize", params)["result"]["protocolVersion"], version)
            pipe.write({"jsonrpc": "2.0", "method": "notifications/initialized"})
            self.assertEqual(len(pipe.ask("tools/list")["result"]["tools"]), 3)
            pipe.write([message("ping", None, "a"), message("ping", None, "b")])
            answer = pipe.read()
            if version == LEGACY[0]:
                self.assertEqual([item["id"] for item in answer], ["a", "b"])
            else:
                self.assertEqual(answer["error"]["code"], -32600)

    def test_lines_that_are_no_messages(self) -> None:
        pipe = self.start()
        for line, code in (("{", -32700), ("[" * 100_000, -32700), ("7", -32600), ("{}", -32600), ('{"jsonrpc":"2.0","id":1,"method":"none"}', -32601)):
            pipe.write(line)
            self.assertEqual(pipe.read()["error"]["code"], code, line[:20])
        pipe.write("")
        self.assertIn("result", pipe.ask("ping"))

    def test_standard_output_is_the_clients_alone(self) -> None:
        pipe = self.start("--json")
        self.assertEqual(pipe.ask("ping")["result"], {})
        self.write({"tools": {}})
        self.eventually(lambda: "reloaded" in self.errors.read_text(encoding="utf-8"))
        self.assertEqual(pipe.ask("ping")["result"], {})

    def test_the_list_that_changed_is_told(self) -> None:
        pipe = self.start()
        pipe.ask("initialize", {"protocolVersion": LEGACY[-1], "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}})
        document = self.document()
        document["tools"]["more"] = {"type": "file-list", "source": "files"}
        self.write(document)
        self.assertEqual(pipe.read(), {"jsonrpc": "2.0", "method": "notifications/tools/list_changed"})
        self.assertEqual({tool["name"] for tool in pipe.ask("tools/list")["result"]["tools"]}, {"read", "list", "more"})

    def test_the_end_of_input_lets_calls_end(self) -> None:
        pipe = self.start()
        pipe.write(message("tools/call", {"name": "get", "arguments": {"key": "held"}}, 9))
        self.eventually(lambda: self.redis.held == 1)
        assert pipe.process.stdin is not None
        pipe.process.stdin.close()
        time.sleep(0.2)
        self.assertIsNone(pipe.process.poll())
        self.redis.release()
        self.assertEqual(pipe.read()["id"], 9)
        self.assertIsNone(pipe.read())
        self.assertEqual(pipe.process.wait(60), 0)

    def test_a_cancelled_call_has_no_response(self) -> None:
        pipe = self.start()
        for params in ({}, modern_params()):
            pipe.write(message("tools/call", {**params, "name": "get", "arguments": {"key": "held"}}, "mine"))
            pipe.write({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": "mine"}})
            self.assertIn("result", pipe.ask("ping"))

    def test_a_signal(self) -> None:
        pipe = self.start()
        pipe.write(message("tools/call", {"name": "get", "arguments": {"key": "held"}}, 9))
        self.eventually(lambda: self.redis.held == 1)
        pipe.process.terminate()
        time.sleep(0.2)
        self.redis.release()
        self.assertEqual(pipe.read()["id"], 9)
        self.assertEqual(pipe.process.wait(60), 0)

    def test_an_output_that_nobody_reads_any_more(self) -> None:
        pipe = self.start()
        assert pipe.process.stdout is not None
        pipe.ask("ping")
        pipe.process.stdout.close()
        pipe.write(message("ping"))
        self.assertEqual(pipe.process.wait(60), 0)


class Starts(FilesTest):
    def run_it(self, *words: str, code: int, **variables: str) -> str:
        done = subprocess.run(
            [GANTRY_MCP, "serve", *words],
            cwd=self.folder,
            env={**{name: os.environ[name] for name in ("PATH", "ASAN_OPTIONS") if name in os.environ}, **variables},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        self.assertNotRegex(done.stderr, "Sanitizer")
        return done.stderr

    def test_what_does_not_start(self) -> None:
        self.assertIn("gantry-mcp init", self.run_it(code=FAILED))
        path = self.write(self.document())
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            said = self.run_it("-c", str(path), "--listen", f"127.0.0.1:{port}", code=FAILED)
            self.assertRegex(said, f"{port}.*in use")
        said = self.run_it("-c", str(path), "--listen", "0.0.0.0:0", code=FAILED)
        self.assertRegex(said, "everybody")
        self.assertRegex(said, "agentcore|127.0.0.1")
        self.run_it("-c", str(path), code=FAILED, MCP_HOST="0.0.0.0")
        self.run_it("-c", str(path), "--listen", "nowhere", code=USAGE)
        self.run_it("-c", str(path), "--transport", "carrier-pigeon", code=USAGE)
        self.assertRegex(self.run_it("-c", str(path), "--tier", "none", code=USAGE), "local")
        path.write_text("tools: {a: {type: file-lst}}\n", encoding="utf-8")
        self.assertRegex(self.run_it("-c", str(path), code=FAILED), r"gantry-mcp.yaml:1:\d+: error: .*file-lst")

    def test_an_open_listener_for_agentcore(self) -> None:
        tier = {"listen": "0.0.0.0:0", "trust": "agentcore"}
        self.serve(self.document(tiers={"local": tier}))
        url = self.url.replace("0.0.0.0", "127.0.0.1")
        self.assertEqual(post(url, "ping", None, Host="runtime.example").status, 200)
        self.assertEqual(post(url, "ping", None, Host="runtime.example", Origin="https://evil.example").status, 403)
        self.assertEqual(send("GET", url.replace("/mcp", "/ping"), Host="10.0.0.1").status, 200)

    def test_an_empty_input_ends_a_server_over_pipes(self) -> None:
        path = self.write(self.document())
        self.run_it("-c", str(path), "--transport", "stdio", code=DONE)
        self.run_it("-c", str(path), code=DONE, MCP_TRANSPORT="stdio")


if __name__ == "__main__":
    unittest.main()
