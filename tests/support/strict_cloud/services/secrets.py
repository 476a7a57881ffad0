"""Secrets Manager, read only; secrets are seeded through the admin API, or made by credential providers."""

from __future__ import annotations

from typing import Any

from ..context import Context, operation
from ..errors import ServiceError
from ..store import MIXED, Record, random_id


def add(context: Context, name: str, text: str, owner: str | None = None, suffix: str | None = None) -> Record:
    """Store a secret; its ARN ends in six random characters."""
    arn = context.arn("secretsmanager", f"secret:{name}-{suffix or random_id(6, MIXED)}")
    record = context.new("secret", name, name, arn=arn, hidden={"text": text, "version": random_id(32)})
    if owner:
        record.data["OwningService"] = owner
    return record


def find(context: Context, secret_id: str) -> Record | None:
    """By name, ARN, or ARN without its random ending."""
    for secret in context.all("secret"):
        if secret_id in (secret.name, secret.arn, secret.arn[:-7]):
            return secret
    return None


def _get(context: Context, secret_id: str) -> Record:
    secret = find(context, secret_id)
    if secret is None:
        raise ServiceError("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
    return secret


@operation("secretsmanager", "DescribeSecret")
def describe_secret(context: Context, params: dict[str, Any]) -> dict[str, Any]:
    """All but the value."""
    secret = _get(context, params["SecretId"])
    return {
        **secret.data,
        "ARN": secret.arn,
        "Name": secret.name,
        "CreatedDate": secret.created,
        "LastChangedDate": secret.updated,
        "VersionIdsToStages": {secret.hidden["version"]: ["AWSCURRENT"]},
        "Tags": [{"Key": key, "Value": value} for key, value in secret.tags.items()],
    }


@operation("secretsmanager", "GetSecretValue")
def get_secret_value(context: Context, params: dict[str, Any]) -> dict[str, Any]:
    """The double keeps one version, AWSCURRENT."""
    secret = _get(context, params["SecretId"])
    if (
        params.get("VersionStage", "AWSCURRENT") != "AWSCURRENT"
        or params.get("VersionId", secret.hidden["version"]) != secret.hidden["version"]
    ):
        raise ServiceError("ResourceNotFoundException", "Secrets Manager can't find the specified secret value.")
    return {
        "ARN": secret.arn,
        "Name": secret.name,
        "VersionId": secret.hidden["version"],
        "SecretString": secret.hidden["text"],
        "VersionStages": ["AWSCURRENT"],
        "CreatedDate": secret.created,
    }
