"""gantry-mcp with Redis: commands, invalidation, servers that go, are slow, or are none."""

from __future__ import annotations

import base64
import contextlib
import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

from .data_plane import post
from .mcp_program import Outcome, ProgramTest, memory_mib
from .redis_server import Impostor, Redis, greet, needs_redis


def command(*words: str, **more: Any) -> dict[str, Any]:
    names = {part.split(":")[-1][1:] for part in words if "$" in part}
    parameters = [{"name": name} for name in sorted(names)]
    return {"type": "redis-command", "source": "cache", "command": list(words), "parameters": parameters, **more}


TOOLS: dict[str, Any] = {
    "get": command("GET", "$key"),
    "cart": command("HGETALL", "cart:$customer"),
    "set": command("SET", "k:$key", "$value"),
    "members": command("LRANGE", "$key", "0", "-1", max_rows=1000, max_bytes=100000),
    "delete": command("DEL", "$keys", parameters=[{"name": "keys", "type": "array"}]),
    "optional": command("SET", "k", "v", "$how", parameters=[{"name": "how", "required": False}]),
    "inner": command("GET", "k:$how", parameters=[{"name": "how", "required": False}]),
    "incr": command("INCR", "$key"),
    "eval": command("EVAL", "$script", "0"),
    "read": command("XREAD", "$how", "10", "STREAMS", "s", "0"),
    "invalidate": {"type": "redis-invalidate", "source": "cache", "patterns": ["session:*", "exact"], "max_keys": 2000},
}


PATIENT = {"connect_timeout_ms": 60_000, "command_timeout_ms": 60_000}
"""Of a source whose answers must come, however busy the machine is."""


class RedisTest(ProgramTest):
    def document(self, port: int, tools: dict[str, Any] | None = None, **settings: Any) -> dict[str, Any]:
        return {
            "name": "redis",
            "sources": {"cache": {"type": "redis", "host": "127.0.0.1", "port": port, **PATIENT, **settings}},
            "tools": {name: dict(tool) for name, tool in (tools or TOOLS).items()},
        }

    def redis(self, *settings: str) -> Redis:
        server = Redis(*settings)
        self.addCleanup(server.close)
        return server


@needs_redis
class Commands(RedisTest):
    def setUp(self) -> None:
        super().setUp()
        self.server = self.redis()
        self.serve(self.document(self.server.port))

    def reply(self, tool: str, **arguments: Any) -> Any:
        result = self.result(tool, **arguments)
        self.assertFalse(result["truncated"])
        return result["reply"]

    def test_replies(self) -> None:
        self.server("SET", "text", "grün")
        self.server("SET", "bytes", b"\xff\x00\xfe")
        self.server("HSET", "cart:7", "apples", "3", "pears", "x\ny")
        self.server("HSET", "cart:8", b"\xff", "3")
        self.server("RPUSH", "list", "a", "b", "c")
        self.assertEqual(self.reply("get", key="text"), "grün")
        self.assertEqual(self.reply("get", key="bytes"), {"base64": base64.b64encode(b"\xff\x00\xfe").decode()})
        self.assertIsNone(self.reply("get", key="none"))
        self.assertEqual(self.reply("cart", customer="7"), {"apples": "3", "pears": "x\ny"})
        self.assertEqual(self.reply("cart", customer="8"), [{"base64": "/w=="}, "3"])
        self.assertEqual(self.reply("cart", customer="9"), {})
        self.assertEqual(self.reply("members", key="list"), ["a", "b", "c"])
        self.assertEqual(self.reply("incr", key="n"), 1)
        self.assertEqual(self.reply("set", key="x", value="1"), "OK")
        self.assertEqual(self.reply("eval", script="return {1, {2, 'x'}, false}"), [1, [2, "x"], None])

    def test_a_parameter_never_becomes_another_word(self) -> None:
        odd = "a b\r\n*1\r\n$8\r\nFLUSHALL\r\n$customer'\""
        self.server("SET", "kept", "1")
        self.assertEqual(self.reply("set", key=odd, value=odd), "OK")
        self.assertEqual(self.server("GET", "k:" + odd), odd.encode())
        self.assertEqual(self.server("GET", "kept"), b"1")

    def test_lists_and_what_is_not_given(self) -> None:
        self.server.many([("SET", f"key {i}", "x") for i in range(5)])
        self.assertEqual(self.reply("delete", keys=["key 0", "key 1", "no", "key 2"]), 3)
        self.assertEqual(self.reply("optional"), "OK")
        self.assertIsNone(self.reply("optional", how="NX"))
        self.refused("invalid_arguments", "how is needed", "inner")
        self.refused("invalid_arguments", "wrong number", "delete", keys=[])

    def test_errors_are_told(self) -> None:
        self.server("RPUSH", "list", "a")
        self.refused("invalid_arguments", "WRONGTYPE", "get", key="list")
        self.refused("invalid_arguments", "BLOCK cannot be used", "read", how="block")
        self.assertIsNone(self.reply("read", how="COUNT"))

    def test_caps(self) -> None:
        for start in range(0, 20000, 1000):
            self.server("RPUSH", "long", *(str(n) for n in range(start, start + 1000)))
        self.server("RPUSH", "wide", "x" * 60000, "y" * 60000, "z" * 60000)
        self.server("SET", "big", "ä" * 1000000)
        long, wide, big = (self.result("members", key="long"), self.result("members", key="wide"), self.result("get", key="big"))
        self.assertTrue(long["truncated"] and wide["truncated"] and big["truncated"])
        self.assertEqual(long["reply"], [str(n) for n in range(1000)])
        self.assertEqual([len(text) for text in wide["reply"]], [60000, 100000 - 60000 - 32])
        self.assertEqual(big["reply"], "ä" * (2**20 // 2))
        self.assertEqual(self.reply("get", key="text"), None)

    def test_annotations(self) -> None:
        self.assertEqual(
            self.tool("cart")["annotations"],
            {"readOnlyHint": True, "destructiveHint": False, "idempotentHint": True, "openWorldHint": False},
        )
        self.assertTrue(self.tool("set")["annotations"]["destructiveHint"])
        hints = self.tool("invalidate")["annotations"]
        self.assertTrue(hints["destructiveHint"] and hints["idempotentHint"] and not hints["readOnlyHint"])


@needs_redis
class Invalidate(RedisTest):
    def setUp(self) -> None:
        super().setUp()
        self.server = self.redis()
        self.serve(self.document(self.server.port))

    def fill(self, count: int) -> None:
        self.server.many([("SET", f"session:{i}:x", i) for i in range(count)])
        self.server.many([("SET", f"user:{i}", i) for i in range(100)])

    def test_keys_of_a_pattern_go(self) -> None:
        self.fill(1500)
        self.server("SET", b"session:\xff\x00", "x")
        dry = self.result("invalidate", pattern="session:*", dry_run=True)
        self.assertEqual((dry["matched"], dry["deleted"], dry["dry_run"], dry["truncated"]), (1501, 0, True, False))
        self.assertEqual(len(dry["sample"]), 20)
        self.assertEqual(self.server("DBSIZE"), 1601)
        some = self.result("invalidate", pattern="session:1[0-4]?:*")
        self.assertEqual((some["matched"], some["deleted"]), (50, 50))
        rest = self.result("invalidate", pattern="session:*")
        self.assertEqual((rest["matched"], rest["deleted"], rest["truncated"]), (1451, 1451, False))
        self.assertEqual(self.server("DBSIZE"), 100)
        again = self.result("invalidate", pattern="session:*")
        self.assertEqual((again["matched"], again["deleted"], again["sample"]), (0, 0, []))
        used = self.server("INFO", "commandstats").decode()
        self.assertNotIn("cmdstat_keys:", used)
        self.assertNotIn("cmdstat_del:", used)
        self.assertIn("cmdstat_unlink:", used)

    def test_no_other_keys_go(self) -> None:
        self.fill(10)
        self.server("SET", "session", "x")
        patterns = ["*", "", "s*", "[s]ession:*", "?ession:*", "*:*", "session*", "user:*", "\\*", "session:[", "{session:*,user:*}"]
        for pattern in patterns:
            with self.subTest(pattern):
                outcome = self.call("invalidate", pattern=pattern)
                self.assertTrue(outcome.failed)
                self.assertIn(outcome.kind, ("denied", "invalid_arguments"))
        self.assertEqual(self.result("invalidate", pattern="exact")["matched"], 0)
        self.assertEqual(self.server("DBSIZE"), 111)
        self.assertEqual(self.result("invalidate", pattern="session:*/../")["matched"], 0)
        self.assertEqual(self.result("invalidate", pattern="session:\\*")["matched"], 0)

    def test_the_cap(self) -> None:
        self.fill(2001)
        first = self.result("invalidate", pattern="session:*")
        self.assertEqual((first["matched"], first["deleted"], first["truncated"]), (2000, 2000, True))
        second = self.result("invalidate", pattern="session:*")
        self.assertEqual((second["deleted"], second["truncated"]), (1, False))
        self.assertEqual(self.server("DBSIZE"), 100)

    def test_a_cap_that_is_just_reached_is_no_cut(self) -> None:
        self.fill(2000)
        result = self.result("invalidate", pattern="session:*")
        self.assertEqual((result["deleted"], result["truncated"]), (2000, False))

    def test_others_are_served_meanwhile(self) -> None:
        """By the server's own account: between the pages of a scan come the commands of others."""
        for start in range(0, 200000, 20000):
            self.server.many([("SET", f"user:{start + i}", i) for i in range(20000)])
        done = threading.Event()

        def ask() -> None:
            while not done.is_set():
                self.result("get", key="user:1")

        with self.server.watched() as commands:
            asking = threading.Thread(target=ask)
            asking.start()
            try:
                for _ in range(10):
                    self.assertEqual(self.result("invalidate", pattern="session:*")["matched"], 0)
            finally:
                done.set()
                asking.join()
        pages = others = waiting = 0
        for words in commands:
            waiting += words[0] == "GET"
            if words[0] == "SCAN":
                others += waiting if words[1] != "0" else 0
                pages, waiting = pages + 1, 0
        self.assertGreater(pages, 10 * 200000 / 500 / 2)
        self.assertGreater(others, 20)


@needs_redis
class Access(RedisTest):
    """Passwords, users, databases, sockets, names."""

    def reason(self, document: dict[str, Any], **variables: str) -> str:
        self.serve(document, **variables)
        text = self.refused("unavailable", "cannot be reached", "get", key="x").text
        self.assertNotIn("swordfish", text + str(self.ready("cache")) + str(self.notes))
        return text

    def test_password(self) -> None:
        server = self.redis("--requirepass", "swordfish")
        server.many([("SET", "x", "1")], ("AUTH", "swordfish"))
        self.serve(self.document(server.port, password="${env.REDIS}"), REDIS="swordfish")
        self.assertEqual(self.result("get", key="x")["reply"], "1")
        self.assertTrue(self.ready("cache")["ready"])

    def test_a_password_that_is_changed(self) -> None:
        """As a secrets volume does it: the file is another one, the configuration the same."""
        server = self.redis("--requirepass", "first")
        secret, later = self.folder / "secret", self.folder / "later"
        secret.write_text("first\n", encoding="utf-8")
        self.serve(self.document(server.port, password="${file.secret}"))
        self.assertFalse(self.call("get", key="x").failed)
        server.many([("CONFIG", "SET", "requirepass", "second")], ("AUTH", "first"))
        later.write_text("second\n", encoding="utf-8")
        later.replace(secret)
        self.eventually(lambda: len(self.reloads()) == 1)
        server.many([("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")], ("AUTH", "second"))
        self.eventually(lambda: not self.call("get", key="x").failed)
        secret.unlink()
        self.eventually(lambda: self.reloads()[-1]["valid"] is False)
        self.assertFalse(self.call("get", key="x").failed)

    def test_wrong_password(self) -> None:
        server = self.redis("--requirepass", "other")
        self.assertIn("does not accept", self.reason(self.document(server.port, password="${env.REDIS}"), REDIS="swordfish"))

    def test_no_password(self) -> None:
        server = self.redis("--requirepass", "swordfish")
        self.assertIn("asks for a password", self.reason(self.document(server.port)))

    def test_password_where_none_is_known(self) -> None:
        """The server quotes what it does not understand."""
        server = self.redis("--rename-command", "AUTH", "")
        self.assertIn("does not accept", self.reason(self.document(server.port, password="${env.REDIS}"), REDIS="swordfish"))

    def test_user(self) -> None:
        server = self.redis()
        server("ACL", "SETUSER", "app", "on", ">swordfish", "~k:*", "+get", "+set")
        self.serve(self.document(server.port, username="app", password="${env.REDIS}"), REDIS="swordfish")
        self.assertEqual(self.result("set", key="a", value="1")["reply"], "OK")
        self.refused("denied", "NOPERM", "get", key="other")
        self.refused("denied", "NOPERM", "incr", key="k:a")
        self.assertTrue(self.ready("cache")["ready"])

    def test_database(self) -> None:
        server = self.redis()
        server.many([("SET", "x", "three")], ("SELECT", "3"))
        self.serve(self.document(server.port, database=3))
        self.assertEqual(self.result("get", key="x")["reply"], "three")

    def test_database_that_is_none(self) -> None:
        self.assertIn("database 99", self.reason(self.document(self.redis().port, database=99)))

    def test_socket(self) -> None:
        server = self.redis()
        server("SET", "x", "1")
        document = self.document(0)
        document["sources"]["cache"] = {"type": "redis", "socket": str(server.socket)}
        self.serve(document)
        self.assertEqual(self.result("get", key="x")["reply"], "1")

    def test_name(self) -> None:
        server = self.redis()
        server("SET", "x", "1")
        self.serve(self.document(server.port) | {"sources": {"cache": {"type": "redis", "host": "localhost", "port": server.port}}})
        self.assertEqual(self.result("get", key="x")["reply"], "1")

    def test_name_that_is_none(self) -> None:
        document = self.document(1)
        document["sources"]["cache"]["host"] = "nowhere.invalid"
        self.assertIn("cannot be resolved", self.reason(document, RES_OPTIONS="timeout:1 attempts:1"))

    def test_full_server(self) -> None:
        server = self.redis("--maxclients", "1")
        taken = b""
        while taken != b"+PONG\r\n":
            occupant = socket.create_connection(("127.0.0.1", server.port))
            self.addCleanup(occupant.close)
            with contextlib.suppress(OSError):
                occupant.sendall(b"PING\r\n")
                taken = occupant.recv(100)
        with occupant:
            self.assertIn("as many clients", self.reason(self.document(server.port)))


@needs_redis
class Weather(RedisTest):
    """Servers that go and come."""

    def load(self, threads: int, during: Callable[[list[Outcome]], None]) -> list[Outcome]:
        """Writes and reads of keys of one's own: each must get what is its own."""
        outcomes: list[Outcome] = []
        wrong: list[Any] = []
        done = threading.Event()

        def work(number: int) -> None:
            turn = 0
            while not done.is_set():
                turn += 1
                key, value = f"{number}", f"{number}-{turn}"
                try:
                    written = self.call("set", key=key, value=value)
                    read = self.call("get", key=f"k:{key}")
                except Exception as problem:  # told below: nobody looks at a thread's own
                    wrong.append(problem)
                    return
                outcomes.extend((written, read))
                if not read.failed and not written.failed and read.structured["reply"] not in (value, None):
                    wrong.append((value, read.structured))

        workers = [threading.Thread(target=work, args=(number,)) for number in range(threads)]
        for worker in workers:
            worker.start()
        try:
            during(outcomes)
        finally:
            done.set()
            for worker in workers:
                worker.join()
        self.assertEqual(wrong, [])
        return outcomes

    def check_load(self, server: Redis) -> None:
        def come(outcomes: list[Outcome], kind: str, count: int) -> None:
            """So many of these from now on."""
            begin = len(outcomes)
            self.eventually(lambda: [outcome.kind for outcome in outcomes[begin:]].count(kind) >= count)

        def during(outcomes: list[Outcome]) -> None:
            for _ in range(3):
                come(outcomes, "", 200)
                server.stop()
                come(outcomes, "unavailable", 100)
                server.start()
            come(outcomes, "", 50)

        outcomes = self.load(16, during)
        self.assertLessEqual({outcome.kind for outcome in outcomes}, {"", "unavailable", "failed"})
        for outcome in outcomes:
            if outcome.kind == "failed":
                self.assertIn("is not known", outcome.text)
        self.assertFalse(self.call("get", key="x").failed)

    def test_killed_and_restarted_under_load(self) -> None:
        server = self.redis()
        self.serve(self.document(server.port))
        self.check_load(server)

    def test_with_several_connections(self) -> None:
        server = self.redis()
        self.serve(self.document(server.port, connections=4))
        self.check_load(server)

    def test_down_at_the_start(self) -> None:
        server = self.redis()
        server.stop()
        self.serve(self.document(server.port))
        self.refused("unavailable", "refused", "get", key="x")
        begin = time.monotonic()
        for _ in range(20):
            self.refused("unavailable", "refused", "get", key="x")
        self.assertLess(time.monotonic() - begin, 10)
        self.assertFalse(self.ready("cache")["ready"])
        server.start()
        self.eventually(lambda: self.ready("cache")["ready"])
        self.assertIsNone(self.result("get", key="x")["reply"])
        self.eventually(lambda: [note["state"] for note in self.told("source")] == ["down", "up"])

    def test_a_client_that_was_closed_for_idling_is_no_failure(self) -> None:
        server = self.redis()
        self.serve(self.document(server.port))
        self.result("get", key="x")
        self.eventually(lambda: server("CLIENT", "LIST").count(b"\n") == 2)
        server("CONFIG", "SET", "timeout", "1")
        self.eventually(lambda: server("CLIENT", "LIST").count(b"\n") == 1)
        server("CONFIG", "SET", "timeout", "0")
        self.result("get", key="x")
        self.assertEqual(self.told_in_all("source"), [])

    def test_a_server_that_hangs(self) -> None:
        server = self.redis()
        tools = {**TOOLS, "hasty": {**TOOLS["get"], "timeout_ms": 400}}
        self.serve(self.document(server.port, tools, connect_timeout_ms=4000, command_timeout_ms=5000))
        self.eventually(lambda: not self.call("set", key="x", value="0").failed)
        server.send_signal(signal.SIGSTOP)
        begin = time.monotonic()
        self.refused("timeout", "400 ms", "hasty", key="k:x")
        self.assertLess(time.monotonic() - begin, 4)
        self.assertFalse(self.ready("cache")["ready"])
        self.eventually(lambda: self.call("get", key="k:x").kind == "unavailable", 30)
        server.send_signal(signal.SIGCONT)
        self.eventually(lambda: self.call("get", key="k:x").structured == {"reply": "0", "truncated": False})

    def test_slow_answers_go_to_nobody_else(self) -> None:
        """Replies of calls that nobody waits for any more come before those of the next ones."""
        server = self.redis()
        self.serve(self.document(server.port, {**TOOLS, "hasty": {**TOOLS["get"], "timeout_ms": 300}}))
        self.result("set", key="x", value="0")
        server("SET", "slow", "slow")
        server.send_signal(signal.SIGSTOP)
        for _ in range(3):
            self.refused("timeout", "300 ms", "hasty", key="slow")
        server.send_signal(signal.SIGCONT)
        self.assertEqual(self.result("get", key="k:x")["reply"], "0")
        for turn in range(20):
            self.result("set", key="x", value=str(turn))
            self.assertEqual(self.result("get", key="k:x")["reply"], str(turn))

    def test_shutdown_with_open_calls(self) -> None:
        server = self.redis()
        tiers = {"local": {"listen": "127.0.0.1:0", "limits": {"max_in_flight": 1}}}
        process = self.serve(self.document(server.port) | {"shutdown_ms": 500, "tiers": tiers})
        self.result("get", key="x")
        server.send_signal(signal.SIGSTOP)
        kinds: list[str] = []
        call = threading.Thread(target=lambda: kinds.append(self.call("get", key="x").kind))
        call.start()
        self.eventually(lambda: post(self.url, "ping").status == 503)  # the call is there
        process.terminate()
        process.wait(timeout=30)
        call.join()
        self.assertEqual(kinds, ["cancelled"])


class Impostors(RedisTest):
    """What listens on the port and is no Redis, or not a good one."""

    def impostor(self, serve: Any, timeout_ms: int = 60_000, **settings: Any) -> Any:
        self.other = Impostor(serve)
        self.addCleanup(self.other.close)
        tools = {name: {**tool, "timeout_ms": timeout_ms} for name, tool in TOOLS.items()}
        document = self.document(self.other.port, tools, **settings)
        # What was freed is not to count as memory in use.
        options = os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=1"
        return self.serve(document, ASAN_OPTIONS=options)

    def answers(self, *parts: bytes) -> Any:
        """Greets and then says this."""

        def serve(connection: socket.socket) -> None:
            greet(connection)
            for part in parts:
                connection.sendall(part)
                time.sleep(0.05)
            while connection.recv(65536):
                pass

        return serve

    def test_one_that_says_nothing(self) -> None:
        self.impostor(lambda connection: [*iter(lambda: connection.recv(1), b"")] and None, connect_timeout_ms=500)
        begin = time.monotonic()
        self.refused("unavailable", "does not answer", "get", key="x")
        self.assertLess(time.monotonic() - begin, 20)
        self.assertFalse(self.ready("cache")["ready"])

    def test_one_that_says_nothing_after_the_greeting(self) -> None:
        self.impostor(self.answers(), command_timeout_ms=700)
        self.refused("unavailable", "does not answer", "get", key="x")
        self.refused("failed", "is not known", "incr", key="x")

    def test_one_that_speaks_another_language(self) -> None:
        self.impostor(lambda connection: connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n"))
        self.refused("unavailable", "protocol|closed", "get", key="x")

    def test_one_that_says_what_it_was_not_asked(self) -> None:
        process = self.impostor(self.answers(b"$1\r\nx\r\n", b"+OK\r\n", b"+OK\r\n"))
        self.assertEqual(self.result("get", key="x")["reply"], "x")
        self.eventually(lambda: self.other.ended == 1)
        self.assertIsNone(process.poll())
        self.assertEqual(self.result("get", key="x")["reply"], "x")

    def test_one_that_lists_keys_twice_and_keys_of_others(self) -> None:
        keys = b"".join(b"$%d\r\n%s\r\n" % (len(key), key) for key in (b"session:1", b"user:1", b"session:1", b"session"))
        self.impostor(self.answers(b"*2\r\n$1\r\n0\r\n*4\r\n" + keys))
        result = self.result("invalidate", pattern="session:*", dry_run=True)
        self.assertEqual((result["matched"], result["sample"]), (1, ["session:1"]))

    def test_one_whose_pages_are_none(self) -> None:
        self.impostor(self.answers(b"*1\r\n:5\r\n"))
        self.refused("failed", "no page", "invalidate", pattern="session:*")

    def test_one_that_stops_in_the_middle(self) -> None:
        def serve(connection: socket.socket) -> None:
            greet(connection)
            connection.sendall(b"$100\r\nabc")

        self.impostor(serve)
        self.refused("unavailable", "closed", "get", key="x")

    def test_one_that_drips(self) -> None:
        def serve(connection: socket.socket) -> None:
            greet(connection)
            connection.sendall(b"$1000000\r\n")
            while True:
                connection.sendall(b"x")
                time.sleep(0.05)

        self.impostor(serve, command_timeout_ms=700)
        begin = time.monotonic()
        self.refused("unavailable", "does not answer", "get", key="x")
        self.assertLess(time.monotonic() - begin, 20)

    def test_one_that_floods(self) -> None:
        """Endless texts, lists of lists, lists without an end: memory stays where it is."""

        def flood(start: bytes, unit: bytes) -> Any:
            def serve(connection: socket.socket) -> None:
                greet(connection)
                connection.sendall(start)
                for _ in range(2000):
                    connection.sendall(unit)

            return serve

        for start, unit, timeout_ms, words in (
            (b"$2000000000\r\n", b"x" * 65536, 60_000, "max_reply_bytes"),
            (b"*2000000000\r\n", b":1\r\n" * 16384, 3000, "closed|in time|3000 ms|does not answer"),
            (b"", b"*2\r\n" * 16384, 60_000, "protocol"),
            (b"+", b"x" * 65536, 60_000, "max_reply_bytes"),
        ):
            with self.subTest(start):
                self.url = ""
                process = self.impostor(flood(start, unit), timeout_ms, max_reply_bytes=2**20)
                before = memory_mib(process)
                outcome = self.call("get", key="x")
                self.assertTrue(outcome.failed)
                self.assertRegex(outcome.text, words)
                self.assertLess(memory_mib(process) - before, 60)

    def test_one_that_closes_each_connection_makes_no_storm(self) -> None:
        impostor = Impostor(lambda connection: None)
        self.addCleanup(impostor.close)
        self.serve(self.document(impostor.port))
        begin = time.monotonic()
        while time.monotonic() < begin + 2:
            self.refused("unavailable", "closed|broke|reset", "get", key="x")
        self.assertLess(impostor.accepted, 8 + 2 * (time.monotonic() - begin))
