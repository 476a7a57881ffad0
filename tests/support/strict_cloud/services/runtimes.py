"""AgentCore runtimes and their versions."""

from __future__ import annotations

import copy
import re
from typing import Any

from ..context import Context, operation
from ..errors import conflict, denied, invalid, not_found
from ..store import MIXED, Placed, Record, partition, random_id
from . import ecr
from .agentcore import (
    add_workload_identity,
    check_jwt,
    check_runtime_role,
    check_tags,
    refuse_pending,
    shown_authorizer,
    visible,
)
from .endpoints import add_endpoint, move_default
from .logs import add_group
from .roles import allowed

SERVICE = "bedrock-agentcore-control"
_MEMBERS = (
    "agentRuntimeArtifact",
    "roleArn",
    "networkConfiguration",
    "description",
    "authorizerConfiguration",
    "requestHeaderConfiguration",
    "protocolConfiguration",
    "lifecycleConfiguration",
    "metadataConfiguration",
    "environmentVariables",
    "filesystemConfigurations",
    "capacityProviderConfiguration",
)
_ECR_ACTIONS = ("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
_ECR_URI = re.compile(r"(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?/([^:@]+)(?::([^@]+))?(?:@(.+))?")


def not_authorized(context: Context, action: str, runtime_id: str) -> Exception:
    """Observed: what a missing runtime answers instead of "not found"."""
    resource = context.arn("bedrock-agentcore", f"runtime/{runtime_id}")
    caller = context.caller.arn if context.caller else "unknown"
    return denied(f"User: {caller} is not authorized to perform: bedrock-agentcore:{action} on resource: {resource}")


def get_runtime(context: Context, runtime_id: str, reading: bool = False) -> Record:
    """The runtime."""
    runtime = context.find("runtime", runtime_id)
    if runtime is None or (reading and not visible(context, runtime)):
        if "get-runtime" in context.config.disguise:
            raise not_authorized(context, context.operation, runtime_id)
        raise not_found(f"No endpoint or agent found with qualifier 'DEFAULT' for agent '{runtime_id}'")
    return runtime


def _shape(runtime: Record, version: str | None = None) -> dict[str, Any]:
    number = version or str(len(runtime.hidden["versions"]))
    entry = runtime.hidden["versions"][int(number) - 1]
    latest = number == str(len(runtime.hidden["versions"]))
    return {
        **entry["data"],
        "authorizerConfiguration": shown_authorizer(entry["data"].get("authorizerConfiguration")),
        "agentRuntimeArn": runtime.arn,
        "agentRuntimeId": runtime.key,
        "agentRuntimeName": runtime.name,
        "agentRuntimeVersion": number,
        "createdAt": runtime.created,
        "lastUpdatedAt": runtime.updated if latest else entry["made"],
        "status": runtime.visible_status() if latest else "READY",
        "failureReason": runtime.reasons[0] if runtime.reasons and latest else None,
        "workloadIdentityDetails": runtime.hidden["identity"],
        "_beyond_model": {"platformVersion": "V2"} if version is None else {},
    }


def _changed(runtime: Record) -> dict[str, Any]:
    """Answers of Create and Update lack what only Get has (observed: platformVersion)."""
    return {**_shape(runtime), "_beyond_model": {}}


def _summary(runtime: Record, version: str | None = None) -> dict[str, Any]:
    shape = _shape(runtime, version)
    return {**shape, "_beyond_model": {}, "description": shape.get("description", "")}


def _check_image(context: Context, role: dict[str, Any], uri: str) -> None:
    """Observed: the service reads the image with the execution role before it accepts the runtime."""
    match = _ECR_URI.fullmatch(uri)
    if not match:
        return
    account, region, name, tag, digest = match.groups()
    arn = f"arn:{partition(region)}:ecr:{region}:{account}:repository/{name}"
    if not (
        allowed(context, role, "ecr:GetAuthorizationToken", "*")
        and all(allowed(context, role, action, arn) for action in _ECR_ACTIONS)
    ):
        raise invalid(
            f"Access denied while validating ECR URI '{uri}'. The execution role requires permissions for "
            "ecr:GetAuthorizationToken, ecr:BatchGetImage, and ecr:GetDownloadUrlForLayer operations."
        )
    if not context.config.check_images or account not in context.cloud.keys.accounts():
        return
    repository = context.cloud.find("ecr-repository", account, region, name)
    wanted = {"imageDigest": digest} if digest else {"imageTag": tag or "latest"}
    if repository is None or ecr.find_image(repository, wanted) is None:
        raise invalid(f"The specified image identifier does not exist in the repository for ECR URI '{uri}'")


def _check(context: Context, params: dict[str, Any], arn: str) -> None:
    if "requireServiceS3Endpoint" in params.get("networkConfiguration", {}).get("networkModeConfig", {}):
        raise invalid("requireServiceS3Endpoint cannot be set")
    network = params.get("networkConfiguration", {"networkMode": "PUBLIC"})
    if (network["networkMode"] == "VPC") != ("networkModeConfig" in network):
        raise invalid("networkModeConfig goes with network mode VPC, and only with it")
    check_jwt(params.get("authorizerConfiguration"))
    life = {"idleRuntimeSessionTimeout": 900, "maxLifetime": 28800, **params.get("lifecycleConfiguration", {})}
    if life["idleRuntimeSessionTimeout"] > life["maxLifetime"]:
        raise invalid("idleRuntimeSessionTimeout must not exceed maxLifetime")
    role = check_runtime_role(context, params["roleArn"], arn)
    container = params["agentRuntimeArtifact"].get("containerConfiguration")
    if container:
        _check_image(context, role, container["containerUri"])


def _set(context: Context, runtime: Record, params: dict[str, Any]) -> None:
    """A new version; what is left out gets its default."""
    data = {name: copy.deepcopy(params[name]) for name in _MEMBERS if name in params}
    data["lifecycleConfiguration"] = {
        "idleRuntimeSessionTimeout": 900,
        "maxLifetime": 28800,
        **data.get("lifecycleConfiguration", {}),
    }
    data.setdefault("networkConfiguration", {"networkMode": "PUBLIC"})
    data.setdefault("protocolConfiguration", {"serverProtocol": "HTTP"})
    if data["networkConfiguration"]["networkMode"] == "VPC":
        data["networkConfiguration"]["networkModeConfig"]["requireServiceS3Endpoint"] = False
    for name in ("environmentVariables", "filesystemConfigurations"):
        if not data.get(name):
            data.pop(name, None)
    runtime.data = data
    runtime.hidden["versions"].append({"data": data, "made": context.now})


@operation(SERVICE, "CreateAgentRuntime")
def create_agent_runtime(context: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Names are unique.  The DEFAULT endpoint appears by itself, a moment later."""

    def work() -> tuple[dict[str, Any], Record]:
        name = params["agentRuntimeName"]
        if any(runtime.name == name for runtime in context.all("runtime")):
            raise conflict(f"An agent with the specified name already exists in your account: {name}")
        runtime_id = f"{name}-{random_id(10, MIXED)}"
        arn = context.arn("bedrock-agentcore", f"runtime/{runtime_id}")
        _check(context, params, arn)
        runtime = context.new(
            "runtime",
            runtime_id,
            name,
            arn=arn,
            tags=check_tags(params.get("tags", {})),
            hidden={"versions": [], "hidden_ms": context.config.hidden_ms},
        )
        _set(context, runtime, params)
        runtime.hidden["identity"] = {"workloadIdentityArn": add_workload_identity(context, runtime)}
        delay = context.config.ready_ms

        def ready(_due: float) -> None:
            group = f"/aws/bedrock-agentcore/runtimes/{runtime.key}-DEFAULT"
            if context.config.runtime_log_groups and not context.find("log-group", group):
                add_group(context, group, {})

        context.move(runtime, "CREATING", "READY", on_settled=ready)
        context.cloud.after(
            context.now,
            delay / 2,
            lambda due: None if runtime.gone else add_endpoint(context, runtime, "DEFAULT", "1", {}, due, delay),
        )
        return _changed(runtime), runtime

    return context.once(params, work)


@operation(SERVICE, "GetAgentRuntime")
def get_agent_runtime(context: Context, params: dict[str, Any]) -> dict[str, Any]:
    """The latest version, or the one asked for."""
    runtime = get_runtime(context, params["agentRuntimeId"], reading=True)
    version = params.get("agentRuntimeVersion")
    if version:
        _get_version(runtime, version)
    return _shape(runtime, version)


def _get_version(runtime: Record, version: str) -> dict[str, Any]:
    versions = runtime.hidden["versions"]
    if int(version) > len(versions) or versions[int(version) - 1].get("deleted"):
        raise not_found(f"Version {version} of agent {runtime.key} not found")
    return versions[int(version) - 1]


@operation(SERVICE, "UpdateAgentRuntime")
def update_agent_runtime(context: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Each update is a new version, even without a change; DEFAULT moves to it by itself."""
    runtime = get_runtime(context, params["agentRuntimeId"])

    def work() -> tuple[dict[str, Any], Record]:
        refuse_pending(runtime, "Agent")
        if set(params["agentRuntimeArtifact"]) != set(runtime.data["agentRuntimeArtifact"]):
            raise invalid("The kind of artifact of an agent cannot be changed")
        _check(context, params, runtime.arn)
        _set(context, runtime, params)
        runtime.hidden["warm"] = False
        context.move(runtime, "UPDATING", "READY")
        if not context.landing:
            move_default(context, runtime)
        return _changed(runtime), runtime

    return context.once(params, work)


@operation(SERVICE, "DeleteAgentRuntime")
def delete_agent_runtime(context: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Asynchronous; named endpoints first; one version only with agentRuntimeVersion."""

    def work() -> tuple[dict[str, Any], None]:
        runtime = context.find("runtime", params["agentRuntimeId"])
        if runtime is None:
            if "delete-runtime" in context.config.disguise:
                raise not_authorized(context, "DeleteAgentRuntime", params["agentRuntimeId"])
            raise not_found(f"Agent {params['agentRuntimeId']} not found")
        refuse_pending(runtime, "Agent")
        if "agentRuntimeVersion" in params:
            return _delete_version(context, runtime, params["agentRuntimeVersion"]), None
        if [item for item in context.all("endpoint", runtime) if item.name != "DEFAULT"]:
            raise conflict(f"Agent {runtime.key} has endpoints that must be deleted first")
        context.cloud.vanish(runtime, context.now, context.config.delete_ms)
        return {"status": "DELETING", "agentRuntimeId": runtime.key}, None

    return context.once(params, work)


def _delete_version(context: Context, runtime: Record, version: str) -> dict[str, Any]:
    entry = _get_version(runtime, version)
    used = {item.hidden[name] for item in context.all("endpoint", runtime) for name in ("live", "target")}
    if version in used or int(version) == len(runtime.hidden["versions"]):
        raise conflict(f"Version {version} of agent {runtime.key} is in use")
    entry["deleted"] = True
    return {"status": "DELETING", "agentRuntimeId": runtime.key, "agentRuntimeVersion": version}


@operation(SERVICE, "ListAgentRuntimes")
def list_agent_runtimes(context: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Summaries of the latest versions."""
    chosen, token = context.page([item for item in context.all("runtime") if visible(context, item)], params)
    return {"agentRuntimes": [_summary(runtime) for runtime in chosen], "nextToken": token}


@operation(SERVICE, "ListAgentRuntimeVersions")
def list_agent_runtime_versions(context: Context, params: dict[str, Any]) -> dict[str, Any]:
    """All versions that were not deleted."""
    runtime = get_runtime(context, params["agentRuntimeId"])
    versions = [
        Placed(index, str(index))
        for index, entry in enumerate(runtime.hidden["versions"], 1)
        if not entry.get("deleted")
    ]
    chosen, token = context.page(versions, params)
    return {"agentRuntimes": [_summary(runtime, version.value) for version in chosen], "nextToken": token}
