"""Measures gantry-mcp beside MCP Toolbox for Databases, on one PostgreSQL: prints tables, passes or fails nothing.

    python3 tests/bench/peer.py build/release/bin/gantry-mcp [--runs 5] [--seconds 10] [--folder build/bench]

Needs Debian's postgresql, wrk, npm and cc. @toolbox-sdk/server comes from npm, pinned, into the folder. PostgreSQL is
a private one on loopback; it, the load generator and the server under test share the machine's processors. The two
servers take turns within each run, so that what else the machine does meets both; figures are medians of the runs.

The closed loop is wrk: its connections send as soon as they have an answer. Each answer is counted as good when its
status is 200 and the bytes of all answers are as many as good ones have: a tool's error has another length. The open
loop is paced.c: requests are due at a constant rate, and latency counts from then.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.integration.ports import free_port  # noqa: E402
from tests.integration.postgres import Postgres, running  # noqa: E402

TOOLBOX = "1.12.0"
MATRIX = [(case, count) for case in ("select_one", "hotel_by_id") for count in (1, 32, 64)]
MATRIX += [("tools/list", 32), ("file_read", 32)]
RATES = (1000, 5000)
PACED_CONNECTIONS = 32
STARTS = 7
"""How often each server is started to see how long it takes."""

USER, HOTELS = "bench", 1000
STATEMENTS = {
    "select_one": "SELECT 1 AS one",
    "hotel_by_id": "SELECT id, name FROM hotels WHERE id = $1",
}

# Every answer of a case is equally long: then the sum of all bytes tells whether one was another.
LUA = """
local requests = {}
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Accept"] = "application/json, text/event-stream"
wrk.headers["MCP-Protocol-Version"] = "2025-11-25"
local at = 0
function init()
  for i, body in ipairs(BODIES) do requests[i] = wrk.format(nil, nil, nil, body) end
end
function request()
  at = at % #requests + 1
  return requests[at]
end
function done(summary, latency)
  local e = summary.errors
  io.stderr:write(string.format(
    '{"requests": %d, "bytes": %.0f, "seconds": %f, "errors": %d, "p50": %f, "p99": %f, "max": %f}',
    summary.requests, summary.bytes, summary.duration / 1e6, e.connect + e.read + e.write + e.status + e.timeout,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, latency.max / 1e3))
end
"""


def gantry_config(port: int, folder: Path) -> str:
    """Everything that a careful owner would have is on: validation, limits, a tier of its own, read-only statements."""
    return f"""
name: bench
sources:
  pg: {{type: postgres, host: 127.0.0.1, port: {port}, database: postgres, user: {USER}, password: x}}
  files: {{type: filesystem, allowed_paths: [{folder}]}}
tools:
  select_one: {{type: postgres-sql, source: pg, description: Return the number one., statement: {STATEMENTS["select_one"]}}}
  hotel_by_id:
    type: postgres-sql
    source: pg
    description: Look a hotel up by id.
    parameters: [{{name: id, type: integer, description: hotel id}}]
    statement: {STATEMENTS["hotel_by_id"]}
  file_read: {{type: file-read, source: files, description: Read a file.}}
toolsets:
  bench: {{description: for the measurement, tools: [select_one, hotel_by_id]}}
tiers:
  local:
    listen: 127.0.0.1:8000
    limits: {{max_in_flight: 1000, requests_per_second: 1000000, timeout_ms: 5000, max_concurrent: 500}}
"""


def toolbox_config(port: int) -> str:
    return f"""
sources:
  bench-pg: {{kind: postgres, host: 127.0.0.1, port: {port}, database: postgres, user: {USER}, password: x}}
tools:
  select_one: {{kind: postgres-sql, source: bench-pg, description: Return the number one., statement: {STATEMENTS["select_one"]};}}
  hotel_by_id:
    kind: postgres-sql
    source: bench-pg
    description: Look a hotel up by id.
    parameters: [{{name: id, type: integer, description: hotel id}}]
    statement: {STATEMENTS["hotel_by_id"]};
toolsets: {{bench: [select_one, hotel_by_id]}}
"""


def message(method: str, params: dict[str, Any]) -> str:
    return json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}, separators=(",", ":"))


def bodies(case: str) -> list[str]:
    """What is sent, in turn."""
    if case == "tools/list":
        return [message("tools/list", {})]
    arguments: list[dict[str, Any]] = [{}]
    if case == "hotel_by_id":
        arguments = [{"id": number} for number in range(100, HOTELS)]
    elif case == "file_read":
        arguments = [{"path": "report.md"}]
    return [message("tools/call", {"name": case, "arguments": each}) for each in arguments]


def path_of(case: str) -> str:
    """Both list the same two tools."""
    return "/mcp/bench" if case == "tools/list" else "/mcp"


class Server:
    """A server under test."""

    def __init__(self, name: str, command: list[str], folder: Path) -> None:
        self.name, self.command, self.folder = name, command, folder
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> float:
        """Milliseconds until its port was open."""
        words = [word.replace("PORT", str(self.port)) for word in self.command]
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder)}
        with (self.folder / "log").open("ab") as log:
            begin = time.perf_counter()
            self.process = subprocess.Popen(words, cwd=self.folder, env=environment, stdout=log, stderr=log)
        while time.perf_counter() < begin + 20:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return (time.perf_counter() - begin) * 1000
            if self.process.poll() is not None:
                break
            time.sleep(0.0002)
        raise RuntimeError(f"{self.name} does not start: {(self.folder / 'log').read_text(errors='replace')[-2000:]}")

    def stop(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process = None

    def _proc(self, name: str) -> str:
        assert self.process is not None
        return Path(f"/proc/{self.process.pid}/{name}").read_text(encoding="ascii")

    def memory(self, row: str = "VmRSS") -> float:
        """Megabytes."""
        return next(int(line.split()[1]) / 1024 for line in self._proc("status").splitlines() if line.startswith(row))

    def cpu(self) -> float:
        """Seconds, of user and system."""
        fields = self._proc("stat").rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def raw(self, path: str, body: str) -> tuple[int, dict[str, Any]]:
        """The length of the whole answer, and what it says."""
        head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nContent-Type: application/json\r\n"
        head += "Accept: application/json, text/event-stream\r\nMCP-Protocol-Version: 2025-11-25\r\n"
        with socket.create_connection(("127.0.0.1", self.port), 10) as client:
            client.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode())
            data = b""
            while b"\r\n\r\n" not in data:
                data += client.recv(65536) or b"\r\n\r\n"
            start = data.index(b"\r\n\r\n") + 4
            fields = dict(line.lower().split(": ", 1) for line in data[:start].decode().split("\r\n") if ": " in line)
            length = start + int(fields["content-length"])
            while len(data) < length:
                data += client.recv(65536)
        return length, json.loads(data[start:])

    def check(self, case: str) -> int:
        """The length of a good answer; it is asked for, and must be one."""
        length, answer = self.raw(path_of(case), bodies(case)[0])
        result = answer.get("result", {})
        if not result or result.get("isError"):
            raise RuntimeError(f"{self.name}: {case}: {answer}")
        return length


def load(server: Server, case: str, connections: int, seconds: float, folder: Path) -> dict[str, Any]:
    """One run of wrk, and what it cost the server."""
    script = folder / "load.lua"
    listed = ", ".join(f"[==[{body}]==]" for body in bodies(case))
    script.write_text(f"local BODIES = {{{listed}}}\n{LUA}", encoding="ascii")
    length = server.check(case)
    before = server.cpu()
    url = f"http://127.0.0.1:{server.port}{path_of(case)}"
    done = subprocess.run(
        ["wrk", "-t1", f"-c{connections}", f"-d{seconds:g}s", "-s", script, url],
        capture_output=True, text=True, timeout=seconds + 60, check=True,
    )
    used = server.cpu() - before
    figures: dict[str, Any] = json.loads(done.stderr)
    # Of answers that are cut off at the end some bytes are counted, and the answers are not.
    odd = abs(figures["bytes"] - figures["requests"] * length) > 2 * connections * length
    figures["per_second"] = figures["requests"] / figures["seconds"]
    figures["us"] = used / max(figures["requests"], 1) * 1e6
    figures["odd"] = 1 if odd else 0
    return figures


def paced(server: Server, rate: int, seconds: float, program: Path) -> dict[str, Any]:
    """One run of paced.c."""
    command = [program, "127.0.0.1", server.port, "/mcp", rate, f"{seconds:g}", PACED_CONNECTIONS]
    server.check("select_one")
    done = subprocess.run(
        [*map(str, command), bodies("select_one")[0]],
        capture_output=True, text=True, timeout=seconds + 60, check=False,
    )
    if not done.stdout:
        raise RuntimeError(f"{server.name}: {done.stderr}")
    figures: dict[str, Any] = json.loads(done.stdout)
    figures["errors"] += figures["sent"] - figures["answered"]
    return figures


def install(folder: Path) -> Path:
    """The peer's program, from npm."""
    machine = {"x86_64": "x64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    program = folder / f"toolbox-{TOOLBOX}/node_modules/@toolbox-sdk/server-linux-{machine}/bin/toolbox"
    if not program.exists():
        place = folder / f"toolbox-{TOOLBOX}"
        place.mkdir(parents=True, exist_ok=True)
        (place / "package.json").write_text('{"name": "peer", "private": true}', encoding="ascii")
        subprocess.run(
            ["npm", "install", "--prefix", place, f"@toolbox-sdk/server@{TOOLBOX}", "--no-audit", "--no-fund"],
            check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
    if not program.exists():
        raise SystemExit(f"@toolbox-sdk/server has no program for linux-{machine}")
    return program


@contextlib.contextmanager
def world(program: Path, folder: Path) -> Iterator[tuple[Postgres, list[Server]]]:
    """The database and both servers, not started."""
    with running(fsync="on", shared_buffers="128MB", max_connections="300") as postgres:
        postgres.sql(
            f"CREATE ROLE {USER} LOGIN",
            f"CREATE TABLE hotels AS SELECT id, 'Hotel ' || id AS name FROM generate_series(1, {HOTELS}) AS id",
            "ALTER TABLE hotels ADD PRIMARY KEY (id)",
            f"GRANT SELECT ON hotels TO {USER}",
            "ANALYZE hotels",
        )
        places = [folder / "run-gantry-mcp", folder / "run-toolbox"]
        for place in places:
            shutil.rmtree(place, ignore_errors=True)
            (place / "files").mkdir(parents=True)
        (places[0] / "files/report.md").write_text("# Report\n\n" + "All is well.\n" * 70, encoding="ascii")
        (places[0] / "gantry-mcp.yaml").write_text(gantry_config(postgres.port, places[0] / "files"), encoding="ascii")
        (places[1] / "tools.yaml").write_text(toolbox_config(postgres.port), encoding="ascii")
        peer = [str(install(folder)), "--config", "tools.yaml", "--address", "127.0.0.1", "--port", "PORT"]
        peer += ["--disable-version-check", "--disable-reload", "--log-level", "WARN"]
        servers = [
            Server("gantry-mcp", [str(program), "serve", "--quiet", "--listen", "127.0.0.1:PORT"], places[0]),
            Server("toolbox", peer, places[1]),
        ]
        try:
            yield postgres, servers
        finally:
            for server in servers:
                server.stop()


def compile_paced(folder: Path) -> Path:
    program = folder / "paced"
    subprocess.run(["cc", "-std=c17", "-O2", "-o", program, ROOT / "tests/bench/paced.c"], check=True)
    return program


def median(rows: list[dict[str, Any]], name: str) -> float:
    return statistics.median(row[name] for row in rows)


def measure_starts(servers: list[Server]) -> None:
    """Start-up first: nothing runs yet but PostgreSQL. The first start fills the page cache and does not count."""
    print(f"{'':14}{'start ms':>10}{'idle MB':>9}{'anonymous':>11}")
    for server in servers:
        took, idle, anonymous = [], [], []
        for _ in range(STARTS + 1):
            took.append(server.start())
            time.sleep(0.5)
            idle.append(server.memory())
            anonymous.append(server.memory("RssAnon"))
            server.stop()
        row = [statistics.median(values[1:]) for values in (took, idle, anonymous)]
        print(f"{server.name:14}{row[0]:10.1f}{row[1]:9.1f}{row[2]:11.1f}")


def has(server: Server, case: str) -> bool:
    return case != "file_read" or server.name == "gantry-mcp"


def measure_loads(servers: list[Server], runs: int, seconds: float, folder: Path) -> None:
    results: dict[tuple[str, int, str], list[dict[str, Any]]] = {}
    for run in range(runs):
        for case, connections in MATRIX:
            for server in servers if run % 2 == 0 else reversed(servers):
                if has(server, case):
                    row = load(server, case, connections, seconds, folder)
                    results.setdefault((case, connections, server.name), []).append(row)
    print(f"\n{'closed loop':14}{'conns':>6}  {'server':12}{'calls/s':>9}{'from':>8}{'to':>8}", end="")
    print(f"{'p50 ms':>8}{'p99 ms':>8}{'us CPU':>8}{'errors':>8}{'x peer':>8}")
    for (case, connections, name), rows in results.items():
        rates = [row["per_second"] for row in rows]
        peer = results.get((case, connections, "toolbox"))
        times = f"{statistics.median(rates) / median(peer, 'per_second'):.2f}" if peer and name != "toolbox" else ""
        errors = sum(row["errors"] + row["odd"] for row in rows)
        print(f"{case:14}{connections:6}  {name:12}{statistics.median(rates):9.0f}{min(rates):8.0f}{max(rates):8.0f}", end="")
        print(f"{median(rows, 'p50'):8.2f}{median(rows, 'p99'):8.2f}{median(rows, 'us'):8.1f}{errors:8}{times:>8}")


def measure_paced(servers: list[Server], runs: int, seconds: float, program: Path) -> None:
    results: dict[tuple[int, str], list[dict[str, Any]]] = {}
    for run in range(runs):
        for rate in RATES:
            for server in servers if run % 2 == 0 else reversed(servers):
                results.setdefault((rate, server.name), []).append(paced(server, rate, seconds, program))
    names = ("p50", "p90", "p99", "p99.9", "max")
    print(f"\n{'open loop':14}{'rate':>6}  {'server':12}{'calls/s':>9}", end="")
    print("".join(f"{name + ' ms':>10}" for name in names), f"{'errors':>8}")
    for (rate, name), rows in results.items():
        print(f"{'select_one':14}{rate:6}  {name:12}{median(rows, 'per_second'):9.0f}", end="")
        print("".join(f"{median(rows, each):10.3f}" for each in names), f"{sum(row['errors'] for row in rows):8}")


def describe(postgres: Postgres) -> None:
    model = next(
        (line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line),
        platform.machine(),
    )
    version = postgres.value("SHOW server_version")
    busy = os.getloadavg()[0]
    print(f"{os.cpu_count()} x {model}, Linux {platform.release()}, PostgreSQL {version}, load before {busy:.2f}\n")


def measure(options: argparse.Namespace) -> None:
    folder = options.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    program = compile_paced(folder)
    with world(options.program.resolve(), folder) as (postgres, servers):
        describe(postgres)
        measure_starts(servers)
        for server in servers:
            server.start()
        measure_loads(servers, options.runs, options.seconds, folder)
        print(f"\n{'after load':14}{'MB':>8}{'anonymous':>11}{'peak':>8}")
        for server in servers:
            row = [server.memory(name) for name in ("VmRSS", "RssAnon", "VmHWM")]
            print(f"{server.name:14}{row[0]:8.1f}{row[1]:11.1f}{row[2]:8.1f}")
        measure_paced(servers, options.runs, options.seconds, program)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=Path, help="gantry-mcp, a release build")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--folder", type=Path, default=ROOT / "build/bench")
    measure(parser.parse_args())


if __name__ == "__main__":
    main()
