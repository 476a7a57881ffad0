"""A server that speaks as much of Redis' protocol as a client's greeting and GET need, and answers
when the test says so: a source that is slow, down, or never there."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import Any


class SlowRedis:
    """``GET NAME`` is answered with NAME; ``GET held...`` only after release()."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.port = self.listener.getsockname()[1]
        self.free = threading.Event()
        self.lock = threading.Lock()
        self.held = 0
        """Commands that wait for release()."""
        self.seen: list[str] = []
        self.open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> SlowRedis:
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def close(self) -> None:
        self.free.set()
        self.listener.close()
        self.drop()

    def drop(self) -> None:
        """Ends all connections."""
        with self.lock:
            for connection in self.open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
            self.open.clear()

    def release(self) -> None:
        self.free.set()

    def hold(self) -> None:
        self.free.clear()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                with self.lock:
                    self.open.append(connection)
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError), connection, connection.makefile("rb") as lines:
            while head := lines.readline():
                words = []
                for _ in range(int(head[1:])):
                    size = int(lines.readline()[1:])
                    words.append(lines.read(size + 2)[:-2].decode())
                connection.sendall(self._answer(words))

    def _answer(self, words: list[str]) -> bytes:
        command, key = words[0].upper(), words[-1]
        if command == "PING":
            return b"+PONG\r\n"
        if command != "GET":
            return b"+OK\r\n"
        self.seen.append(key)
        if key.startswith("held"):
            with self.lock:
                self.held += 1
            self.free.wait(120)
            with self.lock:
                self.held -= 1
        return f"${len(key)}\r\n{key}\r\n".encode()

    def source(self, **settings: Any) -> dict[str, Any]:
        return {"type": "redis", "host": "127.0.0.1", "port": self.port, **settings}


def getter(source: str = "slow", **settings: Any) -> dict[str, Any]:
    """A tool that gets what its argument names."""
    parameters = [{"name": "key", "type": "string", "description": "the key", "default": "x"}]
    return {
        "type": "redis-command",
        "source": source,
        "description": "Gets a key",
        "command": ["GET", "$key"],
        "parameters": parameters,
        **settings,
    }
