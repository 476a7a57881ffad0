"""AgentCore gateways.  AWS: bedrock-agentcore-control, CreateGateway and friends."""

from __future__ import annotations

import copy
from typing import Any

from ..context import Context, operation
from ..errors import conflict, denied, invalid, not_found
from ..store import Record, random_id
from .agentcore import (
    add_workload_identity,
    check_gateway_role,
    check_jwt,
    check_tags,
    refuse_pending,
    shown_authorizer,
    visible,
)

SERVICE = "bedrock-agentcore-control"
_MEMBERS = (
    "description",
    "roleArn",
    "protocolType",
    "protocolConfiguration",
    "authorizerType",
    "authorizerConfiguration",
    "kmsKeyArn",
    "customTransformConfiguration",
    "interceptorConfigurations",
    "policyEngineConfiguration",
    "exceptionLevel",
    "wafConfiguration",
)


def get_gateway(context: Context, identifier: str, reading: bool = False) -> Record:
    """The gateway of the caller's account and region."""
    gateway = context.find("gateway", identifier)
    if gateway is None or (reading and not visible(context, gateway)):
        raise not_found(f"Gateway {identifier} not found")
    return gateway


def refuse_arn(labels: dict[str, str], action: str) -> None:
    """Observed: an ARN in place of the id is AccessDeniedException, not a validation error."""
    if labels.get("gatewayIdentifier", "").startswith("arn:"):
        raise denied(f"User is not authorized to perform: bedrock-agentcore:{action}")


def _shape(gateway: Record) -> dict[str, Any]:
    return {
        **gateway.data,
        "authorizerConfiguration": shown_authorizer(gateway.data.get("authorizerConfiguration")),
        "gatewayId": gateway.key,
        "gatewayArn": gateway.arn,
        "name": gateway.name,
        "createdAt": gateway.created,
        "updatedAt": gateway.updated,
        "status": gateway.visible_status(),
        "statusReasons": gateway.reasons or None,
    }


def _check(params: dict[str, Any]) -> None:
    kind, configuration = params["authorizerType"], params.get("authorizerConfiguration")
    if (kind == "CUSTOM_JWT") != (configuration is not None):
        raise invalid(
            f"authorizerConfiguration {'is required' if configuration is None else 'is not allowed'} with "
            f"authorizerType {kind}"
        )
    check_jwt(configuration)
    if "protocolConfiguration" in params and "protocolType" not in params:
        raise invalid("protocolConfiguration needs protocolType")


@operation(SERVICE, "CreateGateway")
def create_gateway(context: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Names are unique in account and region; the id is the lower-cased name and ten characters."""

    def work() -> tuple[dict[str, Any], Record]:
        name = params["name"]
        if any(gateway.name == name for gateway in context.all("gateway")):
            raise conflict(f"A gateway with name {name} already exists")
        _check(params)
        gateway_id = f"{name.lower().rstrip('-')}-{random_id(10)}"
        arn = context.arn("bedrock-agentcore", f"gateway/{gateway_id}")
        check_gateway_role(context, params["roleArn"], arn)
        gateway = context.new(
            "gateway",
            gateway_id,
            name,
            arn=arn,
            tags=check_tags(params.get("tags", {})),
            data={key: copy.deepcopy(params[key]) for key in _MEMBERS if key in params},
            hidden={"hidden_ms": context.config.hidden_ms},
        )
        suffix = "/mcp" if params.get("protocolType") == "MCP" else ""
        gateway.data["gatewayUrl"] = (
            f"https://{gateway_id}.gateway.bedrock-agentcore.{context.region}.amazonaws.com{suffix}"
        )
        gateway.data["workloadIdentityDetails"] = {"workloadIdentityArn": add_workload_identity(context, gateway)}
        context.move(gateway, "CREATING", "READY")
        return _shape(gateway), gateway

    return context.once(params, work)


@operation(SERVICE, "GetGateway")
def read_gateway(context: Context, params: dict[str, Any]) -> dict[str, Any]:
    """With members that Create does not have."""
    return _shape(get_gateway(context, params["gatewayIdentifier"], reading=True))


@operation(SERVICE, "ListGateways")
def list_gateways(context: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Summaries, without configuration and tags."""
    chosen, token = context.page([item for item in context.all("gateway") if visible(context, item)], params)
    return {"items": [_shape(gateway) for gateway in chosen], "nextToken": token}


def _versions(data: dict[str, Any]) -> set[str]:
    return set(data.get("protocolConfiguration", {}).get("mcp", {}).get("supportedVersions", []))


def _check_update(gateway: Record, params: dict[str, Any]) -> None:
    """What cannot change.  Observed: the name, the authorizer's type and new supportedVersions;
    the search type is a guess."""
    if params["name"] != gateway.name:
        raise invalid("The name of a gateway cannot be changed")
    if params["authorizerType"] != gateway.data["authorizerType"]:
        raise invalid("The authorizerType of a gateway cannot be changed")
    if _versions(gateway.data) and not _versions(params) <= _versions(gateway.data):
        raise invalid("supportedVersions of a gateway cannot be expanded after its creation")
    old, new = (
        item.get("protocolConfiguration", {}).get("mcp", {}).get("searchType") for item in (gateway.data, params)
    )
    if old != new:
        raise invalid("searchType of a gateway cannot be changed")
    if params.get("protocolType", gateway.data.get("protocolType")) != gateway.data.get("protocolType"):
        raise invalid("protocolType of a gateway cannot be changed")


@operation(SERVICE, "UpdateGateway")
def update_gateway(context: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Whole configuration: what is left out is reset (observed); there is no client token."""
    gateway = get_gateway(context, params["gatewayIdentifier"])
    refuse_pending(gateway, "Gateway")
    kept = {
        name: gateway.data[name]
        for name in ("gatewayUrl", "workloadIdentityDetails", "protocolType")
        if name in gateway.data
    }
    _check({**kept, **params})
    _check_update(gateway, params)
    check_gateway_role(context, params["roleArn"], gateway.arn)
    gateway.data = {**kept, **{key: copy.deepcopy(params[key]) for key in _MEMBERS if key in params}}
    context.move(gateway, "UPDATING", "READY")
    return _shape(gateway)


@operation(SERVICE, "DeleteGateway")
def delete_gateway(context: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Observed: refused while there are targets, also those still DELETING."""
    gateway = get_gateway(context, params["gatewayIdentifier"])
    refuse_pending(gateway, "Gateway")
    if context.all("target", gateway):
        raise invalid(
            "Gateway has targets associated with it. Delete all targets before deleting the gateway", "ResourceConflict"
        )
    context.cloud.vanish(gateway, context.now, context.config.delete_ms)
    return {"gatewayId": gateway.key, "status": "DELETING"}
