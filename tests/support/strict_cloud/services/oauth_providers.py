"""OAuth 2.0 credential providers.  AWS: bedrock-agentcore-control, CreateOauth2CredentialProvider."""

from __future__ import annotations

import copy
from typing import Any

from ..context import Context, operation
from ..errors import conflict, invalid, not_found
from ..store import Record
from . import secrets
from .agentcore import check_tags

SERVICE = "bedrock-agentcore-control"
_OWN_MEMBER = {
    vendor: vendor[0].lower() + vendor[1:] + "ProviderConfig"
    for vendor in (
        "CustomOauth2",
        "GoogleOauth2",
        "GithubOauth2",
        "SlackOauth2",
        "SalesforceOauth2",
        "MicrosoftOauth2",
        "AtlassianOauth2",
        "LinkedinOauth2",
    )
}
_OUTPUT = ("oauthDiscovery", "clientId", "onBehalfOfTokenExchangeConfig", "clientAuthenticationMethod")


def provider_arn(context: Context, kind: str, name: str) -> str:
    """Observed: service bedrock-agentcore (the model's pattern has an older name)."""
    return context.arn("bedrock-agentcore", f"token-vault/default/{kind}/{name}")


def store_secret(
    context: Context,
    provider: Record,
    kind: str,
    text: str | None,
    source: str | None,
    reference: dict[str, str] | None,
) -> dict[str, Any]:
    """The members that tell where the secret is.  MANAGED ones live in Secrets Manager."""
    if source == "EXTERNAL" or reference:
        if text is not None or not reference or source != "EXTERNAL":
            raise invalid("EXTERNAL secrets need a secret reference, and no secret value")
        found = secrets.find(context, reference["secretId"])
        if found is None:
            raise invalid(f"Secret {reference['secretId']} does not exist")
        return {"arn": found.arn, "jsonKey": reference["jsonKey"], "source": "EXTERNAL"}
    if not text:
        raise invalid("A secret value is required")
    name = f"bedrock-agentcore-identity!default/{kind}/{provider.name}"
    old = next((item for item in context.all("secret", provider)), None)
    if old is None:
        old = secrets.add(context, name, text, owner="bedrock-agentcore-identity")
        old.parent = provider
    old.hidden["text"], old.updated = text, context.now
    return {"arn": old.arn, "jsonKey": None, "source": "MANAGED"}


def _configure(context: Context, provider: Record, params: dict[str, Any]) -> None:
    vendor = params["credentialProviderVendor"]
    member, given = next(iter(params["oauth2ProviderConfigInput"].items()))
    wanted = _OWN_MEMBER.get(vendor, "includedOauth2ProviderConfig")
    if member != wanted:
        raise invalid(f"{vendor} needs {wanted}, not {member}")
    output = {name: copy.deepcopy(given[name]) for name in _OUTPUT if name in given}
    if "oauthDiscovery" not in output:
        issuer = given.get("issuer", f"https://{vendor.lower()}.example")
        output["oauthDiscovery"] = {"discoveryUrl": f"{issuer}/.well-known/openid-configuration"}
    where = store_secret(
        context,
        provider,
        "oauth2",
        given.get("clientSecret"),
        given.get("clientSecretSource"),
        given.get("clientSecretConfig"),
    )
    provider.hidden["secret"] = where
    provider.data.update({"credentialProviderVendor": vendor, "oauth2ProviderConfigOutput": {member: output}})


def _shape(provider: Record) -> dict[str, Any]:
    where = provider.hidden["secret"]
    return {
        **provider.data,
        "name": provider.name,
        "credentialProviderArn": provider.arn,
        "clientSecretArn": {"secretArn": where["arn"]},
        "clientSecretJsonKey": where["jsonKey"],
        "clientSecretSource": where["source"],
        "createdTime": provider.created,
        "lastUpdatedTime": provider.updated,
        "status": provider.visible_status(),
    }


def _get(context: Context, name: str) -> Record:
    provider = context.find("oauth-provider", name)
    if provider is None:
        raise not_found(f"Oauth2 credential provider {name} not found")
    return provider


@operation(SERVICE, "CreateOauth2CredentialProvider")
def create(context: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Names are unique; there is no client token."""
    name = params["name"]
    if context.find("oauth-provider", name):
        raise conflict(f"Credential provider with name: {name} already exists")
    callback = f"https://bedrock-agentcore.{context.region}.amazonaws.com/identities/oauth2/callback/{name}"
    provider = Record(
        "oauth-provider",
        context.account,
        context.region,
        name,
        name,
        status="READY",
        arn=provider_arn(context, "oauth2credentialprovider", name),
        data={"callbackUrl": callback},
        tags=check_tags(params.get("tags", {})),
    )
    _configure(context, provider, params)
    context.cloud.add(provider, context.now)
    return _shape(provider)


@operation(SERVICE, "GetOauth2CredentialProvider")
def get(context: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Never the secret."""
    return _shape(_get(context, params["name"]))


@operation(SERVICE, "UpdateOauth2CredentialProvider")
def update(context: Context, params: dict[str, Any]) -> dict[str, Any]:
    """The whole configuration again, with the secret."""
    provider = _get(context, params["name"])
    if params["credentialProviderVendor"] != provider.data["credentialProviderVendor"]:
        raise invalid("The vendor of a credential provider cannot be changed")
    _configure(context, provider, params)
    provider.updated = context.now
    return _shape(provider)


@operation(SERVICE, "DeleteOauth2CredentialProvider")
def delete(context: Context, params: dict[str, Any]) -> dict[str, Any]:
    """At once, with its secret."""
    context.cloud.remove(_get(context, params["name"]))
    return {}


@operation(SERVICE, "ListOauth2CredentialProviders")
def list_(context: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Paging members travel in the body."""
    chosen, token = context.page(context.all("oauth-provider"), params)
    return {"credentialProviders": [_shape(provider) for provider in chosen], "nextToken": token}
