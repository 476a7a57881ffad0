"""STS.  AWS: STS API reference, AssumeRole, AssumeRoleWithWebIdentity, GetCallerIdentity."""

from __future__ import annotations

import base64
import json
from typing import Any

from ..context import Context, operation
from ..errors import NotModelled, ServiceError
from ..policy import parse, size, trusts
from .roles import visible_role


@operation("sts", "GetCallerIdentity")
def get_caller_identity(context: Context, _params: dict[str, Any]) -> dict[str, Any]:
    """Who signed."""
    return {"Account": context.signer.account, "Arn": context.signer.arn, "UserId": context.signer.user_id}


def _issue(context: Context, role: dict[str, Any], params: dict[str, Any]) -> dict[str, Any]:
    duration = params.get("DurationSeconds", 3600)
    if duration > role["MaxSessionDuration"]:
        raise ServiceError(
            "ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.", 400
        )
    session = params["RoleSessionName"]
    account = role["Arn"].split(":")[4]
    partition = role["Arn"].split(":")[1]
    arn = f"arn:{partition}:sts::{account}:assumed-role/{role['RoleName']}/{session}"
    user_id = f"{role['RoleId']}:{session}"
    key = context.cloud.keys.issue(account, arn, user_id, context.now + duration)
    return {
        "Credentials": {
            "AccessKeyId": key.access_key_id,
            "SecretAccessKey": key.secret,
            "SessionToken": key.session_token,
            "Expiration": key.expires,
        },
        "AssumedRoleUser": {"Arn": arn, "AssumedRoleId": user_id},
    }


def _check_session(params: dict[str, Any], more: set[str]) -> None:
    """A session policy must be a policy; what callers may do is not modelled, so it has no effect."""
    unknown = set(params) - {"RoleArn", "RoleSessionName", "DurationSeconds", "Policy"} - more
    if unknown:
        raise NotModelled(f"{', '.join(sorted(unknown))} of an assumed role")
    if "Policy" in params:
        parse(params["Policy"], trust=False)
        if size(params["Policy"]) > 2048:
            raise ServiceError("PackedPolicyTooLarge", "The session policy exceeds 2048 characters", 400)


def _role_of(context: Context, arn: str) -> dict[str, Any] | None:
    parts = arn.split(":", 5)
    if len(parts) != 6 or parts[2] != "iam" or not parts[5].startswith("role/"):
        raise ServiceError("ValidationError", f"{arn} is invalid", 400)
    return visible_role(context, arn)


@operation("sts", "AssumeRole")
def assume_role(context: Context, params: dict[str, Any]) -> dict[str, Any]:
    """The trust policy must name the caller or its account; sts:ExternalId is a condition key."""
    caller, arn = context.signer, params["RoleArn"]
    _check_session(params, {"ExternalId"})
    role = _role_of(context, arn)
    condition_keys = {"aws:PrincipalAccount": caller.account, "aws:PrincipalArn": caller.arn}
    if "ExternalId" in params:
        condition_keys["sts:ExternalId"] = params["ExternalId"]
    names = {caller.account, f"arn:{arn.split(':')[1]}:iam::{caller.account}:root", caller.arn}
    if ":assumed-role/" in caller.arn:
        name = caller.arn.split("/")[1]
        names.add(f"arn:{arn.split(':')[1]}:iam::{caller.account}:role/{name}")
    if role is None or not trusts(role["Trust"], "AWS", names, "sts:AssumeRole", condition_keys):
        raise ServiceError(
            "AccessDenied", f"User: {caller.arn} is not authorized to perform: sts:AssumeRole on resource: {arn}", 403
        )
    if caller.session_token and params.get("DurationSeconds", 3600) > 3600:
        raise ServiceError(
            "ValidationError",
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining",
            400,
        )
    return _issue(context, role, params)


def _claims(token: str) -> dict[str, Any]:
    parts = token.split(".")
    try:
        raw = parts[1]
        claims = json.loads(base64.urlsafe_b64decode(raw + "=" * (-len(raw) % 4)))
        if len(parts) == 3 and isinstance(claims, dict):
            return claims
    except (ValueError, IndexError):
        pass
    raise ServiceError("InvalidIdentityToken", "The ID Token provided is not a valid JWT.", 400)


@operation("sts", "AssumeRoleWithWebIdentity")
def assume_role_with_web_identity(context: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Unsigned.  The token's claims are read; its signature is not verified."""
    _check_session(params, {"WebIdentityToken"})
    claims = _claims(params["WebIdentityToken"])
    if claims.get("exp", 0) < context.now:
        raise ServiceError(
            "ExpiredTokenException", "Token expired: current date/time must be before the expiration date/time", 400
        )
    arn = params["RoleArn"]
    role = _role_of(context, arn)
    issuer = str(claims.get("iss", "")).removeprefix("https://")
    provider = f"arn:{arn.split(':')[1]}:iam::{arn.split(':')[4]}:oidc-provider/{issuer}"
    audience = claims.get("aud", "")
    audience = audience[0] if isinstance(audience, list) else audience
    condition_keys = {f"{issuer}:aud": audience, f"{issuer}:sub": str(claims.get("sub", ""))}
    if role is None or not trusts(
        role["Trust"], "Federated", {provider, issuer}, "sts:AssumeRoleWithWebIdentity", condition_keys
    ):
        raise ServiceError("AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity", 403)
    return {
        **_issue(context, role, params),
        "SubjectFromWebIdentityToken": str(claims.get("sub", "unknown")),
        "Audience": audience,
        "Provider": provider,
    }
