"""Tags of AgentCore objects, by ARN.  Targets have none (AWS: the model).

The model's pattern for ARNs allows no digit in "oauth2credentialprovider", so the tags that such a
provider was created with can be neither read nor changed.
"""

from __future__ import annotations

from typing import Any

from ..context import Context, operation
from ..errors import ServiceError, not_found
from ..store import Record
from .agentcore import check_tags

SERVICE = "bedrock-agentcore-control"
TAGGED = ("gateway", "runtime", "endpoint", "oauth-provider", "api-key-provider", "workload-identity")


def _get(context: Context, arn: str) -> Record:
    record = context.cloud.by_arn(arn, TAGGED)
    if record is None or (record.account, record.region) != (context.account, context.region):
        raise not_found(f"Resource {arn} not found")
    return record


@operation(SERVICE, "TagResource")
def tag_resource(context: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Add or overwrite; at most 50."""
    record = _get(context, params["resourceArn"])
    merged = {**record.tags, **check_tags(params["tags"])}
    if len(merged) > 50:
        raise ServiceError("ServiceQuotaExceededException", "A resource can have at most 50 tags")
    record.tags = merged
    return {}


@operation(SERVICE, "UntagResource")
def untag_resource(context: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Unknown keys are fine."""
    record = _get(context, params["resourceArn"])
    record.tags = {key: value for key, value in record.tags.items() if key not in params["tagKeys"]}
    return {}


@operation(SERVICE, "ListTagsForResource")
def list_tags_for_resource(context: Context, params: dict[str, Any]) -> dict[str, Any]:
    """All tags."""
    return {"tags": dict(_get(context, params["resourceArn"]).tags)}
