"""gantry-mcp serve: what one tier, caller or configuration must not get of another."""

from __future__ import annotations

import json
import os
import subprocess
import threading
import time
import unittest
from typing import Any

from .data_plane import post, send
from .mcp_program import GANTRY_MCP, Outcome, ProgramTest, most_in
from .ports import free_port
from .mcp_wire import message, modern, post_raw
from .slow_redis import SlowRedis, getter


class IsolationTest(ProgramTest):
    """Two tiers, each with a source of its own."""

    def document(self, **local: Any) -> dict[str, Any]:
        data = self.folder / "data"
        data.mkdir(exist_ok=True)
        files = {"type": "file-list", "source": "files", "tier": "local"}
        return {
            "name": "apart",
            "sources": {
                "files": {"type": "filesystem", "allowed_paths": [str(data)]},
                "cache": {"type": "redis", "host": "127.0.0.1", "port": 1, "connect_timeout_ms": 500},
            },
            "tools": {"list": files, "get": getter("cache", tier="other")},
            "tiers": {"local": {"listen": "127.0.0.1:0", **local}, "other": {"listen": "127.0.0.1:0"}},
        }


class Tiers(IsolationTest):
    def test_readiness_is_that_of_a_tiers_own_sources(self) -> None:
        self.serve(self.document())
        answers = {tier: send("GET", url.replace("/mcp", "/ready")) for tier, url in self.urls.items()}
        self.assertEqual(answers["local"].status, 200)
        self.assertEqual(answers["local"].json, {"status": "ready", "sources": {"files": {"ready": True}}})
        self.assertEqual(answers["other"].status, 503)
        self.assertEqual(list(answers["other"].json["sources"]), ["cache"])

    def test_readiness_is_not_asked_for_by_every_request(self) -> None:
        """They ask at the most once a second, which is one PING each time."""
        redis = SlowRedis()
        self.addCleanup(redis.close)
        document = self.document()
        document["sources"]["cache"] = redis.source()
        self.serve(document)
        url = self.urls["other"].replace("/mcp", "/ready")
        self.eventually(lambda: send("GET", url).status == 200)
        before, begun = redis.pings, time.monotonic()
        for _ in range(50):
            self.assertEqual(send("GET", url).status, 200)
        self.assertLessEqual(redis.pings - before, 1 + int(time.monotonic() - begun))
        redis.close()
        self.eventually(lambda: send("GET", url).status == 503)

    def test_one_tier_over_pipes(self) -> None:
        path = self.write(self.document())
        lines = [message("tools/list", {}, 1), message("tools/call", {"name": "list"}, 2)]
        done = subprocess.run(
            [GANTRY_MCP, "serve", "-c", str(path), "--transport", "stdio", "--tier", "other"],
            input="".join(json.dumps(line) + "\n" for line in lines),
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
            env=dict(os.environ),
        )
        answers = {answer["id"]: answer for answer in map(json.loads, done.stdout.splitlines())}
        self.assertEqual([tool["name"] for tool in answers[1]["result"]["tools"]], ["get"])
        self.assertEqual(answers[2]["error"]["code"], -32602)

    def over_pipes(self, *words: str, after: dict[str, Any], says: str) -> list[str]:
        """The tools that are listed once another configuration was read."""
        path = self.write(self.document())
        with subprocess.Popen(
            [GANTRY_MCP, "serve", "-c", str(path), "--transport", "stdio", *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=dict(os.environ),
        ) as process:
            assert process.stdin is not None and process.stdout is not None and process.stderr is not None
            watchdog = threading.Timer(120, process.kill)
            watchdog.start()
            try:
                process.stdin.write(json.dumps(message("ping", {}, 0)) + "\n")
                process.stdin.flush()
                process.stdout.readline()  # it has read the first one
                self.write(after)
                while says not in process.stderr.readline():
                    self.assertIsNone(process.poll())
                process.stdin.write(json.dumps(message("tools/list", {}, 1)) + "\n")
                process.stdin.close()
                answers = [json.loads(line) for line in process.stdout]
            finally:
                watchdog.cancel()
        listed = next(answer for answer in answers if answer.get("id") == 1)
        return [tool["name"] for tool in listed["result"]["tools"]]

    def test_the_first_tier_over_pipes_may_get_another_name(self) -> None:
        after = self.document()
        after["tools"]["list"]["tier"] = "renamed"
        after["tiers"] = {"renamed": after["tiers"]["local"], "other": after["tiers"]["other"]}
        self.assertEqual(self.over_pipes(after=after, says="was read again"), ["list"])

    def test_a_tier_that_was_asked_for_stays(self) -> None:
        after = self.document()
        after["tools"]["get"]["tier"] = "local"
        del after["tiers"]["other"]
        self.assertEqual(self.over_pipes("--tier", "other", after=after, says="is not used"), ["get"])


class Batches(IsolationTest):
    def batch(self, *messages: Any) -> list[dict[str, Any]]:
        documents = [{**item, "id": i} for i, item in enumerate(messages)]
        answer = post_raw(self.url, json.dumps(documents).encode())
        self.assertEqual(answer.status, 200, answer.body)
        found: list[dict[str, Any]] = answer.json
        return sorted(found, key=lambda item: int(item["id"]))

    def passed(self, good: list[bool], rate: int, begun: float) -> None:
        """What had been saved up, what came in the time since then, and no more."""
        self.assertIn(good.count(True), range(rate, most_in(time.monotonic() - begun, rate) + 1))

    def test_each_message_takes_of_the_tiers_rate(self) -> None:
        self.serve(self.document(limits={"requests_per_second": 5}))
        call = message("tools/call", {"name": "list"})
        begun = time.monotonic()
        outcomes = [Outcome(item["result"]) for item in self.batch(*[call] * 50)]
        self.passed([not outcome.failed for outcome in outcomes], 5, begun)
        self.assertEqual({outcome.kind for outcome in outcomes if outcome.failed}, {"rate_limited"})
        time.sleep(1.1)
        begun = time.monotonic()
        listed = self.batch(*[message("tools/list")] * 50)
        self.passed(["result" in item for item in listed], 5, begun)
        self.assertEqual({item["error"]["code"] for item in listed if "error" in item}, {-33004})

    def test_looking_for_tools_is_a_call_too(self) -> None:
        self.serve(self.document(limits={"requests_per_second": 2}, discovery="search"))
        for name in ("search_tools", "no_such_tool"):
            begun = time.monotonic()
            answers = self.batch(*[message("tools/call", {"name": name})] * 20)
            self.passed([not item.get("result", {}).get("isError") for item in answers], 2, begun)
            time.sleep(1.1)


class Reloads(IsolationTest):
    def test_what_a_tool_has_used_up_holds(self) -> None:
        document = self.document()
        document["tools"]["list"]["limits"] = {"requests_per_second": 0.01}
        self.serve(document)
        self.assertFalse(self.call("list").failed)
        self.refused("rate_limited", "too often", "list")
        document["tools"]["list"]["title"] = "Another title"
        self.rewrite(document)
        self.assertEqual(self.tool("list")["title"], "Another title")
        self.refused("rate_limited", "too often", "list")

    def test_a_tier_may_get_another_name_and_keep_its_place(self) -> None:
        ports = [free_port(), free_port()]

        def named(local: str, other: str) -> dict[str, Any]:
            document = self.document()
            document["tools"]["list"]["tier"], document["tools"]["get"]["tier"] = local, other
            document["tiers"] = {
                local: {"listen": f"127.0.0.1:{ports[0]}"},
                other: {"listen": f"127.0.0.1:{ports[1]}"},
            }
            return document

        self.serve(named("local", "other"))
        for names in (("files", "other"), ("other", "files")):
            self.rewrite(named(*names))
            for port, tool, tier in zip(ports, ("list", "get"), names, strict=True):
                listed = post(f"http://127.0.0.1:{port}/mcp", "tools/list").json["result"]["tools"]
                self.assertEqual([(item["name"], item["_meta"]["gantry/tier"]) for item in listed], [(tool, tier)])

    def test_who_the_server_is_may_change(self) -> None:
        self.serve(self.document())
        for name in ("second", "third"):
            self.rewrite({**self.document(), "name": name, "title": f"The {name}", "instructions": f"Be {name}."})
            said = post(self.url, "initialize", {"protocolVersion": "2025-11-25", "capabilities": {}}).json["result"]
            self.assertEqual((said["serverInfo"]["name"], said["serverInfo"]["title"]), (name, f"The {name}"))
            self.assertEqual(said["instructions"], f"Be {name}.")
            said = modern(self.url, "server/discover").json["result"]
            self.assertEqual(said["_meta"]["io.modelcontextprotocol/serverInfo"]["name"], name)
            self.assertEqual((said["instructions"], said["capabilities"]), (f"Be {name}.", {"tools": {"listChanged": True}}))


if __name__ == "__main__":
    unittest.main()
