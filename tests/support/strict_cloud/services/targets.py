"""Gateway targets: kinds, the connection to MCP servers, synchronisation."""

from __future__ import annotations

import copy
from typing import Any

from ..context import Context, operation
from ..errors import conflict, invalid, not_found
from ..store import MIXED, Record, random_id
from .agentcore import refuse_pending, visible
from .connections import check_lambda, check_provider, connect
from .gateways import SERVICE, get_gateway

_MEMBERS = (
    "description",
    "targetConfiguration",
    "credentialProviderConfigurations",
    "metadataConfiguration",
    "privateEndpoint",
)
POLICY_HEADER = "x-amzn-bedrock-agentcore-policy-session-id"
PENDING_AUTH = ("CREATE_PENDING_AUTH", "UPDATE_PENDING_AUTH", "SYNCHRONIZE_PENDING_AUTH")
_TYPES = {
    "openApiSchema": "OPEN_API_SCHEMA",
    "smithyModel": "SMITHY_MODEL",
    "mcpServer": "MCP_SERVER",
    "lambda": "LAMBDA",
    "apiGateway": "API_GATEWAY",
    "connector": "CONNECTOR",
    "agentcoreRuntime": "AGENTCORE_RUNTIME",
    "passthrough": "PASSTHROUGH",
    "provider": "PROVIDER",
}


def kind_of(configuration: dict[str, Any]) -> tuple[str, str, dict[str, Any]]:
    """("mcp", "mcpServer", {...})"""
    family, inner = next(iter(configuration.items()))
    kind, value = next(iter(inner.items()))
    return family, kind, value


def get_target(context: Context, params: dict[str, Any], reading: bool = False) -> Record:
    """A target of a gateway."""
    gateway = get_gateway(context, params["gatewayIdentifier"])
    target = context.find("target", f"{gateway.key}/{params['targetId']}")
    if target is None or (reading and not visible(context, target)):
        raise not_found(f"Target {params['targetId']} not found for gateway {gateway.key}")
    return target


def _shape(context: Context, target: Record) -> dict[str, Any]:
    gateway = target.owner
    result = {
        **copy.deepcopy(target.data),
        "gatewayArn": gateway.arn,
        "targetId": target.key.split("/")[1],
        "name": target.name,
        "createdAt": target.created,
        "updatedAt": target.updated,
        "status": target.visible_status(),
        "statusReasons": target.reasons or None,
    }
    result.setdefault("credentialProviderConfigurations", [])
    family, kind, value = kind_of(result["targetConfiguration"])
    result["protocolType"] = "MCP" if family == "mcp" else "HTTP"
    if kind == "mcpServer":
        value.setdefault("listingMode", "DEFAULT")
        value.setdefault("resourcePriority", 1000)
    if gateway.data.get("policyEngineConfiguration"):
        # Observed: the service adds this header to every target of such a gateway.
        headers = result.setdefault("metadataConfiguration", {}).setdefault("allowedRequestHeaders", [])
        if POLICY_HEADER not in headers:
            headers.append(POLICY_HEADER)
    if target.status in PENDING_AUTH:
        result["authorizationData"] = {
            "oauth2": {
                "authorizationUrl": f"https://bedrock-agentcore.{context.region}.amazonaws.com/identities/oauth2/authorize"
                f"?request_uri={target.key.split('/')[1]}",
                "userId": gateway.key,
            }
        }
    return result


def _check(context: Context, gateway: Record, params: dict[str, Any]) -> None:
    family, kind, value = kind_of(params["targetConfiguration"])
    if family == "http" and kind == "agentcoreRuntime" and gateway.data.get("protocolType") == "MCP":
        raise invalid("http.agentcoreRuntime targets cannot be attached to a gateway of protocol type MCP")
    check_provider(context, kind, params.get("credentialProviderConfigurations"))
    if kind == "mcpServer" and "mcpToolSchema" in value and not _needs_consent(params):
        raise invalid("mcpToolSchema needs OAUTH credentials with grant type AUTHORIZATION_CODE")
    if kind == "lambda":
        check_lambda(context, gateway, value["lambdaArn"])
    headers = [name.lower() for name in params.get("metadataConfiguration", {}).get("allowedRequestHeaders", [])]
    session = gateway.data.get("protocolConfiguration", {}).get("mcp", {}).get("sessionConfiguration")
    if session and "mcp-session-id" in headers:
        raise invalid("Mcp-Session-Id cannot be propagated when gateway sessions are on")


def _needs_consent(params: dict[str, Any]) -> bool:
    for item in params.get("credentialProviderConfigurations", []):
        oauth = item.get("credentialProvider", {}).get("oauthCredentialProvider", {})
        if oauth.get("grantType") == "AUTHORIZATION_CODE":
            return True
    return False


def _start(context: Context, target: Record, verb: str) -> None:
    """CREATING, UPDATING or SYNCHRONIZING, then what the connection came to.

    Observed: the call succeeds and the target lands in FAILED when the server cannot be reached or
    the role's policy is not visible yet; doing it again later evaluates anew.
    """
    pending = {"CREATE": "CREATING", "UPDATE": "UPDATING", "SYNCHRONIZE": "SYNCHRONIZING"}[verb]
    failed = {"CREATE": "FAILED", "UPDATE": "UPDATE_UNSUCCESSFUL", "SYNCHRONIZE": "SYNCHRONIZE_UNSUCCESSFUL"}[verb]
    _, kind, value = kind_of(target.data["targetConfiguration"])
    listed = kind == "mcpServer" and value.get("listingMode", "DEFAULT") == "DEFAULT" and "mcpToolSchema" not in value
    if _needs_consent(target.data):
        context.move(target, pending, f"{verb}_PENDING_AUTH")
        return
    problem = connect(context, target.owner, value["endpoint"], target.data) if listed else None
    if problem:
        context.move(target, pending, failed, reasons=[problem])
        return

    def synchronised(due: float) -> None:
        target.data["lastSynchronizedAt"] = due

    context.move(target, pending, "READY", on_settled=synchronised if listed else None)


@operation(SERVICE, "CreateGatewayTarget")
def create_gateway_target(context: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Observed: refused while the gateway is CREATING (other busy statuses: guess).  Names are unique in it."""
    gateway = get_gateway(context, params["gatewayIdentifier"])

    def work() -> tuple[dict[str, Any], Record]:
        if gateway.status not in ("READY", "UPDATE_UNSUCCESSFUL"):
            raise invalid(f"Cannot perform operation CreateGatewayTarget when gateway is in {gateway.status} status")
        target_id = random_id(10, MIXED).upper()
        name = params.get("name", f"target-{target_id.lower()}")
        if any(target.name == name for target in context.all("target", gateway)):
            raise conflict(f"A target with name {name} already exists in gateway {gateway.key}")
        _check(context, gateway, params)
        target = context.new(
            "target",
            f"{gateway.key}/{target_id}",
            name,
            parent=gateway,
            data={key: copy.deepcopy(params[key]) for key in _MEMBERS if key in params},
            hidden={"hidden_ms": context.config.hidden_ms},
        )
        _start(context, target, "CREATE")
        return _shape(context, target), target

    return context.once(params, work)


@operation(SERVICE, "GetGatewayTarget")
def get_gateway_target(context: Context, params: dict[str, Any]) -> dict[str, Any]:
    """With status, reasons and what the service added."""
    return _shape(context, get_target(context, params, reading=True))


@operation(SERVICE, "ListGatewayTargets")
def list_gateway_targets(context: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Summaries."""
    gateway = get_gateway(context, params["gatewayIdentifier"])
    targets = [target for target in context.all("target", gateway) if visible(context, target)]
    chosen, token = context.page(targets, params)
    items = []
    for target in chosen:
        shape = _shape(context, target)
        _, kind, value = kind_of(shape["targetConfiguration"])
        items.append(
            {
                **shape,
                "targetType": _TYPES[kind],
                "listingMode": value.get("listingMode"),
                "resourcePriority": value.get("resourcePriority"),
            }
        )
    return {"items": items, "nextToken": token}


def _refuse_pending_auth(target: Record, verb: str) -> None:
    if target.status in PENDING_AUTH:
        raise conflict(f"Cannot {verb} target {target.name} in {target.status} status")


@operation(SERVICE, "UpdateGatewayTarget")
def update_gateway_target(context: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Whole configuration again; the kind and the name stay (observed); connects anew."""
    target = get_target(context, params)
    refuse_pending(target, "Target")
    _refuse_pending_auth(target, "update")
    if params.get("name", target.name) != target.name:
        raise invalid("The name of a target cannot be changed")
    if kind_of(params["targetConfiguration"])[:2] != kind_of(target.data["targetConfiguration"])[:2]:
        raise invalid("The kind of a target cannot be changed")
    _check(context, target.owner, params)
    kept = {name: target.data[name] for name in ("lastSynchronizedAt",) if name in target.data}
    target.data = {**kept, **{key: copy.deepcopy(params[key]) for key in _MEMBERS if key in params}}
    _start(context, target, "UPDATE")
    return _shape(context, target)


@operation(SERVICE, "DeleteGatewayTarget")
def delete_gateway_target(context: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Observed: reads show the old status for a moment, then DELETING, then nothing."""
    target = get_target(context, params)
    refuse_pending(target, "Target")
    if not context.config.pending_auth_delete:
        _refuse_pending_auth(target, "delete")
    context.cloud.vanish(target, context.now, context.config.delete_ms, stale=True)
    return {"gatewayArn": target.owner.arn, "targetId": target.key.split("/")[1], "status": "DELETING"}


@operation(SERVICE, "SynchronizeGatewayTargets")
def synchronize_gateway_targets(context: Context, params: dict[str, Any]) -> dict[str, Any]:
    """One target per call, MCP servers in DEFAULT listing mode without a static schema only."""
    target = get_target(context, {**params, "targetId": params["targetIdList"][0]})
    _, kind, value = kind_of(target.data["targetConfiguration"])
    if kind != "mcpServer" or value.get("listingMode") == "DYNAMIC" or "mcpToolSchema" in value:
        raise invalid("Only MCP server targets with listing mode DEFAULT and without mcpToolSchema can be synchronized")
    refuse_pending(target, "Target")
    _refuse_pending_auth(target, "synchronize")
    _start(context, target, "SYNCHRONIZE")
    return {"targets": [_shape(context, target)]}
