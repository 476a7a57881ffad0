"""Workload identities: those of the user, and those that gateways and runtimes make for themselves."""

from __future__ import annotations

from typing import Any

from ..context import Context, operation
from ..errors import denied, invalid, not_found
from ..store import Record
from .agentcore import check_tags

SERVICE = "bedrock-agentcore-control"


def _shape(identity: Record) -> dict[str, Any]:
    return {
        **identity.data,
        "name": identity.name,
        "workloadIdentityArn": identity.arn,
        "createdTime": identity.created,
        "lastUpdatedTime": identity.updated,
    }


def _get(context: Context, name: str) -> Record:
    identity = context.find("workload-identity", name)
    if identity is None:
        raise not_found(f"WorkloadIdentity {name} not found")
    return identity


def _refuse_linked(identity: Record, verb: str) -> None:
    """Observed: identities of gateways and runtimes are service-linked and go with their parent."""
    if identity.parent is not None:
        raise denied(f"Cannot {verb} the service-linked workload identity {identity.name}")


@operation(SERVICE, "CreateWorkloadIdentity")
def create(context: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Names are unique."""
    name = params["name"]
    if context.find("workload-identity", name):
        raise invalid(f"WorkloadIdentity with name: {name} already exists", "ResourceConflict")
    arn = context.arn("bedrock-agentcore", f"workload-identity-directory/default/workload-identity/{name}")
    return _shape(
        context.new(
            "workload-identity",
            name,
            name,
            arn=arn,
            tags=check_tags(params.get("tags", {})),
            data={"allowedResourceOauth2ReturnUrls": params.get("allowedResourceOauth2ReturnUrls", [])},
        )
    )


@operation(SERVICE, "GetWorkloadIdentity")
def get(context: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Also those of gateways and runtimes."""
    return _shape(_get(context, params["name"]))


@operation(SERVICE, "UpdateWorkloadIdentity")
def update(context: Context, params: dict[str, Any]) -> dict[str, Any]:
    """URLs left out are gone."""
    identity = _get(context, params["name"])
    _refuse_linked(identity, "update")
    identity.data["allowedResourceOauth2ReturnUrls"] = params.get("allowedResourceOauth2ReturnUrls", [])
    identity.updated = context.now
    return _shape(identity)


@operation(SERVICE, "DeleteWorkloadIdentity")
def delete(context: Context, params: dict[str, Any]) -> dict[str, Any]:
    """At once."""
    identity = _get(context, params["name"])
    _refuse_linked(identity, "delete")
    context.cloud.remove(identity)
    return {}


@operation(SERVICE, "ListWorkloadIdentities")
def list_(context: Context, params: dict[str, Any]) -> dict[str, Any]:
    """All of them; paging members travel in the body."""
    chosen, token = context.page(context.all("workload-identity"), params)
    return {"workloadIdentities": [_shape(identity) for identity in chosen], "nextToken": token}
