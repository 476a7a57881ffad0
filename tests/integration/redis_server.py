"""A Redis server of one's own on a free port of loopback, a client for tests, and servers that only look like one."""

from __future__ import annotations

import contextlib
import shlex
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from .ports import free_port

PROGRAM = shutil.which("redis-server")
needs_redis = unittest.skipUnless(PROGRAM, "redis-server is not installed")


class RedisError(Exception):
    pass


class Redis:
    """One server, without persistence: started, killed, started again, removed."""

    def __init__(self, *settings: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="gantry-redis-"))
        self.port = free_port()
        self.socket = self.folder / "redis.sock"
        self.settings = settings
        self.process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        """Returns when it answers, on its port and its socket."""
        assert PROGRAM is not None
        command = [PROGRAM, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        command += ["--unixsocket", str(self.socket), "--dir", str(self.folder), *self.settings]
        end = time.monotonic() + 60
        while not self._answers():
            if time.monotonic() > end:
                raise TimeoutError(" ".join(command))
            if self.process is None or self.process.poll() is not None:  # not begun, or the port was in use for a moment
                self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(0.02)

    def _answers(self) -> bool:
        """On the socket, which nobody else has, and which it opens after the port."""
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(60)
            connection.connect(str(self.socket))
            connection.sendall(b"PING\r\n")
            return connection.recv(100) != b""
        return False

    def send_signal(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def stop(self) -> None:
        """As if the power had failed."""
        if self.process is None:
            return
        self.process.kill()
        self.process.wait(timeout=30)
        self.process = None

    def close(self) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    @contextlib.contextmanager
    def watched(self) -> Iterator[list[list[str]]]:
        """The words of the commands that are done meanwhile, in their order: all of them once this has ended."""
        seen: list[list[str]] = []
        with socket.create_connection(("127.0.0.1", self.port), 60) as connection:
            stream = connection.makefile("rb")
            connection.sendall(_command(["MONITOR"]))
            _reply(stream)
            reader = threading.Thread(target=self._watch, args=(stream, seen), daemon=True)
            reader.start()
            yield seen
            self("ECHO", "the end of what is watched")
            reader.join(60)

    def _watch(self, stream: Any, seen: list[list[str]]) -> None:
        while not seen or seen[-1][0] != "ECHO":
            line = _reply(stream).decode()
            seen.append(shlex.split(line[line.index("] ") + 2 :]))

    def __call__(self, *words: str | bytes | int) -> Any:
        return self.many([words])[0]

    def many(self, commands: list[Any], *before: tuple[str, ...]) -> list[Any]:
        """Commands in one go; what they answer."""
        with socket.create_connection(("127.0.0.1", self.port), 60) as connection:
            stream = connection.makefile("rb")
            connection.sendall(b"".join(_command(words) for words in [*before, *commands]))
            return [_reply(stream) for _ in [*before, *commands]][len(before) :]


def _command(words: Any) -> bytes:
    parts = [word if isinstance(word, bytes) else str(word).encode() for word in words]
    return b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts)


def _reply(stream: Any) -> Any:
    line = stream.readline().rstrip(b"\r\n")
    kind, rest = line[:1], line[1:]
    if kind == b"-":
        raise RedisError(rest.decode())
    if kind == b":":
        return int(rest)
    if kind == b"$":
        return None if rest == b"-1" else stream.read(int(rest) + 2)[:-2]
    if kind == b"*":
        return [_reply(stream) for _ in range(int(rest))]
    return rest


class Impostor:
    """Accepts connections and gives each to a function in a thread."""

    def __init__(self, serve: Callable[[socket.socket], None]) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.serve = serve
        self.accepted = self.ended = 0
        """Connections; both only grow."""
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.accepted += 1
            threading.Thread(target=self._one, args=(connection,), daemon=True).start()

    def _one(self, connection: socket.socket) -> None:
        with connection:
            try:
                self.serve(connection)
            except OSError:
                pass
            finally:
                self.ended += 1

    def close(self) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


def greet(connection: socket.socket) -> bytes:
    """As Redis answers a connection without a password; then what is asked."""
    asked = connection.recv(65536)
    if asked != _command(["PING"]):
        raise AssertionError(asked)
    connection.sendall(b"+PONG\r\n")
    return connection.recv(65536)
