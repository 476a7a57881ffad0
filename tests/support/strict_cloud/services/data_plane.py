"""InvokeAgentRuntime, with a minimal MCP server behind it."""

from __future__ import annotations

import json
import uuid
from typing import Any

from ..context import Context, operation
from ..errors import ServiceError, denied, not_found
from ..store import Record

SERVICE = "bedrock-agentcore"
PROTOCOL_VERSION = "2025-06-18"


def _runtime(context: Context, params: dict[str, Any]) -> Record:
    wanted = params["agentRuntimeArn"]
    if not wanted.startswith("arn:"):
        account = params.get("accountId", context.account)
        runtime = context.cloud.find("runtime", account, context.region, wanted)
    else:
        runtime = context.cloud.by_arn(wanted, ("runtime",))
    if runtime is None or runtime.region != context.region or runtime.status in ("CREATING", "DELETING"):
        raise not_found(
            f"No endpoint or agent found with qualifier '{params.get('qualifier', 'DEFAULT')}' for agent '{wanted}'"
        )
    if runtime.account != context.account:
        raise denied("User is not authorized to perform: bedrock-agentcore:InvokeAgentRuntime")
    return runtime


def _mcp(context: Context, runtime: Record, message: dict[str, Any]) -> dict[str, Any] | None:
    """The answer to a JSON-RPC message; None for a notification."""
    method = message.get("method")
    if "id" not in message:
        return None
    answer = {"jsonrpc": "2.0", "id": message["id"]}
    if method == "initialize":
        version = message.get("params", {}).get("protocolVersion", PROTOCOL_VERSION)
        return {
            **answer,
            "result": {
                "protocolVersion": version,
                "capabilities": {"tools": {"listChanged": False}},
                "serverInfo": {"name": runtime.name, "version": "1.0.0"},
            },
        }
    if method == "ping":
        return {**answer, "result": {}}
    if method == "tools/list":
        tools = context.cloud.mcp_servers.get(runtime.name, {}).get("tools") or [
            {
                "name": "echo",
                "description": "Says it again",
                "inputSchema": {"type": "object", "properties": {"text": {"type": "string"}}},
            }
        ]
        return {**answer, "result": {"tools": tools}}
    return {**answer, "error": {"code": -32601, "message": f"Method not found: {method}"}}


@operation(SERVICE, "InvokeAgentRuntime")
def invoke_agent_runtime(context: Context, params: dict[str, Any]) -> dict[str, Any]:
    """SigV4 callers only: a runtime with a JWT authorizer refuses them (AWS: runtime-oauth)."""
    runtime, qualifier = _runtime(context, params), params.get("qualifier", "DEFAULT")
    if "authorizerConfiguration" in runtime.data:
        raise denied(
            "Authorization method mismatch. The agent is configured for a different authorization method "
            "than what was used in your request."
        )
    endpoint = context.find("endpoint", f"{runtime.key}/{qualifier}")
    if endpoint is None or endpoint.hidden["live"] is None:
        raise not_found(f"No endpoint or agent found with qualifier '{qualifier}' for agent '{runtime.arn}'")
    result = {
        "contentType": "application/json",
        "statusCode": 200,
        "response": b"",
        "runtimeSessionId": params.get("runtimeSessionId", str(uuid.uuid4())),
        "mcpSessionId": params.get("mcpSessionId", str(uuid.uuid4())),
    }
    runtime.hidden["warm"] = True
    if runtime.data["protocolConfiguration"]["serverProtocol"] != "MCP":
        result["response"] = json.dumps({"echo": params["payload"].decode("utf-8", "replace")}).encode()
        return result
    try:
        message = json.loads(params["payload"])
    except ValueError:
        raise ServiceError("RuntimeClientError", "Received error (400) from runtime: Parse error") from None
    if not isinstance(message, dict) or message.get("jsonrpc") != "2.0":
        raise ServiceError("RuntimeClientError", "Received error (400) from runtime: Invalid Request")
    answer = _mcp(context, runtime, message)
    if answer is None:
        result["statusCode"] = 202
    else:
        result["response"] = json.dumps(answer).encode()
    return result
