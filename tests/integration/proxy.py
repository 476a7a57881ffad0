"""A recording reverse proxy: counts and keeps requests and answers, and kills a process around one.

    python -m tests.integration.serve proxy --port-file FILE --upstream URL [--moto-gaps]

Control, below /_proxy/: GET log?after=N (method, target, service, operation, mutating, status; bodies with
bodies=1), POST kill {"request": k, "when": "before" | "after", "pidfile": PATH} (null: none), POST reset.
"""

from __future__ import annotations

import base64
import http.client
import json
import os
import re
import signal
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

from . import moto_gaps

_SCOPE = re.compile(r"Credential=[^/]+/\d{8}/([^/]+)/([^/]+)/aws4_request")
_HOP = {"connection", "keep-alive", "transfer-encoding", "te", "upgrade"}
_READS = ("Get", "List", "Describe", "Head", "BatchGet", "AssumeRole", "Invoke", "Simulate")


def _operation(method: str, path: str, headers: dict[str, str], body: bytes) -> str:
    """The operation's name, or method and path where the protocol is REST."""
    target = headers.get("x-amz-target")
    if target:
        return target.rpartition(".")[2]
    if headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        action = dict(parse_qsl(body.decode("utf-8", "replace"))).get("Action")
        if action:
            return action
    return f"{method} {path}"


def _mutating(method: str, path: str, operation: str) -> bool:
    if operation.startswith(f"{method} "):
        # The lists of AgentCore's runtimes are POST requests to a path that ends in a slash.
        listing = method == "POST" and re.fullmatch(r"/runtimes/(?:[^/]+/(?:runtime-endpoints|versions)/)?", path)
        return method != "GET" and not listing
    return not operation.startswith(_READS)


class Recorder:
    """The log, and what is to be killed."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.entries: list[dict[str, Any]] = []
        self.kill: dict[str, Any] | None = None

    def add(self, entry: dict[str, Any]) -> dict[str, Any]:
        """Numbers an entry."""
        with self.lock:
            entry["n"] = len(self.entries) + 1
            self.entries.append(entry)
            return entry

    def strike(self, number: int, when: str) -> bool:
        """Kills if this request is the one; true when the connection should end."""
        with self.lock:
            kill = self.kill
            if not kill or kill["request"] != number or kill["when"] != when:
                return False
        os.kill(_read_pid(kill["pidfile"]), signal.SIGKILL)
        return True


def _read_pid(path: str) -> int:
    for _ in range(1000):
        try:
            with open(path, encoding="ascii") as file:
                return int(file.read())
        except (FileNotFoundError, ValueError):
            time.sleep(0.005)
    raise RuntimeError(f"no process id in {path}")


class Handler(BaseHTTPRequestHandler):
    """One connection; a fresh one to the upstream for each request."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    recorder: Recorder
    upstream: tuple[str, int]
    fill_gaps = False

    def log_message(self, format: str, *args: Any) -> None:
        """The recorder is the log."""

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        url = urlsplit(self.path)
        if url.path.startswith("/_proxy/"):
            self._control(url.path.removeprefix("/_proxy/"), url.query, body)
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        scope = _SCOPE.search(headers.get("authorization", ""))
        operation = _operation(self.command, url.path, headers, body)
        entry = self.recorder.add(
            {
                "method": self.command,
                "target": self.path,
                "service": scope.group(2) if scope else None,
                "operation": operation,
                "mutating": _mutating(self.command, url.path, operation),
                "status": None,
                "_body": body,
                "_headers": dict(self.headers.items()),
            }
        )
        if self.recorder.strike(entry["n"], "before"):
            self.close_connection = True
            return
        result = self._forward(self.command, self.path, body)
        if self.fill_gaps:
            result = moto_gaps.fill(self.command, url.path, result, lambda path: self._forward("GET", path, b""))
        status, answer_headers, answer = result
        entry["status"], entry["_answer"] = status, answer
        if self.recorder.strike(entry["n"], "after"):
            self.close_connection = True
            return
        self._send(status, answer_headers, answer)

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = _serve

    def _forward(self, method: str, target: str, body: bytes) -> moto_gaps.Answer:
        connection = http.client.HTTPConnection(*self.upstream, timeout=300)
        try:
            connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                if name.lower() not in _HOP:
                    connection.putheader(name, value)
            connection.endheaders(body or None)
            answer = connection.getresponse()
            headers = [item for item in answer.getheaders() if item[0].lower() not in (*_HOP, "content-length")]
            return answer.status, headers, answer.read()
        finally:
            connection.close()

    def _send(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _control(self, name: str, query: str, body: bytes) -> None:
        recorder, result = self.recorder, None
        if name == "log":
            wanted = {key: values[0] for key, values in parse_qs(query).items()}
            with recorder.lock:
                entries = [entry for entry in recorder.entries if entry["n"] > int(wanted.get("after", 0))]
            result = [_show(entry, "bodies" in wanted) for entry in entries]
        elif name == "kill":
            with recorder.lock:
                recorder.kill = json.loads(body)
        elif name == "reset":
            with recorder.lock:
                recorder.entries, recorder.kill = [], None
        self._send(200, [("Content-Type", "application/json")], json.dumps(result).encode())


def _show(entry: dict[str, Any], bodies: bool) -> dict[str, Any]:
    shown = {name: value for name, value in entry.items() if not name.startswith("_")}
    if bodies:
        shown["headers"] = entry["_headers"]
        for name in ("body", "answer"):
            shown[name] = base64.b64encode(entry.get(f"_{name}") or b"").decode()
    return shown


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that was killed is no error of ours."""


def main(arguments: list[str]) -> int:
    """Serve."""
    upstream = urlsplit(arguments[arguments.index("--upstream") + 1])
    members = {
        "recorder": Recorder(),
        "upstream": (upstream.hostname, upstream.port),
        "fill_gaps": "--moto-gaps" in arguments,
    }
    handler = type("Bound", (Handler,), members)
    server = _Server(("127.0.0.1", 0), handler)
    with open(arguments[arguments.index("--port-file") + 1], "w", encoding="ascii") as file:
        file.write(f"{server.server_port}\n")
    server.serve_forever()
    return 0
