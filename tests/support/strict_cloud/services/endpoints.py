"""Endpoints of runtimes, among them DEFAULT, which the service makes and moves by itself."""

from __future__ import annotations

from typing import Any

from ..context import Context, operation
from ..errors import conflict, denied, invalid, not_found
from ..store import MIXED, Record, random_id
from .agentcore import check_tags, refuse_pending

SERVICE = "bedrock-agentcore-control"


def _runtime(context: Context, params: dict[str, Any]) -> Record:
    runtime = context.find("runtime", params["agentRuntimeId"])
    if runtime is None:
        if "endpoint" in context.config.disguise:
            raise denied(f"Agent {params['agentRuntimeId']} was not found")
        raise not_found(f"Agent {params['agentRuntimeId']} not found")
    return runtime


def _get(context: Context, params: dict[str, Any]) -> Record:
    """Observed: a missing endpoint is AccessDeniedException "was not found"."""
    runtime = _runtime(context, params)
    endpoint = context.find("endpoint", f"{runtime.key}/{params['endpointName']}")
    if endpoint is None:
        message = f"Endpoint {params['endpointName']} of agent {runtime.key} was not found"
        raise denied(message) if "endpoint" in context.config.disguise else not_found(message)
    return endpoint


def _shape(endpoint: Record) -> dict[str, Any]:
    runtime = endpoint.owner
    return {
        "name": endpoint.name,
        "endpointName": endpoint.name,
        "id": endpoint.hidden["id"],
        "agentRuntimeEndpointArn": endpoint.arn,
        "agentRuntimeArn": runtime.arn,
        "agentRuntimeId": runtime.key,
        "liveVersion": endpoint.hidden["live"],
        "targetVersion": endpoint.hidden["target"],
        "description": endpoint.data.get("description"),
        "status": endpoint.visible_status(),
        "createdAt": endpoint.created,
        "lastUpdatedAt": endpoint.updated,
        "failureReason": endpoint.reasons[0] if endpoint.reasons else None,
    }


def add_endpoint(
    context: Context, runtime: Record, name: str, version: str, params: dict[str, Any], now: float, delay_ms: float
) -> Record:
    """CREATING, then READY with a live version."""
    endpoint = Record(
        "endpoint",
        runtime.account,
        runtime.region,
        f"{runtime.key}/{name}",
        name,
        parent=runtime,
        arn=f"{runtime.arn}/runtime-endpoint/{name}",
        tags=check_tags(params.get("tags", {})),
        data={"description": params["description"]} if "description" in params else {},
        hidden={"live": None, "target": version, "id": f"{name}-{random_id(10, MIXED)}"},
    )
    context.cloud.add(endpoint, now)
    context.cloud.move(endpoint, now, "CREATING", "READY", delay_ms, on_settled=lambda _due: _go_live(endpoint))
    return endpoint


def _go_live(endpoint: Record) -> None:
    endpoint.hidden["live"] = endpoint.hidden["target"]


def move_default(context: Context, runtime: Record) -> None:
    """DEFAULT wants the new version at once, is READY with the old one for a moment, then UPDATING."""
    endpoint = context.find("endpoint", f"{runtime.key}/DEFAULT")
    if endpoint is None:
        return
    endpoint.hidden["target"] = str(len(runtime.hidden["versions"]))
    delay = context.config.ready_ms

    def start(due: float) -> None:
        if not endpoint.gone:
            context.cloud.move(endpoint, due, "UPDATING", "READY", delay, on_settled=lambda _due: _go_live(endpoint))

    context.cloud.after(context.now, delay / 2, start)


def _check_version(runtime: Record, version: str) -> str:
    versions = runtime.hidden["versions"]
    if int(version) > len(versions) or versions[int(version) - 1].get("deleted"):
        raise invalid(f"Version {version} of agent {runtime.key} does not exist")
    return version


@operation(SERVICE, "CreateAgentRuntimeEndpoint")
def create_agent_runtime_endpoint(context: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Names are unique in the runtime; without a version, the latest."""
    runtime = _runtime(context, params)

    def work() -> tuple[dict[str, Any], Record]:
        if runtime.status in ("CREATING", "CREATE_FAILED", "DELETING"):
            raise conflict(f"Agent {runtime.key} is in {runtime.status} status")
        if params["name"] == "DEFAULT" or context.find("endpoint", f"{runtime.key}/{params['name']}"):
            raise conflict(f"An endpoint with the specified name already exists: {params['name']}")
        latest = str(len(runtime.hidden["versions"]))
        version = _check_version(runtime, params.get("agentRuntimeVersion", latest))
        endpoint = add_endpoint(context, runtime, params["name"], version, params, context.now, context.config.ready_ms)
        if context.landing:
            context.move(endpoint, "CREATING", "READY")
        return _shape(endpoint), endpoint

    return context.once(params, work)


@operation(SERVICE, "GetAgentRuntimeEndpoint")
def get_agent_runtime_endpoint(context: Context, params: dict[str, Any]) -> dict[str, Any]:
    """With live and target version."""
    return _shape(_get(context, params))


@operation(SERVICE, "UpdateAgentRuntimeEndpoint")
def update_agent_runtime_endpoint(context: Context, params: dict[str, Any]) -> dict[str, Any]:
    """What is left out is reset: the description goes, the version becomes the latest (guess)."""
    endpoint = _get(context, params)

    def work() -> tuple[dict[str, Any], Record]:
        if endpoint.name == "DEFAULT":
            raise conflict("The DEFAULT endpoint cannot be updated")
        refuse_pending(endpoint, "Endpoint")
        latest = str(len(endpoint.owner.hidden["versions"]))
        endpoint.hidden["target"] = _check_version(endpoint.owner, params.get("agentRuntimeVersion", latest))
        endpoint.data = {"description": params["description"]} if "description" in params else {}
        context.move(endpoint, "UPDATING", "READY", on_settled=lambda _due: _go_live(endpoint))
        return _shape(endpoint), endpoint

    return context.once(params, work)


@operation(SERVICE, "DeleteAgentRuntimeEndpoint")
def delete_agent_runtime_endpoint(context: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Observed: DEFAULT cannot be deleted (ConflictException); it goes with the runtime."""

    def work() -> tuple[dict[str, Any], None]:
        endpoint = _get(context, params)
        if endpoint.name == "DEFAULT":
            raise conflict("The DEFAULT endpoint cannot be deleted")
        refuse_pending(endpoint, "Endpoint")
        context.cloud.vanish(endpoint, context.now, context.config.delete_ms)
        return {"status": "DELETING", "agentRuntimeId": endpoint.owner.key, "endpointName": endpoint.name}, None

    return context.once(params, work)


@operation(SERVICE, "ListAgentRuntimeEndpoints")
def list_agent_runtime_endpoints(context: Context, params: dict[str, Any]) -> dict[str, Any]:
    """All endpoints of a runtime."""
    chosen, token = context.page(context.all("endpoint", _runtime(context, params)), params)
    return {"runtimeEndpoints": [_shape(endpoint) for endpoint in chosen], "nextToken": token}
