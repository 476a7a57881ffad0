"""botocore's service models, and which operation a request is for."""

from __future__ import annotations

import dataclasses
import re
from urllib.parse import unquote

import botocore.session
from botocore.model import OperationModel, ServiceModel

from .errors import NotModelled, ServiceError

BY_SCOPE = {
    "bedrock-agentcore": ("bedrock-agentcore-control", "bedrock-agentcore"),
    "cognito-idp": ("cognito-idp",),
    "iam": ("iam",),
    "sts": ("sts",),
    "logs": ("logs",),
    "ecr": ("ecr",),
    "secretsmanager": ("secretsmanager",),
}
"""Signing name -> services of the model."""


@dataclasses.dataclass(frozen=True)
class Route:
    """A method and path of a rest-json operation."""

    method: str
    path: re.Pattern[str]
    operation: OperationModel


@dataclasses.dataclass(frozen=True)
class Match:
    """An operation and the labels that its path held, percent-decoded."""

    operation: OperationModel
    labels: dict[str, str] = dataclasses.field(default_factory=dict)


class Models:
    """All service models of the double."""

    def __init__(self) -> None:
        session = botocore.session.get_session()
        names = [name for names in BY_SCOPE.values() for name in names]
        self.services: dict[str, ServiceModel] = {name: session.get_service_model(name) for name in names}
        self._routes = {name: self._compile(name) for name in BY_SCOPE["bedrock-agentcore"]}

    def operation(self, service: str, name: str) -> OperationModel:
        """The model of an operation that is known to exist."""
        return self.services[service].operation_model(name)

    def _compile(self, service: str) -> list[Route]:
        model, routes = self.services[service], []
        for name in model.operation_names:
            operation = model.operation_model(name)
            path = operation.http["requestUri"].partition("?")[0]
            pattern = ""
            for part in re.split(r"(\{[^}]+\})", path):
                if not part.startswith("{"):
                    pattern += re.escape(part)
                elif part.endswith("+}"):
                    pattern += f"(?P<{part[1:-2]}>.+)"
                else:
                    pattern += f"(?P<{part[1:-1]}>[^/]+)"
            routes.append(Route(operation.http["method"], re.compile(pattern), operation))
        return sorted(routes, key=lambda route: route.path.pattern.count("(?P<"))

    def match(
        self, scope_service: str, method: str, raw_path: str, headers: dict[str, str], action: tuple[str, str] | None
    ) -> Match:
        """The operation; raises UnknownOperationException or NotModelled."""
        names = BY_SCOPE.get(scope_service)
        if names is None:
            raise NotModelled(f"service {scope_service!r}")
        if scope_service == "bedrock-agentcore":
            return self._match_path(names, method, raw_path)
        model = self.services[names[0]]
        if method != "POST" or raw_path != "/":
            raise NotModelled(f"{method} {raw_path} of {names[0]}")
        if model.metadata["protocol"] == "query":
            return self._match_action(model, action)
        prefix, _, name = headers.get("x-amz-target", "").rpartition(".")
        if prefix != model.metadata["targetPrefix"] or name not in model.operation_names:
            raise ServiceError("UnknownOperationException", f"unknown X-Amz-Target for {names[0]}", 400)
        return Match(model.operation_model(name))

    def _match_path(self, names: tuple[str, ...], method: str, raw_path: str) -> Match:
        for name in names:
            for route in self._routes[name]:
                found = route.path.fullmatch(raw_path)
                if found and route.method == method:
                    return Match(
                        route.operation,
                        {key: unquote(value, errors="strict") for key, value in found.groupdict().items()},
                    )
        raise ServiceError("UnknownOperationException", f"no operation for {method} {raw_path}", 404)

    @staticmethod
    def _match_action(model: ServiceModel, action: tuple[str, str] | None) -> Match:
        name, version = action or ("", "")
        if name not in model.operation_names or version != model.api_version:
            raise ServiceError("InvalidAction", f"Could not find operation {name} for version {version}", 400)
        return Match(model.operation_model(name))
