"""gantry-mcp serve on the wire: versions, doors, lists, discovery, tiers. Nothing here knows how it is
done; SDKs are in test_mcp_clients.py, limits and load in test_mcp_running.py."""

from __future__ import annotations

import json
import socket
import time
import unittest
from pathlib import Path
from typing import Any

from .data_plane import Answer, post, send
from .mcp_program import Outcome, ProgramTest
from .mcp_wire import (
    LEGACY,
    META,
    MODERN,
    Stream,
    connection,
    message,
    modern,
    modern_headers,
    modern_params,
    place,
    post_raw,
    read_answer,
    request_bytes,
)
from .slow_redis import SlowRedis, getter

PARSE, INVALID, NO_METHOD, BAD_PARAMS, MISMATCH, UNSUPPORTED = -32700, -32600, -32601, -32602, -32020, -32022


class ServeTest(ProgramTest):
    """With a folder to list and read."""

    def document(self, **members: Any) -> dict[str, Any]:
        data = self.folder / "data"
        data.mkdir(exist_ok=True)
        (data / "hello.txt").write_text("hello\n", encoding="utf-8")
        return {
            "name": "wire",
            "version": "2.1",
            "instructions": "Ask for hello.txt.",
            "sources": {"files": {"type": "filesystem", "allowed_paths": [str(data)]}},
            "tools": {
                "read": {"type": "file-read", "source": "files", "description": "Reads a file"},
                "list": {"type": "file-list", "source": "files", "category": "folders"},
            },
            **members,
        }

    def code(self, answer: Any) -> int:
        code: int = answer.json["error"]["code"]
        return code


class Versions(ServeTest):
    def setUp(self) -> None:
        super().setUp()
        self.serve(self.document())

    def test_initialize_agrees_on_what_both_speak(self) -> None:
        for asked, agreed in [*zip(LEGACY, LEGACY, strict=True), ("2024-11-05", LEGACY[-1]), ("2030-01-01", LEGACY[-1])]:
            params = {"protocolVersion": asked, "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}
            result = post(self.url, "initialize", params).json["result"]
            self.assertEqual(result["protocolVersion"], agreed, asked)
            self.assertEqual(result["serverInfo"], {"name": "wire", "version": "2.1"})
            self.assertEqual(result["instructions"], "Ask for hello.txt.")
            self.assertEqual(result["capabilities"], {"tools": {"listChanged": True}})

    def test_every_version_lists_and_calls(self) -> None:
        call = {"name": "read", "arguments": {"path": "hello.txt"}}
        for version in LEGACY:
            headers = {"MCP-Protocol-Version": version}
            listed = post(self.url, "tools/list", None, **headers).json["result"]
            self.assertEqual([tool["name"] for tool in listed["tools"]], ["list", "read"])
            self.assertNotIn("resultType", listed)
            result = post(self.url, "tools/call", call, **headers).json["result"]
            self.assertIn("hello", json.dumps(result["content"]))
        listed = modern(self.url, "tools/list").json["result"]
        self.assertEqual((listed["resultType"], listed["cacheScope"]), ("complete", "public"))
        self.assertGreaterEqual(listed["ttlMs"], 0)
        result = modern(self.url, "tools/call", call).json["result"]
        self.assertEqual(result["resultType"], "complete")
        self.assertEqual(result["_meta"][f"{META}serverInfo"]["name"], "wire")

    def test_discover(self) -> None:
        found = modern(self.url, "server/discover").json["result"]
        self.assertEqual(found["supportedVersions"], [MODERN, *reversed(LEGACY)])
        self.assertEqual(found["instructions"], "Ask for hello.txt.")

    def test_ping_is_of_the_older_versions(self) -> None:
        self.assertEqual(post(self.url, "ping").json["result"], {})
        for method in ("ping", "initialize", "logging/setLevel", "resources/subscribe", "no/such"):
            answer = modern(self.url, method)
            self.assertEqual((answer.status, self.code(answer)), (404, NO_METHOD), method)
        unknown = post(self.url, "no/such")
        self.assertEqual((unknown.status, self.code(unknown)), (200, NO_METHOD))

    def test_versions_that_are_none(self) -> None:
        answer = post(self.url, "tools/list", None, **{"MCP-Protocol-Version": "1999-01-01"})
        self.assertEqual((answer.status, self.code(answer)), (400, UNSUPPORTED))
        body = modern_params(None, **{f"{META}protocolVersion": "2030-01-01"})
        headers = {**modern_headers("tools/list"), "MCP-Protocol-Version": "2030-01-01"}
        answer = send("POST", self.url, json.dumps(message("tools/list", body)).encode(), **headers)
        self.assertEqual((answer.status, self.code(answer)), (400, UNSUPPORTED))
        self.assertEqual(answer.json["error"]["data"], {"supported": [MODERN, *reversed(LEGACY)], "requested": "2030-01-01"})

    def test_what_a_modern_request_must_have(self) -> None:
        headers = modern_headers("tools/list")
        for meta in (None, {}, {f"{META}protocolVersion": MODERN}, {f"{META}clientCapabilities": {}}):
            body = json.dumps(message("tools/list", {} if meta is None else {"_meta": meta})).encode()
            answer = send("POST", self.url, body, **headers)
            self.assertEqual((answer.status, self.code(answer)), (400, BAD_PARAMS), meta)
            self.assertNotIn("id", {} if "id" not in answer.json else {k: v for k, v in answer.json.items() if v is None})
        for change in ({"Mcp-Method": "tools/call"}, {"MCP-Protocol-Version": "2025-11-25"}):
            answer = modern(self.url, "tools/list", None, **change)
            self.assertEqual((answer.status, self.code(answer)), (400, MISMATCH), change)
        answer = modern(self.url, "tools/call", {"name": "list"}, **{"Mcp-Name": "read"})
        self.assertEqual((answer.status, self.code(answer)), (400, MISMATCH))

    def test_absent_arguments_are_empty_ones(self) -> None:
        self.assertNotIn("isError", post(self.url, "tools/call", {"name": "list"}).json["result"])
        self.assertNotIn("isError", modern(self.url, "tools/call", {"name": "list"}).json["result"])

    def test_a_batch_is_of_2025_03_26(self) -> None:
        batch = json.dumps([message("ping", None, 1), message("tools/list", None, "two"), {"jsonrpc": "2.0", "method": "notifications/x"}]).encode()
        for headers in ({}, {"MCP-Protocol-Version": LEGACY[0]}):
            answer = post_raw(self.url, batch, **headers)
            self.assertEqual({item["id"] for item in answer.json}, {1, "two"})
        for version in (*LEGACY[1:], MODERN):
            answer = post_raw(self.url, batch, **{"MCP-Protocol-Version": version})
            self.assertEqual((answer.status, self.code(answer)), (400, INVALID), version)
        self.assertEqual(post_raw(self.url, b"[]").status, 400)

    def test_a_batch_of_calls_is_answered_whole(self) -> None:
        calls = [message("tools/call", {"name": "list"}, number) for number in range(50)]
        answer = post_raw(self.url, json.dumps(calls).encode())
        self.assertEqual(sorted(item["id"] for item in answer.json), list(range(50)))

    def test_notifications_are_accepted_without_a_word(self) -> None:
        for method in ("notifications/initialized", "notifications/cancelled", "notifications/no-such"):
            body = json.dumps({"jsonrpc": "2.0", "method": method}).encode()
            answer = post_raw(self.url, body)
            self.assertEqual((answer.status, answer.body), (202, b""))
        nobody = json.dumps({"jsonrpc": "2.0", "id": 1, "result": {}}).encode()
        self.assertEqual(post_raw(self.url, nobody).status, 400)

    def test_a_tool_that_there_is_not(self) -> None:
        for ask in (post, modern):
            answer = ask(self.url, "tools/call", {"name": "nothing", "arguments": {}})
            self.assertEqual((answer.status, self.code(answer)), (200, BAD_PARAMS))
            self.assertIn("nothing", answer.json["error"]["message"])

    def test_arguments_that_do_not_fit_are_told_to_the_model(self) -> None:
        for arguments in ({}, {"path": 7}, {"path": "hello.txt", "nope": 1}, [], "x", None):
            answer = post(self.url, "tools/call", {"name": "read", "arguments": arguments})
            outcome = Outcome(answer.json["result"])
            self.assertTrue(outcome.failed)
            self.assertEqual(outcome.kind, "invalid_arguments")
            self.assertRegex(outcome.text, "path|nope|object")

    def test_session_ids_are_ignored(self) -> None:
        answer = post(self.url, "tools/list", None, **{"Mcp-Session-Id": "whatever"})
        self.assertEqual(answer.status, 200)
        self.assertNotIn("mcp-session-id", answer.headers)


class Doors(ServeTest):
    def test_only_post(self) -> None:
        self.serve(self.document())
        for method in ("GET", "DELETE", "PUT", "PATCH", "OPTIONS"):
            answer = send(method, self.url, Accept="text/event-stream")
            self.assertEqual((answer.status, answer.headers["allow"]), (405, "POST"), method)

    def test_hosts_and_origins(self) -> None:
        self.serve(self.document())
        port = place(self.url)[1]
        good = ({}, {"Host": f"localhost:{port}"}, {"Host": "127.0.0.1"}, {"Host": f"[::1]:{port}"}, {"Origin": "http://localhost:5173"})
        evil = (
            {"Host": "evil.example"},
            {"Host": f"evil.example:{port}"},
            {"Host": "127.0.0.1.evil.example"},
            {"Host": "localhost@evil.example"},
            {"Origin": "https://evil.example"},
            {"Origin": "null"},
            {"Origin": "http://localhost.evil.example"},
            {"Origin": "http://127.0.0.1:80@evil.example"},
            {"Host": f"localhost:{port}", "Origin": "http://evil.example"},
        )
        for headers in good:
            self.assertEqual(post(self.url, "ping", None, **headers).status, 200, headers)
        for headers in evil:
            for path in ("/mcp", "/ready"):
                method = "POST" if path == "/mcp" else "GET"
                answer = send(method, self.url.replace("/mcp", path), json.dumps(message("ping")).encode(), **headers)
                self.assertEqual(answer.status, 403, headers)

    def test_hosts_and_origins_of_the_configuration(self) -> None:
        tier = {"listen": "127.0.0.1:0", "allowed_hosts": ["mcp.example"], "allowed_origins": ["https://app.example"], "cors": True}
        self.serve(self.document(tiers={"local": tier}))
        ours = {"Host": "mcp.example", "Origin": "https://app.example"}
        answer = post(self.url, "ping", None, **ours)
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.headers["access-control-allow-origin"], "https://app.example")
        self.assertEqual(post(self.url, "ping").status, 403)
        self.assertEqual(post(self.url, "ping", None, **{**ours, "Origin": "http://app.example"}).status, 403)

    def test_a_preflight(self) -> None:
        tier = {"listen": "127.0.0.1:0", "cors": True}
        self.serve(self.document(tiers={"local": tier}))
        headers = {
            "Origin": "http://localhost:6274",
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "content-type,mcp-protocol-version,mcp-param-region",
        }
        answer = send("OPTIONS", self.url, **headers)
        self.assertEqual((answer.status, answer.body), (204, b""))
        self.assertEqual(answer.headers["access-control-allow-origin"], "http://localhost:6274")
        self.assertIn("POST", answer.headers["access-control-allow-methods"])
        self.assertIn("mcp-param-region", answer.headers["access-control-allow-headers"])
        self.assertEqual(send("OPTIONS", self.url, **{**headers, "Origin": "https://evil.example"}).status, 403)

    def test_bodies_that_are_none(self) -> None:
        self.serve(self.document())
        for body, code in (
            (b"", PARSE),
            (b"{", PARSE),
            (b"\xff\xfe{}", PARSE),
            (b'{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}', PARSE),
            (b'{"jsonrpc":"2.0","id":"\xff","method":"ping"}', PARSE),
            (b'{"jsonrpc":"2.0","id":1,"method":"ping"} x', PARSE),
            (b"[" * 200_000, PARSE),
            (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, PARSE),
            (b"7", INVALID),
            (b"{}", INVALID),
            (b'{"jsonrpc":"1.0","id":1,"method":"ping"}', INVALID),
            (b'{"jsonrpc":"2.0","id":null,"method":"ping"}', INVALID),
            (b'{"jsonrpc":"2.0","id":1.5,"method":"ping"}', INVALID),
            (b'{"jsonrpc":"2.0","id":1,"method":7}', INVALID),
            (b'{"jsonrpc":"2.0","id":1,"method":"ping","params":[]}', INVALID),
        ):
            answer = post_raw(self.url, body)
            self.assertEqual((answer.status, self.code(answer)), (400, code), body[:60])
        deep = message("tools/call", {"name": "list", "arguments": json.loads("[" * 50 + "]" * 50)})
        self.assertEqual(post_raw(self.url, json.dumps(deep).encode()).status, 200)
        self.assertEqual(post(self.url, "ping").status, 200)

    def test_sizes(self) -> None:
        self.serve(self.document())
        self.assertEqual(post_raw(self.url, b" " * (5 * 1024 * 1024)).status, 413)
        large = json.dumps(message("ping", {"x": "y" * 1_000_000})).encode()
        self.assertEqual(post_raw(self.url, large).status, 200)
        self.assertEqual(post(self.url, "ping", None, **{"X-Large": "x" * 20_000}).status, 431)
        self.assertEqual(send("GET", self.url + "/" + "x" * 20_000).status, 414)
        self.assertEqual(post(self.url, "ping", None, **{"Content-Type": "text/plain"}).status, 415)
        self.assertEqual(post(self.url, "ping", None, Accept="text/html").status, 406)
        with connection(self.url) as client:
            head = request_bytes(self.url, b"").replace(b"Content-Length: 0", b"Content-Length: 9999999999999")
            client.sendall(head)
            self.assertEqual(read_answer(client)[0], 413)

    def test_paths(self) -> None:
        self.serve(self.document(toolsets={"few": {"tools": ["list"]}}))
        names = lambda path: [tool["name"] for tool in post(self.url + path, "tools/list").json["result"]["tools"]]  # noqa: E731
        self.assertEqual(names(""), ["list", "read"])
        self.assertEqual(names("/few"), ["list"])
        self.assertEqual(names("?x=y"), ["list", "read"])
        for path in ("/none", "/few/more", "x", "/../mcp", "/%66ew%00"):
            self.assertEqual(post(self.url + path, "tools/list").status, 404, path)
        self.assertIn(b"none", post(self.url + "/none", "tools/list").body)
        outside = post(self.url + "/few", "tools/call", {"name": "read", "arguments": {"path": "hello.txt"}})
        self.assertEqual(self.code(outside), BAD_PARAMS)

    def test_health_and_readiness(self) -> None:
        with SlowRedis() as redis:
            document = self.document()
            document["sources"]["cache"] = redis.source()
            document["tools"]["get"] = getter("cache")
            self.serve(document)
            base = self.url.removesuffix("/mcp")
            for path in ("/health", "/ping"):
                answer = send("GET", base + path, Host="10.1.2.3")
                self.assertEqual((answer.status, answer.json), (200, {"status": "ok"}))
                self.assertEqual(send("HEAD", base + path).status, 200)
            answer = self.readiness(base, 200)
            self.assertEqual(answer.json["status"], "ready")
            self.assertEqual(answer.json["sources"], {"files": {"ready": True}, "cache": {"ready": True}})
        answer = self.readiness(base, 503)
        self.assertEqual(answer.json["status"], "unavailable")
        self.assertFalse(answer.json["sources"]["cache"]["ready"])
        self.assertTrue(answer.json["sources"]["cache"]["reason"])
        self.assertTrue(answer.json["sources"]["files"]["ready"])
        self.assertEqual(send("GET", base + "/health").status, 200)

    def readiness(self, base: str, status: int) -> Answer:
        """As soon as it is that: what was found holds for a second, and a probe of two seconds may be too short."""
        answers: list[Answer] = []
        self.eventually(lambda: answers.append(send("GET", base + "/ready")) or answers[-1].status == status)
        return answers[-1]

    def test_many_who_ask_for_readiness_make_one_probe(self) -> None:
        with socket.create_server(("127.0.0.1", 0), backlog=512) as silent:
            document = self.document()
            document["sources"]["cache"] = {"type": "redis", "host": "127.0.0.1", "port": silent.getsockname()[1]}
            document["tools"]["get"] = getter("cache")
            self.serve(document)
            head = b"GET /ready HTTP/1.1\r\nHost: localhost\r\n\r\n"
            begin = time.monotonic()
            clients = [socket.create_connection(place(self.url), timeout=60) for _ in range(50)]
            for client in clients:
                client.sendall(head)
            for client in clients:
                self.assertEqual(read_answer(client)[0], 503)
                client.close()
            silent.settimeout(0.2)
            count = 0
            try:
                while True:
                    silent.accept()[0].close()
                    count += 1
            except TimeoutError:
                pass
            self.assertLess(count, 5 + (time.monotonic() - begin) / 2)  # at the most one in two seconds


class Streams(ServeTest):
    def test_a_connection_whose_client_left_is_closed_also_beside_one_that_stays(self) -> None:
        process = self.serve(self.document())
        descriptors = Path(f"/proc/{process.pid}/fd")
        with connection(self.url) as staying:
            staying.sendall(request_bytes(self.url, message("ping")))
            self.assertEqual(read_answer(staying)[0], 200)
            before = len(list(descriptors.iterdir()))
            params = modern_params({"notifications": {"toolsListChanged": True}})
            stream = Stream(self.url, message("subscriptions/listen", params), **modern_headers("subscriptions/listen"))
            self.assertIn("acknowledged", stream.next()["method"])
            self.assertEqual(len(list(descriptors.iterdir())), before + 1)
            stream.close()
            self.eventually(lambda: len(list(descriptors.iterdir())) == before, 20)
            staying.sendall(request_bytes(self.url, message("ping")))
            self.assertEqual(read_answer(staying)[0], 200)


class Lists(ServeTest):
    def many(self, count: int, **members: Any) -> dict[str, Any]:
        document = self.document()
        document["tools"] = {
            f"report_{i:04}": {
                "type": "file-list",
                "source": "files",
                "category": f"group{i % 7}",
                "description": f"Lists the reports of branch {i}" + (" in Reykjavik" if i == 641 else ""),
            }
            for i in reversed(range(count))
        }
        return {**document, **members}

    def pages(self, ask: Any = post) -> list[list[dict[str, Any]]]:
        found, cursor = [], {}
        while True:
            result = ask(self.url, "tools/list", cursor).json["result"]
            found.append(result["tools"])
            if "nextCursor" not in result:
                return found
            cursor = {"cursor": result["nextCursor"]}

    def test_a_thousand_tools(self) -> None:
        self.serve(self.many(1000))
        expected = [f"report_{i:04}" for i in range(1000)]
        for ask in (post, modern):
            pages = self.pages(ask)
            self.assertEqual([tool["name"] for page in pages for tool in page], expected)
            self.assertEqual([len(page) for page in pages], [500, 500])
        self.assertEqual(self.pages(), self.pages())
        first = self.pages()[0][0]
        self.assertEqual(first["_meta"], {"gantry/tier": "local", "gantry/category": "group0"})
        self.assertTrue(first["annotations"]["readOnlyHint"])
        self.assertFalse(first["annotations"]["destructiveHint"])
        self.assertFalse(self.call("report_0999").failed)

    def test_cursors_that_are_none(self) -> None:
        self.serve(self.many(550))
        cursor = post(self.url, "tools/list").json["result"]["nextCursor"]
        for wrong in ("x", cursor + "=", cursor[:-2], "dG9vbHM6LTE=", "dG9vbHM6OTk5OTk5", 7, None, {}):
            answer = post(self.url, "tools/list", {"cursor": wrong})
            self.assertEqual(self.code(answer), BAD_PARAMS, wrong)
        self.assertEqual(len(post(self.url, "tools/list", {"cursor": ""}).json["result"]["tools"]), 500)
        self.assertEqual(len(post(self.url, "tools/list", {"cursor": cursor}).json["result"]["tools"]), 50)


class Search(Lists):
    def setUp(self) -> None:
        super().setUp()
        tier = {"listen": "127.0.0.1:0", "discovery": "search"}
        document = self.many(700, tiers={"local": tier})
        document["tools"]["report_0003"]["limits"] = {"max_concurrent": 1, "requests_per_second": 0.001}
        self.serve(document)

    def test_the_list_is_the_pair(self) -> None:
        tools = self.ask("tools/list")["result"]["tools"]
        self.assertEqual([tool["name"] for tool in tools], ["search_tools", "call_tool"])
        for tool in tools:
            self.assertFalse(tool["inputSchema"]["additionalProperties"])
            self.assertTrue(tool["annotations"]["readOnlyHint"], "all that it can call only read")

    def test_ranking(self) -> None:
        found = self.result("search_tools", query="reports in Reykjavik?")
        self.assertEqual(found["total"], 700)
        self.assertEqual(found["tools"][0]["name"], "report_0641")
        self.assertEqual(len(found["tools"]), 10)
        for member in ("inputSchema", "description", "annotations", "tier", "category"):
            self.assertIn(member, found["tools"][0])
        self.assertEqual(self.result("search_tools", query="report_0123")["tools"][0]["name"], "report_0123")
        self.assertEqual(self.result("search_tools", query="zebra")["tools"], [])
        named = self.result("search_tools", query="reports", category="group3", limit=50)["tools"]
        self.assertEqual({tool["category"] for tool in named}, {"group3"})
        self.assertEqual(len(named), 50)
        self.assertEqual(named, self.result("search_tools", query="reports", category="group3", limit=50)["tools"])

    def test_the_hierarchy(self) -> None:
        tree = self.result("search_tools")
        self.assertEqual(tree["total"], 700)
        self.assertEqual([tier["name"] for tier in tree["tiers"]], ["local"])
        self.assertEqual({group["name"]: group["total"] for group in tree["tiers"][0]["categories"]}, {f"group{i}": 100 for i in range(7)})
        self.assertEqual(len(self.result("search_tools", category="group2", limit=3)["tools"]), 3)

    def test_calls_by_the_pair_and_by_name(self) -> None:
        by_pair = self.result("call_tool", name="report_0641", arguments={})
        self.assertEqual(by_pair, self.result("report_0641"))
        self.assertEqual(by_pair, self.result("call_tool", name="report_0641"))
        self.refused("invalid_arguments", "report_9999.*search_tools", "call_tool", name="report_9999")
        self.refused("invalid_arguments", "nope", "call_tool", name="report_0641", arguments={"nope": 1})
        self.refused("invalid_arguments", "name", "call_tool")
        self.refused("invalid_arguments", "limit", "search_tools", query="x", limit=51)
        self.refused("invalid_arguments", "limit", "search_tools", query="x", limit="many")
        self.refused("invalid_arguments", "call_tool", "call_tool", name="call_tool", arguments={"name": "call_tool"})

    def test_limits_are_the_real_tools(self) -> None:
        self.assertFalse(self.call("call_tool", name="report_0003").failed)
        self.refused("rate_limited", "report_0003", "call_tool", name="report_0003")
        self.refused("rate_limited", "report_0003", "report_0003")
        self.assertFalse(self.call("call_tool", name="report_0004").failed)


class Tiers(ServeTest):
    def test_each_serves_its_own_tools_alone(self) -> None:
        document = self.document(
            tiers={"local": {"listen": "127.0.0.1:0"}, "other": {"listen": "127.0.0.1:0"}},
            toolsets={"both": {"tools": ["list", "read"]}},
        )
        document["tools"]["list"]["tier"] = "local"
        document["tools"]["read"]["tier"] = "other"
        self.serve(document)
        call = {"name": "read", "arguments": {"path": "hello.txt"}}
        for path in ("", "/both"):
            for tier, own in (("local", "list"), ("other", "read")):
                url = self.urls[tier] + path
                listed = post(url, "tools/list").json["result"]["tools"]
                self.assertEqual([tool["name"] for tool in listed], [own])
                self.assertEqual(listed[0]["_meta"]["gantry/tier"], tier)
            self.assertEqual(self.code(post(self.urls["local"] + path, "tools/call", call)), BAD_PARAMS)
            self.assertEqual(self.code(modern(self.urls["local"] + path, "tools/call", call)), BAD_PARAMS)
            self.assertNotIn("isError", post(self.urls["other"] + path, "tools/call", call).json["result"])


if __name__ == "__main__":
    unittest.main()
