"""CloudWatch Logs groups.  AWS: CloudWatch Logs API reference."""

from __future__ import annotations

from typing import Any

from ..context import Context, operation
from ..errors import NotModelled, ServiceError
from ..store import Record

RETENTION = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)
"""AWS: PutRetentionPolicy, retentionInDays."""


def _get(context: Context, name: str) -> Record:
    group = context.find("log-group", name)
    if group is None:
        raise ServiceError("ResourceNotFoundException", "The specified log group does not exist.")
    return group


def add_group(context: Context, name: str, params: dict[str, Any]) -> Record:
    """Store a group."""
    return context.new(
        "log-group",
        name,
        name,
        arn=context.arn("logs", f"log-group:{name}"),
        tags=dict(params.get("tags", {})),
        data={
            "logGroupClass": params.get("logGroupClass", "STANDARD"),
            **{key: params[key] for key in ("kmsKeyId", "deletionProtectionEnabled") if key in params},
        },
    )


@operation("logs", "CreateLogGroup")
def create_log_group(context: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Names are unique; there is no answer body."""
    name = params["logGroupName"]
    if name.lower().startswith("aws/"):
        raise ServiceError("InvalidParameterException", "Log groups starting with AWS/ are reserved for AWS.")
    if context.find("log-group", name):
        raise ServiceError("ResourceAlreadyExistsException", "The specified log group already exists")
    add_group(context, name, params)
    return {}


@operation("logs", "DeleteLogGroup")
def delete_log_group(context: Context, params: dict[str, Any]) -> dict[str, Any]:
    """At once; refused with deletionProtectionEnabled."""
    group = _get(context, params["logGroupName"])
    if group.data.get("deletionProtectionEnabled"):
        raise ServiceError("ValidationException", "The log group has deletion protection enabled.")
    context.cloud.remove(group)
    return {}


@operation("logs", "DescribeLogGroups")
def describe_log_groups(context: Context, params: dict[str, Any]) -> dict[str, Any]:
    """A prefix finds more than the one group; `arn` ends in :*, `logGroupArn` does not."""
    if set(params) - {"logGroupNamePrefix", "logGroupNamePattern", "nextToken", "limit", "logGroupClass"}:
        raise NotModelled("these parameters of DescribeLogGroups")
    groups = [
        group
        for group in context.all("log-group")
        if group.name.startswith(params.get("logGroupNamePrefix", ""))
        and params.get("logGroupNamePattern", "").lower() in group.name.lower()
        and params.get("logGroupClass", group.data["logGroupClass"]) == group.data["logGroupClass"]
    ]
    chosen, token = context.page(
        groups,
        params,
        "limit",
        bad_token=lambda: ServiceError("InvalidParameterException", "The specified nextToken is invalid."),
    )
    return {
        "logGroups": [
            {
                **group.data,
                "logGroupName": group.name,
                "arn": group.arn + ":*",
                "logGroupArn": group.arn,
                "creationTime": int(group.created * 1000),
                "storedBytes": 0,
                "metricFilterCount": 0,
            }
            for group in chosen
        ],
        "nextToken": token,
    }


@operation("logs", "PutRetentionPolicy")
def put_retention_policy(context: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Only certain numbers of days."""
    group, days = _get(context, params["logGroupName"]), params["retentionInDays"]
    if days not in RETENTION:
        raise ServiceError(
            "InvalidParameterException",
            f"1 validation error detected: Value '{days}' at "
            "'retentionInDays' failed to satisfy constraint: Member must satisfy enum value set",
        )
    group.data["retentionInDays"] = days
    return {}


@operation("logs", "DeleteRetentionPolicy")
def delete_retention_policy(context: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Back to "never expire"."""
    _get(context, params["logGroupName"]).data.pop("retentionInDays", None)
    return {}


def _tagged(context: Context, arn: str) -> Record:
    group = context.cloud.by_arn(arn, ("log-group",))
    if group is None or (group.account, group.region) != (context.account, context.region):
        raise ServiceError(
            "ResourceNotFoundException", "The specified resource does not exist: tagging wants the ARN without ':*'."
        )
    return group


@operation("logs", "TagResource")
def tag_resource(context: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Add or overwrite."""
    group = _tagged(context, params["resourceArn"])
    merged = {**group.tags, **params["tags"]}
    if len(merged) > 50:
        raise ServiceError("TooManyTagsException", "The resource can have no more than 50 tags.")
    group.tags = merged
    return {}


@operation("logs", "UntagResource")
def untag_resource(context: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Unknown keys are fine."""
    group = _tagged(context, params["resourceArn"])
    group.tags = {key: value for key, value in group.tags.items() if key not in params["tagKeys"]}
    return {}


@operation("logs", "ListTagsForResource")
def list_tags_for_resource(context: Context, params: dict[str, Any]) -> dict[str, Any]:
    """All tags."""
    return {"tags": dict(_tagged(context, params["resourceArn"]).tags)}
