"""Cognito user pools and resource servers.  AWS: Cognito user pools API reference."""

from __future__ import annotations

import copy
from typing import Any

from ..context import Context, operation
from ..errors import ServiceError, not_found
from ..store import MIXED, Record, random_id

POOL_MEMBERS = (
    "Policies",
    "DeletionProtection",
    "LambdaConfig",
    "AutoVerifiedAttributes",
    "SmsVerificationMessage",
    "EmailVerificationMessage",
    "EmailVerificationSubject",
    "VerificationMessageTemplate",
    "SmsAuthenticationMessage",
    "MfaConfiguration",
    "UserAttributeUpdateSettings",
    "DeviceConfiguration",
    "EmailConfiguration",
    "SmsConfiguration",
    "AdminCreateUserConfig",
    "UserPoolAddOns",
    "AccountRecoverySetting",
    "UserPoolTier",
    "KeyConfiguration",
    "IssuerConfiguration",
)
"""Members that Create and Update share."""
CREATE_ONLY = ("AliasAttributes", "UsernameAttributes", "UsernameConfiguration", "Schema")
_STRINGS = (
    "profile",
    "address",
    "birthdate",
    "gender",
    "preferred_username",
    "website",
    "picture",
    "sub",
    "phone_number",
    "zoneinfo",
    "locale",
    "email",
    "given_name",
    "family_name",
    "middle_name",
    "name",
    "nickname",
)


def invalid(message: str) -> ServiceError:
    """InvalidParameterException of Cognito."""
    return ServiceError("InvalidParameterException", message)


def bad_token() -> ServiceError:
    """A pagination token of another listing."""
    return invalid("Invalid pagination token given.")


def get_pool(context: Context, pool_id: str) -> Record:
    """The pool."""
    pool = context.find("user-pool", pool_id)
    if pool is None:
        raise not_found(f"User pool {pool_id} does not exist.")
    return pool


def _standard_attributes() -> list[dict[str, Any]]:
    """Attributes that every pool has (observed)."""

    def attribute(name: str, kind: str, **more: Any) -> dict[str, Any]:
        return {
            "Name": name,
            "AttributeDataType": kind,
            "DeveloperOnlyAttribute": False,
            "Mutable": name != "sub",
            "Required": name == "sub",
            **more,
        }

    texts = [
        attribute(
            name,
            "String",
            StringAttributeConstraints={
                "MinLength": {"sub": "1", "birthdate": "10"}.get(name, "0"),
                "MaxLength": {"birthdate": "10"}.get(name, "2048"),
            },
        )
        for name in _STRINGS
    ]
    return [
        *texts,
        attribute("email_verified", "Boolean"),
        attribute("phone_number_verified", "Boolean"),
        attribute("identities", "String", StringAttributeConstraints={}),
        attribute("updated_at", "Number", NumberAttributeConstraints={"MinValue": "0"}),
    ]


def _schema(requested: list[dict[str, Any]]) -> list[dict[str, Any]]:
    attributes = {item["Name"]: item for item in _standard_attributes()}
    for item in requested:
        name = item.get("Name", "")
        if name in attributes:
            attributes[name] = {**attributes[name], **item}
        else:
            prefix = "dev:custom:" if item.get("DeveloperOnlyAttribute") else "custom:"
            attributes[prefix + name] = {
                "AttributeDataType": "String",
                "DeveloperOnlyAttribute": False,
                "Mutable": True,
                "Required": False,
                **item,
                "Name": prefix + name,
            }
            if item.get("Required"):
                raise invalid("Required custom attributes are not supported currently.")
    return list(attributes.values())


def _with_defaults(params: dict[str, Any]) -> dict[str, Any]:
    """The pool's members; what is left out gets its default (AWS: UpdateUserPool)."""
    data = {name: copy.deepcopy(params[name]) for name in POOL_MEMBERS if name in params}
    policies = data.setdefault("Policies", {})
    given = policies.get("PasswordPolicy")
    base = dict.fromkeys(("RequireUppercase", "RequireLowercase", "RequireNumbers", "RequireSymbols"), given is None)
    policies["PasswordPolicy"] = {"MinimumLength": 8, **base, "TemporaryPasswordValidityDays": 7, **(given or {})}
    policies.setdefault("SignInPolicy", {"AllowedFirstAuthFactors": ["PASSWORD"]})
    data.setdefault("DeletionProtection", "INACTIVE")
    data.setdefault("LambdaConfig", {})
    data.setdefault("VerificationMessageTemplate", {}).setdefault("DefaultEmailOption", "CONFIRM_WITH_CODE")
    data.setdefault("MfaConfiguration", "OFF")
    data.setdefault("UserAttributeUpdateSettings", {}).setdefault("AttributesRequireVerificationBeforeUpdate", [])
    data.setdefault("EmailConfiguration", {}).setdefault("EmailSendingAccount", "COGNITO_DEFAULT")
    admin = data.setdefault("AdminCreateUserConfig", {})
    admin.setdefault("AllowAdminCreateUserOnly", False)
    admin["UnusedAccountValidityDays"] = policies["PasswordPolicy"]["TemporaryPasswordValidityDays"]
    data.setdefault(
        "AccountRecoverySetting",
        {
            "RecoveryMechanisms": [
                {"Priority": 1, "Name": "verified_email"},
                {"Priority": 2, "Name": "verified_phone_number"},
            ]
        },
    )
    data.setdefault("UserPoolTier", "ESSENTIALS")
    return data


def _check(params: dict[str, Any]) -> None:
    """Observed: both names of the same setting together are refused, which a client that sends back
    what DescribeUserPool gave runs into."""
    if "UnusedAccountValidityDays" in params.get(
        "AdminCreateUserConfig", {}
    ) and "TemporaryPasswordValidityDays" in params.get("Policies", {}).get("PasswordPolicy", {}):
        raise invalid("Please use TemporaryPasswordValidityDays in PasswordPolicy instead of UnusedAccountValidityDays")
    if params.get("MfaConfiguration") == "ON" and "SmsConfiguration" not in params:
        raise invalid("SMS configuration is required when MFA is required.")


def _shape(context: Context, pool: Record) -> dict[str, Any]:
    domain = next((item for item in context.cloud.all("user-pool-domain", pool.account, pool.region, pool)), None)
    return {
        **pool.data,
        "Id": pool.key,
        "Name": pool.name,
        "Arn": pool.arn,
        "CreationDate": pool.created,
        "LastModifiedDate": pool.updated,
        "EstimatedNumberOfUsers": 0,
        "UserPoolTags": dict(pool.tags),
        **({"Domain": domain.name} if domain else {}),
    }


@operation("cognito-idp", "CreateUserPool")
def create_user_pool(context: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Names are not unique and there is no client token."""
    _check(params)
    pool_id = f"{context.region}_{random_id(9, MIXED)}"
    data = _with_defaults(params)
    data.update({name: params[name] for name in CREATE_ONLY if name in params and name != "Schema"})
    data["SchemaAttributes"] = _schema(params.get("Schema", []))
    pool = context.new(
        "user-pool",
        pool_id,
        params["PoolName"],
        arn=context.arn("cognito-idp", f"userpool/{pool_id}"),
        data=data,
        tags=dict(params.get("UserPoolTags", {})),
    )
    return {"UserPool": _shape(context, pool)}


@operation("cognito-idp", "DescribeUserPool")
def describe_user_pool(context: Context, params: dict[str, Any]) -> dict[str, Any]:
    """With implicit attributes and many defaults."""
    return {"UserPool": _shape(context, get_pool(context, params["UserPoolId"]))}


@operation("cognito-idp", "UpdateUserPool")
def update_user_pool(context: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Resets what is left out, tags too; the answer is empty."""
    pool = get_pool(context, params["UserPoolId"])
    _check(params)
    kept = {name: value for name, value in pool.data.items() if name in (*CREATE_ONLY, "SchemaAttributes")}
    pool.data = {**_with_defaults(params), **kept}
    pool.tags = dict(params.get("UserPoolTags", {}))
    pool.name = params.get("PoolName", pool.name)
    pool.updated = context.now
    return {}


@operation("cognito-idp", "DeleteUserPool")
def delete_user_pool(context: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Domain first; DeletionProtection off first.  Clients and resource servers go with the pool."""
    pool = get_pool(context, params["UserPoolId"])
    if pool.data["DeletionProtection"] == "ACTIVE":
        raise invalid(
            "The user pool cannot be deleted because deletion protection is activated. Deletion protection "
            "must be inactivated first."
        )
    if context.all("user-pool-domain", pool):
        raise invalid("User pool cannot be deleted. It has a domain configured that should be deleted first.")
    context.cloud.remove(pool)
    return {}


@operation("cognito-idp", "ListUserPools")
def list_user_pools(context: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Without tags."""
    chosen, token = context.page(context.all("user-pool"), params, "MaxResults", "NextToken", bad_token)
    return {
        "UserPools": [
            {
                "Id": pool.key,
                "Name": pool.name,
                "LambdaConfig": pool.data["LambdaConfig"],
                "CreationDate": pool.created,
                "LastModifiedDate": pool.updated,
            }
            for pool in chosen
        ],
        "NextToken": token,
    }


def _tagged(context: Context, arn: str) -> Record:
    pool = context.cloud.by_arn(arn, ("user-pool",))
    if pool is None or (pool.account, pool.region) != (context.account, context.region):
        raise not_found(f"Resource {arn} does not exist.")
    return pool


@operation("cognito-idp", "TagResource")
def tag_resource(context: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Add or overwrite."""
    pool = _tagged(context, params["ResourceArn"])
    merged = {**pool.tags, **params["Tags"]}
    if len(merged) > 50 or any(key.lower().startswith("aws:") for key in params["Tags"]):
        raise invalid("Too many or reserved tags.")
    pool.tags = merged
    return {}


@operation("cognito-idp", "UntagResource")
def untag_resource(context: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Unknown keys are fine."""
    pool = _tagged(context, params["ResourceArn"])
    pool.tags = {key: value for key, value in pool.tags.items() if key not in params["TagKeys"]}
    return {}


@operation("cognito-idp", "ListTagsForResource")
def list_tags_for_resource(context: Context, params: dict[str, Any]) -> dict[str, Any]:
    """All tags of a pool."""
    return {"Tags": dict(_tagged(context, params["ResourceArn"]).tags)}
