"""Knobs: one dataclass, read from the command line and changed at run time by the admin API."""

from __future__ import annotations

import argparse
import dataclasses
from typing import Any

DISGUISES = ("delete-runtime", "get-runtime", "endpoint")


@dataclasses.dataclass
class Config:
    """All times are milliseconds.  Field names are the JSON names of POST /_double/config."""

    ready_ms: int = 300
    """From Create or Update to READY (or FAILED)."""
    delete_ms: int = 200
    """From Delete to "not found" for asynchronous deletions."""
    domain_ms: int = 400
    """From CreateUserPoolDomain to ACTIVE (up to a minute with the real service)."""
    iam_lag_ms: int = 0
    """Until a change of a role or a policy is seen by the services that use the role."""
    gateway_role_lag: bool = False
    """CreateGateway and UpdateGateway see roles with the lag too (otherwise at once)."""
    latency_ms: int = 0
    """Before every answer."""
    hidden_ms: int = 0
    """After Create of an AgentCore resource, reads still answer "not found" for this long."""
    page_size: int = 2
    """Most items on a page, whatever maxResults asks for."""
    empty_pages: bool = True
    """Every other multi-page listing has an empty page with a token in it."""
    extra_members: bool = True
    """Structures in answers carry a member that no model knows."""
    shuffle: bool = False
    """Lists come back in another order than they were sent or created."""
    cold: bool = False
    """MCP targets of a runtime version that was never invoked (InvokeAgentRuntime) fail."""
    disguise: tuple[str, ...] = ("delete-runtime", "endpoint")
    """Where a missing object answers AccessDeniedException: any of DISGUISES."""
    pending_auth_delete: bool = False
    """DeleteGatewayTarget works in a PENDING_AUTH status (the model says it does not)."""
    runtime_log_groups: bool = True
    """A runtime creates its own log group once it is READY."""
    check_images: bool = True
    """CreateAgentRuntime refuses an image of a known account's ECR that was not seeded."""
    skew_ms: int = 0
    """How far the double's clock is ahead where it checks signatures and writes the Date header."""
    stall_ms: int = 600_000
    """How long the fault "stall" keeps a connection open."""

    def update(self, changes: dict[str, Any]) -> None:
        """Apply `changes`; raises ValueError for an unknown name or a wrong type."""
        fields = {field.name: field for field in dataclasses.fields(self)}
        for name, value in changes.items():
            if name not in fields:
                raise ValueError(f"unknown knob: {name}")
            if name == "disguise":
                value = tuple(value)
                if any(item not in DISGUISES for item in value):
                    raise ValueError(f"disguise: choose from {', '.join(DISGUISES)}")
            elif type(value) is not type(getattr(self, name)):
                raise ValueError(f"{name}: wrong type")
            setattr(self, name, value)

    def as_json(self) -> dict[str, Any]:
        """The knobs as a JSON object."""
        return {**dataclasses.asdict(self), "disguise": list(self.disguise)}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """One option per knob: --ready-ms N, --shuffle / --no-shuffle, --disguise a,b."""
    for field in dataclasses.fields(Config):
        option = "--" + field.name.replace("_", "-")
        if isinstance(field.default, bool):
            parser.add_argument(option, action=argparse.BooleanOptionalAction, default=field.default)
        elif isinstance(field.default, int):
            parser.add_argument(option, type=int, default=field.default, metavar="N")
        else:
            parser.add_argument(option, default=",".join(field.default), metavar="LIST")


def from_arguments(arguments: argparse.Namespace) -> Config:
    """The configuration that the parsed command line asks for."""
    config = Config()
    values = {field.name: getattr(arguments, field.name) for field in dataclasses.fields(Config)}
    values["disguise"] = [item for item in values["disguise"].split(",") if item]
    config.update(values)
    return config
