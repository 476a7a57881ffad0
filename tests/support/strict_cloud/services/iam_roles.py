"""IAM roles.  AWS: IAM API reference (query protocol, 2010-05-08)."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from ..context import Context, operation
from ..errors import ServiceError
from ..policy import as_returned, parse, size
from ..store import UPPER, Placed, Record, partition, random_id
from .roles import find_policy, remember

TRUST_LIMIT = 2048
"""AWS: IAM quotas, "Role trust policy length" (characters, adjustable)."""


def no_such_role(name: str) -> ServiceError:
    """NoSuchEntity, 404."""
    return ServiceError("NoSuchEntity", f"The role with name {name} cannot be found.")


def get(context: Context, name: str) -> Record:
    """The role, found without regard to case (AWS: CreateRole, RoleName)."""
    role = context.cloud.find("iam-role", context.account, "", name.lower())
    if role is None:
        raise no_such_role(name)
    return role


def encoded(document: dict[str, Any]) -> str:
    """A document as IAM answers it: URL-encoded (AWS: GetRole)."""
    return quote(json.dumps(as_returned(document)), safe="")


def _shape(role: Record, full: bool = True) -> dict[str, Any]:
    result = {
        **role.data,
        "RoleName": role.name,
        "Arn": role.arn,
        "CreateDate": role.created,
        "AssumeRolePolicyDocument": encoded(role.hidden["trust"]),
    }
    if full:
        if role.hidden.get("boundary"):
            # Observed: "Policy", although the model's enum says PermissionsBoundaryPolicy.
            result["PermissionsBoundary"] = {
                "PermissionsBoundaryType": "Policy",
                "PermissionsBoundaryArn": role.hidden["boundary"],
            }
        if role.tags:
            result["Tags"] = tag_list(role)
        result["RoleLastUsed"] = {}
    return result


def tag_list(role: Record) -> list[dict[str, str]]:
    """Tags as IAM spells them."""
    return [{"Key": key, "Value": value} for key, value in role.tags.items()]


def _trust(text: str) -> dict[str, Any]:
    if size(text) > TRUST_LIMIT:
        raise ServiceError("LimitExceeded", f"Cannot exceed quota for ACLSizePerRole: {TRUST_LIMIT}")
    return parse(text, trust=True)


def _boundary(context: Context, arn: str) -> str:
    if find_policy(context.cloud, arn) is None:
        raise ServiceError("NoSuchEntity", f"Scope ARN: {arn} does not exist or is not attachable.")
    return arn


def _set_tags(role: Record, tags: list[dict[str, str]]) -> None:
    keys = [tag["Key"].lower() for tag in tags]
    if len(set(keys)) != len(keys):
        raise ServiceError("InvalidInput", "Duplicate tag keys found. Please note that Tag keys are case insensitive.")
    merged = dict(role.tags)
    for tag in tags:
        if tag["Key"].lower().startswith("aws:"):
            raise ServiceError("InvalidInput", "Tag keys beginning with aws: are reserved.")
        merged = {key: value for key, value in merged.items() if key.lower() != tag["Key"].lower()}
        merged[tag["Key"]] = tag["Value"]
    if len(merged) > 50:
        raise ServiceError("LimitExceeded", "The number of tags has reached the maximum limit.")
    role.tags = merged


@operation("iam", "CreateRole")
def create_role(context: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Names are unique in the account without regard to case."""
    name = params["RoleName"]
    if context.cloud.find("iam-role", context.account, "", name.lower()):
        raise ServiceError("EntityAlreadyExists", f"Role with name {name} already exists.")
    trust = _trust(params["AssumeRolePolicyDocument"])
    boundary = _boundary(context, params["PermissionsBoundary"]) if "PermissionsBoundary" in params else None
    path = params.get("Path", "/")
    role = Record(
        "iam-role",
        context.account,
        "",
        name.lower(),
        name,
        arn=f"arn:{partition(context.region)}:iam::{context.account}:role{path}{name}",
        hidden={"trust": trust, "inline": {}, "attached": {}, "boundary": boundary},
    )
    role.data = {
        "Path": path,
        "RoleId": "AROA" + random_id(17, UPPER),
        "MaxSessionDuration": params.get("MaxSessionDuration", 3600),
    }
    if params.get("Description"):
        role.data["Description"] = params["Description"]
    _set_tags(role, params.get("Tags", []))
    context.cloud.add(role, context.now)
    remember(context.cloud, role, context.now)
    return {"Role": _shape(role)}


@operation("iam", "GetRole")
def get_role(context: Context, params: dict[str, Any]) -> dict[str, Any]:
    """The role with tags, boundary and trust policy."""
    return {"Role": _shape(get(context, params["RoleName"]))}


@operation("iam", "UpdateRole")
def update_role(context: Context, params: dict[str, Any]) -> dict[str, Any]:
    """AWS: UpdateRole, MaxSessionDuration: left out means one hour.  Description: left out stays (guess)."""
    role = get(context, params["RoleName"])
    role.data["MaxSessionDuration"] = params.get("MaxSessionDuration", 3600)
    if "Description" in params:
        role.data["Description"] = params["Description"]
        if not params["Description"]:
            del role.data["Description"]
    remember(context.cloud, role, context.now)
    return {}


@operation("iam", "UpdateAssumeRolePolicy")
def update_assume_role_policy(context: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Replace the trust policy."""
    role = get(context, params["RoleName"])
    role.hidden["trust"] = _trust(params["PolicyDocument"])
    remember(context.cloud, role, context.now)
    return {}


@operation("iam", "DeleteRole")
def delete_role(context: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Refused while policies hang on the role."""
    role = get(context, params["RoleName"])
    if role.hidden["attached"]:
        raise ServiceError("DeleteConflict", "Cannot delete entity, must detach all policies first.")
    if role.hidden["inline"]:
        raise ServiceError("DeleteConflict", "Cannot delete entity, must delete policies first.")
    context.cloud.remove(role)
    remember(context.cloud, role, context.now, gone=True)
    return {}


def _bad_marker() -> ServiceError:
    return ServiceError("ValidationError", "Invalid Marker.", 400)


def page(context: Context, items: list[Any], params: dict[str, Any]) -> dict[str, Any]:
    """IAM's page: items, IsTruncated, Marker."""
    chosen, marker = context.page(items, params, "MaxItems", "Marker", _bad_marker)
    return {"items": chosen, "rest": {"IsTruncated": marker is not None, **({"Marker": marker} if marker else {})}}


@operation("iam", "ListRoles")
def list_roles(context: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Without tags and boundary (AWS: ListRoles)."""
    prefix = params.get("PathPrefix", "/")
    roles = [
        role for role in context.cloud.all("iam-role", context.account, "") if role.data["Path"].startswith(prefix)
    ]
    found = page(context, roles, params)
    return {"Roles": [_shape(role, full=False) for role in found["items"]], **found["rest"]}


@operation("iam", "ListInstanceProfilesForRole")
def list_instance_profiles_for_role(context: Context, params: dict[str, Any]) -> dict[str, Any]:
    """The double has no instance profiles."""
    get(context, params["RoleName"])
    return {"InstanceProfiles": [], "IsTruncated": False}


@operation("iam", "TagRole")
def tag_role(context: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Add or overwrite tags."""
    _set_tags(get(context, params["RoleName"]), params["Tags"])
    return {}


@operation("iam", "UntagRole")
def untag_role(context: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Drop tags; unknown keys are fine."""
    role = get(context, params["RoleName"])
    gone = {key.lower() for key in params["TagKeys"]}
    role.tags = {key: value for key, value in role.tags.items() if key.lower() not in gone}
    return {}


def page_values(context: Context, values: list[Any], params: dict[str, Any]) -> dict[str, Any]:
    """IAM's page over plain values in a fixed order."""
    found = page(context, [Placed(index, value) for index, value in enumerate(values)], params)
    return {"items": [item.value for item in found["items"]], "rest": found["rest"]}


@operation("iam", "ListRoleTags")
def list_role_tags(context: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Sorted by key (AWS: ListRoleTags)."""
    tags = sorted(tag_list(get(context, params["RoleName"])), key=lambda tag: tag["Key"])
    found = page_values(context, tags, params)
    return {"Tags": found["items"], **found["rest"]}


@operation("iam", "PutRolePermissionsBoundary")
def put_role_permissions_boundary(context: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Set or replace."""
    role = get(context, params["RoleName"])
    role.hidden["boundary"] = _boundary(context, params["PermissionsBoundary"])
    remember(context.cloud, role, context.now)
    return {}


@operation("iam", "DeleteRolePermissionsBoundary")
def delete_role_permissions_boundary(context: Context, params: dict[str, Any]) -> dict[str, Any]:
    """NoSuchEntity when there is none."""
    role = get(context, params["RoleName"])
    if not role.hidden.get("boundary"):
        raise ServiceError("NoSuchEntity", f"Role {role.name} has no permissions boundary.")
    role.hidden["boundary"] = None
    remember(context.cloud, role, context.now)
    return {}
