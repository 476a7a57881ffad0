"""No secret in any artefact: under strace and with a recording proxy it is seen that secrets pass over
sockets, where they belong, and nowhere else: no file, no terminal, no command line."""

from __future__ import annotations

import base64
import os
import re
import shutil
import subprocess
import unittest
from pathlib import Path

from .harness import HANGS, RELEASE_GANTRY, StackTest, Run, ServerProcess, Workspace, quick_suite

VALUE = "a-value-of-an-environment-variable-9f2c"
CALLS = "write,writev,pwrite64,pwritev,sendto,sendmsg,sendmmsg,execve,openat,creat,rename,renameat,renameat2,link,linkat,symlink,symlinkat,memfd_create,mmap"
_LINE = re.compile(r"^(?:\[pid +\d+\] |\d+ +)?(?:[\d.]+ )?(\w+)\((.*)$")


def unescape(text: str) -> bytes:
    """The bytes of a string as strace -xx prints it."""
    return bytes(int(pair, 16) for pair in re.findall(r"\\x([0-9a-f]{2})", text))


@unittest.skipUnless(shutil.which("strace"), "strace is not installed")
@unittest.skipUnless(os.path.exists(RELEASE_GANTRY), "there is no release build")
class Secrets(StackTest):
    """The release build, traced."""

    def setUp(self) -> None:
        super().setUp()
        self.proxy = ServerProcess("proxy", "--upstream", self.cloud.url)
        self.addCleanup(self.proxy.stop)
        manifest = quick_suite().replace('PORT: "8000"', f'PORT: "8000", SETTING: {VALUE}')
        self.space: Workspace = self.workspace(self.proxy.url, manifest, "dev")
        self.space.binary = RELEASE_GANTRY
        self.trace = self.space.home / "trace"
        probe = subprocess.run(["strace", "-f", "-o", os.devnull, "true"], capture_output=True, check=False)
        if probe.returncode != 0:
            self.skipTest(f"strace cannot trace here: {probe.stderr.decode()}")

    def traced(self, *arguments: str) -> Run:
        """A run under strace; what it wrote where is checked against the secrets known by then."""
        words = ["strace", "-f", "-xx", "-y", "-s", "1048576", "-o", str(self.trace), "-e", f"trace={CALLS}"]
        command = self.space.command(*arguments)
        process = subprocess.run(
            [*words, *command],
            cwd=self.space.folder,
            env=self.space.env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=HANGS,
            check=False,
        )
        out, err = (stream.decode("utf-8", "replace") for stream in (process.stdout, process.stderr))
        return self.assert_run(Run(list(arguments), process.returncode, out, err, 0))

    def secrets(self) -> dict[str, bytes]:
        """What must not be seen, in the forms that it could take."""
        found = {
            "secret key": self.space.env["AWS_SECRET_ACCESS_KEY"].encode(),
            "environment value": VALUE.encode(),
        }
        if "AWS_SESSION_TOKEN" in self.space.env:
            found["session token"] = self.space.env["AWS_SESSION_TOKEN"].encode()
        cognito = self.cloud.client("cognito-idp")
        for record in self.cloud.objects("user_pool_client"):
            answer = cognito.describe_user_pool_client(UserPoolId=record["parent"], ClientId=record["id"])
            found["client secret"] = answer["UserPoolClient"]["ClientSecret"].encode()
        for name, value in list(found.items()):
            found[f"{name} (base64)"] = base64.b64encode(value).rstrip(b"=")[:-2]
            found[f"{name} (hex)"] = value.hex().encode()
        return found

    def assert_unseen(self, where: str, data: bytes, secrets: dict[str, bytes]) -> None:
        for name, value in secrets.items():
            self.assertFalse(value in data, f"{name} in {where}")

    def assert_clean(self, *runs: Run) -> set[str]:
        """No secret in a file, an output, an argv, or a write that is not to a socket; the sockets' secrets."""
        secrets = self.secrets()
        for run in runs:
            self.assert_unseen(f"stdout of {run.arguments}", run.out.encode(), secrets)
            self.assert_unseen(f"stderr of {run.arguments}", run.err.encode(), secrets)
        for path in self.space.files():
            if path not in (self.trace, self.space.folder / "gantry.yaml"):
                self.assert_unseen(str(path), path.read_bytes(), secrets)
        return self.check_trace(secrets)

    def check_trace(self, secrets: dict[str, bytes]) -> set[str]:
        on_sockets, seen = set(), set()
        for line in self.trace.read_text().splitlines():
            match = _LINE.match(line)
            if not match:
                continue
            call, rest = match.groups()
            seen.add(call)
            descriptor = re.match(r"(\d+)<([^>]*)>", rest)
            target = unescape(descriptor.group(2)).decode("utf-8", "replace") if descriptor else ""
            target = target or (descriptor.group(2) if descriptor else "")
            data = unescape(rest if descriptor is None else rest[descriptor.end() :])
            for name, value in secrets.items():
                if value in data:
                    self.assertTrue(target.startswith(("TCP", "socket:")), f"{name} in {call} to {target or 'argv or a path'}")
                    on_sockets.add(name)
        self.assertIn("execve", seen)
        self.assertTrue({"sendto", "sendmsg", "write"} & seen)
        return on_sockets

    def test_of_apply_diff_and_destroy(self) -> None:
        options = ("--json", "--events", "events.ndjson")
        plan = self.space.run("diff", "--out", "plan.json", "--verbose")
        apply = self.traced("apply", "--yes", "--verbose", *options)
        on_sockets = self.assert_clean(plan, apply)
        # The check can see: the runtime's environment had to be sent, and was.
        self.assertIn("environment value", on_sockets)
        self.assertNotIn("secret key", on_sockets)
        events = Path(self.space.folder / "events.ndjson").read_text()
        self.assertIn("gateway.tools", events)
        self.space.edit('PORT: "8000"', 'PORT: "9000"')
        diff = self.space.run("diff", "--verbose", "--out", "plan.json")
        text = self.traced("apply", "--yes", "--verbose")
        self.assert_clean(diff, text)
        quiet = self.traced("apply", "--yes", "--verbose")
        self.assert_clean(quiet)
        shown = self.traced("output")
        self.assert_clean(shown, self.space.run("status"), self.space.run("state", "show", "runtime.lark"))
        secrets = self.secrets()
        self.assert_clean(self.traced("destroy", "--yes", "--verbose"))
        self.assert_unseen("the trace of destroy", b"", secrets)

    def test_of_a_session_token(self) -> None:
        credentials = self.session_credentials()
        self.space.env.update(
            AWS_ACCESS_KEY_ID=credentials["AccessKeyId"],
            AWS_SECRET_ACCESS_KEY=credentials["SecretAccessKey"],
            AWS_SESSION_TOKEN=credentials["SessionToken"],
        )
        run = self.traced("apply", "--yes", "--verbose", "--events", "events.ndjson")
        on_sockets = self.assert_clean(run)
        self.assertIn("session token", on_sockets)

    def session_credentials(self) -> dict[str, str]:
        import json

        trust = {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Principal": {"AWS": "123456789012"}, "Action": "sts:AssumeRole"}],
        }
        everything = {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
        }
        iam = self.cloud.client("iam")
        role = iam.create_role(RoleName="deploy", AssumeRolePolicyDocument=json.dumps(trust))
        iam.put_role_policy(RoleName="deploy", PolicyName="all", PolicyDocument=json.dumps(everything))
        answer = self.cloud.client("sts").assume_role(RoleArn=role["Role"]["Arn"], RoleSessionName="test")
        return answer["Credentials"]

    def test_of_failures(self) -> None:
        """What a service says about a refused call, and what is said when an answer is junk."""
        for fault in ("500", "junk", "html-after", "truncate"):
            with self.subTest(fault):
                self.cloud.faults(
                    {"operation": "CreateAgentRuntime", "times": 20, "fault": fault},
                    {"operation": "DescribeUserPoolClient", "times": 20, "fault": fault},
                )
                run = self.space.run("apply", "--yes", "--verbose", "--events", "events.ndjson")
                self.assertFalse(run.crashed(), str(run))
                self.cloud.faults()
                secrets = self.secrets()
                for path in self.space.files():
                    if path != self.space.folder / "gantry.yaml":
                        self.assert_unseen(str(path), path.read_bytes(), secrets)
                self.assert_unseen("output", (run.out + run.err).encode(), secrets)

    def test_files_with_secrets_are_the_owners_alone(self) -> None:
        self.assert_run(self.space.run("apply", "--yes"))
        self.assert_run(self.space.run("output", "--format", "env", "--show-secrets", "--write", "out.env"))
        path = self.space.folder / "out.env"
        self.assertIn(self.secrets()["client secret"], path.read_bytes())
        self.assertEqual(0o600, path.stat().st_mode & 0o777)

    def test_github_masks_before_it_prints(self) -> None:
        self.assert_run(self.space.run("apply", "--yes"))
        run = self.assert_run(self.space.run("output", "--format", "github", "--show-secrets"))
        secret = self.secrets()["client secret"].decode()
        self.assertLess(run.out.index(f"::add-mask::{secret}"), run.out.rindex(secret))
        self.assertEqual(run.out.index(secret), run.out.index(f"::add-mask::{secret}") + len("::add-mask::"))
