"""`gantry token` and `gantry connect`: scripts and desktop clients at a gateway of the embedded cloud."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import signal
import subprocess
import tempfile
import time
import unittest
from pathlib import Path
from typing import Any

from .chain import VARIABLES
from .data_plane import bearer, post
from .harness import Run
from .javascript import MODULES, NODE, needs_javascript, run_script
from .test_verify import VerifyTest

HOUR_MS = 3600 * 1000


class Base(VerifyTest):
    """A cloud with a stack; the gateway's URL and tokens."""

    def setUp(self) -> None:
        self.cloud.configure(skew_ms=0, token_dns_ms=0)

    def token(self, *arguments: str, code: int = 0) -> Run:
        return self.assert_code(self.stack.run("token", "--local", *VARIABLES, *arguments), code)

    def text(self, client: str = "mcp.agent", *arguments: str) -> str:
        return self.token("--client", client, *arguments).out.strip()

    def url(self) -> str:
        run = self.assert_code(self.stack.run("output", "--local", *VARIABLES, "--format", "json"), 0)
        return json.loads(run.out)["gateways"]["tools"]["url"]

    def server(self, client: str = "mcp.agent") -> dict[str, Any]:
        """The entry of mcpServers for a client."""
        run = self.stack.run("output", "--local", *VARIABLES, "--format", "mcp-json", "--client", client)
        servers = json.loads(self.assert_code(run, 0).out)["mcpServers"]
        return list(servers.values())[0]


class Token(Base):
    """`gantry token`."""

    def test_text(self) -> None:
        token = self.text()
        self.assertEqual(1, len(token.splitlines()))
        claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
        self.assertEqual("Chain/invoke", claims["scope"])
        self.assertEqual(200, post(self.url(), "tools/list", **bearer(token)).status)

    def test_json(self) -> None:
        document = json.loads(self.token("--client", "mcp.agent", "--format", "json").out)
        self.assertEqual({"access_token", "token_type", "expires_in"}, set(document))
        self.assertEqual(("Bearer", 3600), (document["token_type"], document["expires_in"]))

    def test_header(self) -> None:
        self.assertRegex(self.text("mcp.agent", "--format", "header"), r"^Authorization: Bearer eyJ\S+$")

    def test_events_have_it_on_standard_output_alone(self) -> None:
        log = self.stack.base / "events"
        run = self.token("--client", "mcp.agent", "--json", "--events", str(log))
        self.assertTrue(run.event("token")["token"]["access_token"].startswith("eyJ"))
        self.assertNotIn("eyJ", log.read_text(encoding="utf-8"))

    def test_a_scope(self) -> None:
        token = self.text("mcp.wide", "--scope", "Chain/other")
        self.assertEqual(403, post(self.url(), "tools/list", **bearer(token)).status)

    def test_a_scope_that_is_not_for_it(self) -> None:
        run = self.token("--client", "mcp.agent", "--scope", "Chain/other", code=1)
        self.assertIn("invalid_scope", run.err)
        self.assertIn("may not ask for that scope", run.err)
        self.assertEqual("", run.out)

    def test_clients_must_be_named_where_there_are_several(self) -> None:
        self.assertIn("mcp.agent, mcp.wide, mcp.other", self.token(code=1).err)
        self.assertIn('no client "mcp.nobody"', self.token("--client", "mcp.nobody", code=1).err)

    def test_it_waits_for_the_endpoint_as_long_as_it_may(self) -> None:
        self.cloud.configure(token_dns_ms=24 * HOUR_MS)
        since = time.monotonic()
        run = self.token("--client", "mcp.agent", "--deadline", "7s", code=1)
        self.assertLess(time.monotonic() - since, 60)  # and not the 2 minutes without --deadline
        self.assertIn("not there (yet)", run.err)

    def test_the_help_says_how_long_that_is(self) -> None:
        for command in ("token", "verify"):
            run = self.assert_code(self.stack.run("help", command), 0)
            self.assertRegex(run.out, r"--deadline DURATION[^-]*\(2m\)")


class Bridge:
    """`gantry connect` with messages as lines."""

    def __init__(self, server: dict[str, Any], more: list[str] | None = None) -> None:
        self.process = subprocess.Popen(
            [server["command"], *server["args"], *(more or [])],
            env={"PATH": "/usr/bin:/bin", "HOME": "/tmp", **server["env"]},
            cwd="/",
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.number = 0

    def send(self, message: Any) -> None:
        assert self.process.stdin
        text = message if isinstance(message, str) else json.dumps(message)
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()

    def read(self) -> Any:
        assert self.process.stdout
        return json.loads(self.process.stdout.readline())

    def request(self, method: str, **params: Any) -> Any:
        self.number += 1
        self.send({"jsonrpc": "2.0", "id": self.number, "method": method, "params": params})
        answer = self.read()
        assert answer["id"] == self.number, answer
        return answer

    def call(self, tool: str, **arguments: Any) -> Any:
        return self.request("tools/call", name=tool, arguments=arguments)

    def handshake(self) -> Any:
        answer = self.request(
            "initialize", protocolVersion="2025-11-25", capabilities={}, clientInfo={"name": "t", "version": "1"}
        )
        self.send({"jsonrpc": "2.0", "method": "notifications/initialized"})
        return answer

    def end(self, seconds: float = 60) -> tuple[int, str, str]:
        """What is left of stdout, and stderr, after the end of its input."""
        out, err = self.process.communicate(timeout=seconds)
        return self.process.returncode, out, err

    def __enter__(self) -> Bridge:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            with contextlib.suppress(OSError):
                pipe.close()  # type: ignore[union-attr]


class Connect(Base):
    """`gantry connect`, spoken to by hand."""

    def bridge(self, client: str = "mcp.agent") -> Bridge:
        return Bridge(self.server(client))

    def begin_slow_call(self, bridge: Bridge, number: Any, **more: Any) -> None:
        """A call that the server works on when this returns, and for two minutes more."""
        with tempfile.TemporaryDirectory() as folder:
            begun = Path(folder, "begun")
            params = {"name": "server___slow", "arguments": {"seconds": 120, "begun": str(begun)}, **more}
            bridge.send({"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": params})
            self.cloud.wait_until(begun.exists)

    def test_a_session(self) -> None:
        before = self.token_requests()
        with self.bridge() as bridge:
            self.assertEqual("2025-11-25", bridge.handshake()["result"]["protocolVersion"])
            for number in range(5):
                answer = bridge.call("server___add", a=number, b=1)
                self.assertEqual(str(number + 1), answer["result"]["content"][0]["text"])
            self.assertEqual((0, "", ""), bridge.end())
        self.assertEqual(1, self.token_requests() - before)

    def test_a_token_that_expires_is_replaced(self) -> None:
        with self.bridge() as bridge:
            bridge.handshake()
            before = self.token_requests()
            self.cloud.configure(skew_ms=3 * HOUR_MS)
            answer = bridge.call("server___echo", text="still here")
            self.assertEqual("still here", answer["result"]["content"][0]["text"])
            self.assertEqual(1, self.token_requests() - before)
            self.assertEqual((0, "", ""), bridge.end())

    def test_many_at_once_replace_it_once(self) -> None:
        with self.bridge() as bridge:
            bridge.handshake()
            before = self.token_requests()
            self.cloud.configure(skew_ms=6 * HOUR_MS)
            for number in range(100, 120):
                params = {"name": "server___echo", "arguments": {"text": f"{number}"}}
                bridge.send({"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": params})
            answers = {answer["id"]: answer for answer in (bridge.read() for _ in range(20))}
            for number in range(100, 120):
                self.assertEqual(f"{number}", answers[number]["result"]["content"][0]["text"])
            self.assertEqual(1, self.token_requests() - before)

    def test_a_token_that_is_never_accepted_is_told(self) -> None:
        with self.bridge() as bridge:
            bridge.handshake()
            self.change_authorizer(allowedClients=["somebodyelse"])
            before = self.token_requests()
            error = bridge.request("tools/list")["error"]
            self.assertIn("gantry connect: ", error["message"])
            self.assertIn("allowedClients", error["message"])
            self.assertEqual(1, self.token_requests() - before)

    def test_what_the_server_refuses_is_passed_on(self) -> None:
        with self.bridge() as bridge:
            bridge.handshake()
            self.assertEqual(-32602, bridge.call("server___none")["error"]["code"])
            self.assertTrue(bridge.call("server___fails")["result"]["isError"])

    def test_lines_that_are_no_json(self) -> None:
        with self.bridge() as bridge:
            bridge.send("hello")
            self.assertEqual((None, -32700), (lambda answer: (answer["id"], answer["error"]["code"]))(bridge.read()))
            self.assertIn("result", bridge.handshake())

    def test_a_cancelled_call_is_not_answered(self) -> None:
        meta = {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientInfo": {"name": "t", "version": "1"},
            "io.modelcontextprotocol/clientCapabilities": {},
        }
        with self.bridge() as bridge:
            self.begin_slow_call(bridge, "slow", _meta=meta)
            gone = {"requestId": "slow", "_meta": meta}
            bridge.send({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": gone})
            answer = bridge.request("tools/list", _meta=meta)
            self.assertIn("server___echo", json.dumps(answer))
            self.assertEqual((0, "", ""), bridge.end(30))  # and not the minute that last answers are given

    def test_answers_are_waited_for_after_the_end_of_the_input(self) -> None:
        with self.bridge() as bridge:
            bridge.handshake()
            params = {"name": "server___slow", "arguments": {"seconds": 1}}
            bridge.send({"jsonrpc": "2.0", "id": 9, "method": "tools/call", "params": params})
            code, out, _ = bridge.end()
            self.assertEqual((0, 9), (code, json.loads(out)["id"]))

    def test_it_ends_with_a_client_that_was_killed(self) -> None:
        with self.bridge() as bridge:
            bridge.handshake()
            self.begin_slow_call(bridge, 9)
            assert bridge.process.stdin and bridge.process.stdout
            bridge.process.stdout.close()
            bridge.process.stdin.close()
            self.assertEqual(0, bridge.process.wait(30))  # and not the minute that last answers are given

    def test_it_ends_when_it_is_told(self) -> None:
        with self.bridge() as bridge:
            bridge.handshake()
            os.kill(bridge.process.pid, signal.SIGTERM)
            self.assertEqual(130, bridge.process.wait(60))

    def test_it_waits_for_a_token_endpoint_that_is_not_there_yet(self) -> None:
        self.cloud.configure(token_dns_ms=24 * HOUR_MS)
        with self.bridge() as bridge:
            params = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}
            before = self.token_requests()
            bridge.send({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params})
            self.cloud.wait_until(lambda: self.token_requests() > before)
            self.cloud.configure(token_dns_ms=0)
            self.assertIn("result", bridge.read())

    def test_words_that_are_wrong(self) -> None:
        for arguments, code, text in (
            ((), 1, "several gateways"),
            (("nowhere",), 1, 'chain has no gateway "nowhere"'),
            (("tool",), 1, "did you mean tools?"),
            (("tools",), 1, "mcp.agent, mcp.wide"),
            (("tools", "--client", "mcp.other"), 1, "mcp.agent, mcp.wide"),
            (("free",), 1, "asks nobody"),
            (("signed",), 1, "sign their requests"),
            (("tools", "--json"), 64, "--json"),
        ):
            with self.subTest(arguments=arguments):
                run = self.assert_code(self.stack.run("connect", "--local", *VARIABLES, *arguments), code)
                self.assertIn(text, run.err)
                self.assertEqual("", run.out)


@needs_javascript
class Official(Base):
    """The official SDK's stdio client and the Inspector."""

    def test_the_sdks_through_connect(self) -> None:
        ran = run_script("connect.mjs", json.dumps(self.server()))
        self.assertEqual((0, "done\n"), (ran.returncode, ran.stdout), ran.stderr)

    def inspector(self, *arguments: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(NODE), str(MODULES / ".bin/mcp-inspector"), "--cli", *arguments],
            cwd=self.stack.base,
            env={"PATH": f"{MODULES / '.bin'}:/usr/bin:/bin", "HOME": self.stack.env["HOME"], **(env or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )

    def test_the_inspector_through_connect(self) -> None:
        settings = self.stack.base / "mcp.json"
        servers = {"gantry": {"type": "stdio", **self.server()}}
        settings.write_text(json.dumps({"mcpServers": servers}), encoding="utf-8")
        chosen = ("--config", str(settings), "--server", "gantry")
        listed = self.inspector(*chosen, "--method", "tools/list")
        self.assertEqual(0, listed.returncode, listed.stderr)
        self.assertIn("server___add", [tool["name"] for tool in json.loads(listed.stdout)["tools"]])
        called = self.inspector(
            *chosen, "--method", "tools/call", "--tool-name", "server___add", "--tool-arg", "a=20", "b=22"
        )
        self.assertEqual("42", json.loads(called.stdout)["content"][0]["text"], called.stderr)

    def direct(self, token: str | None, *arguments: str) -> subprocess.CompletedProcess[str]:
        header = () if token is None else ("--header", f"Authorization: Bearer {token}")
        return self.inspector(self.url(), "--transport", "http", *header, *arguments)

    def test_the_inspector_at_the_gateway_itself(self) -> None:
        token = self.text()
        listed = self.direct(token, "--method", "tools/list")
        self.assertEqual(0, listed.returncode, listed.stderr)
        self.assertIn("server___add", [tool["name"] for tool in json.loads(listed.stdout)["tools"]])
        called = self.direct(token, "--method", "tools/call", "--tool-name", "server___echo", "--tool-arg", "text=here")
        self.assertEqual("here", json.loads(called.stdout)["content"][0]["text"], called.stderr)

    def test_the_inspector_with_tokens_that_do_not_do(self) -> None:
        token = self.text()
        body, signature = token.rsplit(".", 1)
        tampered = f"{body}.{signature[:20]}{'B' if signature[20] == 'A' else 'A'}{signature[21:]}"
        wrong = self.text("mcp.wide", "--scope", "Chain/other")
        tokens = (("tampered", tampered, 0), ("wrong scope", wrong, 0), ("expired", token, 3 * HOUR_MS))
        for name, given, skew in tokens:
            with self.subTest(token=name):
                self.cloud.configure(skew_ms=skew)
                ran = self.direct(given, "--method", "tools/list")
                self.assertNotEqual(0, ran.returncode, ran.stdout)
                self.assertNotIn("server___add", ran.stdout)


if __name__ == "__main__":
    unittest.main()
