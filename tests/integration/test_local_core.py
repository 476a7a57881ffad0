"""The core of the embedded cloud through `gantry local` and boto3: who may call, shapes, pages, faults, state."""

from __future__ import annotations

import concurrent.futures
import contextlib
import email.utils
import http.client
import json
import os
import signal
import stat
import subprocess
import tempfile
import time
import unittest
from pathlib import Path
from typing import Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import BotoCoreError, ClientError

from .data_plane import send
from .harness import GANTRY, ROOT
from .local_cloud import LocalCloud, LocalTest

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "bedrock-agentcore.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
)


def code_of(error: ClientError) -> str:
    """The error's code."""
    return error.response["Error"]["Code"]


class Callers(LocalTest):
    """Keys, signatures, accounts."""

    def test_the_account_of_the_key(self) -> None:
        identity = self.cloud.client("sts").get_caller_identity()
        self.assertEqual(identity["Account"], self.cloud.account)
        other = self.cloud.client("sts", self.cloud.keys_of("123456789012")).get_caller_identity()
        self.assertEqual(other["Account"], "123456789012")
        self.assertEqual(other["Arn"], "arn:aws:iam::123456789012:user/gantry")

    def test_wrong_keys_in_each_protocol(self) -> None:
        calls = {
            "sts": lambda client: client.get_caller_identity(),
            "cognito-idp": lambda client: client.list_user_pools(MaxResults=5),
            "bedrock-agentcore-control": lambda client: client.list_gateways(),
            "s3": lambda client: client.list_objects_v2(Bucket="bucket"),
        }
        unknown = {"sts": "InvalidClientTokenId", "s3": "InvalidAccessKeyId"}
        mismatch = {"sts": "SignatureDoesNotMatch", "s3": "SignatureDoesNotMatch"}
        for service, call in calls.items():
            with self.subTest(service=service, wrong="id"), self.assertRaises(ClientError) as caught:
                call(self.cloud.client(service, ("AKIANOBODY", self.cloud.key[1])))
            self.assertEqual(code_of(caught.exception), unknown.get(service, "UnrecognizedClientException"))
            with self.subTest(service=service, wrong="secret"), self.assertRaises(ClientError) as caught:
                call(self.cloud.client(service, (self.cloud.key[0], "wrong")))
            self.assertEqual(code_of(caught.exception), mismatch.get(service, "InvalidSignatureException"))

    def test_accounts_and_regions_are_apart(self) -> None:
        self.cloud.client("logs").create_log_group(logGroupName="mine")
        for client in (
            self.cloud.client("logs", region="eu-west-1"),
            self.cloud.client("logs", self.cloud.keys_of("123456789012")),
        ):
            self.assertEqual(client.describe_log_groups()["logGroups"], [])

    def test_regions_have_the_form_of_a_name(self) -> None:
        body = '{"logGroupName": "g"}'
        for region, status in (("eu-new-1", 200), ("..", 400), ("a b", 400), ("x" * 40, 400)):
            headers = {
                "Content-Type": "application/x-amz-json-1.1",
                "X-Amz-Target": "Logs_20140328.CreateLogGroup",
            }
            request = AWSRequest("POST", self.cloud.url + "/", headers, body)
            SigV4Auth(Credentials(*self.cloud.key), "logs", region).add_auth(request)
            answer = send("POST", self.cloud.url + "/", body.encode(), **dict(request.headers.items()))
            self.assertEqual(answer.status, status, answer.body)

    def test_the_sdk_raises_typed_exceptions(self) -> None:
        iam = self.cloud.client("iam")
        with self.assertRaises(iam.exceptions.NoSuchEntityException):
            iam.get_role(RoleName="nobody")
        control = self.cloud.client("bedrock-agentcore-control")
        with self.assertRaises(control.exceptions.ResourceNotFoundException):
            control.get_gateway(gatewayIdentifier="nobody-0123456789")
        cognito = self.cloud.client("cognito-idp")
        with self.assertRaises(cognito.exceptions.ResourceNotFoundException):
            cognito.describe_user_pool(UserPoolId="us-east-1_abcdefghi")

    def test_what_is_absent_says_so(self) -> None:
        with self.assertRaises(ClientError) as caught:
            self.cloud.client("bedrock-agentcore-control").list_policy_engines()
        self.assertEqual(code_of(caught.exception), "NotImplementedByEmbeddedCloud")
        self.assertIn("ListPolicyEngines", str(caught.exception))
        with self.assertRaises(ClientError) as caught:
            self.cloud.client("dynamodb").list_tables()
        self.assertEqual(code_of(caught.exception), "NotImplementedByEmbeddedCloud")


class Front(LocalTest):
    """Raw requests: Host, Origin, methods, bodies."""

    def send(self, headers: dict[str, str], path: str = "/_gantry/health", method: str = "GET") -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self.cloud.port, timeout=60)
        try:
            connection.request(method, path, None, headers)
            return connection.getresponse().status
        finally:
            connection.close()

    def test_host_and_origin(self) -> None:
        self.assertEqual(self.send({}), 200)
        self.assertEqual(self.send({"Host": "localhost:1"}), 200)
        self.assertEqual(self.send({"Host": "attacker.example"}), 403)
        self.assertEqual(self.send({"Origin": "https://attacker.example"}), 403)
        self.assertEqual(self.send({"Origin": "null"}), 403)
        self.assertEqual(self.send({"Origin": "http://localhost:3000"}), 200)

    def test_admin_calls_are_not_on_the_port(self) -> None:
        for path in ("/status", "/commands", "/log", "/keys", "/stop"):
            self.assertEqual(self.send({}, path, "POST"), 403)

    def test_files_are_the_users_own(self) -> None:
        folder = Path(self.cloud.socket).parent
        self.assertEqual(stat.S_IMODE(folder.stat().st_mode), 0o700)
        for path in folder.iterdir():
            self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600, path)

    def test_garbage_does_not_end_it(self) -> None:
        import socket

        for junk in (b"\x00" * 100, b"GET / HTTP/1.1\r\n\r\n", b"POST / HTTP/1.1\r\nHost: localhost\r\n" * 9, b"G"):
            with socket.create_connection(("127.0.0.1", self.cloud.port), timeout=60) as connection:
                connection.sendall(junk)
        self.assertEqual(self.send({}), 200)


class Shapes(LocalTest):
    """Inputs that do not fit are refused in the service's own words."""

    def client(self, service: str) -> Any:
        client = self.cloud.client(service, parameter_validation=False)
        return client

    def test_validation_exception_of_agentcore(self) -> None:
        control = self.client("bedrock-agentcore-control")
        with self.assertRaises(control.exceptions.ValidationException) as caught:
            control.create_gateway(name="not_good", authorizerType="SOME", clientToken="0" * 36)
        answer = caught.exception.response
        self.assertEqual(answer["reason"], "FieldValidationFailed")
        names = {field["name"] for field in answer["fieldList"]}
        self.assertEqual(names, {"name", "authorizerType", "roleArn"})
        self.assertTrue(answer["Error"]["Message"].startswith("3 validation errors detected: "))

    def test_the_other_services(self) -> None:
        for service, call, code in (
            ("iam", lambda c: c.create_role(RoleName="a b", AssumeRolePolicyDocument=TRUST), "ValidationError"),
            ("cognito-idp", lambda c: c.list_user_pools(MaxResults=1000), "InvalidParameterException"),
            ("logs", lambda c: c.create_log_group(logGroupName="a b"), "InvalidParameterException"),
            ("ecr", lambda c: c.create_repository(repositoryName="A"), "InvalidParameterException"),
        ):
            with self.subTest(service), self.assertRaises(ClientError) as caught:
                call(self.client(service))
            self.assertEqual(code_of(caught.exception), code)

    def test_text_comes_back_as_it_went(self) -> None:
        description = "a <b> & \"c\" ' é 漢字 ${x} %41 +"
        pools = self.client("cognito-idp")
        made = pools.create_user_pool(PoolName="p", UserPoolTags={"k": description})
        found = pools.describe_user_pool(UserPoolId=made["UserPool"]["Id"])
        self.assertEqual(found["UserPool"]["UserPoolTags"], {"k": description})
        iam = self.client("iam")
        iam.create_role(RoleName="r", AssumeRolePolicyDocument=TRUST, Description="a <b> & 'c' é +")
        self.assertEqual(iam.get_role(RoleName="r")["Role"]["Description"], "a <b> & 'c' é +")


class Pages(LocalTest):
    """boto3's paginators see everything once, whatever the page size."""

    def test_paginators(self) -> None:
        pools, logs, iam = (self.cloud.client(name) for name in ("cognito-idp", "logs", "iam"))
        names = [f"n{number}" for number in range(7)]
        for name in names:
            pools.create_user_pool(PoolName=name)
            logs.create_log_group(logGroupName=name)
            iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)
        for knobs in ({}, {"page_size": 3}, {"page_size": 1, "empty_pages": True, "extra_members": True}):
            self.cloud.configure(**{"page_size": 0, **knobs})
            for client, operation, items, name, sizes in (
                (pools, "list_user_pools", "UserPools", "Name", {"PageSize": 2}),
                (logs, "describe_log_groups", "logGroups", "logGroupName", {"PageSize": 2}),
                (iam, "list_roles", "Roles", "RoleName", {"PageSize": 2}),
            ):
                with self.subTest(operation, **knobs):
                    pages = client.get_paginator(operation).paginate(PaginationConfig=sizes)
                    self.assertEqual([item[name] for page in pages for item in page[items]], names)


class Faults(LocalTest):
    """What a client sees when something goes wrong, and whether the work was done."""

    def groups(self) -> list[str]:
        return [item["id"] for item in self.cloud.objects("log_group")]

    def test_each_fault(self) -> None:
        rows = {
            "reset-before": (BotoCoreError, False),
            "500": (ClientError, False),
            "html": (ClientError, False),
            "throttle": (ClientError, False),
            "stall-before": (BotoCoreError, False),
            "reset-after": (BotoCoreError, True),
            "500-after": (ClientError, True),
            "html-after": (ClientError, True),
            "stall": (BotoCoreError, True),
        }
        self.cloud.configure(stall_ms=100)
        for fault, (error, done) in rows.items():
            self.cloud.faults({"operation": "CreateLogGroup", "fault": fault})
            with self.subTest(fault):
                with self.assertRaises((ClientError, BotoCoreError)) as caught:
                    self.cloud.client("logs").create_log_group(logGroupName=fault)
                self.assertIsInstance(caught.exception, error)
                self.assertEqual(fault in self.groups(), done)
                self.assertEqual(self.cloud.log()[-1]["fault"], fault)

    def test_an_error_of_ones_own(self) -> None:
        self.cloud.faults({"request": 2, "fault": "error", "code": "ResourceAlreadyExistsException", "message": "no"})
        logs = self.cloud.client("logs")
        logs.describe_log_groups()
        with self.assertRaises(logs.exceptions.ResourceAlreadyExistsException):
            logs.create_log_group(logGroupName="x")
        self.assertEqual(self.groups(), [])

    def test_a_process_is_killed_at_a_request(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            pidfile = Path(folder, "pid")
            self.cloud.faults({"mutating": True, "fault": "kill-after", "pidfile": str(pidfile)})
            victim = subprocess.Popen(["sleep", "600"])
            self.addCleanup(victim.kill)
            pidfile.write_text(str(victim.pid), encoding="ascii")
            with self.assertRaises(BotoCoreError):
                self.cloud.client("logs").create_log_group(logGroupName="x")
            self.assertEqual(victim.wait(60), -signal.SIGKILL)
            self.assertEqual(self.groups(), ["x"])

    def test_the_data_plane_has_faults_by_name(self) -> None:
        def status() -> int:
            connection = http.client.HTTPConnection("127.0.0.1", self.cloud.port, timeout=60)
            try:
                connection.request("POST", "/gateway/nobody-0123456789/mcp", "{}")
                return connection.getresponse().status
            finally:
                connection.close()

        usual = status()
        self.cloud.faults({"request": 1, "fault": "500"})
        self.assertEqual(status(), usual)
        self.cloud.faults({"service": "gateway", "fault": "500"})
        self.assertEqual(status(), 500)
        self.assertEqual(status(), usual)
        self.assertEqual([entry["service"] for entry in self.cloud.log()], ["gateway"] * 4)
        self.assertEqual([entry["k"] for entry in self.cloud.log()], [None] * 4)

    def test_the_date_shows_the_clouds_clock(self) -> None:
        self.cloud.configure(skew_ms=3600_000)
        before = int(time.time())
        with self.assertRaises(ClientError) as caught:
            self.cloud.client("sts").get_caller_identity()
        answer = caught.exception.response
        self.assertEqual(answer["Error"]["Code"], "SignatureDoesNotMatch")
        told = email.utils.parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"])
        self.assertTrue(before <= told.timestamp() - 3600 <= time.time(), told)

    def test_the_log_counts_and_names(self) -> None:
        logs = self.cloud.client("logs")
        logs.create_log_group(logGroupName="x")
        logs.describe_log_groups()
        first, second = self.cloud.log()
        self.assertEqual((first["k"], first["operation"], first["mutating"]), (1, "CreateLogGroup", True))
        self.assertEqual(first["ids"]["logGroupName"], "x")
        self.assertEqual((second["k"], second["mutating"], second["status"]), (2, False, 200))

    def test_latency_and_rate(self) -> None:
        self.cloud.configure(latency_ms=150)
        begin = time.monotonic()
        self.cloud.client("sts").get_caller_identity()
        self.assertGreaterEqual(time.monotonic() - begin, 0.15)
        self.cloud.configure(latency_ms=0, rate=2)
        sts = self.cloud.client("sts")

        def code(_: int) -> str:
            try:
                sts.get_caller_identity()
            except ClientError as error:
                return code_of(error)
            return "none"

        codes: set[str] = set()
        end = time.monotonic() + 60
        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            while "Throttling" not in codes and time.monotonic() < end:  # six in one second, sooner or later
                codes |= set(pool.map(code, range(6)))
        self.assertIn("Throttling", codes)


class Kept(unittest.TestCase):
    """A state folder over restarts and over SIGKILL."""

    def test_everything_survives_sigkill(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            state = Path(folder, "state")
            cloud = LocalCloud(state=state)
            try:
                self.assertTrue(cloud.id.startswith("kept-"))
                key, identifier = cloud.key, cloud.id
                other = cloud.keys_of("123456789012")
                cloud.client("logs", other).create_log_group(logGroupName="kept")
            finally:
                cloud.kill()
            self.assertEqual(stat.S_IMODE((state / "state.json").stat().st_mode), 0o600)
            with LocalCloud(state=state) as again:
                self.assertEqual((again.key, again.id), (key, identifier))
                found = again.client("logs", other).describe_log_groups()["logGroups"]
                self.assertEqual([group["logGroupName"] for group in found], ["kept"])

    def test_all_objects_survive_sigkill_as_they_were(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            cloud = LocalCloud(state=folder)
            try:
                iam, logs, secrets = cloud.client("iam"), cloud.client("logs"), cloud.client("secretsmanager")
                begin = time.monotonic()
                for number in range(20):
                    logs.create_log_group(logGroupName=f"group-{number}")
                self.assertLess(time.monotonic() - begin, 5, "answers wait for more than they must")
                logs.delete_log_group(logGroupName="group-3")
                logs.put_retention_policy(logGroupName="group-4", retentionInDays=7)
                arn = logs.describe_log_groups(logGroupNamePrefix="group-5")["logGroups"][0]["logGroupArn"]
                logs.tag_resource(resourceArn=arn, tags={"a": "b"})
                statement = {"Effect": "Allow", "Principal": {"AWS": cloud.account}, "Action": "sts:AssumeRole"}
                document = json.dumps({"Version": "2012-10-17", "Statement": statement})
                role = iam.create_role(RoleName="worker", AssumeRolePolicyDocument=document)["Role"]["Arn"]
                iam.put_role_policy(
                    RoleName="worker", PolicyName="p", PolicyDocument=document.replace('"Principal": {"AWS": "'
                    + cloud.account + '"}', '"Resource": "*"')
                )
                made = cloud.client("sts").assume_role(RoleArn=role, RoleSessionName="one")["Credentials"]
                session = made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"]
                secrets.create_secret(Name="mine", SecretString="one")
                secrets.put_secret_value(SecretId="mine", SecretString="two")
                cloud.client("s3").put_object(Bucket="states", Key="k", Body=b"\x00\xff")
                before = cloud.objects()
            finally:
                cloud.kill()
            with LocalCloud(state=folder) as again:
                self.assertEqual(before, again.objects())
                self.assertIn("worker/one", again.client("sts", session).get_caller_identity()["Arn"])
                value = again.client("secretsmanager").get_secret_value(SecretId="mine")["SecretString"]
                self.assertEqual("two", value)
                body = again.client("s3").get_object(Bucket="states", Key="k")["Body"].read()
                self.assertEqual(b"\x00\xff", body)
                self.assertEqual(19, len(again.client("logs").describe_log_groups()["logGroups"]))

    def test_a_folder_in_use_is_refused(self) -> None:
        with tempfile.TemporaryDirectory() as folder, LocalCloud(state=folder) as cloud:
            done = subprocess.run(
                [GANTRY, "local", "--listen", "127.0.0.1:0", "--state", folder],
                env=cloud.env, capture_output=True, text=True, timeout=180, check=False,
            )
            self.assertEqual(done.returncode, 1)
            self.assertIn("is in use by another gantry local", done.stderr)


class Program(unittest.TestCase):
    """The command itself."""

    def run_local(self, cloud: LocalCloud, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [GANTRY, "local", *arguments], env=cloud.env, capture_output=True, text=True, timeout=180, check=False
        )

    def test_mistakes_are_explained(self) -> None:
        with LocalCloud() as cloud:
            for arguments, code, said in (
                (("--listen", f"127.0.0.1:{cloud.port}"), 1, "--listen"),
                (("--listen", "0.0.0.0:0"), 64, "loopback only"),
                (("--listen", "127.0.0.1:x"), 64, "HOST:PORT"),
                (("--knob", "redy_ms=1", "--listen", "127.0.0.1:0"), 64, 'did you mean "ready_ms"?'),
                (("--knob", "ready_ms", "--listen", "127.0.0.1:0"), 64, "NAME=VALUE"),
            ):
                with self.subTest(arguments):
                    done = self.run_local(cloud, *arguments)
                    self.assertEqual(done.returncode, code, done.stderr)
                    self.assertIn(said, done.stderr)
            self.assertEqual(len(list((cloud.run_folder / "gantry").iterdir())), 2)

    def test_signals_end_it_and_leave_nothing(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            cloud = LocalCloud()
            os.kill(cloud.process.pid, number)
            self.assertEqual(cloud.process.wait(60), 0)
            self.assertEqual(list((cloud.run_folder / "gantry").iterdir()), [])
            self.assertEqual(cloud.stop(), 0)

    def test_files_go_when_it_is_killed(self) -> None:
        cloud = LocalCloud()
        try:
            os.kill(cloud.process.pid, signal.SIGKILL)
            cloud.process.wait()
            cloud.wait_until(lambda: not list((cloud.run_folder / "gantry").iterdir()))
        finally:
            cloud.kill()

    def test_it_ends_with_its_standard_input(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            env = {"PATH": "/usr/bin:/bin", "HOME": folder, "XDG_RUNTIME_DIR": folder}
            env.update({name: value for name, value in os.environ.items() if name.endswith("SAN_OPTIONS")})
            process = subprocess.Popen(
                [GANTRY, "local", "--listen", "127.0.0.1:0", "--stop-with-stdin", "--json"],
                env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            )
            assert process.stdout is not None and process.stdin is not None
            event = json.loads(process.stdout.readline())
            self.assertEqual((event["event"], event["url"]), ("listening", f"http://127.0.0.1:{event['port']}"))
            process.stdin.close()
            self.assertEqual(process.wait(60), 0)
            process.stdout.close()

    def test_requests_are_printed_and_logged(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            log = Path(folder, "log")
            with LocalCloud("--request-log", str(log)) as cloud:
                cloud.client("sts").get_caller_identity()
                printed = cloud.stdout_path.read_text(encoding="utf-8")
                self.assertIn("sts GetCallerIdentity", printed)
                self.assertNotIn(cloud.key[1], printed)
            entries = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
            self.assertEqual([entry["operation"] for entry in entries], ["GetCallerIdentity"])
            self.assertEqual(stat.S_IMODE(log.stat().st_mode), 0o600)

    def test_events_stream_until_the_client_goes(self) -> None:
        with LocalCloud() as cloud:
            import socket

            for _ in range(2):
                with socket.socket(socket.AF_UNIX) as stream:
                    stream.settimeout(60)
                    stream.connect(cloud.socket)
                    stream.sendall(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
                    received = stream.recv(65536)
                    cloud.client("sts").get_caller_identity()
                    while b"GetCallerIdentity" not in received:
                        received += stream.recv(65536)
            cloud.client("sts").get_caller_identity()

    def test_stop_over_the_socket(self) -> None:
        cloud = LocalCloud()
        cloud.admin("POST", "/stop", {})
        self.assertEqual(cloud.process.wait(60), 0)
        cloud.stop()


class Documentation(unittest.TestCase):
    """docs/embedded-cloud.md holds what the program says of itself."""

    def test_tables(self) -> None:
        page = (ROOT / "docs/embedded-cloud.md").read_text(encoding="utf-8")
        for option in ("fidelity", "knobs"):
            with self.subTest(option):
                table = subprocess.run(
                    [GANTRY, "local", f"--{option}"], capture_output=True, text=True, timeout=180, check=True
                ).stdout
                begin, end = f"<!-- {option} -->\n", f"<!-- end of {option} -->"
                inside = page.partition(begin)[2].partition(end)[0]
                self.assertEqual(inside, table, f"`gantry local --{option}` says something else")


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        unittest.main()
