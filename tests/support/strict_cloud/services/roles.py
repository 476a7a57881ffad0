"""Roles as the services that use them see them: late, by the knob iam_lag_ms.

Observed: a new role, a trust policy or a permission is not seen by AgentCore for some seconds; the
policy lags separately from the trust (reports against the AWS provider of Terraform).
"""

from __future__ import annotations

import copy
from typing import Any

from ..context import Context
from ..policy import decision, trusts
from ..store import Cloud, Record

SERVICE = "bedrock-agentcore.amazonaws.com"


def remember(cloud: Cloud, role: Record, now: float, gone: bool = False) -> None:
    """Note the role's present state for later look-ups."""
    snapshot = None
    if not gone:
        snapshot = copy.deepcopy(
            {
                "Arn": role.arn,
                "RoleName": role.name,
                "RoleId": role.data["RoleId"],
                "MaxSessionDuration": role.data["MaxSessionDuration"],
                "Trust": role.hidden["trust"],
                "Documents": [
                    *role.hidden["inline"].values(),
                    *(managed_document(cloud, arn) for arn in role.hidden["attached"]),
                ],
                "Boundary": role.hidden.get("boundary") and managed_document(cloud, role.hidden["boundary"]),
            }
        )
    cloud.role_history.setdefault((role.account, role.key), []).append((now, snapshot))


def managed_document(cloud: Cloud, arn: str) -> dict[str, Any]:
    """The default version's document of a managed policy."""
    policy = find_policy(cloud, arn)
    return policy.hidden["document"] if policy else {"Statement": []}


def find_policy(cloud: Cloud, arn: str) -> Record | None:
    """A managed policy by ARN."""
    return cloud.by_arn(arn, ("iam-policy",))


def visible_role(context: Context, arn: str, lag: bool = True) -> dict[str, Any] | None:
    """The role as a service sees it now, or None."""
    account, name = arn.split(":")[4], arn.rsplit("/", 1)[1]
    horizon = context.now - (context.config.iam_lag_ms / 1000 if lag else 0)
    found = None
    for when, snapshot in context.cloud.role_history.get((account, name.lower()), []):
        if when <= horizon:
            found = snapshot
    return found if found and found["Arn"] == arn else None


def service_trusted(context: Context, role: dict[str, Any] | None, source_arn: str) -> bool:
    """Whether AgentCore may assume the role on behalf of `source_arn`."""
    keys = {"aws:SourceArn": source_arn, "aws:SourceAccount": context.account}
    return role is not None and trusts(role["Trust"], "Service", {SERVICE}, "sts:AssumeRole", keys)


def allowed(
    context: Context, role: dict[str, Any] | None, action: str, resource: str, extra: dict[str, str] | None = None
) -> bool:
    """Whether the role's policies, within its boundary, allow an action."""
    if role is None:
        return False
    keys = {"aws:RequestedRegion": context.region, "aws:PrincipalAccount": context.account, **(extra or {})}
    if decision(role["Documents"], action, resource, keys) != "allowed":
        return False
    boundary = role["Boundary"]
    return not boundary or decision([boundary], action, resource, keys) == "allowed"
