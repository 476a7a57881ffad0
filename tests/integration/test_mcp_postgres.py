"""gantry-mcp with PostgreSQL: statements, free SQL and what it must not do, servers that go."""

from __future__ import annotations

import base64
import concurrent.futures
import contextlib
import http.client
import json
import os
import signal
import subprocess
import threading
import time
import urllib.parse
from collections.abc import Iterator
from typing import Any

from .data_plane import ACCEPT, post, send
from .mcp_program import Outcome, ProgramTest, memory_mib, most_in
from .postgres import ACCOUNT, Postgres, needs_postgres

MODERN = "2026-07-28"
META = {
    "io.modelcontextprotocol/protocolVersion": MODERN,
    "io.modelcontextprotocol/clientCapabilities": {},
}
LEAN = "quarantine_size_mb=4"
"""For tests that look at memory."""

TABLES = (
    "CREATE ROLE app LOGIN",
    "CREATE TABLE orders (id int PRIMARY KEY, customer int, note text, amount numeric(12, 2))",
    "INSERT INTO orders SELECT n, n % 10, 'order ' || n, n FROM generate_series(1, 100) n",
    "CREATE TABLE audit (what text)",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON orders, audit TO app",
    "GRANT ALL ON SCHEMA public TO app",
    # What a reader could try to write with: it runs with the rights of its caller.
    "CREATE FUNCTION sneak() RETURNS int LANGUAGE plpgsql AS "
    "$$ BEGIN DELETE FROM orders; RETURN 1; END $$",
    "CREATE FUNCTION sneak_as_owner() RETURNS int LANGUAGE plpgsql SECURITY DEFINER AS "
    "$$ BEGIN DELETE FROM orders; RETURN 1; END $$",
    "CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS "
    "$$ BEGIN INSERT INTO audit VALUES (tg_op); RETURN NULL; END $$",
    "CREATE TRIGGER noted AFTER INSERT OR UPDATE OR DELETE ON orders EXECUTE FUNCTION noted()",
)


def parameters(**types: str) -> list[dict[str, Any]]:
    return [{"name": name, "type": kind} for name, kind in types.items()]


def fixed(statement: str, **more: Any) -> dict[str, Any]:
    return {"type": "postgres-sql", "source": "db", "statement": statement, **more}


def free(*permissions: str, **more: Any) -> dict[str, Any]:
    return {"type": "postgres-query", "source": "db", "permissions": list(permissions or ("SELECT",)), **more}


class PostgresTest(ProgramTest):
    """Tests with one server of their own each class."""

    server: Postgres

    @classmethod
    def setUpClass(cls) -> None:
        cls.server = Postgres()
        cls.addClassCleanup(cls.server.close)
        cls.server.sql(*TABLES)

    def setUp(self) -> None:
        """The sessions of the test before end a little later than its program."""
        super().setUp()
        self.eventually(lambda: self.count() == 0)

    def document(self, tools: dict[str, Any], **settings: Any) -> dict[str, Any]:
        source = {"type": "postgres", "host": "127.0.0.1", "port": self.server.port, "connect_timeout_ms": 60000}
        source |= {"database": "postgres", "user": "app", **settings}
        return {"name": "pg", "sources": {"db": source}, "tools": {name: dict(tool) for name, tool in tools.items()}}

    def rows(self, tool: str, **arguments: Any) -> Any:
        return self.result(tool, **arguments)["rows"]

    def value(self, sql: str, tool: str = "query") -> Any:
        row = self.rows(tool, query=sql)[0]
        return next(iter(row.values()))

    def sleeping(self) -> int:
        """Those that sleep, also inside of a cursor."""
        sql = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND usename = 'app'"
        return int(self.server.value(sql))

    def waiting(self) -> int:
        """Those that wait for a lock."""
        return int(self.server.value("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"))

    def count(self) -> int:
        """The sessions that there are."""
        return int(self.server.value("SELECT count(*) FROM pg_stat_activity WHERE usename = 'app'"))

    @contextlib.contextmanager
    def locked(self, lock: str = "LOCK TABLE orders IN ACCESS EXCLUSIVE MODE") -> Iterator[None]:
        """Who looks into the table of orders, or wants the lock that is named, waits for as long as this lasts."""
        words = [self.server.programs / "psql", "-X", "-q", "-A", "-t", "-h", "127.0.0.1"]
        words += ["-p", self.server.port, "-U", ACCOUNT, "postgres"]
        with subprocess.Popen(list(map(str, words)), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as client:
            assert client.stdin is not None and client.stdout is not None
            client.stdin.write(f"BEGIN; {lock}; SELECT 'locked';\n")
            client.stdin.flush()
            while (line := client.stdout.readline()) != "locked\n":
                self.assertNotEqual(line, "", "the lock is not to be had")
            try:
                yield
            finally:
                with contextlib.suppress(BrokenPipeError):
                    client.stdin.close()

    def background(self, fn: Any, *words: Any, **named: Any) -> concurrent.futures.Future[Any]:
        pool = concurrent.futures.ThreadPoolExecutor(1)
        self.addCleanup(pool.shutdown)
        return pool.submit(fn, *words, **named)


@needs_postgres
class Values(PostgresTest):
    def setUp(self) -> None:
        super().setUp()
        self.serve(self.document({"query": free()}))

    def test_types(self) -> None:
        result = self.result(
            "query",
            query="SELECT true AS b, 1::int2 AS i2, -7 AS i4, 9007199254740991 AS i8, 9007199254740993 AS long, "
            "0.1::float8 AS f8, 1e20::float8 AS big, 1.5::float4 AS f4, 'NaN'::float8 AS nan, "
            "'-Infinity'::float8 AS inf, 123456789012345678901234567890.123456789::numeric AS num, "
            "'x'::text AS t, 'ab'::char(4) AS c, NULL::int AS nothing, '\\x00ff10'::bytea AS bytes, "
            "'{\"a\": [1, 0.10, null]}'::jsonb AS jb, E'{\"k\":\\n1}'::json AS j, "
            "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid AS u, interval '1 day 2 hours' AS iv, "
            "'10.0.0.1/8'::inet AS net, date '2026-02-03' AS d, time '10:00:01.5' AS tm",
        )
        kinds = {column["name"]: column["type"] for column in result["columns"]}
        self.assertEqual(
            result["rows"],
            [
                {
                    "b": True,
                    "i2": 1,
                    "i4": -7,
                    "i8": 9007199254740991,
                    "long": "9007199254740993",
                    "f8": 0.1,
                    "big": 1e20,
                    "f4": 1.5,
                    "nan": "NaN",
                    "inf": "-Infinity",
                    "num": "123456789012345678901234567890.123456789",
                    "t": "x",
                    "c": "ab  ",
                    "nothing": None,
                    "bytes": base64.b64encode(b"\x00\xff\x10").decode(),
                    "jb": {"a": [1, 0.1, None]},
                    "j": {"k": 1},
                    "u": "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
                    "iv": "P1DT2H",
                    "net": "10.0.0.1/8",
                    "d": "2026-02-03",
                    "tm": "10:00:01.5",
                }
            ],
        )
        self.assertEqual([kinds[name] for name in ("b", "i8", "num", "bytes", "jb", "u")],
                         ["boolean", "bigint", "numeric", "bytea", "jsonb", "uuid"])  # fmt: skip

    def test_timestamps(self) -> None:
        for sql, text in (
            ("'2026-11-21 10:00:00.25+00'::timestamptz", "2026-11-21T10:00:00.25Z"),
            ("'2026-11-21 10:00:00'::timestamp", "2026-11-21T10:00:00"),
            ("'infinity'::timestamptz", "infinity"),
            ("'0044-03-15 12:00:00 BC'::timestamp", "0044-03-15 12:00:00 BC"),
            ("set_config('timezone', 'Asia/Kolkata', true)", "Asia/Kolkata"),
        ):
            self.assertEqual(self.value(f"SELECT {sql}"), text)

    def test_arrays(self) -> None:
        for sql, value in (
            ("ARRAY[1, NULL, 3]", [1, None, 3]),
            ("ARRAY[[1, 2], [3, 4]]", [[1, 2], [3, 4]]),
            ("ARRAY[]::text[]", []),
            ("'[0:1]={5,6}'::int[]", [5, 6]),
            ("ARRAY['a,b', 'c\"d', 'e\\f', 'NULL', '', '{}', ' ']", ["a,b", 'c"d', "e\\f", "NULL", "", "{}", " "]),
            ("ARRAY[0.1, 'NaN']::float8[]", [0.1, "NaN"]),
            ("ARRAY['{\"a\": 1}']::jsonb[]", [{"a": 1}]),
            ("ARRAY['\\x01']::bytea[]", ["AQ=="]),
        ):
            self.assertEqual(self.value(f"SELECT {sql}"), value, sql)

    def test_names(self) -> None:
        self.assertEqual(
            self.rows("query", query='SELECT 1 AS a, 2 AS a, 3 AS a_2, 4 AS "?", 5 AS "q""\n"'),
            [{"a": 1, "a_2": 2, "a_2_2": 3, "?": 4, 'q"\n': 5}],
        )
        self.assertEqual(self.rows("query", query="SELECT"), [{}])
        many = ", ".join(["1 AS same"] * 1600)
        begin = time.monotonic()
        self.assertEqual(len(self.rows("query", query=f"SELECT {many}")[0]), 1600)
        self.assertLess(time.monotonic() - begin, 30)

    def test_text_that_is_no_utf_8(self) -> None:
        self.server.sql("CREATE DATABASE raw TEMPLATE template0 ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C'")
        self.server.sql("CREATE TABLE t (v text)", "INSERT INTO t VALUES (E'gr\\374n \\303\\274')",
                        "GRANT SELECT ON t TO app", database="raw")  # fmt: skip
        self.url = ""
        self.serve(self.document({"query": free()}, database="raw"))
        self.assertEqual(self.value("SELECT v FROM t"), "gr\ufffdn ü")
        self.refused("invalid_arguments", "does not exist", "query", query="SELECT * FROM ü")
        # A name with half a character: the server cuts it at 63 bytes without knowing about characters.
        cut = "x" + "ü" * 40
        self.assertEqual(self.rows("query", query=f'SELECT 1 AS "{cut}"'), [{"x" + "ü" * 31: 1}])
        cut = "ü" * 40
        self.assertEqual(self.rows("query", query=f'SELECT 1 AS "{cut}"'), [{"ü" * 31 + "\ufffd": 1}])

    def test_text_in_the_output_is_the_same(self) -> None:
        outcome = self.call("query", query="SELECT E'a\"b\\\\\\n\\x01' AS v")
        self.assertEqual(json.loads(outcome.text), outcome.structured)
        self.assertEqual(outcome.structured["rows"], [{"v": 'a"b\\\n\x01'}])


    def test_a_result_has_what_the_latest_version_wants(self) -> None:
        params = {"name": "query", "arguments": {"query": "SELECT 1 AS one"}, "_meta": META}
        headers = {"MCP-Protocol-Version": MODERN, "Mcp-Method": "tools/call", "Mcp-Name": "query"}
        result = post(self.url, "tools/call", params, **headers).json["result"]
        self.assertEqual(result["resultType"], "complete")
        self.assertEqual(result["_meta"]["io.modelcontextprotocol/serverInfo"]["name"], "pg")
        self.assertEqual(result["structuredContent"]["rows"], [{"one": 1}])
        self.assertEqual(json.loads(result["content"][0]["text"]), result["structuredContent"])


@needs_postgres
class Fixed(PostgresTest):
    TOOLS = {
        "by_customer": fixed("SELECT id FROM orders WHERE customer = $1 ORDER BY id;", parameters=parameters(c="integer")),
        "by_note": fixed("SELECT id FROM orders WHERE note = $1", parameters=parameters(note="string")),
        "echo": fixed("SELECT $1::text AS t, $2::float8 AS f, $3::boolean AS b, $4::int[] AS a, $5::jsonb AS o",
                      parameters=parameters(t="string", f="number", b="boolean", a="array", o="object")),  # fmt: skip
        "texts": fixed("SELECT $1::text[] AS a", parameters=parameters(a="array")),
        "amount": fixed("SELECT id FROM orders WHERE amount = $1", parameters=parameters(a="number")),
        "optional": fixed("SELECT $1::int IS NULL AS none", parameters=[{"name": "n", "type": "integer", "required": False}]),
        "many": fixed("SELECT n FROM generate_series(1, 1000000) n", max_rows=100),
        "wide": fixed("SELECT generate_series(1, 1000000) AS n, repeat('x', 1000) AS x", max_rows=1000000, max_bytes=100000),
        "endless": fixed("SELECT generate_series(1, 1000000) AS n, repeat('x', 100000) AS x", max_rows=1000000, max_bytes=300000),
        "sneak": fixed("SELECT sneak() AS n"),
        "slow": fixed("SELECT pg_sleep($1)", parameters=parameters(s="number"), timeout_ms=500),
        "moody": fixed("SELECT pg_advisory_xact_lock_shared($1)", parameters=parameters(key="integer")),
        "show": fixed("SHOW server_encoding"),
        "plan": fixed("EXPLAIN SELECT * FROM orders"),
        "set": fixed("SET work_mem = '64kB'"),
        "copy": fixed("COPY orders TO STDOUT"),
        "comment": fixed("SELECT 1 AS one -- nothing;"),
        "writes": fixed("INSERT INTO audit VALUES ($1)", parameters=parameters(w="string")),
        "hidden": fixed("WITH d AS (DELETE FROM orders RETURNING 1) SELECT count(*) FROM d"),
        "insert": fixed("INSERT INTO audit VALUES ($1) RETURNING what", parameters=parameters(w="string"), read_only=False),
        "changed": fixed("SELECT * FROM changing"),
        "divide": fixed("SELECT 1 / $1::int AS q", parameters=parameters(n="integer")),
        "wrong": fixed("SELECT nothing FROM nowhere"),
    }  # fmt: skip

    def setUp(self) -> None:
        super().setUp()
        self.process = self.serve(self.document(self.TOOLS), ASAN_OPTIONS=LEAN)

    def test_parameters(self) -> None:
        self.assertEqual(self.rows("by_customer", c=3)[:2], [{"id": 3}, {"id": 13}])
        self.assertEqual(self.rows("by_customer", c=3.0)[0], {"id": 3})
        self.assertEqual(self.rows("amount", a=7), [{"id": 7}])
        self.assertEqual(
            self.rows("echo", t="ü\n'$1\"\\", f=0.1, b=False, a=[1, None, 3], o={"k": ["v", None]}),
            [{"t": "ü\n'$1\"\\", "f": 0.1, "b": False, "a": [1, None, 3], "o": {"k": ["v", None]}}],
        )
        odd = ["", "NULL", 'a"b', "c\\d", "{e,f}", " g ", None]
        self.assertEqual(self.rows("texts", a=odd), [{"a": odd}])
        self.assertEqual(self.rows("texts", a=[["a", "b"], ["c", "d"]]), [{"a": [["a", "b"], ["c", "d"]]}])
        self.assertEqual(self.rows("optional"), [{"none": True}])
        self.assertEqual(self.rows("optional", n=1), [{"none": False}])
        self.assertEqual(self.rows("comment"), [{"one": 1}])

    def test_decimal_fractions_are_what_they_say(self) -> None:
        self.server.sql("UPDATE orders SET amount = 0.1 WHERE id = 100")
        self.addCleanup(self.server.sql, "UPDATE orders SET amount = 100 WHERE id = 100")
        self.assertEqual(self.rows("amount", a=0.1), [{"id": 100}])

    def test_a_parameter_is_never_sql(self) -> None:
        for text in ("' OR true --", "$1", "x'; DELETE FROM orders; --", "\\'; --", "order 1' UNION SELECT 2 --"):
            self.assertEqual(self.rows("by_note", note=text), [])
        self.assertEqual(self.server.value("SELECT count(*) FROM orders"), "100")
        answer = post(self.url, "tools/call", {"name": "by_note", "arguments": {"note": "order 1\0"}})
        self.assertEqual((answer.status, answer.json["error"]["code"]), (400, -32700))
        self.refused("invalid_arguments", "c must be", "by_customer", c="3 OR 1=1")
        self.refused("invalid_arguments", "out of range", "by_customer", c=2**62)

    def test_caps(self) -> None:
        result = self.result("many")
        self.assertEqual((result["row_count"], result["truncated"]), (100, True))
        self.assertEqual(result["rows"][-1], {"n": 100})
        before = memory_mib(self.process)
        for _ in range(5):
            result = self.result("wide")
            self.assertTrue(result["truncated"])
            self.assertLess(len(json.dumps(result["rows"])), 110000)
            self.assertGreater(result["row_count"], 90)
        # 100 GB, if it were not stopped.
        self.assertEqual(self.result("endless")["row_count"], 2)
        self.assertLess(memory_mib(self.process) - before, 40)

    def test_what_cannot_stand_inside_of_another_statement(self) -> None:
        for _ in range(2):
            self.assertEqual(self.rows("show"), [{"server_encoding": "UTF8"}])
            self.assertIn("Seq Scan", self.rows("plan")[0]["QUERY PLAN"])
        self.refused("invalid_arguments", "COPY is not served", "copy")
        self.assertEqual(self.rows("comment"), [{"one": 1}])

    def test_a_setting_does_not_stay(self) -> None:
        self.result("set")
        for _ in range(3):
            self.assertEqual(self.rows("show"), [{"server_encoding": "UTF8"}])
        sessions = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'app'"
        self.assertLessEqual(int(self.server.value(sessions)), 8)

    def test_reading_does_not_write(self) -> None:
        self.refused("denied", "read-only", "writes", w="x")
        self.refused("denied", "read-only", "hidden")
        self.refused("denied", "read-only", "sneak")
        self.assertEqual(self.server.value("SELECT count(*) FROM orders"), "100")
        hints = self.tool("by_customer")["annotations"]
        self.assertTrue(hints["readOnlyHint"])
        self.assertFalse(self.tool("insert")["annotations"]["readOnlyHint"])

    def test_writing(self) -> None:
        result = self.result("insert", w="written")
        self.assertEqual((result["rows"], result["affected_rows"]), ([{"what": "written"}], 1))
        self.assertEqual(self.server.value("SELECT count(*) FROM audit WHERE what = 'written'"), "1")
        for n in range(30):
            self.result("insert", w=f"n{n}")

    def test_errors_stay_inside_of_their_call(self) -> None:
        def one(n: int) -> Any:
            if n % 3 == 0:
                return self.refused("invalid_arguments", "division by zero", "divide", n=0)
            if n % 3 == 1:
                return self.refused("invalid_arguments", "does not exist", "wrong")
            return self.assertEqual(self.rows("by_customer", c=n % 10)[0]["id"] % 10, n % 10)

        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            list(pool.map(one, range(300)))

    def test_errors_stay_inside_of_their_call_in_one_turn_too(self) -> None:
        calls = [("divide", {"n": n % 5}) if n % 2 == 0 else ("by_customer", {"c": n % 10}) for n in range(100)]
        message = {"jsonrpc": "2.0", "method": "tools/call"}
        body = [{**message, "id": n, "params": {"name": name, "arguments": arguments}} for n, (name, arguments) in enumerate(calls)]
        for _ in range(3):
            answers = send("POST", self.url, json.dumps(body).encode(), **ACCEPT).json
            self.assertEqual(len(answers), len(calls))
            for answer in answers:
                name, arguments = calls[answer["id"]]
                outcome = Outcome(answer["result"])
                if name == "divide" and arguments["n"] == 0:
                    self.assertRegex(outcome.text, "division by zero")
                elif name == "divide":
                    self.assertEqual(outcome.structured["rows"], [{"q": 1 // arguments["n"]}])
                else:
                    self.assertEqual(outcome.structured["row_count"], 10)

    def test_ddl_between_calls(self) -> None:
        self.server.sql("CREATE TABLE changing AS SELECT 1 AS a", "GRANT SELECT ON changing TO app")
        self.assertEqual(self.rows("changed"), [{"a": 1}])
        self.server.sql("ALTER TABLE changing ADD b int DEFAULT 2")
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            found = list(pool.map(lambda _: self.rows("changed"), range(40)))
        self.assertEqual(found, [[{"a": 1, "b": 2}]] * 40)
        # All of it where statements share connections: nothing was run apart, and discarded behind it.
        # (A connection that was opened beside them may still be at the beginning of its session.)
        discarded = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'app' AND query LIKE '%set_config%'"
        self.eventually(lambda: self.server.value(discarded) == "0")
        self.server.sql("DROP TABLE changing")
        self.refused("invalid_arguments", "does not exist", "changed")
        self.server.sql("CREATE TABLE changing AS SELECT 'x' AS c", "GRANT SELECT ON changing TO app")
        self.assertEqual(self.rows("changed"), [{"c": "x"}])

    def test_a_slow_one_is_ended_and_hurts_no_neighbour(self) -> None:
        self.rows("by_customer", c=1)
        with concurrent.futures.ThreadPoolExecutor(24) as pool:
            slow = [pool.submit(self.call, "slow", s=600) for _ in range(8)]
            time.sleep(0.1)
            begin = time.monotonic()
            for n in range(40):
                self.assertEqual(len(self.rows("by_customer", c=n % 10)), 10)
            took = time.monotonic() - begin
            for future in slow:
                self.assertEqual(future.result().kind, "timeout")
        self.assertLess(took, 30)
        self.eventually(lambda: self.sleeping() == 0)

    def test_a_statement_that_turns_out_slow_is_overtaken(self) -> None:
        for _ in range(3):
            self.result("moody", key=1)
            self.rows("by_customer", c=1)
        with concurrent.futures.ThreadPoolExecutor(24) as pool, self.locked("SELECT pg_advisory_xact_lock(1)"):
            slow = pool.submit(self.call, "moody", key=1)
            quick = [pool.submit(self.rows, "by_customer", c=n % 10) for n in range(20)]
            for future in quick:
                self.assertEqual(len(future.result()), 10)
            self.assertFalse(slow.done())
            # From now on it is known: others do not even begin behind it.
            again = pool.submit(self.call, "moody", key=1)
            self.eventually(lambda: self.waiting() == 2)
            self.rows("by_customer", c=1)
            self.assertFalse(slow.done() or again.done())
        self.assertFalse(slow.result().failed or again.result().failed)


TRICKS = {
    "a function": "SELECT sneak()",
    "a function of the owner's": "SELECT sneak_as_owner()",
    "a common table expression": "WITH d AS (DELETE FROM orders RETURNING *) SELECT * FROM d",
    "a statement": "DELETE FROM orders",
    "several": "SELECT 1; DELETE FROM orders",
    "a commit": "SELECT 1; COMMIT; DELETE FROM orders",
    "commit": "COMMIT",
    "another end": "END",
    "a block": "DO $$ BEGIN DELETE FROM orders; END $$",
    "a call": "CALL sneak()",
    "a program": "COPY orders TO PROGRAM 'touch /tmp/never'",
    "a file": "COPY orders TO '/tmp/never'",
    "a copy": "COPY orders TO STDOUT",
    "a copy in": "COPY orders FROM STDIN",
    "a setting": "SET default_transaction_read_only = off",
    "a mode": "SET TRANSACTION READ WRITE",
    "a mode by function": "SELECT set_config('transaction_read_only', 'off', true), sneak()",
    "a later mode": "SELECT set_config('default_transaction_read_only', 'off', false), sneak()",
    "a new table": "CREATE TABLE stolen AS SELECT * FROM orders",
    "a new table, again": "SELECT * INTO stolen FROM orders",
    "a temporary table": "CREATE TEMP TABLE t (a int)",
    "an explanation": "EXPLAIN ANALYZE DELETE FROM orders",
    "an explanation in it": "ANALYZE DELETE FROM orders",
    "a preparation": "PREPARE p AS DELETE FROM orders",
    "an execution": "EXECUTE p",
    "a cursor that stays": "c CURSOR WITH HOLD FOR SELECT 1",
    "a cursor": "DECLARE c CURSOR WITH HOLD FOR SELECT 1",
    "a lock": "LOCK TABLE orders",
    "rows that are locked": "SELECT * FROM orders FOR UPDATE",
    "a sequence": "SELECT nextval('counted')",
    "a notice": "NOTIFY x",
    "a listener": "LISTEN x",
    "truncation": "TRUNCATE orders",
    "a role": "SET ROLE postgres",
    "a role by function": "SELECT set_config('role', 'postgres', false)",
    "a file that is read": "SELECT pg_read_file('/etc/passwd')",
    "a file by large object": "SELECT lo_import('/etc/passwd')",
    "a query in xml": "SELECT query_to_xml('DELETE FROM orders RETURNING *', true, true, '')",
    "nothing": "",
    "a comment": "-- nothing",
    "a semicolon": ";",
    "a closed bracket": "SELECT 1) TO '/tmp/x' --",
    "vacuum": "VACUUM orders",
    "a setting of the system": "ALTER SYSTEM SET work_mem = '1MB'",
    "a library": "LOAD 'auto_explain'",
    "a reset": "DISCARD ALL",
    "a merge": "MERGE INTO orders o USING (SELECT 1 AS id) s ON o.id = s.id WHEN MATCHED THEN DELETE",
}  # fmt: skip


@needs_postgres
class ReadOnly(PostgresTest):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.server.sql("CREATE SEQUENCE counted", "GRANT ALL ON SEQUENCE counted TO app")

    def state(self) -> list[list[str]]:
        return self.server.sql(
            "SELECT (SELECT count(*) FROM orders), (SELECT count(*) FROM audit), (SELECT count(*) FROM pg_class "
            "WHERE relkind IN ('r', 'S', 'v')), (SELECT count(*) FROM pg_largeobject_metadata), "
            "(SELECT last_value FROM counted), (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'), "
            "(SELECT count(*) FROM pg_prepared_statements), (SELECT count(*) FROM pg_proc), "
            "(SELECT count(*) FROM pg_cursors WHERE is_holdable)"
        )

    def test_every_trick(self) -> None:
        self.serve(self.document({"query": free()}))
        before = self.state()
        for name, sql in TRICKS.items():
            with self.subTest(name):
                outcome = self.call("query", query=sql)
                self.assertTrue(outcome.failed, outcome.structured)
                self.assertIn(outcome.kind, ("denied", "invalid_arguments"), outcome.text)
        self.assertEqual(self.state(), before)
        self.assertEqual(self.value("SELECT count(*) FROM orders"), 100)

    def test_what_is_allowed_leaves_nothing(self) -> None:
        self.serve(self.document({"query": free()}, pool={"size": 1}))
        before = self.state()
        for sql in (
            "SELECT lo_create(0)",
            "SELECT pg_advisory_lock(42)",
            "SELECT pg_notify('x', 'y')",
            "SELECT set_config('search_path', 'pg_temp', false)",
            "SELECT set_config('statement_timeout', '0', false)",
            "SELECT set_config('default_transaction_read_only', 'off', false)",
            "SELECT set_config('DateStyle', 'German', false), set_config('bytea_output', 'escape', false)",
            "SELECT set_config('session_authorization', 'app', false)",
        ):
            self.rows("query", query=sql)
        self.assertEqual(self.state(), before)
        self.assertEqual(self.value("SELECT current_setting('search_path')"), '"$user", public')
        self.assertEqual(self.value("SELECT date '2026-02-03'"), "2026-02-03")
        self.assertEqual(self.value("SELECT '\\x01'::bytea"), "AQ==")
        self.refused("denied", "read-only", "query", query="SELECT sneak()")

    def test_a_message_says_where(self) -> None:
        self.serve(self.document({"query": free(), "writer": free("SELECT", "INSERT")}))
        for tool in ("query", "writer"):
            self.refused("invalid_arguments", "at character 8\\)", tool, query="SELECT nothing FROM orders")
            self.refused("denied", "may do SELECT", tool, query="TRUNCATE orders")

    def test_time(self) -> None:
        self.serve(self.document({"query": free(timeout_ms=2000), "patient": free(timeout_ms=60000)}))
        begin = time.monotonic()
        self.refused("timeout", ".", "patient", query="SELECT pg_sleep(600)", timeout_ms=300)
        self.assertLess(time.monotonic() - begin, 30)
        self.refused("timeout", ".", "query", query="SELECT set_config('statement_timeout', '0', false), pg_sleep(600)")
        self.refused("timeout", ".", "query", query="SELECT pg_sleep(1) FROM generate_series(1, 1000)")
        self.eventually(lambda: self.sleeping() == 0)
        self.refused("invalid_arguments", "timeout_ms", "query", query="SELECT 1", timeout_ms=2001)
        self.rows("patient", query="SELECT pg_sleep(0.1)", timeout_ms=60000.0)

    def test_a_million_rows(self) -> None:
        caps = {"query": free(max_rows=1000000, max_bytes=200000, timeout_ms=60000), "few": free(max_rows=10, timeout_ms=60000)}
        process = self.serve(self.document(caps), ASAN_OPTIONS=LEAN)
        before = memory_mib(process)
        for tool, most in (("query", 200000), ("few", 10)):
            result = self.result(tool, query="SELECT n, repeat('x', 500) AS x FROM generate_series(1, 1000000) n")
            self.assertTrue(result["truncated"])
            self.assertLessEqual(result["row_count"], most)
        result = self.result("query", query="SELECT " + ", ".join(["NULL"] * 1000) + " FROM generate_series(1, 100000)")
        self.assertTrue(result["truncated"])
        self.assertLess(memory_mib(process) - before, 60)

    def test_a_row_without_end(self) -> None:
        process = self.serve(self.document({"query": free(timeout_ms=60000)}), ASAN_OPTIONS=LEAN)
        before = memory_mib(process)
        self.refused("invalid_arguments", "larger than", "query", query="SELECT repeat('x', 300000000)")
        self.assertTrue(self.result("query", query="SELECT repeat('x', 30000000)")["truncated"])
        self.eventually(lambda: memory_mib(process) - before < 60)
        self.assertEqual(self.value("SELECT 1"), 1)

    def test_a_value_that_would_become_large_is_not_read(self) -> None:
        process = self.serve(self.document({"query": free(timeout_ms=60000)}), ASAN_OPTIONS=LEAN)
        before = memory_mib(process)
        result = self.result("query", query="SELECT ('[1' || repeat(',1', 5000000) || ']')::json AS j")
        self.assertEqual((result["row_count"], result["truncated"]), (0, True))
        self.assertLess(memory_mib(process) - before, 100)
        self.assertEqual(self.value("SELECT json_build_array('x', repeat(' ', 100)) ->> 0"), "x")

    def test_sessions_that_are_ended(self) -> None:
        self.serve(self.document({"query": free(), "one": fixed("SELECT 1 AS one")}))
        self.result("one")
        self.call("query", query="SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'app'")
        self.eventually(lambda: not self.call("one").failed)
        self.eventually(lambda: not self.call("query", query="SELECT 1").failed)


@needs_postgres
class Permissions(PostgresTest):
    STATEMENTS = {
        "SELECT": "SELECT count(*) FROM orders",
        "INSERT": "INSERT INTO orders (id) SELECT max(id) + 1 FROM orders",
        "UPDATE": "UPDATE orders SET note = 'x' WHERE id = 1",
        "DELETE": "DELETE FROM orders WHERE id = (SELECT max(id) FROM orders)",
    }
    CTE = "WITH x AS ({} RETURNING id) SELECT count(*) AS n FROM x"

    def test_matrix(self) -> None:
        words = tuple(self.STATEMENTS)
        sets = [(), *((word,) for word in words), ("SELECT", "INSERT"), ("SELECT", "UPDATE", "DELETE"), words]
        tools = {f"t{i}": free(*some) for i, some in enumerate(sets)}
        self.serve(self.document(tools))
        for i, some in enumerate(sets):
            for word, sql in self.STATEMENTS.items():
                with self.subTest(tool=some, statement=word):
                    allowed = word in (some or ("SELECT",))
                    outcome = self.call(f"t{i}", query=sql)
                    self.assertEqual(not outcome.failed, allowed, outcome.text)
                    if outcome.failed:
                        self.assertEqual(outcome.kind, "denied", outcome.text)
                    elif word != "SELECT":
                        self.assertEqual(outcome.structured["affected_rows"], 1)
                if word == "SELECT":
                    continue
                with self.subTest(tool=some, expression=word):
                    outcome = self.call(f"t{i}", query=self.CTE.format(sql))
                    self.assertEqual(not outcome.failed, allowed, outcome.text)

    def test_what_stands_behind_the_word(self) -> None:
        self.serve(self.document({"insert": free("SELECT", "INSERT"), "update": free("SELECT", "UPDATE"),
                                  "all": free("SELECT", "INSERT", "UPDATE", "DELETE")}))  # fmt: skip
        upsert = "INSERT INTO orders (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET note = 'taken'"
        self.refused("denied", "may do SELECT, INSERT", "insert", query=upsert)
        self.result("insert", query="INSERT INTO orders (id) VALUES (1) ON CONFLICT DO NOTHING")
        self.result("all", query=upsert)
        merge = "MERGE INTO orders o USING (SELECT 1 AS id) s ON o.id = s.id WHEN MATCHED THEN UPDATE SET note = 'm'"
        self.refused("denied", ".", "update", query=merge)
        self.assertEqual(self.result("all", query=merge)["affected_rows"], 1)
        both = "WITH d AS (DELETE FROM orders WHERE id = 50 RETURNING id) INSERT INTO audit SELECT 'moved' FROM d"
        self.refused("denied", ".", "insert", query=both)
        for sql in (
            "CREATE TABLE stolen AS WITH i AS (INSERT INTO audit VALUES ('x') RETURNING what) SELECT * FROM i",
            "WITH i AS (INSERT INTO audit VALUES ('x') RETURNING what) SELECT * INTO stolen FROM i",
            "EXPLAIN ANALYZE INSERT INTO audit VALUES ('x')",
            "INSERT INTO audit VALUES ('x'); COMMIT",
            "DO $$ BEGIN INSERT INTO audit VALUES ('x'); END $$",
            "COPY audit FROM STDIN",
            "PREPARE p AS INSERT INTO audit VALUES ('x')",
            "SELECT sneak()",
        ):
            with self.subTest(sql):
                self.assertIn(self.call("all", query=sql).kind, ("denied", "invalid_arguments"))
        self.assertEqual(self.server.value("SELECT count(*) FROM audit WHERE what = 'x'"), "0")
        self.assertEqual(self.server.value("SELECT count(*) FROM pg_class WHERE relname = 'stolen'"), "0")

    def test_rules_and_triggers(self) -> None:
        self.server.sql(
            "CREATE TABLE ruled (a int)", "GRANT ALL ON ruled TO app",
            "CREATE RULE r AS ON INSERT TO ruled DO ALSO DELETE FROM orders WHERE id = new.a",
        )  # fmt: skip
        self.serve(self.document({"insert": free("SELECT", "INSERT")}))
        self.refused("denied", ".", "insert", query="INSERT INTO ruled VALUES (2)")
        self.assertEqual(self.server.value("SELECT count(*) FROM orders WHERE id = 2"), "1")
        before = int(self.server.value("SELECT count(*) FROM audit"))
        self.result("insert", query="INSERT INTO orders (id) VALUES (5000)")
        self.assertEqual(int(self.server.value("SELECT count(*) FROM audit")), before + 1)

    def test_what_fails_at_the_end_is_told(self) -> None:
        self.server.sql(
            "CREATE TABLE late (a int UNIQUE DEFERRABLE INITIALLY DEFERRED)", "GRANT ALL ON late TO app",
        )  # fmt: skip
        self.serve(self.document({"all": free("SELECT", "INSERT", "UPDATE", "DELETE")}))
        self.refused("invalid_arguments", "duplicate key", "all", query="INSERT INTO late VALUES (1), (1)")
        self.assertEqual(self.server.value("SELECT count(*) FROM late"), "0")

    def test_databases(self) -> None:
        self.server.sql("CREATE DATABASE other")
        self.server.sql("CREATE TABLE here (a int)", "INSERT INTO here VALUES (7)", "GRANT SELECT ON here TO app", database="other")
        self.serve(self.document({"two": free(allowed_databases=["postgres", "other"]), "one": free(allowed_databases=["other"])}))
        self.assertEqual(self.rows("two", query="SELECT current_database() AS d"), [{"d": "postgres"}])
        self.assertEqual(self.rows("two", query="SELECT a FROM here", database="other"), [{"a": 7}])
        self.assertEqual(self.rows("one", query="SELECT a FROM here"), [{"a": 7}])
        self.refused("invalid_arguments", "database", "two", query="SELECT 1", database="template1")
        self.refused("invalid_arguments", "database", "one", query="SELECT 1", database="postgres")

    def test_users_that_may_too_much(self) -> None:
        self.server.sql(
            "CREATE ROLE boss LOGIN SUPERUSER", "CREATE ROLE reader LOGIN", "GRANT pg_read_server_files TO reader",
            "CREATE ROLE heir LOGIN NOINHERIT", "GRANT boss TO heir",
        )  # fmt: skip
        for user in ("boss", "reader", "heir"):
            with self.subTest(user):
                self.url = ""
                process = self.serve(self.document({"query": free(), "one": fixed("SELECT 1 AS one")}, user=user))
                for tool, arguments in (("query", {"query": "SELECT 1"}), ("one", {})):
                    self.refused("unavailable", "allow_privileged", tool, **arguments)
                self.eventually(lambda: "superuser" in self.ready("db")["reason"])  # a probe may be given up before
                process.terminate()
                process.wait(timeout=60)
        self.url = ""
        self.serve(self.document({"query": free()}, user="boss", allow_privileged=True))
        self.assertEqual(self.value("SELECT current_user"), "boss")


@needs_postgres
class Crowded(PostgresTest):
    """Statements that are usually short and wait for a lock, and who stands behind them."""

    def test_a_statement_that_turned_slow_starves_no_other(self) -> None:
        names = [f"count{n}" for n in range(16)]
        tools = {name: fixed(f"SELECT count(*) AS {name} FROM orders", timeout_ms=1000) for name in names}
        self.serve(self.document(tools | {"one": fixed("SELECT 1 AS one")}))
        over = threading.Event()
        ones: list[bool] = []

        def works(name: str) -> None:
            """Also where a second is too short for so many at once."""
            self.eventually(lambda: not self.call(name).failed)

        def load(name: str, outcomes: list[bool]) -> None:
            while not over.is_set():
                outcomes.append(self.call(name).failed)

        with concurrent.futures.ThreadPoolExecutor(32) as pool:
            for _ in range(3):
                list(pool.map(works, [*names, "one"]))
            with self.locked():
                work = [pool.submit(load, name, []) for name in names]
                self.eventually(lambda: self.waiting() >= 3)
                work += [pool.submit(load, "one", ones) for _ in range(8)]
                try:
                    self.eventually(lambda: len(ones) > 100, 120)
                finally:
                    over.set()
            for future in work:
                future.result()
        self.assertNotIn(True, ones)
        for name in [*names, "one"]:
            works(name)

    def test_who_gives_up_before_anything_was_sent_leaves_the_connection(self) -> None:
        tools = {f"count{n}": fixed(f"SELECT count(*) + {n} AS n FROM orders") for n in range(3)}
        self.serve(self.document(tools, pool={"pipelines": 1}))
        self.result("count0")
        call = {"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": {"name": "count1", "arguments": {}}}
        end = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 7}}
        send("POST", self.url, json.dumps([call, end]).encode(), **ACCEPT)
        self.assertEqual(self.rows("count2"), [{"n": 102}])

    def test_who_gives_up_a_place_leaves_it_to_others(self) -> None:
        tools = {"count": fixed("SELECT count(*) AS n FROM orders"), "one": fixed("SELECT 1 AS one")}
        self.serve(self.document({**tools, "new": fixed("SELECT 2 AS two", timeout_ms=300)}, pool={"pipelines": 1}))
        for name in ("count", "one") * 3:
            self.result(name)
        with self.locked():
            later = self.background(self.call, "count")
            self.eventually(lambda: self.waiting() == 1)
            self.refused("timeout", "300 ms", "new")
        self.assertFalse(later.result().failed)
        self.result("one")

    def test_calls_that_wait_for_their_turn_outlive_a_connection(self) -> None:
        document = self.document({"count": fixed("SELECT count(*) AS n FROM orders")}, pool={"pipelines": 1})
        document["tiers"] = {"local": {"listen": "127.0.0.1:0", "limits": {"max_concurrent": 1}}}
        self.serve(document)
        for _ in range(3):
            self.result("count")
        with concurrent.futures.ThreadPoolExecutor(4) as pool, self.locked():
            later = [pool.submit(self.call, "count") for _ in range(4)]
            self.eventually(lambda: self.waiting() == 1)
            pid = int(self.server.value("SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock'"))
            os.kill(pid, signal.SIGKILL)  # all of the server's sessions end with it, without a word
            for future in later:
                self.assertIn(future.result().kind, ("", "unavailable"))
        self.eventually(lambda: not self.call("count").failed)


class Watched:
    """A call whose client can go away."""

    def __init__(self, url: str, body: dict[str, Any], **headers: str) -> None:
        parts = urllib.parse.urlsplit(url)
        self.connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
        self.connection.request("POST", parts.path, json.dumps(body).encode(), {**ACCEPT, **headers})

    def leave(self) -> None:
        self.connection.close()


@needs_postgres
class Going(PostgresTest):
    TOOLS = {
        "query": free(timeout_ms=600000),
        "slow": fixed("SELECT pg_sleep($1)", parameters=parameters(s="number"), timeout_ms=600000),
        "one": fixed("SELECT 1 AS one"),
    }

    def setUp(self) -> None:
        super().setUp()
        self.process = self.serve(self.document(self.TOOLS))

    def leaver(self, tool: str, identity: Any, version: str, **arguments: Any) -> Watched:
        params: dict[str, Any] = {"name": tool, "arguments": arguments}
        headers = {"MCP-Protocol-Version": version}
        if version == MODERN:
            params["_meta"] = META
            headers |= {"Mcp-Method": "tools/call", "Mcp-Name": tool}
        return Watched(self.url, {"jsonrpc": "2.0", "id": identity, "method": "tools/call", "params": params}, **headers)

    def test_a_client_that_leaves_ends_its_query(self) -> None:
        for tool, arguments in (("query", {"query": "SELECT pg_sleep(599)"}), ("slow", {"s": 599})):
            call = self.leaver(tool, 1, MODERN, **arguments)
            self.eventually(lambda: self.sleeping() == 1)
            call.leave()
            self.eventually(lambda: self.sleeping() == 0)
        self.assertEqual(self.rows("one"), [{"one": 1}])

    def test_before_it_does_not_but_a_notification_does(self) -> None:
        call = self.leaver("query", "the one", "2025-11-25", query="SELECT pg_sleep(599)")
        self.eventually(lambda: self.sleeping() == 1)
        message = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": "another"}}
        send("POST", self.url, json.dumps(message).encode(), **ACCEPT)
        time.sleep(0.2)
        self.assertEqual(self.sleeping(), 1)
        message["params"] = {"requestId": "the one"}
        self.assertEqual(send("POST", self.url, json.dumps(message).encode(), **ACCEPT).status, 202)
        self.eventually(lambda: self.sleeping() == 0)
        call.leave()
        call = self.leaver("query", 2, "2025-11-25", query="SELECT pg_sleep(599)")
        later = self.leaver("slow", 3, MODERN, s=599)
        self.eventually(lambda: self.sleeping() == 2)
        call.leave()
        later.leave()
        self.eventually(lambda: self.sleeping() == 1)  # so it has seen both leave
        time.sleep(0.3)
        self.assertEqual(self.sleeping(), 1)
        message["params"] = {"requestId": 2}
        send("POST", self.url, json.dumps(message).encode(), **ACCEPT)
        self.eventually(lambda: self.sleeping() == 0)

    def test_many_that_leave_hurt_no_other(self) -> None:
        wrong: list[Outcome] = []
        over = threading.Event()

        def others() -> None:
            while not over.is_set():
                outcome = self.call("one")
                if outcome.failed:
                    wrong.append(outcome)

        threads = [threading.Thread(target=others) for _ in range(4)]
        for thread in threads:
            thread.start()
        try:
            for _ in range(10):
                calls = [self.leaver("slow", n, MODERN, s=0.03 * n) for n in range(6)]
                time.sleep(0.06)
                for call in calls:
                    call.leave()
        finally:
            over.set()
            for thread in threads:
                thread.join()
        self.assertEqual([outcome.text for outcome in wrong], [])
        self.eventually(lambda: self.sleeping() == 0)

    def test_a_cancellation_that_comes_late_hits_no_other(self) -> None:
        self.url = ""
        self.serve(self.document(self.TOOLS, pool={"pipelines": 1}))
        self.result("one")
        wrong: list[str] = []
        over = threading.Event()

        def others() -> None:
            while not over.is_set():
                outcome = self.call("one")
                if outcome.failed:
                    wrong.append(outcome.text)

        threads = [threading.Thread(target=others) for _ in range(3)]
        for thread in threads:
            thread.start()
        try:
            for n in range(60):
                call = self.leaver("slow", 1, MODERN, s=0.02)
                time.sleep(0.018 + n % 10 / 1000)
                call.leave()
        finally:
            over.set()
            for thread in threads:
                thread.join()
        self.assertEqual(wrong, [])

    def test_a_shutdown_ends_what_runs(self) -> None:
        call = self.leaver("query", 1, "2025-11-25", query="SELECT pg_sleep(599)")
        self.eventually(lambda: self.sleeping() == 1)
        self.process.terminate()
        self.process.wait(timeout=60)
        call.leave()
        self.eventually(lambda: self.sleeping() == 0)


@needs_postgres
class Outages(PostgresTest):
    TOOLS = {"one": fixed("SELECT 1 AS one"), "query": free(), "again": fixed("SELECT 2 AS two", retry={"attempts": 10, "base_ms": 100})}

    @classmethod
    def setUpClass(cls) -> None:
        pass

    def setUp(self) -> None:
        self.server = Postgres()
        self.addCleanup(self.server.close)
        self.server.sql(*TABLES)
        super().setUp()

    def test_starts_without_the_database(self) -> None:
        self.server.stop()
        self.serve(self.document(self.TOOLS))
        begin = time.monotonic()
        for _ in range(20):
            self.refused("unavailable", "cannot be reached: Connection refused$", "one")
            self.refused("unavailable", "cannot be reached", "query", query="SELECT 1")
        self.assertLess(time.monotonic() - begin, 20)
        self.assertFalse(self.ready("db")["ready"])
        self.assertEqual(send("GET", self.url.replace("/mcp", "/ready")).status, 503)
        self.assertEqual(send("GET", self.url.replace("/mcp", "/health")).status, 200)
        self.server.start()
        self.eventually(lambda: not self.call("one").failed)
        self.eventually(lambda: self.ready("db")["ready"])
        self.eventually(lambda: [note["state"] for note in self.told("source")] == ["down", "up"])

    def test_killed_and_started_again_under_load(self) -> None:
        self.serve(self.document(self.TOOLS))
        outcomes: list[tuple[float, Outcome]] = []
        over = threading.Event()

        def load(tool: str, arguments: dict[str, Any]) -> None:
            while not over.is_set():
                begin = time.monotonic()
                outcome = self.call(tool, **arguments)
                outcomes.append((time.monotonic() - begin, outcome))

        def failures() -> int:
            return sum(outcome.failed for _, outcome in list(outcomes))

        threads = [threading.Thread(target=load, args=("one", {})) for _ in range(6)]
        threads += [threading.Thread(target=load, args=("query", {"query": "SELECT 1"})) for _ in range(3)]
        for thread in threads:
            thread.start()
        try:
            for _ in range(2):
                time.sleep(0.7)
                self.server.stop(signal.SIGKILL)
                before = failures()
                self.eventually(lambda: failures() > before + 10)
                time.sleep(0.7)
                self.server.start()
                self.eventually(lambda: not self.call("one").failed)
                self.eventually(lambda: not self.call("query", query="SELECT 1").failed)
        finally:
            over.set()
            for thread in threads:
                thread.join()
        failed = [outcome for _, outcome in outcomes if outcome.failed]
        self.assertEqual({outcome.kind for outcome in failed}, {"unavailable"}, {o.text for o in failed})
        self.assertLess(max(took for took, _ in outcomes), 30)

    def test_reads_are_repeated_where_the_tool_says_so(self) -> None:
        self.serve(self.document(self.TOOLS))
        self.result("again")
        self.server.stop()
        later = self.background(self.call, "again")
        time.sleep(0.3)
        self.server.start()
        self.assertFalse(later.result(timeout=120).failed)

    def test_a_stopped_server_is_waited_for_only_so_long(self) -> None:
        tools = {**self.TOOLS, "one": fixed("SELECT 1 AS one", timeout_ms=1500)}
        self.serve(self.document(tools, connect_timeout_ms=1500, pool={"pipelines": 1}))
        self.eventually(lambda: not self.call("one").failed)
        pids = self.server.sql("SELECT pid FROM pg_stat_activity WHERE usename = 'app'")
        process = self.server.process
        assert process is not None
        everyone = [int(pid) for (pid,) in pids] + [process.pid]
        for pid in everyone:
            os.kill(pid, signal.SIGSTOP)
        try:
            begin = time.monotonic()
            self.refused("timeout", "did not end", "one")
            self.refused("unavailable", "in time", "query", query="SELECT 1")
            self.assertLess(time.monotonic() - begin, 30)
        finally:
            for pid in everyone:
                os.kill(pid, signal.SIGCONT)
        self.eventually(lambda: not self.call("one").failed)


@needs_postgres
class Connections(PostgresTest):
    def test_a_server_that_is_full(self) -> None:
        self.server.sql("ALTER ROLE app CONNECTION LIMIT 2")
        self.addCleanup(self.server.sql, "ALTER ROLE app CONNECTION LIMIT -1")
        self.serve(self.document({"one": fixed("SELECT 1 AS one"), "slow": fixed("SELECT pg_sleep(0.2)"), "query": free()}))
        with concurrent.futures.ThreadPoolExecutor(12) as pool:
            outcomes = list(pool.map(lambda n: self.call("slow" if n % 4 == 0 else "one"), range(40)))
        self.assertEqual([outcome.text for outcome in outcomes if outcome.failed], [])
        self.refused("unavailable", "too many connections", "query", query="SELECT 1") if self.count() >= 2 else None

    def test_a_pool_that_is_full_is_waited_for(self) -> None:
        self.serve(self.document({"query": free(), "short": free(timeout_ms=300)}, pool={"size": 2}))
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            outcomes = list(pool.map(lambda _: self.call("query", query="SELECT pg_sleep(0.1)"), range(16)))
            self.assertEqual([outcome.text for outcome in outcomes if outcome.failed], [])
            self.assertLessEqual(self.count(), 2)
            with self.locked():
                slow = [pool.submit(self.call, "query", query="SELECT count(*) FROM orders") for _ in range(2)]
                self.eventually(lambda: self.waiting() == 2)
                self.refused("timeout", "did not end within 300", "short", query="SELECT 1")
            self.assertEqual([future.result().failed for future in slow], [False, False])

    def test_idle_connections_are_closed(self) -> None:
        idle = 2.0
        tools = {"one": fixed("SELECT pg_backend_pid() AS pid"), "query": free()}
        self.serve(self.document(tools, pool={"idle_ms": round(idle * 1000)}))

        def stays() -> bool:
            begin = time.monotonic()
            first, second = self.rows("one"), self.rows("one")
            quick = time.monotonic() - begin < idle
            self.assertTrue(first == second or not quick)
            return quick

        self.eventually(stays)
        self.result("query", query="SELECT 1")
        self.eventually(lambda: self.count() == 0)
        self.result("one")

    def test_a_reload_keeps_them(self) -> None:
        document = self.document({"one": fixed("SELECT 1 AS one")})
        self.serve(document)
        self.result("one")
        pids = self.server.sql("SELECT pid FROM pg_stat_activity WHERE usename = 'app'")
        document["tools"]["two"] = fixed("SELECT 2 AS two")
        self.write(document)
        self.eventually(lambda: "error" not in post(self.url, "tools/call", {"name": "two", "arguments": {}}).json)
        self.assertEqual(self.rows("two"), [{"two": 2}])
        self.assertEqual(self.server.sql("SELECT pid FROM pg_stat_activity WHERE usename = 'app'"), pids)
        document["sources"]["db"]["options"] = "-c work_mem=128kB"
        document["tools"]["two"]["statement"] = "SELECT current_setting('work_mem') AS two"
        self.write(document)
        self.eventually(lambda: self.rows("two") == [{"two": "128kB"}])
        self.eventually(lambda: self.count() == 1)
        self.assertNotEqual(self.server.sql("SELECT pid FROM pg_stat_activity WHERE usename = 'app'"), pids)

    def test_a_password_and_a_name(self) -> None:
        self.url = ""
        self.serve(self.document({"one": fixed("SELECT 1 AS one")}, host="localhost"))
        self.assertEqual(self.rows("one"), [{"one": 1}])
        self.url = ""
        self.serve(self.document({"one": fixed("SELECT 1 AS one")}, host=str(self.server.folder)))
        self.assertEqual(self.rows("one"), [{"one": 1}])
        self.url = ""
        self.serve(self.document({"one": fixed("SELECT 1 AS one")}, user="nobody_there"))
        self.refused("unavailable", 'role "nobody_there" does not exist', "one")
        self.url = ""
        self.serve(self.document({"one": fixed("SELECT 1 AS one")}, host="no-such-host.invalid"))
        self.refused("unavailable", "cannot be resolved", "one")


@needs_postgres
class Limits(PostgresTest):
    def limited(self, tools: dict[str, Any], **limits: Any) -> None:
        document = self.document(tools)
        document["tiers"] = {"local": {"listen": "127.0.0.1:0", "limits": limits}}
        self.serve(document)

    def raw(self, tool: str, **arguments: Any) -> Any:
        return post(self.url, "tools/call", {"name": tool, "arguments": arguments})

    def test_in_flight(self) -> None:
        self.limited({"query": free()}, max_in_flight=3)
        with concurrent.futures.ThreadPoolExecutor(12) as pool, self.locked():
            later = [pool.submit(self.raw, "query", query="SELECT count(*) FROM orders") for _ in range(12)]
            self.eventually(lambda: sum(future.done() for future in later) == 9)
        answers = [future.result() for future in later]
        self.assertEqual(sorted({answer.status for answer in answers}), [200, 503])
        self.assertEqual(sum(answer.status == 200 for answer in answers), 3)
        refused = next(answer for answer in answers if answer.status == 503)
        self.assertGreaterEqual(int(refused.headers["retry-after"]), 1)
        self.assertIn("error", refused.json)

    def test_concurrent_calls_wait_their_turn(self) -> None:
        self.limited({"query": free()}, max_concurrent=2)
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            later = [pool.submit(self.call, "query", query="SELECT pg_sleep(0.2)") for _ in range(8)]
            most = 0
            while not all(future.done() for future in later):
                most = max(most, self.sleeping())
            self.assertEqual([future.result().text for future in later if future.result().failed], [])
        self.assertLessEqual(most, 2)

    def test_who_waits_too_long_is_told(self) -> None:
        self.limited({"query": free(), "hasty": fixed("SELECT 1 AS one", timeout_ms=400)}, max_concurrent=1)
        with concurrent.futures.ThreadPoolExecutor(4) as pool, self.locked():
            first = pool.submit(self.call, "query", query="SELECT count(*) FROM orders")
            self.eventually(lambda: self.waiting() == 1)
            kinds = list(pool.map(lambda _: self.call("hasty").kind, range(3)))
            self.assertFalse(first.done())
        self.assertEqual(kinds, ["timeout"] * 3)
        self.assertFalse(first.result().failed)
        self.assertEqual(self.value("SELECT 1"), 1)

    def test_rate(self) -> None:
        self.limited({"one": fixed("SELECT 1 AS one")}, requests_per_second=5)
        begin = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: self.raw("one"), range(200)))
        good = sum(answer.status == 200 for answer in answers)
        self.assertGreaterEqual(good, 5)
        self.assertLessEqual(good, most_in(time.monotonic() - begin, 5))
        self.assertEqual({answer.headers["retry-after"] for answer in answers if answer.status == 429}, {"1"})
        time.sleep(1.1)
        self.assertEqual(self.raw("one").status, 200)

    def test_a_batch_is_as_many_as_it_has(self) -> None:
        self.limited({"one": fixed("SELECT 1 AS one")}, requests_per_second=5)
        call = {"jsonrpc": "2.0", "method": "tools/call", "params": {"name": "one", "arguments": {}}}
        body = json.dumps([{**call, "id": n} for n in range(20)]).encode()
        begin = time.monotonic()
        results = [answer["result"] for answer in send("POST", self.url, body, **ACCEPT).json]
        self.assertEqual(len(results), 20)
        self.assertLessEqual(sum("structuredContent" in result for result in results), most_in(time.monotonic() - begin, 5))

    def test_of_a_tool(self) -> None:
        self.limited({"query": free(limits={"max_concurrent": 1}), "rare": fixed("SELECT 1 AS one", limits={"requests_per_second": 0.001})})
        with concurrent.futures.ThreadPoolExecutor(4) as pool, self.locked():
            later = [pool.submit(self.call, "query", query="SELECT count(*) FROM orders") for _ in range(4)]
            self.eventually(lambda: sum(future.done() for future in later) == 3)
        outcomes = [future.result() for future in later]
        self.assertEqual(sum(not outcome.failed for outcome in outcomes), 1)
        self.assertEqual({outcome.kind for outcome in outcomes if outcome.failed}, {"rate_limited"})
        self.assertFalse(self.call("rare").failed)
        self.refused("rate_limited", "again in", "rare")

    def test_timeout_of_the_tier(self) -> None:
        self.limited({"query": free(), "slow": fixed("SELECT pg_sleep(7) IS NULL AS no")}, timeout_ms=60000)
        later = self.background(self.call, "slow")
        self.refused("timeout", ".", "query", query="SELECT pg_sleep(600)", timeout_ms=200)
        self.assertFalse(later.result().failed)
