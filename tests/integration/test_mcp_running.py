"""gantry-mcp serve while it runs: limits, cancellation, progress, another configuration, the end."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import threading
import time
import unittest
from collections.abc import Callable
from typing import Any

from . import postgres
from .data_plane import Answer, post
from .mcp_program import Outcome, ProgramTest, most_in
from .mcp_wire import (
    LEGACY,
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
from .ports import free_port
from .slow_redis import SlowRedis, getter

HELD = {"name": "get", "arguments": {"key": "held"}}


class Later:
    """A request in a thread of its own."""

    def __init__(self, fn: Callable[[], Answer]) -> None:
        self.found: Answer | Exception = TimeoutError("there is no answer yet")
        self.thread = threading.Thread(target=self.run, args=(fn,), daemon=True)
        self.thread.start()

    def run(self, fn: Callable[[], Answer]) -> None:
        try:
            self.found = fn()
        except Exception as problem:  # the caller's, who waits for the answer
            self.found = problem

    def answer(self, seconds: float = 90) -> Answer:
        self.thread.join(seconds)
        if isinstance(self.found, Exception):
            raise self.found
        return self.found

    def waits(self) -> bool:
        return self.thread.is_alive()


def is_closed(url: str) -> bool:
    """Whether nobody listens there."""
    with socket.socket() as client:
        return client.connect_ex(place(url)) != 0


class SlowTest(ProgramTest):
    """With a source that answers when it is told to."""

    def setUp(self) -> None:
        super().setUp()
        self.redis = SlowRedis()
        self.addCleanup(self.redis.close)

    def document(self, tool: dict[str, Any] | None = None, **members: Any) -> dict[str, Any]:
        limits = members.pop("limits", None)
        tier: dict[str, Any] = {"listen": "127.0.0.1:0"}
        if limits is not None:
            tier["limits"] = limits
        return {
            "sources": {"slow": self.redis.source(), "quick": self.redis.source()},
            "tools": {"get": getter(**(tool or {})), "other": getter("quick")},
            "tiers": {"local": tier},
            **members,
        }

    def hold(self, count: int = 1, ask: Any = post) -> list[Later]:
        """Calls that reached the source and wait there."""
        before = self.redis.held
        held = [Later(lambda: ask(self.url, "tools/call", HELD)) for _ in range(count)]
        self.eventually(lambda: self.redis.held == before + count)
        return held

    def done(self, later: Later) -> None:
        result = later.answer().json["result"]
        self.assertNotIn("isError", result, result)
        self.assertEqual(result["structuredContent"]["reply"], "held")


class Limits(SlowTest):
    def test_what_is_too_much_is_refused_at_once(self) -> None:
        self.serve(self.document(limits={"max_in_flight": 2}))
        held = self.hold(2)
        for ask in (post, modern):
            begun = time.monotonic()
            answer = ask(self.url, "tools/call", {"name": "other"})
            self.assertEqual((answer.status, answer.headers["retry-after"]), (503, "1"))
            self.assertIn("try again", answer.json["error"]["message"])
            self.assertLess(time.monotonic() - begun, 20)
        batch = json.dumps([message("tools/call", {"name": "other"})]).encode()
        self.assertEqual(post_raw(self.url, batch).status, 503)
        self.redis.release()
        for later in held:
            self.done(later)
        self.assertFalse(self.call("other").failed)

    def test_a_full_server_can_still_be_told_to_stop(self) -> None:
        self.serve(self.document(limits={"max_in_flight": 1, "requests_per_second": 1000}))
        self.hold()
        self.assertEqual(post(self.url, "ping").status, 503)
        cancel = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}}
        self.assertEqual(post_raw(self.url, json.dumps(cancel).encode()).status, 202)
        self.redis.release()
        self.assertFalse(self.call("other").failed)

    def test_calls_of_a_batch_count_one_by_one(self) -> None:
        self.serve(self.document(limits={"max_in_flight": 2}))
        calls = [message("tools/call", HELD, i) for i in range(4)]
        later = Later(lambda: post_raw(self.url, json.dumps(calls).encode()))
        self.eventually(lambda: self.redis.held == 2)
        self.redis.release()
        outcomes = [Outcome(item["result"]) for item in later.answer().json]
        self.assertEqual([outcome.failed for outcome in outcomes].count(True), 2)
        self.assertEqual({outcome.kind for outcome in outcomes}, {"", "rate_limited"})

    def spend(self, rate: int, ask: Callable[[], Any], is_good: Callable[[Any], bool]) -> list[Any]:
        """What is answered until the rate is used up and somewhat longer; as many are good as the time let pass."""
        found: list[Any] = []
        begun = time.monotonic()
        while len(found) < 3 * rate or all(map(is_good, found)):
            found.append(ask())
            self.assertLess(time.monotonic() - begun, 60, "nothing is refused")
        good = [is_good(item) for item in found]
        self.assertTrue(all(good[:rate]))
        self.assertLessEqual(sum(good), most_in(time.monotonic() - begun, rate))
        return found

    def test_requests_per_second(self) -> None:
        self.serve(self.document(limits={"requests_per_second": 5}))
        answers = self.spend(5, lambda: post(self.url, "ping"), lambda answer: answer.status == 200)
        for answer in answers:
            if answer.status != 200:
                self.assertEqual((answer.status, answer.headers["retry-after"]), (429, "1"))
        time.sleep(1)
        self.assertEqual(post(self.url, "ping").status, 200)

    def test_max_concurrent_waits(self) -> None:
        self.serve(self.document(limits={"max_concurrent": 2}))
        held = self.hold(2)
        more = [Later(lambda: post(self.url, "tools/call", HELD)) for _ in range(3)]
        quick = Later(lambda: post(self.url, "tools/call", {"name": "other"}))
        time.sleep(0.3)
        self.assertEqual(self.redis.held, 2)
        self.assertTrue(all(later.waits() for later in (*more, quick)))
        self.assertEqual(post(self.url, "tools/list").status, 200)
        self.redis.release()
        for later in (*held, *more):
            self.done(later)
        self.assertNotIn("isError", quick.answer().json["result"])

    def test_a_tools_own_limits_are_told_to_the_model(self) -> None:
        for limits in ({"max_in_flight": 1}, {"max_concurrent": 1}):
            with self.subTest(limits):
                self.redis.hold()
                process = self.serve(self.document({"limits": limits}))
                held = self.hold()
                outcome = self.refused("rate_limited", "get is busy", "get")
                self.assertIn("try again", outcome.text)
                self.assertFalse(self.call("other").failed)
                self.redis.release()
                self.done(held[0])
                self.assertFalse(self.call("get").failed)
                process.terminate()
                process.wait(60)

    def test_a_tools_own_rate(self) -> None:
        self.serve(self.document({"limits": {"requests_per_second": 2}}))
        outcomes = self.spend(2, lambda: self.call("get"), lambda outcome: not outcome.failed)
        self.assertEqual({outcome.kind for outcome in outcomes}, {"", "rate_limited"})
        self.assertFalse(self.call("other").failed)

    def test_timeouts_hold_also_for_those_who_wait(self) -> None:
        """One after the other they would take as many seconds as there are."""
        self.serve(self.document({"timeout_ms": 1000}, limits={"max_concurrent": 1}))
        begun = time.monotonic()
        calls = [Later(lambda: post(self.url, "tools/call", HELD)) for _ in range(20)]
        for later in calls:
            outcome = Outcome(later.answer().json["result"])
            self.assertEqual(outcome.kind, "timeout")
            self.assertIn("1000 ms", outcome.text)
        self.assertLess(time.monotonic() - begun, 15)
        self.redis.release()
        self.assertFalse(self.call("other").failed)

    def test_the_tiers_time_is_the_longest(self) -> None:
        self.serve(self.document({"timeout_ms": 60_000}, limits={"timeout_ms": 300}))
        begun = time.monotonic()
        self.refused("timeout", "300 ms", "get", key="held")
        self.assertLess(time.monotonic() - begun, 20)


class Cancelling(SlowTest):
    """One call may run, so that the next shows whether the one before has ended."""

    def setUp(self) -> None:
        super().setUp()
        self.serve(self.document(limits={"max_in_flight": 1, "timeout_ms": 60_000}))

    def free(self) -> bool:
        return post(self.url, "ping").status == 200

    def send(self, version: str) -> socket.socket:
        params, headers = HELD, {"MCP-Protocol-Version": version}
        if version == MODERN:
            params, headers = modern_params(HELD), modern_headers("tools/call", HELD)
        client = socket.create_connection(place(self.url), timeout=60)
        client.sendall(request_bytes(self.url, message("tools/call", params, "mine"), **headers))
        self.eventually(lambda: self.redis.held == 1)
        self.assertFalse(self.free())
        return client

    def test_going_away_cancels_since_2026_07_28(self) -> None:
        self.send(MODERN).close()
        self.eventually(self.free, 20)

    def test_going_away_did_not_cancel_before(self) -> None:
        for version in LEGACY:
            self.redis.hold()
            self.send(version).close()
            time.sleep(0.2)
            self.assertFalse(self.free(), version)
            self.redis.release()
            self.eventually(self.free, 20)

    def test_a_notification_cancelled_before(self) -> None:
        for version in LEGACY:
            self.redis.hold()
            client = self.send(version)
            for request_id, ends in (("other", False), (None, False), ("mine", True)):
                note = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": request_id}}
                answer = post_raw(self.url, json.dumps(note).encode(), **{"MCP-Protocol-Version": version})
                self.assertEqual((answer.status, answer.body), (202, b""))
                if not ends:
                    self.assertFalse(self.free())
            self.eventually(self.free, 20)
            self.assertEqual(read_answer(client), (202, b""), "a cancelled request has no response")
            client.close()
            self.redis.release()
            self.eventually(lambda: self.redis.held == 0)

    def test_a_notification_of_somebody_else_cancels_nothing(self) -> None:
        client = self.send(LEGACY[-1])
        note = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": "mine"}}
        post_raw(self.url, json.dumps(note).encode(), **{"User-Agent": "another"})
        post_raw(self.url, json.dumps(note).encode(), **{"MCP-Protocol-Version": MODERN})
        time.sleep(0.1)
        self.assertFalse(self.free())
        self.redis.release()
        self.assertEqual(read_answer(client)[0], 200)
        client.close()


@unittest.skipUnless(postgres.folder_of_programs(), "PostgreSQL is not installed")
class Statements(ProgramTest):
    def test_a_client_that_goes_stops_its_statement(self) -> None:
        with postgres.running() as server:
            server.sql("CREATE ROLE app LOGIN")
            source = {"type": "postgres", "host": "127.0.0.1", "port": server.port, "database": "postgres", "user": "app"}
            sleep = {"type": "postgres-sql", "source": "pg", "description": "Sleeps", "statement": "SELECT pg_sleep(60)", "timeout_ms": 60_000}
            self.serve({"sources": {"pg": source}, "tools": {"sleep": sleep}})
            count = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)%' AND state = 'active' AND usename = 'app'"
            params = {"name": "sleep", "arguments": {}}
            with connection(self.url) as client:
                body = message("tools/call", modern_params(params))
                client.sendall(request_bytes(self.url, body, **modern_headers("tools/call", params)))
                self.eventually(lambda: server.value(count) == "1")
            self.eventually(lambda: server.value(count) == "0", 20)


class Streams(ProgramTest):
    """What comes before the response; tools of the conformance suite say something."""

    def setUp(self) -> None:
        super().setUp()
        self.begin("--conformance", "--listen", "127.0.0.1:0")

    def stream(self, version: str, tool: str, **meta: Any) -> Stream:
        params: dict[str, Any] = {"name": tool, "arguments": {}, "_meta": meta}
        headers = {"MCP-Protocol-Version": version}
        if version == MODERN:
            params = modern_params({"name": tool, "arguments": {}}, **meta)
            headers = modern_headers("tools/call", params)
        stream = Stream(self.url, message("tools/call", params), **headers)
        self.addCleanup(stream.close)
        return stream

    def test_progress(self) -> None:
        for version in (*LEGACY, MODERN):
            for token in ("t", 7):
                stream = self.stream(version, "test_tool_with_progress", progressToken=token)
                self.assertEqual(stream.headers["content-type"], "text/event-stream")
                self.assertEqual(stream.headers["x-accel-buffering"], "no")
                for value in (0, 50, 100):
                    note = stream.next()
                    self.assertEqual(note["method"], "notifications/progress")
                    self.assertEqual(note["params"], {"progressToken": token, "progress": value, "total": 100})
                self.assertIn("result", stream.next())
                self.assertIsNone(stream.next())

    def test_without_a_token_there_is_none(self) -> None:
        answer = post(self.url, "tools/call", {"name": "test_tool_with_progress"})
        self.assertEqual(answer.headers["content-type"], "application/json")


class Reloading(SlowTest):
    def names(self) -> list[str]:
        return [tool["name"] for tool in self.ask("tools/list")["result"]["tools"]]

    def listen(self, **wanted: Any) -> Stream:
        params = modern_params({"notifications": wanted})
        stream = Stream(self.url, message("subscriptions/listen", params, "s1"), **modern_headers("subscriptions/listen"))
        self.addCleanup(stream.close)
        return stream

    def test_a_tool_more_is_there_and_told(self) -> None:
        self.serve(self.document())
        stream = self.listen(toolsListChanged=True, promptsListChanged=True)
        other = self.listen()
        acknowledged = stream.next()
        tag = {"io.modelcontextprotocol/subscriptionId": "s1"}
        self.assertEqual(acknowledged["method"], "notifications/subscriptions/acknowledged")
        self.assertEqual(acknowledged["params"], {"notifications": {"toolsListChanged": True}, "_meta": tag})
        self.assertEqual(other.next()["params"]["notifications"], {})
        document = self.document(instructions="New ones.")
        document["tools"]["third"] = getter()
        self.rewrite(document)
        self.assertEqual(self.names(), ["get", "other", "third"])
        self.assertEqual(modern(self.url, "server/discover").json["result"]["instructions"], "New ones.")
        self.assertEqual(stream.next(), {"jsonrpc": "2.0", "method": "notifications/tools/list_changed", "params": {"_meta": tag}})
        self.rewrite(self.document(instructions="Others."))
        self.assertEqual(stream.next()["method"], "notifications/tools/list_changed")
        self.rewrite(self.document(instructions="Again."))
        self.process.terminate()
        end = stream.next()
        self.assertEqual((end["id"], end["result"]["resultType"]), ("s1", "complete"))
        self.assertLessEqual(tag.items(), end["result"]["_meta"].items())
        self.assertIsNone(stream.next())
        self.assertIn("result", other.next())
        self.assertEqual(self.process.wait(60), 0)

    def serve(self, document: dict[str, Any], **variables: str) -> subprocess.Popen[str]:
        self.process = super().serve(document, **variables)
        return self.process

    def test_a_file_that_is_wrong_changes_nothing(self) -> None:
        self.serve(self.document())
        for text in ("tools: {get: {type: nothing}}\n", "a: [b\n", "", '{"tools": {"x": {"type": "redis-command"}}}'):
            with self.subTest(text):
                self.rewrite(text, valid=False)
                self.assertTrue(self.told("diagnostic")[-1]["message"])
                self.assertEqual(self.names(), ["get", "other"])
        self.rewrite(self.document())
        self.assertEqual(self.names(), ["get", "other"])
        self.assertFalse(self.call("get").failed)

    def test_a_file_that_changes_while_it_is_read_first(self) -> None:
        """The server has the text and waits for a value of it when another text is written."""
        os.mkfifo(self.folder / "title")
        document = self.document(title="${file.title}")

        def change() -> None:
            with (self.folder / "title").open("w", encoding="utf-8") as title:
                self.write(self.document(title="The second"))
                title.write("The first")

        threading.Thread(target=change, daemon=True).start()
        self.serve(document)
        self.eventually(lambda: bool(self.reloads()))
        self.assertTrue(self.reloads()[-1]["valid"], self.notes)
        self.assertEqual(post(self.url, "initialize", {"protocolVersion": "2025-11-25", "capabilities": {}}).json["result"]["serverInfo"]["title"], "The second")

    def title(self) -> str:
        answer = post(self.url, "initialize", {"protocolVersion": "2025-11-25", "capabilities": {}})
        title: str = answer.json["result"]["serverInfo"]["title"]
        return title

    def test_a_file_that_is_named_before_it_is_there(self) -> None:
        """As when a configuration is mounted before its secrets are."""
        self.serve(self.document(title="old"))
        self.rewrite(self.document(title="${file.title}"), valid=False)
        self.assertEqual(self.title(), "old")
        (self.folder / "title").write_text("new\n", encoding="utf-8")
        self.eventually(lambda: self.title() == "new")
        self.eventually(lambda: self.reloads()[-1]["valid"])

    def test_a_file_that_is_written_in_place(self) -> None:
        """As some editors do it; the half of it may be seen, and is not the last that is."""
        document = self.document()
        self.serve(document)
        document["tools"]["third"] = getter()
        (self.folder / "gantry-mcp.yaml").write_text(json.dumps(document), encoding="utf-8")
        self.eventually(lambda: self.names() == ["get", "other", "third"])

    def test_links_that_are_exchanged(self) -> None:
        """Configuration and secret change at once, behind one link, as in a mounted volume."""

        def publish(name: str) -> None:
            folder = self.folder / f"..{name}"
            folder.mkdir()
            (folder / "title").write_text(name, encoding="utf-8")
            (folder / "gantry-mcp.yaml").write_text(json.dumps(document), encoding="utf-8")
            (self.folder / "..next").symlink_to(folder.name)
            (self.folder / "..next").rename(self.folder / "..data")

        document = self.document(title="${file.title}")
        path = self.write(document)
        path.unlink()
        publish("first")
        for name in ("title", "gantry-mcp.yaml"):
            (self.folder / name).symlink_to(f"..data/{name}")
        self.begin("-c", str(path))
        self.assertEqual(self.title(), "first")
        publish("second")
        self.eventually(lambda: self.title() == "second")
        publish("third")
        self.eventually(lambda: self.title() == "third")
        self.assertEqual({note["valid"] for note in self.told_in_all("reloaded")}, {True})

    def test_a_change_that_keeps_size_and_time(self) -> None:
        self.serve(self.document(title="old"))
        path = self.folder / "gantry-mcp.yaml"
        time.sleep(1.2)  # until it was looked at
        before = path.stat()
        text = path.read_text(encoding="utf-8").replace('"old"', '"new"')
        with path.open("r+", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.utime(file.fileno(), ns=(before.st_atime_ns, before.st_mtime_ns))
        self.eventually(lambda: self.title() == "new")

    def test_a_text_in_utf_16_is_read_once(self) -> None:
        document = self.document(title="wide")
        path = self.write(document)
        path.write_bytes(path.read_text(encoding="utf-8").encode("utf-16"))
        self.begin("-c", str(path))
        time.sleep(2.5)
        self.assertEqual((self.title(), self.reloads()), ("wide", []))
        self.rewrite(self.document(title="plain"))
        self.assertEqual(self.title(), "plain")

    def test_a_pipe_is_read_once(self) -> None:
        reading, writing = os.pipe()
        os.write(writing, json.dumps({**self.document(), "tiers": {"local": {"listen": "127.0.0.1:0"}}}).encode())
        os.close(writing)
        self.begin("-c", f"/dev/fd/{reading}", keep=(reading,))
        os.close(reading)
        time.sleep(1.5)
        self.assertEqual((self.names(), self.told_in_all("reloaded")), (["get", "other"], []))

    def test_a_tool_that_goes_while_it_is_called(self) -> None:
        self.serve(self.document())
        held = self.hold(2) + self.hold(1, modern)
        document = self.document()
        del document["tools"]["get"]
        self.rewrite(document)
        self.assertEqual(self.names(), ["other"])
        self.assertEqual(self.ask("tools/call", {"name": "get"})["error"]["code"], -32602)
        self.redis.release()
        for later in held:
            self.done(later)

    def test_a_source_that_changes_while_it_is_used(self) -> None:
        self.serve(self.document())
        held = self.hold(3)
        document = self.document()
        document["sources"]["slow"]["connections"] = 2
        self.rewrite(document)
        self.assertFalse(self.call("get").failed)
        self.redis.release()
        for later in held:
            self.done(later)
        self.assertFalse(self.call("get").failed)
        self.rewrite(self.document())
        self.assertFalse(self.call("get").failed)

    def test_limits_that_change(self) -> None:
        self.serve(self.document(limits={"max_concurrent": 1}))
        held = self.hold()
        waiting = Later(lambda: post(self.url, "tools/call", {"name": "other"}))
        time.sleep(0.1)
        self.assertTrue(waiting.waits())
        self.rewrite(self.document(limits={"max_concurrent": 2}))
        self.assertNotIn("isError", waiting.answer().json["result"])
        self.redis.release()
        self.done(held[0])

    def test_listeners_come_and_go(self) -> None:
        port = free_port()
        self.serve(self.document())
        tiers = {"local": {"listen": "127.0.0.1:0"}, "more": {"listen": f"127.0.0.1:{port}"}}
        document = self.document(tiers=tiers)
        document["tools"]["get"]["tier"] = "local"
        document["tools"]["other"]["tier"] = "more"
        held = self.hold()
        self.rewrite(document)
        more = f"http://127.0.0.1:{port}/mcp"
        self.assertEqual(post(more, "tools/list").json["result"]["tools"][0]["name"], "other")
        self.assertEqual(self.names(), ["get"])
        with socket.create_server(("127.0.0.1", 0)) as taken:
            tiers["third"] = {"listen": f"127.0.0.1:{taken.getsockname()[1]}"}
            self.rewrite(document, valid=False)
        self.assertEqual(post(more, "ping").status, 200)
        self.rewrite(self.document())
        self.eventually(lambda: is_closed(more))
        self.assertEqual(self.names(), ["get", "other"])
        self.redis.release()
        self.done(held[0])


class Ends(SlowTest):
    def begin(self, *words: str, tiers: int = 1, **variables: str) -> subprocess.Popen[str]:
        self.process = super().begin(*words, tiers=tiers, **variables)
        return self.process

    def is_closed(self) -> bool:
        return is_closed(self.url)

    def test_calls_that_run_may_end(self) -> None:
        self.serve(self.document(shutdown_ms=60_000))
        held = self.hold(2) + self.hold(1, modern)
        with socket.create_connection(place(self.url), 30) as idle:
            post(self.url, "ping")  # which came later: the server has both
            self.process.terminate()
            self.assertEqual(idle.recv(1), b"", "an idle connection is closed")
        self.eventually(self.is_closed)
        self.assertIsNone(self.process.poll())
        self.redis.release()
        for later in held:
            self.done(later)
        self.assertEqual(self.process.wait(30), 0)

    def test_not_for_ever(self) -> None:
        self.serve(self.document(shutdown_ms=300))
        held = self.hold(2) + self.hold(1, modern)
        begun = time.monotonic()
        self.process.terminate()
        for later in held:
            self.assertEqual(Outcome(later.answer().json["result"]).kind, "cancelled")
        self.assertEqual(self.process.wait(30), 0)
        self.assertLess(time.monotonic() - begun, 30)

    def test_a_signal_as_soon_as_it_listens(self) -> None:
        """It is ready to be stopped when it says that it is ready."""
        for _ in range(5):
            self.serve(self.document())
            self.process.terminate()
            self.assertEqual(self.process.wait(60), 0)

    def test_a_second_signal_ends_it_at_once(self) -> None:
        self.ends_with = 130
        self.serve(self.document(shutdown_ms=60_000))
        client = socket.create_connection(place(self.url))
        client.sendall(request_bytes(self.url, message("tools/call", HELD)))
        self.eventually(lambda: self.redis.held == 1)
        self.process.terminate()
        self.eventually(self.is_closed)  # two signals that wait are one
        self.assertIsNone(self.process.poll())
        self.process.terminate()
        self.assertEqual(self.process.wait(30), 130)
        client.close()


if __name__ == "__main__":
    unittest.main()
