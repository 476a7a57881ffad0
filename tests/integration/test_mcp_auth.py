"""gantry-mcp serve: who may call. Tokens of an issuer in Python and of a pool of the embedded cloud.

The tools work on a database that is not there: a call that is let through ends with "unavailable".
"""

from __future__ import annotations

import concurrent.futures
import http.server
import json
import os
import re
import socket
import subprocess
import tempfile
import threading
import time
import unittest
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from .data_plane import Answer, Issuer, bearer, post, send
from .harness import FAILED
from .local_cloud import LocalTest
from .mcp_program import GANTRY_MCP, listening
from .mcp_wire import modern
from .ports import hold_port

METADATA = "/.well-known/oauth-protected-resource"
LEEWAY_S = 60
"""How long a token is good after its end: clocks differ."""
REST_S = 5
"""How long the server leaves an issuer alone after it has asked."""


class KeyServer:
    """An issuer: discovery document and key set, on a port that stays its own while it is down."""

    def __init__(self) -> None:
        self.keys = {"one": rsa.generate_private_key(public_exponent=65537, key_size=2048)}
        self.fetched: list[str] = []
        self.answers = threading.Event()
        self.answers.set()
        self.server: http.server.ThreadingHTTPServer | None = None
        self.holder = hold_port()
        self.port: int = self.holder.getsockname()[1]
        self.name = self.url = f"http://127.0.0.1:{self.port}"
        self.start()

    def start(self) -> None:
        issuer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, format: str, *args: Any) -> None:
                pass

            def do_GET(self) -> None:
                issuer.fetched.append(self.path)
                issuer.answers.wait(60)
                body = json.dumps(issuer.document(self.path)).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        if self.server is not None:
            self.server.shutdown()
            self.server.server_close()
        self.server = None

    def close(self) -> None:
        self.answers.set()
        self.stop()
        self.holder.close()

    def document(self, path: str) -> Any:
        if path == "/keys":
            return {
                "keys": [
                    {
                        **jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key(), as_dict=True),
                        "kid": kid,
                        "use": "sig",
                        "alg": "RS256",
                    }
                    for kid, key in self.keys.items()
                ]
            }
        return {"issuer": self.name, "jwks_uri": f"{self.url}/keys"}

    def claims(self, **claims: Any) -> dict[str, Any]:
        """Those that pass; None takes one away."""
        body = {
            "iss": self.name,
            "aud": "tools",
            "client_id": "agent",
            "scope": "read call",
            "exp": int(time.time()) + 600,
            **claims,
        }
        return {name: value for name, value in body.items() if value is not None}

    def token(self, kid: str = "one", **claims: Any) -> str:
        return jwt.encode(self.claims(**claims), self.keys[kid], "RS256", {"kid": kid})


class ServerTest(unittest.TestCase):
    """Servers with tools that differ in who may call them."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        closed = socket.socket()
        self.addCleanup(closed.close)
        closed.bind(("127.0.0.1", 0))
        self.database = closed.getsockname()[1]

    def config(self, tiers: dict[str, Any], **more: Any) -> Path:
        """JSON is YAML. It comes in one step: nobody reads the half of it."""

        def tool(tier: str, **security: Any) -> dict[str, Any]:
            return {
                "type": "postgres-sql",
                "source": "db",
                "tier": tier,
                "description": "asks",
                "statement": "SELECT 1",
                "retry": {"attempts": 1},
                "timeout_ms": 60_000,
                "security": security,
            }

        tools: dict[str, Any] = {}
        for tier in tiers:
            tools[f"{tier}_open"] = tool(tier)
            tools[f"{tier}_guarded"] = tool(tier, requires_auth=True)
            tools[f"{tier}_admin"] = tool(tier, scopes=["admin", "call"])
        path, beside = self.folder / "gantry-mcp.yaml", self.folder / "beside.yaml"
        document = {
            "name": "auth",
            "sources": {
                "db": {
                    "type": "postgres",
                    "host": "127.0.0.1",
                    "port": self.database,
                    "database": "d",
                    "user": "u",
                    "connect_timeout_ms": 60_000,
                }
            },
            "tools": tools,
            "toolsets": {"few": {"tools": [name for name in tools if name.endswith("_open")]}},
            "tiers": {name: {"listen": "127.0.0.1:0", **tier} for name, tier in tiers.items()},
            **more,
        }
        beside.write_text(json.dumps(document), encoding="utf-8")
        return beside.replace(path)

    def environment(self) -> dict[str, str]:
        names = ("PATH", "HOME", "ASAN_OPTIONS", "UBSAN_OPTIONS")
        return {name: os.environ[name] for name in names if name in os.environ}

    def serve(self, **tiers: Any) -> dict[str, str]:
        """Starts a server; the URLs of its tiers."""
        self.errors = self.folder / "stderr"
        with open(self.errors, "wb") as stderr:
            process = subprocess.Popen(
                [GANTRY_MCP, "serve", "--json", "-c", str(self.config(tiers))],
                cwd=self.folder,
                env=self.environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
            )
        self.addCleanup(self.end, process)
        return listening(process, len(tiers), self.errors)

    def end(self, process: subprocess.Popen[str]) -> None:
        process.terminate()
        try:
            process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise
        said = self.errors.read_text(encoding="utf-8")
        self.assertNotRegex(said, "Sanitizer|runtime error")
        self.assertEqual(process.returncode, 0, said)

    def tools(self, url: str, **headers: str) -> list[str]:
        answer = post(url, "tools/list", **headers)
        self.assertEqual(answer.status, 200, answer.body)
        return [tool["name"] for tool in answer.json["result"]["tools"]]

    def outcome(self, url: str, tool: str, **headers: str) -> str:
        """Of a call: the kind of its failure, or the message of a protocol error."""
        answer = post(url, "tools/call", {"name": tool, "arguments": {}}, **headers)
        self.assertEqual(answer.status, 200, answer.body)
        if "error" in answer.json:
            return answer.json["error"]["message"]
        result = answer.json["result"]
        self.assertTrue(result["isError"])
        return result["_meta"]["gantry/kind"]

    def refused(self, answer: Answer, status: int, error: str) -> str:
        self.assertEqual(answer.status, status, answer.body)
        challenge = answer.headers["www-authenticate"]
        self.assertIn(f'error="{error}"', challenge)
        self.assertIn('resource_metadata="http', challenge)
        self.assertEqual(answer.json["id"], None)
        return challenge


class Tokens(ServerTest):
    """A tier that asks for tokens of an issuer elsewhere."""

    def setUp(self) -> None:
        super().setUp()
        self.issuer = KeyServer()
        self.addCleanup(self.issuer.close)

    def guarded(self, **more: Any) -> dict[str, Any]:
        rules = {
            "issuer": self.issuer.url,
            "audience": ["tools"],
            "clients": ["agent"],
            "scopes": ["call", "admin"],
        }
        return {"auth": {"jwt": {**rules, **more}}}

    def test_without_a_token(self) -> None:
        url = self.serve(local=self.guarded())["local"]
        base = url.removesuffix("/mcp")
        for path in ("/mcp", "/mcp/few", "/mcp/none"):
            answer = post(base + path, "tools/list")
            self.assertEqual(answer.status, 401)
            self.assertEqual(
                answer.headers["www-authenticate"],
                f'Bearer resource_metadata="{base}{METADATA}{path}", scope="call admin"',
            )
            self.assertEqual(answer.json["error"]["message"], "Missing Bearer token")
        self.assertEqual(post(url, "tools/list", Authorization="Basic dTpw").status, 401)
        self.assertEqual(send("GET", base + "/health").status, 200)
        self.assertEqual(send("GET", url).status, 401)
        self.assertEqual(self.issuer.fetched, [])

    def test_metadata(self) -> None:
        url = self.serve(local=self.guarded(), free={})
        base = url["local"].removesuffix("/mcp")
        for path, resource in (("/mcp", "/mcp"), ("/mcp/few", "/mcp/few"), ("", "/mcp")):
            answer = send("GET", base + METADATA + path)
            self.assertEqual(answer.status, 200)
            self.assertEqual(
                answer.json,
                {
                    "resource": base + resource,
                    "authorization_servers": [self.issuer.url],
                    "scopes_supported": ["call", "admin"],
                    "bearer_methods_supported": ["header"],
                },
            )
        self.assertEqual(send("GET", base + METADATA + "/other").status, 404)
        self.assertEqual(send("GET", url["free"].removesuffix("/mcp") + METADATA).status, 404)

    def test_metadata_of_a_server_behind_another(self) -> None:
        public = "https://tools.example.com/base"
        url = self.serve(local={**self.guarded(), "public_url": public + "/"})["local"]
        challenge = post(url, "tools/list").headers["www-authenticate"]
        self.assertIn(f'"{public}{METADATA}/mcp"', challenge)
        answer = send("GET", url.removesuffix("/mcp") + METADATA + "/mcp")
        self.assertEqual(answer.json["resource"], public + "/mcp")

    def test_good_tokens(self) -> None:
        url = self.serve(local=self.guarded())["local"]
        token = bearer(self.issuer.token())
        self.assertEqual(self.tools(url, **token), ["local_guarded", "local_open"])
        self.assertEqual(self.outcome(url, "local_open", **token), "unavailable")
        self.assertEqual(self.outcome(url, "local_guarded", **token), "unavailable")
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            found = set(pool.map(lambda _: post(url, "ping", **token).status, range(50)))
        self.assertEqual(found, {200})
        for more in ({"aud": ["x", "tools"]}, {"client_id": None, "azp": "agent"}, {"scope": "admin"}):
            self.assertEqual(post(url, "ping", **bearer(self.issuer.token(**more))).status, 200, more)
        self.assertEqual(len(self.issuer.fetched), 2)

    def test_tokens_that_do_not_fit(self) -> None:
        url = self.serve(local=self.guarded())["local"]
        now = int(time.time())
        for claims in (
            {"aud": "other"},
            {"aud": None},
            {"client_id": "other"},
            {"client_id": None},
            {"iss": "https://else.where"},
            {"iss": self.issuer.url + "/"},
            {"exp": now - 600},
            {"exp": None},
            {"nbf": now + 600},
        ):
            answer = post(url, "ping", **bearer(self.issuer.token(**claims)))
            self.assertIn('scope="call admin"', self.refused(answer, 401, "invalid_token"), claims)
        for claims in ({"scope": "read"}, {"scope": None}):
            answer = post(url, "ping", **bearer(self.issuer.token(**claims)))
            self.assertIn('scope="call admin"', self.refused(answer, 403, "insufficient_scope"))

    def test_tokens_that_are_forged(self) -> None:
        url = self.serve(local=self.guarded())["local"]
        good, claims = self.issuer.token(), self.issuer.claims()
        self.assertEqual(post(url, "ping", **bearer(good)).status, 200)
        header, body, signature = good.split(".")
        public = self.issuer.document("/keys")["keys"][0]["n"]
        stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        richer = self.issuer.token(sub="root").split(".")[1]
        for token in (
            jwt.encode(claims, "", "none", {"kid": "one"}),
            jwt.encode(claims, public, "HS256", {"kid": "one"}),
            jwt.encode(claims, stranger, "RS256", {"kid": "one"}),
            jwt.encode(claims, stranger, "RS256", {"kid": "other"}),
            jwt.encode(claims, stranger, "RS256"),
            f"{header}.{richer}.{signature}",
            f"{header}.{body}.",
            f"{header}.{body}",
            f"{good}.{signature}",
            "abc",
        ):
            self.refused(post(url, "ping", **bearer(token)), 401, "invalid_token")
        self.assertEqual(post(url, "ping", **bearer("x" * 20000)).status, 431)
        self.assertEqual(post(url, "ping", **bearer(good)).status, 200)

    def test_a_token_that_expires(self) -> None:
        url = self.serve(local=self.guarded())["local"]
        self.assertEqual(post(url, "ping", **bearer(self.issuer.token())).status, 200)  # it has the keys
        for left in (2, 5, 20):  # seconds of the leeway, on a machine that may take that long for a call
            end = int(time.time()) + left
            token = bearer(self.issuer.token(exp=end - LEEWAY_S))
            answer = post(url, "ping", **token)
            if time.time() < end:
                self.assertEqual(answer.status, 200)
                break
        else:
            self.fail("no call was quick enough")
        while True:
            asked = time.time()
            answer = post(url, "ping", **token)
            if answer.status != 200:
                break
            self.assertLess(asked, end + 1)
            time.sleep(0.1)
        self.assertIn("expired", self.refused(answer, 401, "invalid_token"))

    def test_a_rotated_key(self) -> None:
        url = self.serve(local=self.guarded())["local"]
        old = bearer(self.issuer.token())
        self.assertEqual(post(url, "ping", **old).status, 200)
        del self.issuer.keys["one"]
        self.issuer.keys["two"] = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        time.sleep(REST_S + 0.5)
        new = bearer(self.issuer.token("two"))
        self.assertEqual(post(url, "ping", **old).status, 200)
        begun = time.monotonic()
        self.assertEqual(post(url, "ping", **new).status, 200)
        self.assertEqual(len(self.issuer.fetched), 4)
        self.refused(post(url, "ping", **old), 401, "invalid_token")
        if time.monotonic() - begun < REST_S:
            self.assertEqual(len(self.issuer.fetched), 4)

    def test_an_issuer_that_is_down_at_the_start(self) -> None:
        self.issuer.stop()
        url = self.serve(local=self.guarded())["local"]
        token = bearer(self.issuer.token())
        self.assertEqual(post(url, "ping").status, 401)
        answer = post(url, "ping", **token)
        self.assertEqual(answer.status, 503)
        self.assertEqual(answer.headers["retry-after"], str(REST_S))
        self.assertIn("try again", answer.json["error"]["message"])
        self.issuer.start()
        time.sleep(REST_S + 0.5)
        self.assertEqual(post(url, "ping", **token).status, 200)
        self.issuer.stop()
        self.assertEqual(post(url, "ping", **bearer(self.issuer.token(sub="x"))).status, 200)

    def test_an_issuer_with_another_name(self) -> None:
        url = self.serve(local=self.guarded())["local"]
        self.issuer.name = "https://else.where"
        answer = post(url, "ping", **bearer(self.issuer.token()))
        self.assertEqual(answer.status, 503)
        self.assertIn("https://else.where", answer.json["error"]["message"])

    def test_tools_for_callers_with_scopes(self) -> None:
        url = self.serve(local=self.guarded())["local"]
        some, all_of = bearer(self.issuer.token()), bearer(self.issuer.token(scope="call admin"))
        listed = bearer(self.issuer.token(scope=["admin", "call"]))
        self.assertNotIn("local_admin", self.tools(url, **some))
        self.assertEqual(self.outcome(url, "local_admin", **some), 'unknown tool "local_admin"')
        for token in (all_of, listed):
            self.assertIn("local_admin", self.tools(url, **token))
            self.assertEqual(self.outcome(url, "local_admin", **token), "unavailable")
        self.assertNotIn("local_admin", self.tools(url, **some))

    def test_tools_that_are_searched_for(self) -> None:
        url = self.serve(local={**self.guarded(), "discovery": "search"})["local"]
        some = bearer(self.issuer.token())
        arguments = {"name": "local_admin", "arguments": {}}
        answer = post(url, "tools/call", {"name": "call_tool", "arguments": arguments}, **some)
        self.assertIn("unknown tool", answer.json["result"]["content"][0]["text"])
        answer = post(url, "tools/call", {"name": "local_admin", "arguments": {}}, **some)
        self.assertIn("unknown tool", answer.json["error"]["message"])
        found = self.search(url, some, query="asks")
        self.assertEqual(sorted(tool["name"] for tool in found["tools"]), ["local_guarded", "local_open"])

    def search(self, url: str, token: dict[str, str], **arguments: Any) -> Any:
        call = {"name": "search_tools", "arguments": arguments}
        return post(url, "tools/call", call, **token).json["result"]["structuredContent"]

    def test_how_many_tools_there_are_depends_on_the_caller(self) -> None:
        url = self.serve(local={**self.guarded(), "discovery": "search"})["local"]
        some, all_of = bearer(self.issuer.token()), bearer(self.issuer.token(scope="call admin"))
        for token, count in ((some, 2), (all_of, 3)):
            for arguments in ({}, {"query": "asks"}, {"category": "database"}, {"query": "asks", "limit": 1}):
                self.assertEqual(self.search(url, token, **arguments)["total"], count, arguments)
        self.assertEqual(self.search(url, some, query="admin")["total"], 0)
        pairs = [post(url, "tools/list", **token).json["result"] for token in (some, all_of)]
        self.assertEqual(pairs[0], pairs[1])
        self.assertNotRegex(json.dumps(pairs), "[0-9] tools")

    def test_scopes_by_another_name(self) -> None:
        url = self.serve(local=self.guarded())["local"]
        for claims in ({"scp": "call admin"}, {"scp": ["call", "admin"]}):
            token = bearer(self.issuer.token(scope=None, **claims))
            self.assertIn("local_admin", self.tools(url, **token))
        for claims in ({"scp": "call administrator"}, {"scp": ["call admin"]}, {"scp": {"admin": 1}}):
            answer = post(url, "tools/list", **bearer(self.issuer.token(scope=None, **claims)))
            listed = answer.json.get("result", {"tools": []})["tools"]
            self.assertNotIn("local_admin", [tool["name"] for tool in listed])

    def test_lists_of_callers_are_not_kept_for_others(self) -> None:
        """Also where another configuration makes them differ by caller."""
        url = self.serve(local=self.guarded())["local"]
        token = bearer(self.issuer.token())
        self.assertEqual(self.cache_scope(url, token), "private")
        plain = {"type": "postgres-sql", "source": "db", "statement": "SELECT 1"}
        for tier, tools, scope in (
            ({}, {"one": plain}, "public"),
            (self.guarded(), {"one": plain}, "private"),
            ({}, {"one": plain}, "public"),
            ({}, {"one": plain, "two": {**plain, "security": {"scopes": ["x"]}}}, "private"),
        ):
            self.config({"local": tier}, tools=tools, toolsets={})
            end = time.monotonic() + 60
            while self.cache_scope(url, token) != scope:
                self.assertLess(time.monotonic(), end)
                time.sleep(0.05)
            self.assertEqual(post(url, "ping").status, 401 if tier else 200)

    def cache_scope(self, url: str, token: dict[str, str]) -> str:
        scope: str = modern(url, "tools/list", **token).json["result"]["cacheScope"]
        return scope

    def test_a_token_of_one_tier_is_none_of_another(self) -> None:
        urls = self.serve(one=self.guarded(), two=self.guarded(audience=["others"]))
        token = bearer(self.issuer.token())
        self.assertEqual(post(urls["one"], "ping", **token).status, 200)
        self.refused(post(urls["two"], "ping", **token), 401, "invalid_token")
        self.assertEqual(self.tools(urls["one"], **token), ["one_guarded", "one_open"])

    def test_a_token_is_judged_by_the_rule_that_holds_when_it_passes(self) -> None:
        """The keys come late, and the rule is another one by then."""
        for _ in range(5):
            answer = self.answer_of_a_late_key()
            if answer.status != 503:
                break  # else the server gave the issuer up before the other rule came: nothing is seen by that
        self.refused(answer, 401, "invalid_token")

    def answer_of_a_late_key(self) -> Answer:
        self.issuer.answers.clear()
        self.issuer.fetched.clear()
        url = self.serve(local=self.guarded())["local"]
        token = bearer(self.issuer.token())
        with concurrent.futures.ThreadPoolExecutor() as pool:
            try:
                later = pool.submit(post, url, "ping", **token)
                end = time.monotonic() + 60
                while not self.issuer.fetched:
                    self.assertLess(time.monotonic(), end)
                    time.sleep(0.01)
                self.config({"local": self.guarded(audience=["others"], scopes=["call"])})
                while self.metadata_scopes(url) != ["call"]:
                    self.assertLess(time.monotonic(), end)
                    time.sleep(0.05)
            finally:
                self.issuer.answers.set()
            return later.result(60)

    def metadata_scopes(self, url: str) -> Any:
        return send("GET", url.replace("/mcp", METADATA)).json["scopes_supported"]

    def test_who_asked_may_cancel(self) -> None:
        """Before 2026-07-28 a notification says so, in a request of its own."""
        silent = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(silent.close)
        self.database = silent.getsockname()[1]
        url = self.serve(local=self.guarded())["local"]
        token = bearer(self.issuer.token())
        version = {"MCP-Protocol-Version": "2025-06-18"}
        cancel = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}}
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            call = {"name": "local_open", "arguments": {}}
            waiting = pool.submit(post, url, "tools/call", call, **version, **token)
            silent.settimeout(60)
            self.addCleanup(silent.accept()[0].close)  # it is at work
            other = bearer(self.issuer.token(sub="somebody"))
            for headers, over in ((other, False), (token, True)):
                answer = send(
                    "POST",
                    url,
                    json.dumps(cancel).encode(),
                    **{"Content-Type": "application/json", "Accept": "application/json"},
                    **version,
                    **headers,
                )
                self.assertEqual(answer.status, 202)
                if not over:
                    time.sleep(0.2)
                    self.assertFalse(waiting.done())
            self.assertEqual(waiting.result(60).body, b"")


class Open(ServerTest):
    """Tiers that ask nobody for a token."""

    def test_this_machine_alone(self) -> None:
        url = self.serve(local={})["local"]
        self.assertEqual(self.tools(url), ["local_guarded", "local_open"])
        self.assertEqual(self.outcome(url, "local_open"), "unavailable")
        self.assertEqual(self.outcome(url, "local_guarded"), "denied")
        self.assertEqual(self.outcome(url, "local_admin"), 'unknown tool "local_admin"')

    def test_behind_agentcore(self) -> None:
        """Whoever came through AgentCore Runtime was asked there."""
        url = self.serve(local={"listen": "0.0.0.0:0", "trust": "agentcore"})["local"]
        url = url.replace("0.0.0.0", "127.0.0.1")
        self.assertEqual(self.outcome(url, "local_open", Host="cell-1.example"), "unavailable")
        self.assertEqual(self.outcome(url, "local_guarded"), "unavailable")
        self.assertEqual(self.outcome(url, "local_admin"), 'unknown tool "local_admin"')
        self.assertEqual(send("GET", url.removesuffix("/mcp") + METADATA).status, 404)

    def test_a_listener_that_lets_everybody_call_is_not_opened(self) -> None:
        for listen in ("0.0.0.0:0", "[::]:0", "192.0.2.1:0"):
            done = subprocess.run(
                [GANTRY_MCP, "serve", "-c", str(self.config({"local": {"listen": listen}}))],
                env=self.environment(),
                capture_output=True,
                text=True,
                timeout=300,
                check=False,
            )
            self.assertEqual(done.returncode, FAILED, done.stderr)
            self.assertIn("let everybody call", done.stderr)

    def test_who_starts_it_over_pipes_may_call_everything(self) -> None:
        messages = [
            {"method": "initialize", "params": {"protocolVersion": "2025-06-18", "capabilities": {}}},
            {"method": "tools/list"},
            {"method": "tools/call", "params": {"name": "local_guarded", "arguments": {}}},
            {"method": "tools/call", "params": {"name": "local_admin", "arguments": {}}},
        ]
        messages[0]["params"]["clientInfo"] = {"name": "test", "version": "1"}
        process = subprocess.Popen(
            [GANTRY_MCP, "serve", "--transport", "stdio", "-c", str(self.config({"local": {}}))],
            env=self.environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.addCleanup(process.kill)
        assert process.stdin is not None and process.stdout is not None
        answers = []
        with process.stdin, process.stdout:
            for number, message in enumerate(messages):
                line = json.dumps({"jsonrpc": "2.0", "id": number, **message})
                print(line, file=process.stdin, flush=True)
                answers.append(json.loads(process.stdout.readline()))
        self.assertEqual(process.wait(60), 0)
        names = [tool["name"] for tool in answers[1]["result"]["tools"]]
        self.assertEqual(names, ["local_admin", "local_guarded", "local_open"])
        for answer in answers[2:]:
            self.assertEqual(answer["result"]["_meta"]["gantry/kind"], "unavailable", answer)


class Pool(ServerTest, LocalTest):
    """Tokens of a Cognito pool of the embedded cloud."""

    def setUp(self) -> None:
        ServerTest.setUp(self)
        LocalTest.setUp(self)
        self.pool = Issuer(self.cloud, "mcp-auth")

    def test_client_credentials(self) -> None:
        rules = {"discovery_url": self.pool.discovery_url, "scopes": ["tools/invoke"]}
        one, both = [self.pool.client[0]], [self.pool.client[0], self.pool.other[0]]
        urls = self.serve(
            narrow={"auth": {"jwt": {**rules, "clients": one}}},
            wide={"auth": {"jwt": {**rules, "clients": both}}},
            claims={"auth": {"jwt": {**rules, "audience": ["tools"]}}},
        )
        good, other = bearer(self.pool.token()), bearer(self.pool.token(self.pool.other, "tools/other"))
        self.assertEqual(self.tools(urls["narrow"], **good), ["narrow_guarded", "narrow_open"])
        self.assertEqual(self.outcome(urls["narrow"], "narrow_guarded", **good), "unavailable")
        self.refused(post(urls["narrow"], "ping", **other), 401, "invalid_token")
        self.assertEqual(post(urls["wide"], "ping", **good).status, 200)
        challenge = self.refused(post(urls["wide"], "ping", **other), 403, "insufficient_scope")
        self.assertIn('scope="tools/invoke"', challenge)
        # Cognito's tokens by client credentials have no aud.
        self.assertIn("aud", self.refused(post(urls["claims"], "ping", **good), 401, "invalid_token"))

    def test_the_way_of_a_client_from_the_refusal_to_the_token(self) -> None:
        rules = {"discovery_url": self.pool.discovery_url, "clients": [self.pool.client[0]]}
        url = self.serve(local={"auth": {"jwt": rules}})["local"]
        challenge = post(url, "ping").headers["www-authenticate"]
        found = re.search('resource_metadata="([^"]+)"', challenge)
        assert found is not None
        metadata = send("GET", found[1]).json
        self.assertEqual(metadata["resource"], url)
        known = metadata["authorization_servers"][0] + "/.well-known/openid-configuration"
        self.assertEqual(send("GET", known).json["token_endpoint"], self.pool.token_url)

    def test_a_token_of_another_pool(self) -> None:
        stranger = Issuer(self.cloud, "mcp-other")
        clients = [stranger.client[0], self.pool.client[0]]
        rules = {"discovery_url": self.pool.discovery_url, "clients": clients}
        url = self.serve(local={"auth": {"jwt": rules}})["local"]
        self.assertEqual(post(url, "ping", **bearer(self.pool.token())).status, 200)
        self.refused(post(url, "ping", **bearer(stranger.token())), 401, "invalid_token")


if __name__ == "__main__":
    unittest.main()
