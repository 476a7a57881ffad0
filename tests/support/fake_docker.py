"""A container engine for tests: `docker` and `podman` as far as the embedded cloud uses them.

fake_docker.py run|rm ... is the client; it finds the engine at the socket `engine` beside it. Engine
is that engine, in the test's own process: what it runs is no child of the client, as with the real
ones, so nothing but `rm -f` or SIGTERM, passed on by the client, ends it.
"""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import signal
import socket
import stat
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any


class Engine:
    """Runs `program` for every container, with the container's variables and PORT."""

    def __init__(self, folder: Path, program: list[str], name: str = "docker") -> None:
        self.folder, self.program = folder, program
        self.calls: list[list[str]] = []
        self.containers: dict[str, subprocess.Popen[bytes]] = {}
        client = folder / name
        client.write_text(
            f"#!/bin/sh\nexec {shlex.quote(sys.executable)} {shlex.quote(__file__)} "
            f'"$(dirname "$0")" "$@"\n',
            encoding="utf-8",
        )
        client.chmod(client.stat().st_mode | stat.S_IXUSR)
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(str(folder / "engine"))
        self._listener.listen(32)
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._listener.close()
        for container in list(self.containers.values()):
            container.kill()
            container.wait()

    def running(self) -> list[str]:
        return [name for name, at in list(self.containers.items()) if at.poll() is None]

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(client,), daemon=True).start()

    def _talk(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError), client, client.makefile("rwb") as stream:
            asked = json.loads(stream.readline())
            self.calls.append(asked["argv"])
            if asked["argv"][0] == "rm":
                container = self.containers.get(asked["argv"][-1])
                if container is not None and container.poll() is None:
                    container.kill()
                    container.wait()
                stream.write(b'{"exit": 0}\n')
                return
            container = self._run(asked)
            threading.Thread(target=self._signals, args=(stream, container), daemon=True).start()
            code = container.wait()
            with contextlib.suppress(OSError, ValueError):
                stream.write(json.dumps({"exit": code if code >= 0 else 128 - code}).encode())
                stream.flush()
                client.shutdown(socket.SHUT_RDWR)

    def _run(self, asked: Any) -> subprocess.Popen[bytes]:
        argv = asked["argv"]
        given = [argv[i + 1] for i, word in enumerate(argv) if word == "-e"]
        values = {name: asked["env"].get(name, "") for name in given if "=" not in name}
        values.update(dict(pair.split("=", 1) for pair in given if "=" in pair))
        port = argv[argv.index("-p") + 1].split(":")[1]  # what leads to the container's own
        container = subprocess.Popen(
            self.program,
            env={**values, "INSIDE_PORT": values.get("PORT", ""), "PORT": port},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        self.containers[argv[argv.index("--name") + 1]] = container
        return container

    def _signals(self, stream: Any, container: subprocess.Popen[bytes]) -> None:
        with contextlib.suppress(OSError, ValueError):
            while stream.readline():
                container.terminate()


def main(folder: str, argv: list[str]) -> int:
    engine = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    engine.connect(str(Path(folder) / "engine"))
    engine.sendall(json.dumps({"argv": argv, "env": dict(os.environ)}).encode() + b"\n")
    signal.signal(signal.SIGTERM, lambda *_: engine.sendall(b"TERM\n"))
    said = b""
    while more := engine.recv(4096):
        said += more
    return int(json.loads(said)["exit"]) if said else 125


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
