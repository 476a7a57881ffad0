"""A PostgreSQL server of one's own, on loopback, without durability: for tests and measurements.

The server refuses to run as root: then it runs as the user ``postgres``, who owns its folder.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
import unittest
from collections.abc import Iterator
from pathlib import Path

from .ports import hold_port

ACCOUNT = "postgres"
"""Who runs the server where root runs the tests; also the name of the superuser."""

SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_wal_size": "64MB",
    "autovacuum": "off",
    "shared_buffers": "32MB",
    "log_min_messages": "fatal",
    "timezone": "UTC",
}


def folder_of_programs() -> Path | None:
    """Where the server's programs are: Debian keeps them by version, outside of PATH."""
    needed = ("initdb", "postgres", "pg_isready", "psql")
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    found = shutil.which("initdb")
    folders += [Path(found).resolve().parent] if found else []
    return next((at for at in folders if all((at / name).exists() for name in needed)), None)


needs_postgres = unittest.skipUnless(folder_of_programs(), "PostgreSQL's server programs are not installed")


class Postgres:
    """One cluster: started, killed, started again, removed."""

    def __init__(self, **settings: str) -> None:
        programs = folder_of_programs()
        if programs is None:
            raise FileNotFoundError("PostgreSQL's server programs are not installed")
        self.programs = programs
        self.settings = {**SETTINGS, **settings}
        self.folder = Path(tempfile.mkdtemp(prefix="gantry-pg-"))
        self.data = self.folder / "data"
        self.holder = hold_port()
        self.port: int = self.holder.getsockname()[1]
        self.process: subprocess.Popen[bytes] | None = None
        self.before: list[str] = []
        if os.geteuid() == 0:
            account = pwd.getpwnam(ACCOUNT)
            os.chown(self.folder, account.pw_uid, account.pw_gid)
            self.before = ["setpriv", f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}"]
            self.before += ["--clear-groups", "--"]
        try:
            self._run("initdb", "-D", self.data, "-A", "trust", "-U", ACCOUNT, "-E", "UTF8", "--no-sync")
            self.start()
        except BaseException:
            self.close()
            raise

    def _run(self, program: str, *arguments: object) -> None:
        command = [*self.before, str(self.programs / program), *map(str, arguments)]
        done = subprocess.run(
            command, cwd=self.folder, capture_output=True, text=True, timeout=600, check=False,
            env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8"},
        )
        if done.returncode != 0:
            raise RuntimeError(f"{program}: {done.stdout}{done.stderr}")

    def start(self) -> None:
        options = [word for name, value in self.settings.items() for word in ("-c", f"{name}={value}")]
        command = [*self.before, str(self.programs / "postgres"), "-D", str(self.data)]
        command += ["-p", str(self.port), "-k", str(self.folder), "-h", "127.0.0.1", *options]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(command, cwd=self.folder, stdout=log, stderr=log)
        deadline = time.monotonic() + 300
        while subprocess.run(
            [self.programs / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)], check=False
        ).returncode:
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError((self.folder / "log").read_text(errors="replace"))
            time.sleep(0.02)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """SIGINT: fast, connections are ended. SIGKILL: as if the power had failed."""
        if self.process is None:
            return
        self.process.send_signal(how)
        self.process.wait(timeout=300)
        self.process = None
        if how == signal.SIGKILL:
            self._wait_for_children()

    def _wait_for_children(self) -> None:
        """Backends notice that their parent is gone; until then they hold the shared memory."""
        deadline = time.monotonic() + 300
        while time.monotonic() < deadline:
            for entry in Path("/proc").iterdir():
                with contextlib.suppress(OSError):
                    if entry.name.isdigit() and os.readlink(entry / "cwd") == str(self.data):
                        os.kill(int(entry.name), signal.SIGQUIT)
                        break
            else:
                return
            time.sleep(0.05)
        raise RuntimeError("processes of the killed server do not end")

    def sql(self, *statements: str, database: str = "postgres", user: str = ACCOUNT) -> list[list[str]]:
        """What the last statement returns, as text."""
        command = [str(self.programs / "psql"), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"]
        command += ["-F", "\x1f", "-h", "127.0.0.1", "-p", str(self.port), "-U", user, "-d", database]
        for statement in statements:
            command += ["-c", statement]
        done = subprocess.run(command, capture_output=True, timeout=300, check=False)
        if done.returncode != 0:
            raise RuntimeError(done.stderr.decode(errors="replace"))
        lines = done.stdout.decode(errors="replace").splitlines()
        return [line.split("\x1f") for line in lines]

    def value(self, statement: str, database: str = "postgres") -> str:
        rows = self.sql(statement, database=database)
        return rows[0][0] if rows else ""

    def close(self) -> None:
        self.stop(signal.SIGQUIT)
        self.holder.close()
        shutil.rmtree(self.folder, ignore_errors=True)


@contextlib.contextmanager
def running(**settings: str) -> Iterator[Postgres]:
    server = Postgres(**settings)
    try:
        yield server
    finally:
        server.close()
