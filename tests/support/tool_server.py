"""An MCP server of the standard library, for tests of what stands in front of one.

tool_server.py [http | stdio]: HTTP on 127.0.0.1:$PORT (/mcp, and /ping unless NO_PING is set) or
lines on stdin and stdout. With STATEFUL set it makes sessions as legacy servers do, and answers 404
for those that it does not know; with LATE=SECONDS it listens only then; with BROKEN it ends at once.
With OFFERS=NAME it has prompts and resources too, named so that one server's are told from another's.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import threading
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

LEGACY = ("2025-11-25", "2025-06-18", "2025-03-26")


def tool(name: str, description: str, **properties: str) -> dict[str, Any]:
    return {
        "name": name,
        "description": description,
        "inputSchema": {
            "type": "object",
            "properties": {key: {"type": kind} for key, kind in properties.items()},
        },
    }


TOOLS = [
    tool("echo", "Says a text again", text="string"),
    tool("add", "Adds two numbers", a="number", b="number"),
    tool("slow", "Waits for some seconds", seconds="number", begun="string", until="string"),
    tool("die", "Ends the server in the middle of the call"),
    tool("variables", "The environment of the server"),
    tool("headers", "The headers of this request"),
    tool("steps", "Tells its progress in three steps"),
    tool("fails", "A tool that fails"),
    tool("status", "Answers with an HTTP status", code="number"),
    tool("garbage", "Answers with something that is no MCP"),
    tool("big", "Answers with many bytes", bytes="number"),
]
if os.environ.get("MORE_TOOLS"):
    TOOLS += [tool(f"more-{i:03}", "One of many") for i in range(int(os.environ["MORE_TOOLS"]))]


if os.environ.get("NO_TOOLS"):
    TOOLS = []


OFFERS = os.environ.get("OFFERS")


def offered(method: str, params: dict[str, Any]) -> dict[str, Any] | None:
    """Answers of a server with OFFERS."""
    if method == "prompts/list":
        return {"prompts": [{"name": "greet", "arguments": [{"name": "who", "required": True}]}]}
    if method == "prompts/get":
        text = f"{OFFERS} greets {(params.get('arguments') or {}).get('who')}"
        return {"messages": [{"role": "user", "content": {"type": "text", "text": text}}]}
    if method == "resources/list":
        own = {"uri": f"test://{OFFERS}/readme", "name": "readme"}
        return {"resources": [own, {"uri": "test://both", "name": f"both of {OFFERS}"}]}
    if method == "resources/templates/list":
        return {"resourceTemplates": [{"uriTemplate": f"test://{OFFERS}/item/{{id}}", "name": "item"}]}
    if method == "resources/read":
        return {"contents": [{"uri": params["uri"], "text": f"read by {OFFERS}"}]}
    return None


class Special(Exception):
    """An answer that is none of the protocol."""

    def __init__(self, status: int, body: bytes) -> None:
        super().__init__()
        self.status, self.body = status, body


def run(name: str, arguments: dict[str, Any], headers: dict[str, str]) -> Any:
    if name == "echo":
        return arguments.get("text", "")
    if name == "add":
        return arguments["a"] + arguments["b"]
    if name == "slow":
        if "begun" in arguments:  # a file that says so
            open(arguments["begun"], "w", encoding="utf-8").close()
        end = time.monotonic() + arguments.get("seconds", 1)
        while (left := end - time.monotonic()) > 0:  # or until a file is there
            if "until" not in arguments:
                time.sleep(left)
            elif os.path.exists(arguments["until"]):
                break
            else:
                time.sleep(min(left, 0.02))
        return "at last"
    if name == "die":
        print("asked to die", file=sys.stderr, flush=True)
        os._exit(3)
    if name == "variables":
        return dict(os.environ)
    if name == "headers":
        return headers
    if name == "status":
        raise Special(int(arguments["code"]), b"a page of text")
    if name == "garbage":
        raise Special(200, b"{\"no\": \"MCP\"}")
    if name == "big":
        return "x" * int(arguments["bytes"])
    if name == "fails":
        raise ValueError("it was asked to fail")
    raise LookupError(name)


def result_of(message: dict[str, Any], headers: dict[str, str]) -> dict[str, Any] | None:
    """The answer to a message, or None."""
    method, params = message.get("method"), message.get("params") or {}
    if "id" not in message:
        return None
    answer: dict[str, Any] = {"jsonrpc": "2.0", "id": message["id"]}
    if method == "initialize":
        wanted = params.get("protocolVersion")
        answer["result"] = {
            "protocolVersion": wanted if wanted in LEGACY else LEGACY[0],
            "capabilities": {"tools": {}, **({"prompts": {}, "resources": {}} if OFFERS else {})},
            "serverInfo": {"name": "tool-server", "version": "1"},
        }
    elif method == "ping":
        answer["result"] = {}
    elif method == "tools/list":
        start = int(params.get("cursor") or 0)
        answer["result"] = {"tools": TOOLS[start : start + 50]}
        if start + 50 < len(TOOLS):
            answer["result"]["nextCursor"] = str(start + 50)
    elif method == "tools/call":
        try:
            value = run(params.get("name", ""), params.get("arguments") or {}, headers)
            text = value if isinstance(value, str) else json.dumps(value)
            answer["result"] = {"content": [{"type": "text", "text": text}]}
        except LookupError as error:
            answer["error"] = {"code": -32602, "message": f"Unknown tool: {error.args[0]}"}
        except ValueError as error:
            answer["result"] = {"content": [{"type": "text", "text": str(error)}], "isError": True}
    elif OFFERS and offered(method or "", params) is not None:
        answer["result"] = offered(method or "", params)
    else:
        answer["error"] = {"code": -32601, "message": f"Method not found: {method}"}
    return answer


# -- HTTP ----------------------------------------------------------------------------------------


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    sessions: set[str] = set()
    calls = 0

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def send(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        if self.path == "/ping" and not os.environ.get("NO_PING"):
            self.send(200, b'{"status": "Healthy"}', Content_Type="application/json")
        else:
            self.send(405 if self.path == "/mcp" else 404)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path.split("?")[0] != "/mcp":
            self.send(404)
            return
        message = json.loads(body)
        session = self.headers.get("Mcp-Session-Id")
        extra: dict[str, str] = {"X_Answer": "told", "X_Hidden": "not for all"}
        if os.environ.get("STATEFUL"):
            if message.get("method") == "initialize":
                session = uuid.uuid4().hex
                self.sessions.add(session)
                extra["Mcp_Session_Id"] = session
            elif session not in self.sessions:
                self.send(404 if session else 400, b"no such session")
                return
        headers = {name.lower(): value for name, value in self.headers.items()}
        headers[":path"] = self.path
        if message.get("method") == "tools/call" and message["params"].get("name") == "steps":
            self.steps(message)
            return
        try:
            answer = result_of(message, headers)
        except Special as special:
            self.send(special.status, special.body, Content_Type="application/json")
            return
        if answer is None:
            self.send(202, **extra)
        else:
            self.send(200, json.dumps(answer).encode(), Content_Type="application/json", **extra)

    def steps(self, message: dict[str, Any]) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        token = (message["params"].get("_meta") or {}).get("progressToken")
        for event in steps_of(message, token):
            self.wfile.write(b"event: message\ndata: " + json.dumps(event).encode() + b"\n\n")
            self.wfile.flush()
            time.sleep(0.05)


def steps_of(message: dict[str, Any], token: Any) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = []
    if message["params"].get("arguments", {}).get("log"):
        told = {"level": "info", "logger": "steps", "data": "begun"}
        events.append({"jsonrpc": "2.0", "method": "notifications/message", "params": told})
    for step in range(1, 4):
        params = {"progressToken": token, "progress": step, "total": 3, "message": f"step {step}"}
        if token is not None:
            events.append(
                {"jsonrpc": "2.0", "method": "notifications/progress", "params": params}
            )
    result = {"content": [{"type": "text", "text": "three steps"}]}
    return [*events, {"jsonrpc": "2.0", "id": message["id"], "result": result}]


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass


def serve_http(port: int) -> None:
    server = Server(("127.0.0.1", port), Handler)
    server.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    print(f"listening on {server.server_address[1]}", flush=True)
    server.serve_forever()


# -- stdio ---------------------------------------------------------------------------------------


def serve_stdio() -> None:
    lock = threading.Lock()

    def say(document: Any) -> None:
        with lock:
            sys.stdout.write(json.dumps(document) + "\n")
            sys.stdout.flush()

    def work(message: dict[str, Any]) -> None:
        params = message.get("params") or {}
        if message.get("method") == "tools/call" and params.get("name") == "steps":
            for event in steps_of(message, (params.get("_meta") or {}).get("progressToken")):
                say(event)
            return
        try:
            answer = result_of(message, {})
        except Special:
            say({"no": "MCP"})
            return
        if answer is not None:
            say(answer)

    print("reads from stdin", file=sys.stderr, flush=True)
    for line in sys.stdin:
        threading.Thread(target=work, args=(json.loads(line),), daemon=True).start()


if __name__ == "__main__":
    if os.environ.get("BROKEN"):
        sys.exit("this server is broken")
    time.sleep(float(os.environ.get("LATE", "0")))
    if sys.argv[1:] == ["stdio"]:
        serve_stdio()
    else:
        serve_http(int(os.environ.get("PORT", "0")))
