"""What gateways, targets, runtimes and endpoints have in common."""

from __future__ import annotations

import copy
from typing import Any

from ..context import Context
from ..errors import conflict, invalid
from ..store import Record
from .roles import service_trusted, visible_role

PENDING = ("CREATING", "UPDATING", "DELETING", "SYNCHRONIZING")


def refuse_pending(record: Record, what: str) -> None:
    """Update and Delete of a busy object: ConflictException (AWS: the model's error list; observed)."""
    if record.status in PENDING:
        raise conflict(f"{what} {record.name} is in {record.status} status and cannot be changed now")


def visible(context: Context, record: Record | None) -> bool:
    """Whether reads find the record yet."""
    return record is not None and context.now - record.created >= record.hidden.get("hidden_ms", 0) / 1000


def check_tags(tags: dict[str, str]) -> dict[str, str]:
    """Tag keys of AWS are reserved."""
    if any(key.lower().startswith("aws:") for key in tags):
        raise invalid("Tag keys beginning with aws: are reserved")
    return dict(tags)


def check_role_account(context: Context, arn: str) -> None:
    """A role of another account cannot be passed."""
    if arn.split(":")[4] != context.account:
        raise invalid(f"Cross-account pass role is not allowed: {arn}")


def check_runtime_role(context: Context, arn: str, source_arn: str) -> dict[str, Any]:
    """Observed: ValidationException "Role validation failed" until IAM has caught up."""
    check_role_account(context, arn)
    role = visible_role(context, arn)
    if role is None or not service_trusted(context, role, source_arn):
        raise invalid(
            f"Role validation failed for '{arn}'. Please verify that the role exists and its trust policy "
            "allows assumption by this service"
        )
    return role


def check_gateway_role(context: Context, arn: str, source_arn: str) -> None:
    """A gateway's role must exist and trust AgentCore; with the IAM lag only if the knob says so."""
    check_role_account(context, arn)
    role = visible_role(context, arn, lag=context.config.gateway_role_lag)
    if role is None:
        raise invalid(f"Role validation failed for '{arn}'. The role does not exist")
    if not service_trusted(context, role, source_arn):
        raise invalid(
            f"Role validation failed for '{arn}'. Its trust policy does not allow "
            "bedrock-agentcore.amazonaws.com to assume it for this gateway"
        )


def check_jwt(configuration: dict[str, Any] | None) -> None:
    """An authorizer that restricts nothing is refused (guess)."""
    jwt = (configuration or {}).get("customJWTAuthorizer")
    if jwt and not any(
        jwt.get(name)
        for name in (
            "allowedAudience",
            "allowedClients",
            "allowedScopes",
            "customClaims",
            "allowedWorkloadConfiguration",
        )
    ):
        raise invalid("customJWTAuthorizer needs allowedAudience, allowedClients, allowedScopes or customClaims")
    for claim in (jwt or {}).get("customClaims", []):
        if claim.get("inboundTokenClaimName") == "client_id":
            raise invalid("client_id is a reserved claim name")


def shown_authorizer(configuration: dict[str, Any] | None) -> dict[str, Any] | None:
    """Observed: Get leaves out the private endpoint settings."""
    if configuration is None:
        return None
    shown = copy.deepcopy(configuration)
    for name in ("privateEndpoint", "privateEndpointOverrides"):
        shown.get("customJWTAuthorizer", {}).pop(name, None)
    return shown


def add_workload_identity(context: Context, record: Record) -> str:
    """The identity that a gateway or runtime makes for itself; it goes with its parent."""
    arn = context.arn("bedrock-agentcore", f"workload-identity-directory/default/workload-identity/{record.key}")
    context.new(
        "workload-identity",
        record.key,
        record.key,
        arn=arn,
        parent=record,
        data={"allowedResourceOauth2ReturnUrls": []},
    )
    return arn
