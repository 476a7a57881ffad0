"""API key credential providers."""

from __future__ import annotations

from typing import Any

from ..context import Context, operation
from ..errors import conflict, not_found
from ..store import Record
from .agentcore import check_tags
from .oauth_providers import SERVICE, provider_arn, store_secret


def _shape(provider: Record) -> dict[str, Any]:
    where = provider.hidden["secret"]
    return {
        "name": provider.name,
        "credentialProviderArn": provider.arn,
        "apiKeySecretArn": {"secretArn": where["arn"]},
        "apiKeySecretJsonKey": where["jsonKey"],
        "apiKeySecretSource": where["source"],
        "createdTime": provider.created,
        "lastUpdatedTime": provider.updated,
    }


def _get(context: Context, name: str) -> Record:
    provider = context.find("api-key-provider", name)
    if provider is None:
        raise not_found(f"API key credential provider {name} not found")
    return provider


def _configure(context: Context, provider: Record, params: dict[str, Any]) -> None:
    provider.hidden["secret"] = store_secret(
        context,
        provider,
        "apikey",
        params.get("apiKey"),
        params.get("apiKeySecretSource"),
        params.get("apiKeySecretConfig"),
    )


@operation(SERVICE, "CreateApiKeyCredentialProvider")
def create(context: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Names are unique; there is no client token."""
    name = params["name"]
    if context.find("api-key-provider", name):
        raise conflict(f"Credential provider with name: {name} already exists")
    provider = Record(
        "api-key-provider",
        context.account,
        context.region,
        name,
        name,
        arn=provider_arn(context, "apikeycredentialprovider", name),
        tags=check_tags(params.get("tags", {})),
    )
    _configure(context, provider, params)
    context.cloud.add(provider, context.now)
    return _shape(provider)


@operation(SERVICE, "GetApiKeyCredentialProvider")
def get(context: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Never the key."""
    return _shape(_get(context, params["name"]))


@operation(SERVICE, "UpdateApiKeyCredentialProvider")
def update(context: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Another key."""
    provider = _get(context, params["name"])
    _configure(context, provider, params)
    provider.updated = context.now
    return _shape(provider)


@operation(SERVICE, "DeleteApiKeyCredentialProvider")
def delete(context: Context, params: dict[str, Any]) -> dict[str, Any]:
    """At once, with its secret."""
    context.cloud.remove(_get(context, params["name"]))
    return {}


@operation(SERVICE, "ListApiKeyCredentialProviders")
def list_(context: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Paging members travel in the body."""
    chosen, token = context.page(context.all("api-key-provider"), params)
    return {"credentialProviders": [_shape(provider) for provider in chosen], "nextToken": token}
