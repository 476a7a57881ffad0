"""What the suites share: servers as children, runs of gantry, the cloud's own view of what is there."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from .local_cloud import GANTRY, REGION, ROOT, LocalCloud, client_of

RELEASE_GANTRY = os.environ.get("GANTRY_RELEASE_BINARY", str(ROOT / "build/release/bin/gantry"))
LONG = bool(os.environ.get("GANTRY_TEST_LONG"))
"""Whether the long runs are asked for: every kill point of every kind of run."""

ACCOUNT = "123456789012"
OTHER_ACCOUNT, OTHER_REGION = "210987654321", "eu-west-1"
KEY = ("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
"""For servers that do not look at it."""

HANGS = 300
"""Seconds after which a run is said to hang, on the slowest machine: no run that goes on takes nearly as long."""

DONE, FAILED, CHANGES, PARTLY, LOCKED, USAGE, INTERRUPTED = 0, 1, 2, 3, 4, 64, 130

STRICT = {
    "page_size": 2,
    "empty_pages": True,
    "extra_members": True,
    "check_images": True,
    "assume_policies": False,
    "assume_targets": True,
}
"""Knobs that make the cloud as difficult as the real one may be; no test calls another machine."""
HARD = {
    "iam_lag_ms": 1500,
    "cold": True,
    "shuffle": True,
    "page_size": 1,
    "hidden_ms": 300,
    "ready_ms": 300,
    "delete_ms": 300,
    "domain_ms": 500,
}
"""And as slow."""

DIGEST = "sha256:" + "a1" * 32
OTHER_DIGEST = "sha256:" + "b2" * 32
SEED = {
    "ecr": [
        {
            "repository": "lark-mcp",
            "images": [{"tags": ["latest"], "digest": DIGEST, "architecture": "arm64"}],
        }
    ],
    "secrets": [{"name": "lark", "string": '{"apiKey": "lark-api-key"}', "suffix": "AbCdEf"}],
    "policies": [
        {
            "name": "boundary",
            "document": {
                "Version": "2012-10-17",
                "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
            },
        }
    ],
}
"""What the manifest of examples/quick-suite expects to be there already."""


def quick_suite() -> str:
    """The manifest of the example."""
    return (ROOT / "examples/quick-suite/gantry.yaml").read_text(encoding="utf-8")


# -- servers ----------------------------------------------------------------------------------


class ServerProcess:
    """A server of serve.py as a child in its own process group; it ends with this process."""

    def __init__(self, kind: str, *arguments: str) -> None:
        self._folder = tempfile.mkdtemp(prefix="gantry-server-")
        port_file = os.path.join(self._folder, "port")
        self.stderr_path = os.path.join(self._folder, "stderr")
        with open(self.stderr_path, "wb") as stderr:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.integration.serve", kind, "--port-file", port_file, *arguments],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=stderr,
                start_new_session=True,
                env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
            )
        self.url = f"http://127.0.0.1:{self._wait_for_port(port_file)}"

    def _wait_for_port(self, port_file: str) -> int:
        end = time.monotonic() + 300
        while time.monotonic() < end and self.process.poll() is None:
            with contextlib.suppress(FileNotFoundError, ValueError):
                return int(Path(port_file).read_text(encoding="ascii"))
            time.sleep(0.02)
        raise RuntimeError(f"the server did not start: {self.stderr()}")

    def stderr(self) -> str:
        """What it complained about: its own bugs."""
        return Path(self.stderr_path).read_text(encoding="utf-8", errors="replace")

    def stop(self) -> None:
        """End it, by its process id."""
        if self.process.stdin:
            self.process.stdin.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def call(self, path: str, body: Any = None, method: str | None = None) -> Any:
        """A JSON call of the server's own: GET without a body, else POST."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}{path}", data, method=method)
        with urllib.request.urlopen(request, timeout=300) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def client(self, service: str) -> Any:
        """See client_of."""
        return client_of(self.url, service, KEY)


# -- the embedded cloud -----------------------------------------------------------------------

GANTRY_MCP = os.environ.get("GANTRY_MCP_BINARY", str(Path(GANTRY).parent / "gantry-mcp"))
SERVER = [GANTRY_MCP, "serve", "--conformance", "--quiet"]
"""What runs in place of the image of a runtime."""
RUNTIMES = ("lark_tools_dev_lark", "wide_inside", "wide_plain", "small_server", "owner_server", "starter_server")


class StackCloud(LocalCloud):
    """An embedded cloud with strict knobs, and with what examples/quick-suite expects of its account."""

    def __init__(self, **knobs: Any) -> None:
        super().__init__(knobs=knobs)
        self.key = self.keys_of(ACCOUNT)
        self.other_key = self.keys_of(OTHER_ACCOUNT)
        self.begin(**knobs)

    def begin(self, **knobs: Any) -> None:
        """A fresh cloud with the example's seeds; the log begins at 1."""
        self.reset(**{**STRICT, **knobs})
        self.seed(**SEED)
        for name in RUNTIMES:
            self.admin(
                "PUT", "/commands", {"account": ACCOUNT, "region": REGION, "name": name, "command": SERVER}
            )

    def gateway_url(self, name: str | None = None) -> str:
        """As the service tells it."""
        control = self.client("bedrock-agentcore-control")
        return control.get_gateway(gatewayIdentifier=self.one("gateway", name)["id"])["gatewayUrl"]

    def seed(self, **seeds: Any) -> Any:
        """Of the example's account where nothing else is said."""
        ours = {name: [{"account": ACCOUNT, **entry} for entry in entries] for name, entries in seeds.items()}
        return super().seed(**ours)


# -- a cloud's content, comparable between runs -------------------------------------------------

_VOLATILE = {"created", "updated", "order", "createdAt", "lastUpdatedAt", "lastSynchronizedAt"}
_VOLATILE |= {"CreationDate", "LastModifiedDate", "lastModifiedDate", "creationTime", "CreateDate"}
_VOLATILE |= {"createdTime", "lastUpdatedTime", "RoleId", "PolicyId", "CreatedDate", "LastChangedDate"}
_NOT_OF_AWS = {"command", "data-plane"}
_KINDS_WITH_IDS = {"user_pool", "user_pool_client", "gateway", "target", "runtime", "runtime_endpoint"}


def _placeholders(objects: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Generated ids and what stands for them; longer ones first."""
    found: dict[str, str] = {}
    for record in objects:
        if record["kind"] in _KINDS_WITH_IDS:
            identifier = record["data"]["id"] if record["kind"] == "runtime_endpoint" else record["id"]
            found[identifier] = f"<{record['kind']} {record['name']}>"
            if record["kind"] == "user_pool":
                suffix = identifier.split("_")[1].lower()
                for word, other in (("aws", "a0s"), ("amazon", "ama0on"), ("cognito", "cog0ito")):
                    suffix = suffix.replace(word, other)  # as in the domains that gantry names after it
                found[suffix] = f"<pool suffix {record['name']}>"
        if record["kind"] == "workload_identity":
            # Of a gateway or runtime, and named as that; it may be all that is left of it.
            found.setdefault(record["id"], f"<identity of {record['id'][:-11]}>")
        if record["kind"] == "secret" and "!" in record["name"]:
            found[record["arn"]] = f"<secret {record['name']}>"
        lineage = record["tags"].get("gantry:lineage")
        if lineage:
            found[lineage] = "<lineage>"
    return sorted(found.items(), key=lambda pair: -len(pair[0]))


def _still(value: Any) -> Any:
    """Without times."""
    if isinstance(value, dict):
        return {name: _still(item) for name, item in value.items() if name not in _VOLATILE}
    if isinstance(value, list):
        return [_still(item) for item in value]
    return value


def content(objects: list[dict[str, Any]]) -> list[str]:
    """One line per object without times and generated ids: two runs that did the same are equal."""
    pairs = _placeholders(objects)
    lines = []
    for record in objects:
        if record["kind"] in _NOT_OF_AWS:
            continue
        shown = _still(record)
        if record["kind"] == "user_pool_domain":
            del shown["data"]["Version"]  # of the time of its creation
        text = json.dumps(shown, sort_keys=True)
        for found, placeholder in pairs:
            text = text.replace(found, placeholder)
        lines.append(text)
    return sorted(lines)


# -- runs of gantry ---------------------------------------------------------------------------


class Run:
    """How a run ended."""

    def __init__(self, arguments: list[str], code: int, out: str, err: str, seconds: float) -> None:
        self.arguments, self.code, self.out, self.err, self.seconds = arguments, code, out, err, seconds

    @property
    def events(self) -> list[dict[str, Any]]:
        """The events of --json."""
        return [json.loads(line) for line in self.out.splitlines() if line.startswith('{"format"')]

    def event(self, name: str) -> dict[str, Any]:
        """The last event of that name."""
        found = [event for event in self.events if event["event"] == name]
        if not found:
            raise AssertionError(f"no event {name} in {self}")
        return found[-1]

    @property
    def plan(self) -> dict[str, Any]:
        """The plan that --json printed."""
        return self.event("plan")["plan"]

    def step(self, address: str) -> dict[str, Any]:
        """The plan's step of a resource."""
        for step in self.plan["steps"]:
            if step["address"] == address:
                return step
        raise AssertionError(f"no step for {address}: {[step['address'] for step in self.plan['steps']]}")

    @property
    def changed(self) -> dict[str, str]:
        """Address -> action of what the plan changes."""
        steps = self.plan["steps"]
        return {step["address"]: step["action"] for step in steps if step["action"] not in ("none", "read")}

    @property
    def codes(self) -> list[str]:
        """Codes of the errors that --json reported."""
        return [e["code"] for e in self.events if e["event"] == "diagnostic" and e["severity"] == "error"]

    def crashed(self) -> bool:
        """By a signal, or a sanitizer's report."""
        return self.code < 0 or "Sanitizer" in self.err or "runtime error:" in self.err

    def __str__(self) -> str:
        """For failures of tests: without the plan, which is long."""
        lines = [line for line in self.out.splitlines() if '"event":"plan"' not in line]
        if '"event":"plan"' in self.out:
            lines.insert(0, f"plan: {self.changed}")
        lines = [line for line in lines if not re.search('"event":"(started|waiting|done)"', line)]
        out = "\n".join(lines)[-5000:]
        return f"gantry {' '.join(self.arguments)} -> {self.code} ({self.seconds:.1f}s)\n{out}\n{self.err[-5000:]}"


class Workspace:
    """A folder with a manifest, a home of its own, and nothing of the caller's environment."""

    def __init__(self, url: str, manifest: str | None = None, key: tuple[str, ...] = KEY) -> None:
        self.url = url
        self.base = Path(tempfile.mkdtemp(prefix="gantry-test-"))
        self.folder = self.base / "stack"
        self.home = self.base / "home"
        self.folder.mkdir()
        self.home.mkdir()
        self.binary = GANTRY
        self.environment: str | None = None
        self.env = {
            "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
            "HOME": str(self.home),
            "TMPDIR": str(self.base),
            "LC_ALL": "C.UTF-8",
            "AWS_ACCESS_KEY_ID": key[0],
            "AWS_SECRET_ACCESS_KEY": key[1],
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": str(self.home / "config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(self.home / "credentials"),
            "ASAN_OPTIONS": "abort_on_error=0:exitcode=99",
            "UBSAN_OPTIONS": "print_stacktrace=1:exitcode=99",
        }
        if manifest is not None:
            self.write(manifest)

    def write(self, manifest: str, name: str = "gantry.yaml") -> None:
        """The manifest."""
        (self.folder / name).write_text(manifest, encoding="utf-8")

    def edit(self, old: str, new: str) -> None:
        """Replace a text that must be there once."""
        text = (self.folder / "gantry.yaml").read_text(encoding="utf-8")
        if text.count(old) != 1:
            raise AssertionError(f"{old!r} is {text.count(old)} times in the manifest")
        self.write(text.replace(old, new))

    def command(self, *arguments: str) -> list[str]:
        """argv of a run: with the endpoint and the environment where the command has them."""
        words = [self.binary, *arguments]
        name = arguments[0]
        if name in ("diff", "apply", "destroy", "output", "status", "import") and self.url and "--endpoint-url" not in arguments:
            words += ["--endpoint-url", self.url]
        if self.environment and name not in ("version", "help", "init", "completion") and "-e" not in arguments:
            words += ["-e", self.environment]
        return words

    def start(self, *arguments: str, **options: Any) -> subprocess.Popen[str]:
        """A run that goes on."""
        return subprocess.Popen(
            self.command(*arguments),
            cwd=options.pop("cwd", self.folder),
            env={**self.env, **options.pop("env", {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,
            **options,
        )

    def finish(self, process: subprocess.Popen[str], arguments: Iterable[str], timeout: float, since: float) -> Run:
        """Wait for a run; kill it after `timeout`."""
        try:
            out, err = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            err += f"\n(killed by the test after {timeout:.0f}s)"
        return Run(list(arguments), process.returncode, out, err, time.monotonic() - since)

    def run(self, *arguments: str, timeout: float = HANGS, **options: Any) -> Run:
        """Run gantry."""
        since = time.monotonic()
        return self.finish(self.start(*arguments, **options), arguments, timeout, since)

    def apply(self, *arguments: str, **options: Any) -> Run:
        """gantry apply --yes --json"""
        return self.run("apply", "--yes", "--json", *arguments, **options)

    def diff(self, *arguments: str, **options: Any) -> Run:
        """gantry diff --exit-code --json"""
        return self.run("diff", "--exit-code", "--json", *arguments, **options)

    def destroy(self, *arguments: str, **options: Any) -> Run:
        """gantry destroy --yes --json"""
        return self.run("destroy", "--yes", "--json", *arguments, **options)

    def state_path(self, stack: str = "lark-tools", environment: str | None = None) -> Path:
        """Where the state lies."""
        return self.folder / ".gantry" / stack / f"{environment or self.environment or 'default'}.json"

    def files(self) -> list[Path]:
        """Every file below the folder and the home."""
        return [path for path in self.base.rglob("*") if path.is_file()]

    def remove(self) -> None:
        """All of it."""
        shutil.rmtree(self.base, ignore_errors=True)


class IntegrationTest(unittest.TestCase):
    """Assertions about runs."""

    maxDiff = None

    def workspace(self, url: str, manifest: str | None = None, environment: str | None = None, **more: Any) -> Workspace:
        """A workspace that goes with the test."""
        space = Workspace(url, manifest, **more)
        space.environment = environment
        self.addCleanup(space.remove)
        return space

    def assert_run(self, run: Run, code: int = DONE) -> Run:
        """It ended with this code and did not crash."""
        self.assertFalse(run.crashed(), f"crashed: {run}")
        self.assertEqual(code, run.code, str(run))
        return run

    def assert_refused(self, run: Run, *codes: str, code: int = FAILED) -> Run:
        """It failed with one of these error codes, with a message for people."""
        self.assert_run(run, code)
        if codes:
            self.assertTrue(set(codes) & set(run.codes), f"none of {codes} in {run.codes}: {run}")
        return run


class StackTest(IntegrationTest):
    """A cloud for the class, emptied for each test."""

    knobs: dict[str, Any] = {}
    cloud: StackCloud

    @classmethod
    def setUpClass(cls) -> None:
        cls.cloud = StackCloud()
        cls.addClassCleanup(cls.cloud.stop)

    def setUp(self) -> None:
        self.cloud.begin(**self.knobs)
        self.baseline = content(self.cloud.objects())

    def workspace(self, url: str, manifest: str | None = None, environment: str | None = None, **more: Any) -> Workspace:
        """With keys of the example's account."""
        return super().workspace(url, manifest, environment, **{"key": self.cloud.key, **more})

    def quick(self, manifest: str | None = None, **more: Any) -> Workspace:
        """The example's stack in environment dev, not applied."""
        return self.workspace(self.cloud.url, manifest or quick_suite(), "dev", **more)

    def assert_untouched(self, after: int, *, calls: Iterable[str] | None = None) -> None:
        """No mutating call since `after`; where `calls` is given, no others than these."""
        self.assertEqual([], self.cloud.mutations(after))
        if calls is not None:
            self.assertLessEqual(set(self.cloud.operations(after)), set(calls))

    def assert_quiet(self, space: Workspace, *arguments: str) -> None:
        """Another apply and a diff find nothing to do and change nothing."""
        before, mark = content(self.cloud.objects()), self.cloud.mark()
        diff = self.assert_run(space.diff(*arguments))
        self.assertEqual({}, diff.changed, str(diff))
        again = self.assert_run(space.apply(*arguments))
        self.assertEqual([], self.cloud.mutations(mark), str(again))
        self.assertEqual(before, content(self.cloud.objects()))

    def assert_destroyed(self, space: Workspace, *arguments: str, stack: str = "lark-tools") -> None:
        """A destroy leaves what was there before, and no state."""
        run = self.assert_run(space.destroy(*arguments))
        self.cloud.wait_until(lambda: not self.moving())
        self.assertEqual(self.baseline, content(self.cloud.objects()), str(run))
        self.assertFalse(space.state_path(stack).exists())
        self.assertFalse(space.state_path(stack).with_suffix(".journal").exists())

    def moving(self) -> bool:
        """Whether something is still on its way out."""
        return any(record.get("status") == "DELETING" for record in self.cloud.objects())


def interrupt(process: subprocess.Popen[str], number: int = signal.SIGINT) -> None:
    """Sends a signal to a run that goes on, and returns when that has it: two that wait there are one."""
    os.kill(process.pid, number)
    status, end = Path(f"/proc/{process.pid}/status"), time.monotonic() + HANGS
    while any(int(mask, 16) >> (number - 1) & 1 for mask in re.findall(r"(?:Sig|Shd)Pnd:\s*(\w+)", status.read_text())):
        if time.monotonic() > end:
            raise AssertionError(f"signal {number} is not taken")
        time.sleep(0.005)


def pattern(text: str) -> re.Pattern[str]:
    """A regular expression over several lines."""
    return re.compile(text, re.MULTILINE)
