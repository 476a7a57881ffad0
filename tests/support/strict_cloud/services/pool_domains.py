"""Domains and resource servers of user pools."""

from __future__ import annotations

import re
from typing import Any

from ..context import Context, operation
from ..errors import NotModelled, not_found
from ..store import Record
from .user_pools import bad_token, get_pool, invalid

RESERVED = ("aws", "amazon", "cognito")


@operation("cognito-idp", "CreateUserPoolDomain")
def create_user_pool_domain(context: Context, params: dict[str, Any]) -> dict[str, Any]:
    """A prefix is unique in the region over all accounts and takes a while to become ACTIVE."""
    if "CustomDomainConfig" in params or "Routing" in params:
        raise NotModelled("custom domains")
    pool, prefix = get_pool(context, params["UserPoolId"]), params["Domain"]
    if not re.fullmatch(r"[a-z0-9](?:[a-z0-9\-]{0,61}[a-z0-9])?", prefix):
        raise invalid(f"Invalid domain {prefix}: lower case letters, digits and hyphens only.")
    word = next((word for word in RESERVED if word in prefix), None)
    if word:
        raise invalid(f"Domain cannot contain reserved word: {word}")
    if any(item.name == prefix for item in context.cloud.all("user-pool-domain", None, context.region)):
        raise invalid("Domain already associated with another user pool.")
    if context.all("user-pool-domain", pool):
        raise invalid("User pool already has a domain configured.")
    domain = context.new(
        "user-pool-domain",
        prefix,
        prefix,
        parent=pool,
        data={"ManagedLoginVersion": params.get("ManagedLoginVersion", 1)},
    )
    context.move(domain, "CREATING", "ACTIVE", context.config.domain_ms)
    return {"ManagedLoginVersion": domain.data["ManagedLoginVersion"]}


@operation("cognito-idp", "DescribeUserPoolDomain")
def describe_user_pool_domain(context: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Observed: an unknown domain gives an empty description, no error."""
    domain = context.find("user-pool-domain", params["Domain"])
    if domain is None:
        return {"DomainDescription": {}}
    return {
        "DomainDescription": {
            **domain.data,
            "UserPoolId": domain.owner.key,
            "AWSAccountId": domain.account,
            "Domain": domain.name,
            "S3Bucket": f"aws-cognito-prod-{domain.region}-assets",
            "CloudFrontDistribution": "dpp0gtxikpq3y.cloudfront.net",
            "Version": f"{int(domain.created)}",
            "Status": domain.visible_status(),
        }
    }


def _get_domain(context: Context, params: dict[str, Any]) -> Record:
    pool = get_pool(context, params["UserPoolId"])
    domain = context.find("user-pool-domain", params["Domain"])
    if domain is None or domain.parent is not pool:
        raise invalid("No such domain or user pool exists.")
    return domain


@operation("cognito-idp", "UpdateUserPoolDomain")
def update_user_pool_domain(context: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Only the branding version of a prefix domain; a prefix cannot be changed."""
    if "CustomDomainConfig" in params or "Routing" in params:
        raise NotModelled("custom domains")
    domain = _get_domain(context, params)
    domain.data["ManagedLoginVersion"] = params.get("ManagedLoginVersion", domain.data["ManagedLoginVersion"])
    return {"ManagedLoginVersion": domain.data["ManagedLoginVersion"]}


@operation("cognito-idp", "DeleteUserPoolDomain")
def delete_user_pool_domain(context: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Asynchronous."""
    domain = _get_domain(context, params)
    if domain.status == "DELETING":
        raise invalid("No such domain or user pool exists.")
    context.cloud.vanish(domain, context.now, context.config.delete_ms)
    return {}


# -- resource servers -----------------------------------------------------------------------------


def _get_server(context: Context, params: dict[str, Any]) -> Record:
    pool = get_pool(context, params["UserPoolId"])
    server = context.find("resource-server", f"{pool.key}/{params['Identifier']}")
    if server is None:
        raise not_found("Resource server does not exist.")
    return server


def _server_shape(server: Record) -> dict[str, Any]:
    return {
        "UserPoolId": server.owner.key,
        "Identifier": server.data["Identifier"],
        "Name": server.name,
        "Scopes": server.data["Scopes"],
    }


def _scopes(params: dict[str, Any]) -> list[dict[str, str]]:
    scopes = params.get("Scopes", [])
    names = [scope["ScopeName"] for scope in scopes]
    if len(set(names)) != len(names):
        raise invalid("Duplicate scope names.")
    return scopes


@operation("cognito-idp", "CreateResourceServer")
def create_resource_server(context: Context, params: dict[str, Any]) -> dict[str, Any]:
    """The identifier is unique in the pool."""
    pool, identifier = get_pool(context, params["UserPoolId"]), params["Identifier"]
    if context.find("resource-server", f"{pool.key}/{identifier}"):
        raise invalid(f"{identifier} already exists in user pool {pool.key}.")
    server = context.new(
        "resource-server",
        f"{pool.key}/{identifier}",
        params["Name"],
        parent=pool,
        data={"Identifier": identifier, "Scopes": _scopes(params)},
    )
    return {"ResourceServer": _server_shape(server)}


@operation("cognito-idp", "DescribeResourceServer")
def describe_resource_server(context: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Name and scopes."""
    return {"ResourceServer": _server_shape(_get_server(context, params))}


@operation("cognito-idp", "UpdateResourceServer")
def update_resource_server(context: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Replaces name and scopes; scopes left out are gone."""
    server = _get_server(context, params)
    server.name, server.data["Scopes"] = params["Name"], _scopes(params)
    return {"ResourceServer": _server_shape(server)}


@operation("cognito-idp", "DeleteResourceServer")
def delete_resource_server(context: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Clients that use its scopes do not stop it (guess)."""
    context.cloud.remove(_get_server(context, params))
    return {}


@operation("cognito-idp", "ListResourceServers")
def list_resource_servers(context: Context, params: dict[str, Any]) -> dict[str, Any]:
    """With scopes."""
    pool = get_pool(context, params["UserPoolId"])
    chosen, token = context.page(context.all("resource-server", pool), params, "MaxResults", "NextToken", bad_token)
    return {"ResourceServers": [_server_shape(server) for server in chosen], "NextToken": token}
