"""App clients of user pools."""

from __future__ import annotations

import copy
from typing import Any

from ..context import Context, operation
from ..errors import NotModelled, ServiceError, not_found
from ..store import LOWER, Record, random_id
from .user_pools import bad_token, get_pool, invalid

STANDARD_SCOPES = ("openid", "email", "phone", "profile", "aws.cognito.signin.user.admin")
_UNIT_SECONDS = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86400}
_DEFAULTS: dict[str, Any] = {
    # AWS: CreateUserPoolClient; observed in DescribeUserPoolClient
    "RefreshTokenValidity": 30,
    "ExplicitAuthFlows": ["ALLOW_CUSTOM_AUTH", "ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_SRP_AUTH"],
    "AllowedOAuthFlowsUserPoolClient": False,
    "EnableTokenRevocation": True,
    "EnablePropagateAdditionalUserContextData": False,
    "AuthSessionValidity": 3,
}
_MEMBERS = (
    "RefreshTokenValidity",
    "AccessTokenValidity",
    "IdTokenValidity",
    "TokenValidityUnits",
    "ReadAttributes",
    "WriteAttributes",
    "ExplicitAuthFlows",
    "SupportedIdentityProviders",
    "CallbackURLs",
    "LogoutURLs",
    "DefaultRedirectURI",
    "AllowedOAuthFlows",
    "AllowedOAuthScopes",
    "AllowedOAuthFlowsUserPoolClient",
    "AnalyticsConfiguration",
    "PreventUserExistenceErrors",
    "EnableTokenRevocation",
    "EnablePropagateAdditionalUserContextData",
    "AuthSessionValidity",
    "RefreshTokenRotation",
)


def _check_scopes(context: Context, pool: Record, scopes: list[str]) -> None:
    known = {
        f"{server.data['Identifier']}/{scope['ScopeName']}"
        for server in context.all("resource-server", pool)
        for scope in server.data["Scopes"]
    }
    missing = [scope for scope in scopes if scope not in known and scope not in STANDARD_SCOPES]
    if missing:
        raise ServiceError("ScopeDoesNotExistException", f"Invalid scopes requested: {', '.join(missing)}")


def _check_flows(params: dict[str, Any], has_secret: bool) -> None:
    flows, scopes = params.get("AllowedOAuthFlows", []), params.get("AllowedOAuthScopes", [])
    enabled = params.get("AllowedOAuthFlowsUserPoolClient", False)
    if enabled != bool(flows and scopes):
        raise invalid(
            "AllowedOAuthFlows and AllowedOAuthScopes are required if user pool client is allowed to use OAuth flows."
        )
    if "client_credentials" in flows:
        if len(flows) > 1:
            raise ServiceError(
                "InvalidOAuthFlowException",
                "client_credentials flow can not be selected along with code flow or implicit flow.",
            )
        if not has_secret:
            raise ServiceError(
                "InvalidOAuthFlowException",
                "client_credentials flow can not be selected if client does not have a client secret.",
            )
    elif flows and not params.get("CallbackURLs"):
        raise invalid("CallbackURLs is required for code or implicit flow.")


def _check_validity(params: dict[str, Any]) -> None:
    units = params.get("TokenValidityUnits", {})
    for name, unit, default, low, high in (
        ("AccessTokenValidity", "AccessToken", "hours", 300, 86400),
        ("IdTokenValidity", "IdToken", "hours", 300, 86400),
        ("RefreshTokenValidity", "RefreshToken", "days", 3600, 315360000),
    ):
        value = params.get(name)
        if value and not low <= value * _UNIT_SECONDS[units.get(unit, default)] <= high:
            raise invalid(f"Invalid range for token validity: {name}.")


def _data(context: Context, pool: Record, params: dict[str, Any], has_secret: bool) -> dict[str, Any]:
    """Checked members with their defaults."""
    for provider in params.get("SupportedIdentityProviders", []):
        if provider != "COGNITO":
            raise invalid(f"The provider {provider} does not exist for User Pool {pool.key}.")
    _check_flows(params, has_secret)
    _check_scopes(context, pool, params.get("AllowedOAuthScopes", []))
    _check_validity(params)
    data = copy.deepcopy(_DEFAULTS)
    data.update({name: copy.deepcopy(params[name]) for name in _MEMBERS if name in params})
    if "AccessTokenValidity" in data or "IdTokenValidity" in data or "TokenValidityUnits" in data:
        data["TokenValidityUnits"] = {
            "AccessToken": "hours",
            "IdToken": "hours",
            "RefreshToken": "days",
            **data.get("TokenValidityUnits", {}),
        }
    if data["RefreshTokenValidity"] == 0:
        data["RefreshTokenValidity"] = 30
    return data


def _shape(client: Record) -> dict[str, Any]:
    return {
        **client.data,
        "UserPoolId": client.owner.key,
        "ClientId": client.key.split("/")[1],
        "ClientName": client.name,
        "ClientSecret": client.hidden.get("secret"),
        "CreationDate": client.created,
        "LastModifiedDate": client.updated,
    }


def _get(context: Context, params: dict[str, Any]) -> Record:
    pool = get_pool(context, params["UserPoolId"])
    client = context.find("user-pool-client", f"{pool.key}/{params['ClientId']}")
    if client is None:
        raise not_found(f"User pool client {params['ClientId']} does not exist.")
    return client


@operation("cognito-idp", "CreateUserPoolClient")
def create_user_pool_client(context: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Names are not unique and there is no client token."""
    if "ClientSecret" in params:
        raise NotModelled("a ClientSecret chosen by the caller")
    pool, with_secret = get_pool(context, params["UserPoolId"]), params.get("GenerateSecret", False)
    data = _data(context, pool, params, with_secret)
    client = context.new(
        "user-pool-client",
        f"{pool.key}/{random_id(26, LOWER)}",
        params["ClientName"],
        parent=pool,
        data=data,
        hidden={"secret": random_id(51, LOWER)} if with_secret else {},
    )
    return {"UserPoolClient": _shape(client)}


@operation("cognito-idp", "DescribeUserPoolClient")
def describe_user_pool_client(context: Context, params: dict[str, Any]) -> dict[str, Any]:
    """With the secret."""
    return {"UserPoolClient": _shape(_get(context, params))}


@operation("cognito-idp", "UpdateUserPoolClient")
def update_user_pool_client(context: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Resets what is left out (the name and the secret stay)."""
    client = _get(context, params)
    client.data = _data(context, client.owner, params, "secret" in client.hidden)
    client.name = params.get("ClientName", client.name)
    client.updated = context.now
    return {"UserPoolClient": _shape(client)}


@operation("cognito-idp", "DeleteUserPoolClient")
def delete_user_pool_client(context: Context, params: dict[str, Any]) -> dict[str, Any]:
    """At once."""
    context.cloud.remove(_get(context, params))
    return {}


@operation("cognito-idp", "ListUserPoolClients")
def list_user_pool_clients(context: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Ids and names."""
    pool = get_pool(context, params["UserPoolId"])
    chosen, token = context.page(context.all("user-pool-client", pool), params, "MaxResults", "NextToken", bad_token)
    return {
        "UserPoolClients": [
            {"ClientId": client.key.split("/")[1], "UserPoolId": pool.key, "ClientName": client.name}
            for client in chosen
        ],
        "NextToken": token,
    }
