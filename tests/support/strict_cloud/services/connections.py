"""How a gateway gets on with what is behind a target: credentials, permissions, reachability."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from ..context import Context
from ..errors import invalid
from ..store import Record
from .roles import allowed, service_trusted, visible_role

_PREFIX = "Failed to connect and fetch tools from the provided MCP target server. Error - "
AUTHORIZATION_ERROR = _PREFIX + "Authorization error when sending message"
NOT_FOUND_ERROR = _PREFIX + "Resource not found when sending message"
INTERNAL_ERROR = _PREFIX + "An internal error occurred while processing the request"
_INVOCATIONS = re.compile(r"/runtimes/([^/]+)/invocations")


def check_provider(context: Context, kind: str, configurations: list[dict[str, Any]] | None) -> None:
    """Which credentials go with which kind of target (AWS: gateway-outbound-auth; observed)."""
    if not configurations:
        if kind in ("lambda", "smithyModel", "apiGateway"):
            raise invalid(f"credentialProviderConfigurations is required for {kind} targets")
        return
    item = configurations[0]
    provider = item.get("credentialProvider", {})
    if item["credentialProviderType"] == "GATEWAY_IAM_ROLE":
        if kind == "mcpServer" and "iamCredentialProvider" not in provider:
            raise invalid("GATEWAY_IAM_ROLE of an MCP server target needs iamCredentialProvider with a service")
        if kind in ("lambda", "smithyModel") and provider:
            raise invalid(f"{kind} targets take GATEWAY_IAM_ROLE without a credentialProvider")
        return
    for type_, member, record_kind in (
        ("OAUTH", "oauthCredentialProvider", "oauth-provider"),
        ("API_KEY", "apiKeyCredentialProvider", "api-key-provider"),
    ):
        if item["credentialProviderType"] != type_:
            continue
        if member not in provider:
            raise invalid(f"{type_} needs {member}")
        arn = provider[member]["providerArn"]
        found = context.cloud.by_arn(arn, (record_kind,))
        if found is None or (found.account, found.region) != (context.account, context.region):
            raise invalid(f"Credential provider {arn} does not exist")


def gateway_role(context: Context, gateway: Record) -> dict[str, Any] | None:
    """The gateway's role as the service sees it, if it may assume it."""
    role = visible_role(context, gateway.data["roleArn"])
    return role if service_trusted(context, role, gateway.arn) else None


def check_lambda(context: Context, gateway: Record, arn: str) -> None:
    """Observed: CreateGatewayTarget does a dry-run invoke and refuses when it fails."""
    if not allowed(context, gateway_role(context, gateway), "lambda:InvokeFunction", arn):
        raise invalid(f"Gateway execution role lacks permission to invoke Lambda function {arn}")


def connect(context: Context, gateway: Record, endpoint: str, target: dict[str, Any]) -> str | None:
    """What goes wrong when the gateway lists the tools of an MCP server; None when nothing does."""
    url = urlsplit(endpoint)
    host, match = url.hostname or "", _INVOCATIONS.fullmatch(url.path)
    if not (match and host.startswith("bedrock-agentcore.")):
        server = context.cloud.mcp_servers.get(endpoint, {})
        return _PREFIX + server["fail"] if server.get("fail") else None
    if "%3A" not in match.group(1).upper():
        return _PREFIX + "the runtime ARN in the endpoint is not percent-encoded"
    runtime = context.cloud.by_arn(unquote(match.group(1)), ("runtime",))
    if runtime is None or host.split(".")[1] != runtime.region:
        return NOT_FOUND_ERROR
    qualifier = parse_qs(url.query).get("qualifier", ["DEFAULT"])[0]
    named = context.cloud.find("endpoint", runtime.account, runtime.region, f"{runtime.key}/{qualifier}")
    if named is None:
        return NOT_FOUND_ERROR
    return _authorize(context, gateway, runtime, qualifier, target) or _readiness(context, runtime, named)


def _authorize(
    context: Context, gateway: Record, runtime: Record, qualifier: str, target: dict[str, Any]
) -> str | None:
    """A runtime takes IAM or a JWT, never both (AWS: runtime-oauth)."""
    item: dict[str, Any] = next(iter(target.get("credentialProviderConfigurations") or []), {})
    wants_jwt = "authorizerConfiguration" in runtime.data
    kind = item.get("credentialProviderType")
    if wants_jwt:
        return None if kind in ("OAUTH", "JWT_PASSTHROUGH") else AUTHORIZATION_ERROR
    if kind != "GATEWAY_IAM_ROLE" or runtime.account != gateway.account:
        return AUTHORIZATION_ERROR
    iam = item["credentialProvider"]["iamCredentialProvider"]
    if iam["service"] != "bedrock-agentcore" or iam.get("region", context.region) != runtime.region:
        return AUTHORIZATION_ERROR
    role = gateway_role(context, gateway)
    resources = (runtime.arn, f"{runtime.arn}/runtime-endpoint/{qualifier}")
    if not all(allowed(context, role, "bedrock-agentcore:InvokeAgentRuntime", resource) for resource in resources):
        return AUTHORIZATION_ERROR
    return None


def _readiness(context: Context, runtime: Record, named: Record) -> str | None:
    if runtime.data["protocolConfiguration"]["serverProtocol"] != "MCP":
        return _PREFIX + "the server does not speak MCP"
    if named.hidden.get("live") is None or runtime.status in ("CREATING", "CREATE_FAILED", "DELETING"):
        return INTERNAL_ERROR
    if context.config.cold and not runtime.hidden.get("warm"):
        return INTERNAL_ERROR
    return None
