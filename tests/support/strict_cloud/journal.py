"""The log: one NDJSON line per request that arrived, without anything secret."""

from __future__ import annotations

import json
import threading
from typing import Any, TextIO

IDENTIFIERS = frozenset(
    (
        "name",
        "gatewayIdentifier",
        "gatewayId",
        "targetId",
        "agentRuntimeId",
        "agentRuntimeName",
        "endpointName",
        "agentRuntimeVersion",
        "resourceArn",
        "agentRuntimeArn",
        "qualifier",
        "RoleName",
        "PolicyName",
        "PolicyArn",
        "RoleArn",
        "UserPoolId",
        "PoolName",
        "ClientId",
        "ClientName",
        "Domain",
        "Identifier",
        "ResourceArn",
        "logGroupName",
        "logGroupNamePrefix",
        "repositoryName",
        "SecretId",
        "nextToken",
        "NextToken",
        "Marker",
        "clientToken",
        "targetIdList",
        "protocolType",
    )
)
"""Members of inputs and outputs that name an object."""


def identifiers(*documents: dict[str, Any] | None) -> dict[str, Any]:
    """What the documents say about which object a request is for."""
    found: dict[str, Any] = {}
    for document in documents:
        for name, value in (document or {}).items():
            if name in IDENTIFIERS and isinstance(value, (str, list)):
                found[name] = value
            elif name in ("UserPool", "UserPoolClient", "Role", "ResourceServer") and isinstance(value, dict):
                found.update(identifiers({key: item for key, item in value.items() if isinstance(item, str)}))
                if "Id" in value:
                    found["Id"] = value["Id"]
    return found


class Journal:
    """Entries in memory, and in a file if one is named."""

    def __init__(self, path: str | None) -> None:
        self._lock = threading.Lock()
        self._file: TextIO | None = open(path, "a", encoding="utf-8") if path else None  # noqa: SIM115
        self._entries: list[dict[str, Any]] = []
        self._count = 0

    def next(self) -> int:
        """The number of a request that has arrived."""
        with self._lock:
            self._count += 1
            return self._count

    def write(self, entry: dict[str, Any]) -> None:
        """Note what became of a request; called before its answer is sent."""
        with self._lock:
            self._entries.append(entry)
            if self._file:
                self._file.write(json.dumps(entry) + "\n")
                self._file.flush()

    def entries(self) -> list[dict[str, Any]]:
        """All entries by number."""
        with self._lock:
            return sorted(self._entries, key=lambda entry: entry["n"])

    def clear(self) -> None:
        """Forget the entries and count from 1 again; the file keeps its lines."""
        with self._lock:
            self._entries.clear()
            self._count = 0
