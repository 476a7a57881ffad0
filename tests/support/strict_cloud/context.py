"""What a handler gets to see of a request, and the registry of handlers."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from .errors import ServiceError, invalid
from .keys import Key
from .store import Cloud, Record, partition


@dataclasses.dataclass
class Context:
    """One call."""

    cloud: Cloud
    service: str
    operation: str
    account: str
    region: str
    caller: Key | None
    now: float
    landing: dict[str, Any] | None = None
    """From the fault "land": the status and reason that the object of this call ends in."""

    @property
    def signer(self) -> Key:
        """The caller of an operation that must be signed."""
        assert self.caller is not None
        return self.caller

    @property
    def config(self) -> Any:
        """The knobs."""
        return self.cloud.config

    def arn(self, service: str, resource: str, region: str | None = None) -> str:
        """An ARN in the caller's account and region."""
        region = self.region if region is None else region
        return f"arn:{partition(self.region)}:{service}:{region}:{self.account}:{resource}"

    def find(self, kind: str, key: str) -> Record | None:
        """A record of the caller's account and region."""
        return self.cloud.find(kind, self.account, self.region, key)

    def all(self, kind: str, parent: Record | None = None) -> list[Record]:
        """All records of a kind in the caller's account and region."""
        return self.cloud.all(kind, self.account, self.region, parent)

    def new(self, kind: str, key: str, name: str, **more: Any) -> Record:
        """Store a new record of the caller's account and region."""
        return self.cloud.add(Record(kind, self.account, self.region, key, name, **more), self.now)

    def once(self, params: dict[str, Any], work: Callable[[], tuple[dict[str, Any], Record | None]]) -> dict[str, Any]:
        """Cloud.once for this operation, account and region."""
        return self.cloud.once((self.account, self.region, self.operation), params, work)

    def move(self, record: Record, pending: str, settled: str, delay_ms: float | None = None, **more: Any) -> None:
        """Cloud.move with READY's delay; the fault "land" overrides where it ends."""
        if self.landing:
            settled = self.landing["status"]
            more = {**more, "reasons": [self.landing.get("reason", "injected by the test")]}
            more.pop("on_settled", None)
        self.cloud.move(
            record, self.now, pending, settled, self.config.ready_ms if delay_ms is None else delay_ms, **more
        )

    def page(
        self,
        items: list[Any],
        params: dict[str, Any],
        limit: str = "maxResults",
        token: str = "nextToken",
        bad_token: Callable[[], ServiceError] | None = None,
    ) -> tuple[list[Any], str | None]:
        """One page of records."""
        filters = sorted((name, repr(value)) for name, value in params.items() if name not in (limit, token))
        scope = (self.account, self.region, self.operation, repr(filters))
        return self.cloud.page(
            scope,
            items,
            lambda record: record.seq,
            params.get(limit),
            params.get(token),
            bad_token or (lambda: invalid("Invalid nextToken")),
        )


Handler = Callable[[Context, dict[str, Any]], dict[str, Any]]
HANDLERS: dict[tuple[str, str], Handler] = {}


def operation(service: str, *names: str) -> Callable[[Handler], Handler]:
    """Register a handler for operations of a service."""

    def register(handler: Handler) -> Handler:
        for name in names:
            assert (service, name) not in HANDLERS, name
            HANDLERS[(service, name)] = handler
        return handler

    return register


_READING = ("Get", "List", "Describe", "BatchGet", "Simulate", "AssumeRole", "InvokeAgentRuntime")


def is_mutating(name: str) -> bool:
    """Whether an operation changes anything that a user owns."""
    return not name.startswith(_READING)
