"""A server that speaks as much of Redis' protocol as a client's greeting and GET need, and answers
when the test says so: a source that is slow, down, or never there."""

from __future__ import annotations

import contextlib
import queue
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
        self.pings = 0
        self.closed = False
        self.open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> SlowRedis:
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def close(self) -> None:
        self.free.set()
        self.closed = True
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)  # else accept() keeps it open
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
                if self.closed:  # which may not have seen it
                    self.drop()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        """Commands are taken as they come, also while the ones before wait for their answers."""
        taken: queue.Queue[list[str] | None] = queue.Queue()
        threading.Thread(target=self._answer, args=(connection, taken), daemon=True).start()
        with contextlib.suppress(OSError, ValueError), connection.makefile("rb") as lines:
            while head := lines.readline():
                words = []
                for _ in range(int(head[1:])):
                    size = int(lines.readline()[1:])
                    words.append(lines.read(size + 2)[:-2].decode())
                self._count(words, 1)
                taken.put(words)
        taken.put(None)

    def _count(self, words: list[str], by: int) -> None:
        with self.lock:
            if words[0].upper() == "GET" and words[1].startswith("held"):
                self.held += by
            elif words[0].upper() == "PING" and by > 0:
                self.pings += 1

    def _answer(self, connection: socket.socket, taken: queue.Queue[list[str] | None]) -> None:
        with contextlib.suppress(OSError), connection:
            while words := taken.get():
                answer = b"+PONG\r\n" if words[0].upper() == "PING" else b"+OK\r\n"
                if words[0].upper() == "GET":
                    if words[1].startswith("held"):
                        self.free.wait(600)
                    answer = f"${len(words[1])}\r\n{words[1]}\r\n".encode()
                self._count(words, -1)
                connection.sendall(answer)

    def source(self, **settings: Any) -> dict[str, Any]:
        patient = {"connect_timeout_ms": 60_000, "command_timeout_ms": 60_000}
        return {"type": "redis", "host": "127.0.0.1", "port": self.port, **patient, **settings}


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
