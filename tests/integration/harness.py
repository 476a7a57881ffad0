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
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config as ClientConfig

ROOT = Path(__file__).resolve().parent.parent.parent
GANTRY = os.environ.get("GANTRY_BINARY", str(ROOT / "build/tests/bin/gantry"))
RELEASE_GANTRY = os.environ.get("GANTRY_RELEASE_BINARY", str(ROOT / "build/release/bin/gantry"))
LONG = bool(os.environ.get("GANTRY_TEST_LONG"))
"""Whether the long runs are asked for: every kill point of every kind of run."""

ACCOUNT, REGION = "123456789012", "us-east-1"
OTHER_ACCOUNT, OTHER_REGION = "210987654321", "eu-west-1"
KEY = ("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
OTHER_KEY = ("AKIDOTHER", "othersecretK7MDENGbPxRfiCYEXAMPLEKEY0000")

DONE, FAILED, CHANGES, PARTLY, LOCKED, USAGE, INTERRUPTED = 0, 1, 2, 3, 4, 64, 130

QUICK = {"ready_ms": 20, "delete_ms": 20, "domain_ms": 20}
"""Knobs of the double for tests that are about something else than waiting."""
HARD = {
    "iam_lag_ms": 1500,
    "gateway_role_lag": True,
    "cold": True,
    "shuffle": True,
    "page_size": 1,
    "hidden_ms": 300,
    "ready_ms": 300,
    "delete_ms": 300,
    "domain_ms": 500,
    "disguise": ["delete-runtime", "endpoint"],
}

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
        end = time.monotonic() + 60
        while time.monotonic() < end and self.process.poll() is None:
            with contextlib.suppress(FileNotFoundError, ValueError):
                return int(Path(port_file).read_text(encoding="ascii"))
            time.sleep(0.02)
        raise RuntimeError(f"the server did not start: {self.stderr()}")

    def stderr(self) -> str:
        """What it complained about: bugs of the double."""
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
        with urllib.request.urlopen(request, timeout=30) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def client(self, service: str, key: tuple[str, str] = KEY, region: str = REGION) -> Any:
        """boto3, which does not repeat anything."""
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=region,
            aws_access_key_id=key[0],
            aws_secret_access_key=key[1],
            config=ClientConfig(retries={"total_max_attempts": 1}),
        )


class Double(ServerProcess):
    """The strict double (tests/support/strict_cloud/README.md)."""

    def __init__(self, **knobs: Any) -> None:
        super().__init__("strict")
        self.defaults = self.call("/_double/config")
        self.begin(**knobs)

    def begin(self, **knobs: Any) -> None:
        """A fresh cloud with the example's seeds; the log begins at 1."""
        self.call("/_double/reset", {})
        self.call("/_double/config", {**self.defaults, **QUICK, **knobs})
        self.seed(**SEED)

    def configure(self, **knobs: Any) -> None:
        """Change knobs."""
        self.call("/_double/config", knobs)

    def seed(self, **seeds: Any) -> Any:
        """See the README."""
        return self.call("/_double/seed", seeds)

    def poke(self, kind: str, identifier: str, **changes: Any) -> None:
        """Change a record behind the API's back."""
        self.seed(poke=[{"kind": kind, "id": identifier, **changes}])

    def faults(self, *entries: dict[str, Any]) -> None:
        """Replace the fault script."""
        self.call("/_double/faults", list(entries))

    def dump(self) -> list[dict[str, Any]]:
        """Every object there is."""
        return self.call("/_double/dump")

    def log(self, after: int = 0) -> list[dict[str, Any]]:
        """The requests since number `after`."""
        return self.call(f"/_double/log?after={after}")

    def mark(self) -> int:
        """The number of the last request."""
        return max((entry["n"] for entry in self.log()), default=0)

    def mutations(self, after: int = 0) -> list[str]:
        """The operations since `after` that would change something, refused ones too."""
        return [entry["operation"] for entry in self.log(after) if entry["mutating"]]

    def operations(self, after: int = 0) -> list[str]:
        """All operations since `after`."""
        return [entry["operation"] for entry in self.log(after)]

    def objects(self, kind: str) -> list[dict[str, Any]]:
        """The objects of one kind."""
        return [record for record in self.dump() if record["kind"] == kind]

    def one(self, kind: str, name: str | None = None) -> dict[str, Any]:
        """The only object of a kind, or the one with that name."""
        found = [record for record in self.objects(kind) if name is None or record["name"] == name]
        if len(found) != 1:
            raise AssertionError(f"{len(found)} objects {kind} {name or ''}: {[record['name'] for record in found]}")
        return found[0]

    def wait_until(self, wanted: Any, seconds: float = 10) -> None:
        """Until wanted() is true."""
        end = time.monotonic() + seconds
        while not wanted():
            if time.monotonic() > end:
                raise AssertionError("the double never came to what was waited for")
            time.sleep(0.01)


# -- a cloud's content, comparable between runs -------------------------------------------------

_VOLATILE = {"created", "createdAt", "updatedAt", "lastUpdatedAt", "lastModifiedDate", "creationTime"}
_VOLATILE |= {"CreationDate", "LastModifiedDate", "lastSynchronizedAt", "createdTime", "lastUpdatedTime"}
_VOLATILE |= {"CreateDate", "RoleId", "PolicyId"}
_KINDS_WITH_IDS = {"user-pool", "user-pool-client", "gateway", "target", "runtime"}


def _placeholders(dump: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Generated ids and what stands for them; longer ones first."""
    pairs = []
    for record in dump:
        if record["kind"] in _KINDS_WITH_IDS:
            last = record["id"].split("/")[-1]
            pairs.append((last, f"<{record['kind']} {record['name']}>"))
            if record["kind"] == "user-pool":
                pairs.append((last.split("_")[1].lower(), f"<pool suffix {record['name']}>"))
        lineage = record["tags"].get("gantry:lineage")
        if lineage:
            pairs.append((lineage, "<lineage>"))
    return sorted(set(pairs), key=lambda pair: -len(pair[0]))


def _still(value: Any) -> Any:
    """Without times; lists of plain values in one order."""
    if isinstance(value, dict):
        return {name: _still(item) for name, item in value.items() if name not in _VOLATILE}
    if isinstance(value, list):
        return [_still(item) for item in value]
    return value


def content(dump: list[dict[str, Any]]) -> list[str]:
    """One line per object without times and generated ids: two runs that did the same are equal."""
    pairs = _placeholders(dump)
    lines = []
    for record in dump:
        text = json.dumps(_still(record), sort_keys=True)
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

    def __init__(self, url: str, manifest: str | None = None, key: tuple[str, str] = KEY) -> None:
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

    def run(self, *arguments: str, timeout: float = 120, **options: Any) -> Run:
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


class DoubleTest(IntegrationTest):
    """A strict double for the class, emptied for each test."""

    knobs: dict[str, Any] = {}
    double: Double

    @classmethod
    def setUpClass(cls) -> None:
        cls.double = Double()
        cls.addClassCleanup(cls.double.stop)

    def setUp(self) -> None:
        self.double.begin(**self.knobs)
        self.baseline = content(self.double.dump())

    def quick(self, manifest: str | None = None, **more: Any) -> Workspace:
        """The example's stack in environment dev, not applied."""
        return self.workspace(self.double.url, manifest or quick_suite(), "dev", **more)

    def assert_untouched(self, after: int, *, calls: Iterable[str] | None = None) -> None:
        """No mutating call since `after`; where `calls` is given, no others than these."""
        self.assertEqual([], self.double.mutations(after))
        if calls is not None:
            self.assertLessEqual(set(self.double.operations(after)), set(calls))

    def assert_quiet(self, space: Workspace, *arguments: str) -> None:
        """Another apply and a diff find nothing to do and change nothing."""
        before, mark = content(self.double.dump()), self.double.mark()
        diff = self.assert_run(space.diff(*arguments))
        self.assertEqual({}, diff.changed, str(diff))
        again = self.assert_run(space.apply(*arguments))
        self.assertEqual([], self.double.mutations(mark), str(again))
        self.assertEqual(before, content(self.double.dump()))

    def assert_destroyed(self, space: Workspace, *arguments: str, stack: str = "lark-tools") -> None:
        """A destroy leaves what was there before, and no state."""
        run = self.assert_run(space.destroy(*arguments))
        self.double.wait_until(lambda: not self.moving())
        self.assertEqual(self.baseline, content(self.double.dump()), str(run))
        self.assertFalse(space.state_path(stack).exists())
        self.assertFalse(space.state_path(stack).with_suffix(".journal").exists())

    def moving(self) -> bool:
        """Whether something is still on its way out."""
        return any(record["status"] == "DELETING" for record in self.double.dump())


@contextlib.contextmanager
def interrupted(process: subprocess.Popen[str], signals: Iterable[int] = (signal.SIGINT,)) -> Iterator[None]:
    """Sends the signals one after the other to a run, by its process id."""
    for number in signals:
        os.kill(process.pid, number)
        time.sleep(0.05)
    yield


def pattern(text: str) -> re.Pattern[str]:
    """A regular expression over several lines."""
    return re.compile(text, re.MULTILINE)
