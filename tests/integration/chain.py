"""A stack with a real tool server, in a folder of its own, and the processes that are started from there."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .harness import GANTRY, ROOT, Run
from .local_cloud import ask

SERVER = str(ROOT / "tests/support/tool_server.py")
UNVERIFIED = 5
MARK = "GANTRY_TEST_MARK"

MANIFEST = f"""
gantry: 1
stack: chain
provider: {{region: us-east-1}}
variables:
  tool: {{description: has no default}}
identity:
  mcp:
    resourceServer: Chain
    scopes: {{invoke: Invoke tools, other: Something else}}
    clients:
      agent: {{scopes: [invoke]}}
gateways:
  tools: {{description: "${{var.tool}}", identity: mcp}}
runtimes:
  server:
    image: "000000000000.dkr.ecr.us-east-1.amazonaws.com/tools:latest"
    environment: {{}}
    local: {{command: ["{sys.executable}", "{SERVER}"], environment: {{}}}}
targets:
  server: {{gateway: tools, runtime: server}}
"""
VARIABLES = ("--var", "tool=it's a $tool")


def _end_with_parent() -> None:
    """Also, it sees the signals that a shell ignores in what it runs in the background: tests may be that."""
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


class Place:
    """A folder with a manifest, a home and a run folder; everything started there carries a mark."""

    def __init__(self, folder_name: str = "stack") -> None:
        self.base = Path(tempfile.mkdtemp(prefix="gantry-up-"))
        self.folder = self.base / folder_name
        self.run_folder = self.base / "run"
        self.run_folder.mkdir(mode=0o700)
        home = self.base / "home"
        home.mkdir()
        self.mark = uuid.uuid4().hex
        self.env = {
            "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
            "HOME": str(home),
            "XDG_RUNTIME_DIR": str(self.run_folder),
            "LC_ALL": "C.UTF-8",
            "ASAN_OPTIONS": "abort_on_error=0:exitcode=99",
            "UBSAN_OPTIONS": "print_stacktrace=1:exitcode=99",
            MARK: self.mark,
        }
        self.processes: list[subprocess.Popen[bytes]] = []

    def write(self, manifest: str = MANIFEST) -> Place:
        self.folder.mkdir(exist_ok=True)
        (self.folder / "gantry.yaml").write_text(manifest, encoding="utf-8")
        return self

    def edited(self, old: str, new: str) -> Place:
        """The manifest with a text replaced that must be there once."""
        assert MANIFEST.count(old) == 1, old
        return self.write(MANIFEST.replace(old, new))

    def start(self, *arguments: str, file_size: int | None = None) -> subprocess.Popen[bytes]:
        """A gantry that goes on; its output is in the files out and err of the base folder.

        It can write files of up to `file_size` bytes, as on a disk that is nearly full.
        """

        def prepare() -> None:
            _end_with_parent()
            if file_size is not None:
                resource.setrlimit(resource.RLIMIT_FSIZE, (file_size, file_size))

        with open(self.base / "out", "wb") as out, open(self.base / "err", "wb") as err:
            process = subprocess.Popen(
                [GANTRY, *arguments],
                cwd=self.folder,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
                preexec_fn=prepare,
            )
        self.processes.append(process)
        return process

    @property
    def out(self) -> str:
        return (self.base / "out").read_text(encoding="utf-8", errors="replace")

    @property
    def err(self) -> str:
        return (self.base / "err").read_text(encoding="utf-8", errors="replace")

    def ended(self, process: subprocess.Popen[bytes], timeout: float = 180) -> Run:
        since = time.monotonic()
        process.wait(timeout)
        arguments = [str(argument) for argument in process.args][1:]  # type: ignore[union-attr]
        return Run(arguments, process.returncode, self.out, self.err, time.monotonic() - since)

    def run(self, *arguments: str, timeout: float = 180) -> Run:
        return self.ended(self.start(*arguments), timeout)

    def wait_until(self, seen: Callable[[], Any], what: str = "it", seconds: float = 120) -> None:
        """Until seen() is true; it is looked at quickly, for moments that pass."""
        end = time.monotonic() + seconds
        while True:
            ended = self.processes[-1].poll() is not None  # looked at first: it may come and end between two looks
            if seen():
                return
            if ended or time.monotonic() > end:
                raise AssertionError(f"{what} never came: {self.out}\n{self.err}")
            time.sleep(0.002)

    def wait_for(self, text: str) -> None:
        """Until stdout or stderr has this."""
        self.wait_until(lambda: text in self.err or text in self.out, repr(text))

    def pids(self) -> dict[int, str]:
        """Everything that was started from here and still lives: command lines."""
        found = {}
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit() or int(entry.name) == os.getpid():
                continue
            with contextlib.suppress(OSError):
                marked = f"{MARK}={self.mark}".encode() in (entry / "environ").read_bytes()
                here = os.readlink(entry / "cwd").startswith(str(self.base))
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                if (marked or here) and command:
                    found[int(entry.name)] = command
        return found

    def key_file(self) -> Path:
        """Its cloud's, as soon as that listens."""
        found: list[Path] = []
        self.wait_until(lambda: found.extend((self.run_folder / "gantry").glob("local-*.json")) or found, "a cloud")
        return found[0]

    def admin(self, method: str, path: str, body: Any = None) -> Any:
        """A call of its cloud's admin API, as soon as that listens."""
        return ask(str(self.key_file().with_suffix(".sock")), method, path, body)

    def cloud(self) -> int:
        """The process id of the embedded cloud."""
        return int(json.loads(self.key_file().read_text(encoding="utf-8"))["pid"])

    def files(self) -> list[str]:
        """What lies below .gantry and in the run folder."""
        roots = [self.folder / ".gantry", self.run_folder]
        found = [path for root in roots for path in root.rglob("*")]
        return [str(path) for path in found if not (path.is_dir() and path.name == "gantry")]

    def remove(self) -> None:
        for process in self.processes:
            if process.poll() is None:
                process.kill()
                process.wait()
        shutil.rmtree(self.base, ignore_errors=True)


class ChainTest(unittest.TestCase):
    """Assertions about runs in a place."""

    maxDiff = None

    def place(self, folder_name: str = "stack") -> Place:
        """A place that goes with the test."""
        place = Place(folder_name)
        self.addCleanup(place.remove)
        return place

    def assert_code(self, run: Run, *codes: int) -> Run:
        """It ended with one of these codes and did not crash."""
        self.assertFalse(run.crashed(), str(run))
        self.assertIn(run.code, codes, str(run))
        return run
