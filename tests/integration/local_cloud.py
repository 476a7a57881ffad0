"""`gantry local` as a child: its own run folder, any free port, boto3 clients, and the admin socket."""

from __future__ import annotations

import contextlib
import ctypes
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config as ClientConfig

ROOT = Path(__file__).resolve().parent.parent.parent
GANTRY = os.environ.get("GANTRY_BINARY", str(ROOT / "build/tests/bin/gantry"))
REGION = "us-east-1"

QUICK = {"ready_ms": 20, "delete_ms": 20, "domain_ms": 20}
"""Knobs for tests that are about something else than waiting."""

_PR_SET_PDEATHSIG = 1


def _end_with_parent() -> None:
    """The cloud ends when this process does, however that happens; and it sees the signals that a shell
    ignores in what it runs in the background."""
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


class _SocketConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=60)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def client_of(url: str, service: str, key: tuple[str, ...], region: str = REGION, **more: Any) -> Any:
    """boto3, which does not repeat anything; `key`: id, secret and session token if there is one."""
    return boto3.client(
        service,
        endpoint_url=url,
        region_name=region,
        aws_access_key_id=key[0],
        aws_secret_access_key=key[1],
        aws_session_token=key[2] if len(key) > 2 else None,
        config=ClientConfig(retries={"total_max_attempts": 1}, **more),
    )


class AdminError(Exception):
    """The admin API refused."""

    def __init__(self, status: int, body: Any) -> None:
        super().__init__(f"{status}: {body}")
        self.status, self.body = status, body


def ask(path_of_socket: str, method: str, path: str, body: Any = None) -> Any:
    """A call of the admin API over its Unix socket."""
    connection = _SocketConnection(path_of_socket)
    try:
        text = None if body is None else json.dumps(body)
        connection.request(method, path, text, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        document = json.loads(answer.read() or "null")
    finally:
        connection.close()
    if answer.status != 200:
        raise AdminError(answer.status, document)
    return document


class LocalCloud:
    """A running `gantry local`.

    url, account, key (id and secret of the account's own pair), socket, run_folder (what
    XDG_RUNTIME_DIR is for programs that look for it), process.
    """

    def __init__(
        self,
        *arguments: str,
        knobs: dict[str, Any] | None = None,
        state: str | os.PathLike[str] | None = None,
        env: dict[str, str] | None = None,
    ) -> None:
        self._base = Path(tempfile.mkdtemp(prefix="gantry-local-"))
        self.run_folder = self._base / "run"
        self.run_folder.mkdir(mode=0o700)
        home = self._base / "home"
        home.mkdir()
        self.stderr_path, self.stdout_path = self._base / "stderr", self._base / "stdout"
        command = [GANTRY, "local", "--listen", "127.0.0.1:0", *arguments]
        if state is not None:
            command += ["--state", str(state)]
        self.env = {
            "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
            "HOME": str(home),
            "XDG_RUNTIME_DIR": str(self.run_folder),
            **{name: value for name, value in os.environ.items() if name.endswith("SAN_OPTIONS")},
            **(env or {}),
        }
        with open(self.stdout_path, "wb") as out, open(self.stderr_path, "wb") as err:
            self.process = subprocess.Popen(
                command,
                cwd=home,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
                preexec_fn=_end_with_parent,
            )
        try:
            place = self._wait_for_key_file()
            self.url: str = place["url"]
            self.id: str = place["id"]
            self.socket: str = place["socket"]
            self.account: str = place["account"]
            self.port: int = place["port"]
            self.key = (place["accessKeyId"], place["secretAccessKey"])
            self.configure(**{**QUICK, **(knobs or {})})
        except BaseException:
            self.kill()
            raise

    def _wait_for_key_file(self) -> dict[str, Any]:
        end = time.monotonic() + 60
        while time.monotonic() < end and self.process.poll() is None:
            for path in (self.run_folder / "gantry").glob("local-*.json"):
                with contextlib.suppress(ValueError):
                    return json.loads(path.read_text(encoding="utf-8"))
            time.sleep(0.02)
        raise RuntimeError(f"gantry local did not start: {self.stderr()}")

    def stderr(self) -> str:
        """What it said on stderr; a sanitizer's report is there."""
        return self.stderr_path.read_text(encoding="utf-8", errors="replace")

    # -- the end ------------------------------------------------------------------------------

    def stop(self, seconds: float = 60) -> int:
        """Ends it in order; its exit code. It must not have crashed."""
        if self.process.poll() is None:
            os.kill(self.process.pid, signal.SIGTERM)
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise
        said = self.stderr()
        shutil.rmtree(self._base, ignore_errors=True)
        if code < 0 or "Sanitizer" in said or "runtime error:" in said:
            raise AssertionError(f"gantry local ended with {code}: {said[-5000:]}")
        return code

    def kill(self) -> None:
        """SIGKILL; its run folder goes too."""
        if self.process.poll() is None:
            os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()
        shutil.rmtree(self._base, ignore_errors=True)

    def __enter__(self) -> LocalCloud:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    # -- AWS ----------------------------------------------------------------------------------

    def client(
        self, service: str, key: tuple[str, ...] | None = None, region: str = REGION, **more: Any
    ) -> Any:
        """See client_of."""
        return client_of(self.url, service, key or self.key, region, **more)

    def keys_of(self, account: str) -> tuple[str, str]:
        """The key pair of another account; made when it has none."""
        made = self.admin("POST", "/keys", {"account": account})
        return made["accessKeyId"], made["secretAccessKey"]

    # -- the admin socket ---------------------------------------------------------------------

    def admin(self, method: str, path: str, body: Any = None) -> Any:
        """A call over the Unix socket."""
        return ask(self.socket, method, path, body)

    def configure(self, **knobs: Any) -> None:
        """Changes knobs."""
        self.admin("POST", "/knobs", knobs)

    def pass_time(self, milliseconds: int) -> None:
        """Moves its clock on: so long has passed for what it compares with that clock, and nobody waited.

        It takes signatures that are up to 5 minutes old. Timers (ready_ms, delete_ms, domain_ms) are none of that.
        """
        self.configure(skew_ms=self.admin("GET", "/knobs")["skew_ms"] + milliseconds)

    def reset(self, **knobs: Any) -> None:
        """Nothing is there any more; the knobs are those of QUICK and the given ones."""
        self.admin("POST", "/reset", {})
        defaults = {knob: value for knob, value in self._defaults().items()}
        self.configure(**{**defaults, **QUICK, **knobs})

    def _defaults(self) -> dict[str, Any]:
        if not hasattr(self, "_first_knobs"):
            self._first_knobs = self.admin("GET", "/knobs")
        return self._first_knobs

    def faults(self, *entries: dict[str, Any]) -> None:
        """Replaces the fault script."""
        self.admin("POST", "/faults", list(entries))

    def blocked(self, seconds: float = 60) -> list[dict[str, Any]]:
        """The calls that a fault holds; waits for one."""
        self.wait_until(lambda: self.admin("GET", "/blocked"), seconds)
        return self.admin("GET", "/blocked")

    def release(self) -> None:
        """Lets them go."""
        self.admin("POST", "/release", {})

    def seed(self, **seeds: Any) -> Any:
        """calls=[...], objects=[...], poke=[...]; see the admin API."""
        return self.admin("POST", "/seed", seeds)

    def poke(self, kind: str, identifier: str, **changes: Any) -> None:
        """Changes an object behind the services' backs."""
        self.admin("POST", "/poke", {"kind": kind, "id": identifier, **changes})

    def objects(self, kind: str | None = None) -> list[dict[str, Any]]:
        """What is there, by the cloud's own view."""
        return self.admin("GET", "/objects" if kind is None else f"/objects?kind={kind}")

    def one(self, kind: str, name: str | None = None) -> dict[str, Any]:
        """The only object of a kind, or the one with that name."""
        found = [record for record in self.objects(kind) if name is None or record["name"] == name]
        if len(found) != 1:
            raise AssertionError(f"{len(found)} objects {kind} {name or ''}: {[record['name'] for record in found]}")
        return found[0]

    def log(self, after: int = 0) -> list[dict[str, Any]]:
        """The requests since number `after`."""
        return self.admin("GET", f"/log?after={after}")

    def calls(self, after: int = 0) -> list[dict[str, Any]]:
        """The AWS calls among them that did not come from the cloud's own gateways."""
        return [entry for entry in self.log(after) if entry["k"] is not None]

    def mark(self) -> int:
        """The number of the last request."""
        return self.admin("GET", "/status")["requests"]

    def operations(self, after: int = 0) -> list[str]:
        """All calls since `after`."""
        return [entry["operation"] for entry in self.calls(after)]

    def mutations(self, after: int = 0) -> list[str]:
        """Those since `after` that would change something, refused ones too."""
        return [entry["operation"] for entry in self.calls(after) if entry["mutating"]]

    def wait_until(self, wanted: Any, seconds: float = 60) -> None:
        """Until wanted() is true."""
        end = time.monotonic() + seconds
        while not wanted():
            if time.monotonic() > end:
                raise AssertionError("the cloud never came to what was waited for")
            time.sleep(0.01)


class LocalTest(unittest.TestCase):
    """A cloud for the class, emptied for each test."""

    maxDiff = None
    knobs: dict[str, Any] = {}
    env: dict[str, str] = {}
    cloud: LocalCloud

    @classmethod
    def setUpClass(cls) -> None:
        cls.cloud = LocalCloud(env=cls.env)
        cls.addClassCleanup(cls.cloud.stop)
        cls.cloud._defaults()

    def setUp(self) -> None:
        self.cloud.reset(**self.knobs)
