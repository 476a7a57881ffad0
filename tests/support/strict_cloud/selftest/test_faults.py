"""The fault script, the log, the dump."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
from typing import Any

from botocore.exceptions import ClientError, HTTPClientError
from botocore.parsers import ResponseParserError

from .base import KEY, DoubleTest

CALL = """
import sys, boto3
boto3.client("logs", endpoint_url=sys.argv[1], region_name="us-east-1", aws_access_key_id=sys.argv[2],
             aws_secret_access_key=sys.argv[3]).create_log_group(logGroupName="/child")
print("answered")
"""


class FaultTest(DoubleTest):
    """What goes wrong, and whether the work was done."""

    def setUp(self) -> None:
        super().setUp()
        self.logs = self.client("logs")

    def create(self, name: str) -> Any:
        """A mutating call."""
        return self.logs.create_log_group(logGroupName=name)

    def exists(self, name: str) -> bool:
        """Whether the work was done."""
        return any(record["name"] == name for record in self.admin("dump"))

    def test_each_fault(self) -> None:
        rows = (
            ("reset-before", HTTPClientError, False),
            ("reset-after", HTTPClientError, True),
            ("500", ClientError, False),
            ("500-after", ClientError, True),
            ("throttle", ClientError, False),
            ("truncate", HTTPClientError, True),
        )
        for name, error, done in rows:
            with self.subTest(name):
                self.admin("faults", [{"operation": "CreateLogGroup", "fault": name}])
                with self.assertRaises(error):
                    self.create(f"/{name}")
                self.assertEqual(done, self.exists(f"/{name}"))
                if not done:
                    self.create(f"/{name}")

    def test_spoilt_answers(self) -> None:
        self.create("/x")
        for name in ("html", "html-after", "junk"):
            with self.subTest(name):
                self.admin("faults", [{"request": 1, "fault": name}])
                with self.assertRaises((ClientError, ResponseParserError, UnicodeDecodeError)):
                    self.logs.describe_log_groups()
        self.admin("faults", [{"request": 1, "fault": "empty"}])
        self.assertNotIn("logGroups", self.logs.describe_log_groups())

    def test_a_chosen_error(self) -> None:
        self.admin(
            "faults",
            [
                {
                    "operation": "DescribeLogGroups",
                    "fault": "error",
                    "times": 2,
                    "status": 400,
                    "code": "AccessDeniedException",
                    "message": "no",
                }
            ],
        )
        for _ in range(2):
            self.refused("AccessDeniedException", self.logs.describe_log_groups)
        self.logs.describe_log_groups()

    def test_stall(self) -> None:
        self.admin("faults", [{"request": 1, "fault": "stall-before"}])
        self.admin("config", {"stall_ms": 200})
        start = time.monotonic()
        with self.assertRaises(HTTPClientError):
            self.logs.describe_log_groups()
        self.assertGreaterEqual(time.monotonic() - start, 0.15)

    def test_matching(self) -> None:
        self.admin("faults", [{"mutating": True, "nth": 2, "fault": "throttle"}])
        self.create("/a")
        self.logs.describe_log_groups()
        self.refused("ThrottlingException", self.create, "/b")
        self.create("/b")
        self.admin("faults", [{"request": 3, "fault": "throttle"}])
        self.logs.describe_log_groups()
        self.logs.describe_log_groups()
        self.refused("ThrottlingException", self.logs.describe_log_groups)
        self.assertEqual(3, self.admin("faults")[0]["seen"])

    def test_throttling_in_each_protocol(self) -> None:
        rows = (
            ("iam", "list_roles", {}, "Throttling"),
            ("cognito-idp", "list_user_pools", {"MaxResults": 1}, "TooManyRequestsException"),
            ("bedrock-agentcore-control", "list_gateways", {}, "ThrottlingException"),
        )
        for service, call, params, code in rows:
            self.admin("faults", [{"request": 1, "fault": "throttle"}])
            self.refused(code, getattr(self.client(service), call), **params)

    def test_bad_scripts(self) -> None:
        for script in (
            {},
            [{"fault": "nothing"}],
            [{"fault": "500", "colour": 1}],
            [{"fault": "kill-before"}],
            [{"fault": "500", "request": 1, "nth": 2}],
        ):
            with self.assertRaises(urllib.error.HTTPError) as caught:
                self.admin("faults", script)
            caught.exception.close()

    def child(self) -> subprocess.Popen[str]:
        """Another process that makes one call."""
        child = subprocess.Popen([sys.executable, "-c", CALL, self.server.url, *KEY], stdout=subprocess.PIPE, text=True)
        self.addCleanup(child.stdout.close)
        return child

    def test_kill_at_a_request(self) -> None:
        for name, done in (("kill-before", False), ("kill-after", True)):
            with self.subTest(name), tempfile.TemporaryDirectory() as folder:
                path = os.path.join(folder, "pid")
                self.admin("reset", {})
                self.admin("faults", [{"request": 1, "fault": name, "pidfile": path}])
                child = self.child()
                with open(path, "w", encoding="ascii") as file:
                    file.write(str(child.pid))
                self.assertEqual(-signal.SIGKILL, child.wait(20))
                self.assertEqual(done, self.exists("/child"))
                self.assertEqual(
                    [("CreateLogGroup", name)], [(entry["operation"], entry["fault"]) for entry in self.admin("log")]
                )

    def test_block_and_release(self) -> None:
        self.admin("faults", [{"operation": "CreateLogGroup", "fault": "block-before"}])
        thread = threading.Thread(target=self.create, args=("/held",))
        thread.start()
        held = self.admin("blocked?timeout_ms=5000")
        self.assertEqual(["CreateLogGroup"], [entry["operation"] for entry in held])
        self.assertFalse(self.exists("/held"))
        self.assertEqual({"released": 1}, self.admin("release", {}))
        thread.join(5)
        self.assertTrue(self.exists("/held"))


class AdminTest(DoubleTest):
    """Log, dump, seeds, reset."""

    def test_log(self) -> None:
        logs = self.client("logs")
        logs.create_log_group(logGroupName="/a")
        self.refused("ResourceAlreadyExistsException", logs.create_log_group, logGroupName="/a")
        first, second = self.admin("log?operation=CreateLogGroup&mutating=true")
        self.assertEqual(
            (1, "logs", 200, None, "123456789012", "us-east-1", {"logGroupName": "/a"}),
            tuple(first[name] for name in ("n", "service", "status", "error", "account", "region", "ids")),
        )
        self.assertEqual("ResourceAlreadyExistsException", second["error"])
        self.assertEqual([2], [entry["n"] for entry in self.admin("log?after=1")])

    def test_seed_calls_and_pokes(self) -> None:
        self.admin(
            "seed",
            {
                "calls": [
                    {
                        "service": "logs",
                        "operation": "CreateLogGroup",
                        "account": "210987654321",
                        "region": "eu-west-1",
                        "params": {"logGroupName": "/theirs"},
                    },
                    {
                        "service": "logs",
                        "operation": "CreateLogGroup",
                        "params": {"logGroupName": "/ours", "tags": {"a": "1"}},
                    },
                ]
            },
        )
        accounts = {record["name"]: (record["account"], record["region"]) for record in self.admin("dump")}
        self.assertEqual({"/theirs": ("210987654321", "eu-west-1"), "/ours": ("123456789012", "us-east-1")}, accounts)
        self.admin("seed", {"poke": [{"kind": "log-group", "id": "/ours", "tags": {}, "data": {"retentionInDays": 7}}]})
        got = self.client("logs").describe_log_groups(logGroupNamePrefix="/ours")["logGroups"][0]
        self.assertEqual(7, got["retentionInDays"])
        self.admin("reset", {})
        self.assertEqual(([], []), (self.admin("dump"), self.admin("log")))

    def test_knobs(self) -> None:
        self.assertEqual(10, self.admin("config", {"ready_ms": 10})["ready_ms"])
        self.assertTrue(self.admin("ready")["ready"])
        for bad in ({"colour": 1}, {"ready_ms": "10"}, {"disguise": ["x"]}):
            with self.assertRaises(urllib.error.HTTPError) as caught:
                self.admin("config", bad)
            caught.exception.close()

    def test_start_as_a_program(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path, log = os.path.join(folder, "port"), os.path.join(folder, "log")
            with subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "strict_cloud",
                    "--port-file",
                    path,
                    "--log",
                    log,
                    "--ready-ms",
                    "5",
                    "--no-extra-members",
                ],
                stdout=subprocess.PIPE,
                text=True,
            ) as child:
                self.assertIn("listening on http://127.0.0.1:", child.stdout.readline())
                child.terminate()
                self.assertEqual(0, child.wait(10))
