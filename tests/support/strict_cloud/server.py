"""The HTTP side: one port, keep-alive, faults, log."""

from __future__ import annotations

import email.utils
import json
import os
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from .admin import Admin
from .config import Config
from .dispatch import Call, Dispatcher, Request
from .encode import Answer, iso
from .errors import NotModelled, ServiceError
from .faults import BEFORE, Gate, Script, kill
from .journal import Journal
from .oidc import discovery

MAX_BODY = 8 << 20
HTML = b"<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>\n"
AGENTCORE = ("bedrock-agentcore", "bedrock-agentcore-control")
THROTTLED = {"cognito-idp": "TooManyRequestsException", "iam": "Throttling", "sts": "Throttling"}
INTERNAL = {
    "cognito-idp": "InternalErrorException",
    "iam": "ServiceFailure",
    "sts": "InternalFailure",
    "ecr": "ServerException",
    "logs": "ServiceUnavailableException",
    "secretsmanager": "InternalServiceError",
}
REASONS = {code: phrase for code, (phrase, _) in BaseHTTPRequestHandler.responses.items()}


class Dropped(Exception):
    """The connection is gone, on purpose."""


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Server

    def handle_one_request(self) -> None:
        """Like the base class's, for any method and with the request line kept raw."""
        self.raw_requestline = self.rfile.readline(65537)
        if not self.raw_requestline:
            self.close_connection = True
            return
        if len(self.raw_requestline) > 65536 or not self.parse_request():
            self.close_connection = True
            return
        try:
            self._serve()
        except (Dropped, ConnectionError, TimeoutError):
            self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:
        """The journal is the log."""

    # -- reading ------------------------------------------------------------------------------

    def _body(self) -> bytes | None:
        if self.headers.get("Transfer-Encoding"):
            return None
        length = self.headers.get("Content-Length", "0")
        if not length.isdecimal() or int(length) > MAX_BODY:
            return None
        return self.rfile.read(int(length))

    def _serve(self) -> None:
        target = self.requestline.split(" ")[1]
        body = self._body()
        if body is None:
            self._send(Answer(400, {"Content-Type": "text/plain"}, b"Content-Length is required, below 8 MiB\n"))
            self.close_connection = True
            return
        if target.startswith("/_double/"):
            self._serve_admin(target, body)
            return
        request = Request(self.command, target, list(self.headers.items()), body)
        document = discovery(self.server.dispatcher, request)
        if document is not None:
            self._send(document)
            return
        self._serve_service(request)

    def _serve_admin(self, target: str, body: bytes) -> None:
        path, _, query = target.partition("?")
        try:
            value = json.loads(body) if body else {}
        except ValueError:
            value = None
        status, result = self.server.admin.handle(self.command, path, query, value)
        self._send(Answer(status, {"Content-Type": "application/json"}, json.dumps(result).encode()))

    # -- one request to a service -------------------------------------------------------------

    def _serve_service(self, request: Request) -> None:
        server = self.server
        call = server.dispatcher.identify(request)
        number = server.journal.next()
        fault = server.script.take(call.service, call.operation, call.mutating) or {}
        name = fault.get("fault", "")
        if server.config.latency_ms:
            time.sleep(server.config.latency_ms / 1000)
        if name == "slow":
            time.sleep(fault.get("ms", 1000) / 1000)
        if name == "block-before":
            server.gate.hold(self._entry(number, request, call, None, name), server.config.stall_ms / 1000)
        if name in BEFORE or name == "kill-before":
            self._fail_before(number, request, call, fault)
            return
        answer = server.dispatcher.work(call, request, fault if name == "land" else None)
        server.journal.write(self._entry(number, request, call, answer.status, name))
        self._finish(number, request, call, fault, answer)

    def _fail_before(self, number: int, request: Request, call: Call, fault: dict[str, Any]) -> None:
        name, server = fault["fault"], self.server
        answer = None
        if name == "500":
            answer = _internal_error(server, call)
        elif name == "html":
            answer = Answer(502, {"Content-Type": "text/html"}, HTML)
        elif name == "throttle":
            code = THROTTLED.get(call.service or "", "ThrottlingException")
            call.error = ServiceError(code, "Rate exceeded", None if call.service in AGENTCORE else 400)
            answer = server.dispatcher.failure(call, call.error)
        elif name == "error":
            call.error = ServiceError(fault["code"], fault.get("message", "injected by the test"), fault.get("status"))
            answer = server.dispatcher.failure(call, call.error)
        server.journal.write(self._entry(number, request, call, answer.status if answer else None, name))
        if answer:
            self._send(answer)
        elif name == "stall-before":
            self._stall()
        else:
            if name == "kill-before":
                _kill(fault)
            self._reset()

    def _finish(self, number: int, request: Request, call: Call, fault: dict[str, Any], answer: Answer) -> None:
        name, server = fault.get("fault", ""), self.server
        if name == "block-after":
            server.gate.hold(self._entry(number, request, call, answer.status, name), server.config.stall_ms / 1000)
        elif name == "kill-after":
            _kill(fault)
            self._reset()
        elif name == "reset-after":
            self._reset()
        elif name == "500-after":
            answer = _internal_error(server, Call(match=call.match, scope=call.scope))
        elif name == "html-after":
            answer = Answer(502, {"Content-Type": "text/html"}, HTML)
        elif name == "empty":
            answer = Answer(answer.status, answer.headers, b"")
        elif name == "junk":
            answer = Answer(answer.status, answer.headers, b"\x00\xff}{ this is no answer <<")
        elif name == "stall":
            self._stall()
        elif name == "truncate":
            raw = self._raw(answer)
            self.wfile.write(raw[: len(raw) - (len(answer.body) + 1) // 2] if answer.body else b"HTTP/1.1")
            raise Dropped
        self._send(answer)

    def _entry(self, number: int, request: Request, call: Call, status: int | None, fault: str) -> dict[str, Any]:
        entry = {
            "n": number,
            "time": iso(time.time()),
            "service": call.service,
            "operation": call.operation,
            "mutating": call.mutating,
            "status": status,
            "error": call.error.code if call.error else None,
            "account": call.key.account if call.key else None,
            "region": call.scope.region if call.scope else None,
            "ids": call.ids,
            "requestId": call.request_id,
        }
        if fault:
            entry["fault"] = fault
        if call.error:
            entry["message"] = call.error.message[:500]
        if call.operation is None or isinstance(call.error, NotModelled):
            entry["refused"] = f"{request.method} {request.target[:300]}"
        if call.bug:
            entry["bug"] = call.bug
        return entry

    # -- writing ------------------------------------------------------------------------------

    def _raw(self, answer: Answer) -> bytes:
        skewed = time.time() + self.server.config.skew_ms / 1000
        headers = {"Date": email.utils.formatdate(skewed, usegmt=True), **answer.headers}
        if answer.status != 204:
            headers["Content-Length"] = str(len(answer.body))
        if self.close_connection:
            headers["Connection"] = "close"
        lines = [f"HTTP/1.1 {answer.status} {REASONS.get(answer.status, 'Unknown')}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + (b"" if answer.status == 204 else answer.body)

    def _send(self, answer: Answer) -> None:
        self.wfile.write(self._raw(answer))

    def _reset(self) -> None:
        """RST instead of an answer."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(self.connection.detach())
        raise Dropped

    def _stall(self) -> None:
        """Say nothing until the client goes away or the time is up."""
        self.connection.settimeout(self.server.config.stall_ms / 1000)
        self.connection.recv(1)
        raise Dropped


def _kill(fault: dict[str, Any]) -> None:
    try:
        kill(fault)
    except (OSError, ValueError) as error:
        print(f"strict_cloud: fault {fault['fault']}: {error}", file=sys.stderr, flush=True)


def _internal_error(server: Server, call: Call) -> Answer:
    code = INTERNAL.get(call.service or "", "InternalServerException")
    call.error = ServiceError(code, "injected by the test", 500)
    return server.dispatcher.failure(call, call.error)


class Server(ThreadingHTTPServer):
    """The double.  Use start() and stop() in a test's own process, or python -m strict_cloud."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(
        self,
        config: Config | None = None,
        port: int = 0,
        log_path: str | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.config = config or Config()
        self.dispatcher = Dispatcher(self.config, clock)
        self.journal = Journal(log_path)
        self.script = Script()
        self.gate = Gate()
        self.admin = Admin(self.dispatcher, self.journal, self.script, self.gate)
        super().__init__(("127.0.0.1", port), Handler)

    @property
    def url(self) -> str:
        """http://127.0.0.1:PORT"""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that is gone is no news; anything else is a bug of the double."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)

    def start(self) -> None:
        """Serve in a thread."""
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        """End the thread and free the port."""
        self.shutdown()
        self.server_close()
