#!/usr/bin/env python3
"""An MCP server with two tools that read the Markdown reports beside it.

It follows the contract of AgentCore Runtime: Streamable HTTP, stateless, POST /mcp and GET /ping on
HOST:PORT (0.0.0.0:8000 unless the environment says otherwise). Python's standard library is all that
it needs.
"""

import json
import os
import pathlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

REPORTS = pathlib.Path(os.environ.get("REPORTS", pathlib.Path(__file__).parent / "reports")).resolve()
VERSIONS = ["2025-11-25", "2025-06-18", "2025-03-26"]
BODY_MAX = 1 << 20

TOOLS = [
    {
        "name": "list_reports",
        "description": "List the reports that can be read, with their sizes in bytes.",
        "inputSchema": {"type": "object", "properties": {}, "additionalProperties": False},
        "annotations": {"readOnlyHint": True, "openWorldHint": False},
    },
    {
        "name": "read_report",
        "description": "Read one report as Markdown.",
        "inputSchema": {
            "type": "object",
            "properties": {"name": {"type": "string", "description": "as list_reports names it"}},
            "required": ["name"],
            "additionalProperties": False,
        },
        "annotations": {"readOnlyHint": True, "openWorldHint": False},
    },
]


class Refused(Exception):
    """A JSON-RPC error: code and message."""


def text(content, error=False):
    return {"content": [{"type": "text", "text": content}], "isError": error}


def list_reports(_arguments):
    rows = [f"{path.name} {path.stat().st_size}" for path in sorted(REPORTS.glob("*.md"))]
    return text("\n".join(rows) or "there are no reports")


def read_report(arguments):
    path = (REPORTS / str(arguments.get("name", ""))).resolve()
    if path.parent != REPORTS or path.suffix != ".md" or not path.is_file():
        return text(f"there is no report {arguments.get('name')!r}; list_reports names them", True)
    return text(path.read_text(encoding="utf-8"))


CALLS = {"list_reports": list_reports, "read_report": read_report}


def initialize(params):
    asked = params.get("protocolVersion")
    return {
        "protocolVersion": asked if asked in VERSIONS else VERSIONS[0],
        "capabilities": {"tools": {}},
        "serverInfo": {"name": "reports", "version": "1.0.0"},
    }


def call_tool(params):
    if params.get("name") not in CALLS:
        raise Refused(-32602, f"unknown tool {params.get('name')!r}")
    return CALLS[params["name"]](params.get("arguments") or {})


METHODS = {
    "initialize": initialize,
    "ping": lambda params: {},
    "tools/list": lambda params: {"tools": TOOLS},
    "tools/call": call_tool,
}


def answer(message):
    """The response to one JSON-RPC message, or None to a notification."""
    if not isinstance(message, dict) or message.get("jsonrpc") != "2.0":
        return {"jsonrpc": "2.0", "id": None, "error": {"code": -32600, "message": "no JSON-RPC 2.0"}}
    if "id" not in message or "method" not in message:
        return None
    reply = {"jsonrpc": "2.0", "id": message["id"]}
    try:
        if message["method"] not in METHODS:
            raise Refused(-32601, f"no method {message['method']!r}")
        return {**reply, "result": METHODS[message["method"]](message.get("params") or {})}
    except Refused as refused:
        return {**reply, "error": {"code": refused.args[0], "message": refused.args[1]}}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def reply(self, status, document=None):
        body = b"" if document is None else json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        if self.path in ("/ping", "/health"):
            self.reply(200, {"status": "Healthy"})
        else:
            self.reply(405 if self.path == "/mcp" else 404)

    def do_POST(self):
        length = int(self.headers.get("Content-Length") or 0)
        if self.path != "/mcp" or length > BODY_MAX:
            self.close_connection = True
            self.reply(404 if self.path != "/mcp" else 413)
            return
        try:
            message = json.loads(self.rfile.read(length))
        except ValueError:
            error = {"code": -32700, "message": "no JSON"}
            self.reply(400, {"jsonrpc": "2.0", "id": None, "error": error})
            return
        response = answer(message)
        self.reply(202) if response is None else self.reply(200, response)

    def log_message(self, *args):
        """Requests are the platform's to log."""


if __name__ == "__main__":
    address = (os.environ.get("HOST", "0.0.0.0"), int(os.environ.get("PORT", "8000")))
    server = ThreadingHTTPServer(address, Handler)
    print(f"reports of {REPORTS.name}/ on port {server.server_port}", flush=True)
    server.serve_forever()
