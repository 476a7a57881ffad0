"""Ports for servers that must be told theirs, or come back at the same one."""

from __future__ import annotations

import contextlib
import random
import socket

# Below those that the system gives to clients and to whoever binds port 0 (32768 on Linux): one of
# those may be another process's the moment after, or while its server is stopped.
PORTS = range(15000, 32000)


def free_port() -> int:
    for _ in range(1000):
        port = random.choice(PORTS)
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port
    raise OSError("no port is free")


def hold_port() -> socket.socket:
    """A port that is the test's until the socket is closed, also while its server is down.

    Connections to it are refused; a server that sets SO_REUSEADDR can listen at it.
    """
    for _ in range(1000):
        holder = socket.socket()
        with contextlib.suppress(OSError):
            holder.bind(("127.0.0.1", random.choice(PORTS)))
            holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # not before: two could hold it then
            return holder
        holder.close()
    raise OSError("no port is free")
