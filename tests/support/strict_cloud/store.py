"""All objects of all services, the timers that move them, and what goes with every kind of object:
status machines, look-up, paging, client tokens."""

from __future__ import annotations

import base64
import copy
import dataclasses
import hashlib
import heapq
import hmac
import itertools
import json
import random
import secrets
import string
from collections.abc import Callable, Iterable
from typing import Any

from .config import Config
from .errors import ServiceError
from .keys import KeyStore

LOWER = string.ascii_lowercase + string.digits
MIXED = string.ascii_letters + string.digits
UPPER = string.ascii_uppercase + string.digits


def random_id(length: int, alphabet: str = LOWER) -> str:
    """An id as the services make them."""
    return "".join(secrets.choice(alphabet) for _ in range(length))


def partition(region: str) -> str:
    """The partition of a region (AWS: partitions.json)."""
    for prefix, name in (("cn-", "aws-cn"), ("us-gov-", "aws-us-gov")):
        if region.startswith(prefix):
            return name
    return "aws"


@dataclasses.dataclass(eq=False)
class Record:
    """One object of one service.  `data` holds wire members; `hidden` what no answer shows."""

    kind: str
    account: str
    region: str
    key: str
    name: str
    arn: str = ""
    data: dict[str, Any] = dataclasses.field(default_factory=dict)
    hidden: dict[str, Any] = dataclasses.field(default_factory=dict)
    tags: dict[str, str] = dataclasses.field(default_factory=dict)
    parent: Record | None = None
    status: str = ""
    shown_status: str | None = None
    reasons: list[str] = dataclasses.field(default_factory=list)
    created: float = 0.0
    updated: float = 0.0
    seq: int = 0
    generation: int = 0
    gone: bool = False

    @property
    def owner(self) -> Record:
        """The parent of a record that has one."""
        assert self.parent is not None
        return self.parent

    def visible_status(self) -> str:
        """What Get and List say, which can lag behind."""
        return self.shown_status or self.status


@dataclasses.dataclass(frozen=True)
class Placed:
    """A plain value with a place in a listing."""

    seq: int
    value: Any


class Cloud:
    """The state.  One lock around each request makes it consistent."""

    def __init__(self, config: Config, clock: Callable[[], float]) -> None:
        self.config = config
        self.clock = clock
        self.reset()

    def reset(self) -> None:
        """Forget everything but the knobs."""
        self.keys = KeyStore()
        self.records: dict[str, dict[tuple[str, str, str], Record]] = {}
        self.tokens: dict[tuple[str, ...], tuple[str, dict[str, Any], Record | None]] = {}
        self.role_history: dict[tuple[str, str], list[tuple[float, dict[str, Any] | None]]] = {}
        self.mcp_servers: dict[str, dict[str, Any]] = {}
        self._timers: list[tuple[float, int, Callable[[float], None]]] = []
        self._sequence = itertools.count(1)
        self._page_secret = secrets.token_bytes(16)
        self._listings = itertools.count()
        self._order_salt = random.randrange(1 << 30)

    # -- time ---------------------------------------------------------------------------------

    def after(self, now: float, delay_ms: float, action: Callable[[float], None]) -> None:
        """Run action(due time) once `delay_ms` have passed since `now`."""
        heapq.heappush(self._timers, (now + delay_ms / 1000, next(self._sequence), action))

    def tick(self, now: float) -> None:
        """Run all timers that are due, in their order."""
        while self._timers and self._timers[0][0] <= now:
            due, _, action = heapq.heappop(self._timers)
            action(due)

    # -- records ------------------------------------------------------------------------------

    def add(self, record: Record, now: float) -> Record:
        """Store a new record."""
        record.created = record.updated = now
        record.seq = next(self._sequence)
        self.records.setdefault(record.kind, {})[(record.account, record.region, record.key)] = record
        return record

    def remove(self, record: Record) -> None:
        """Drop a record and its children; removing it twice is fine."""
        record.gone = True
        self.records.get(record.kind, {}).pop((record.account, record.region, record.key), None)
        for child in [child for child in self.everything() if child.parent is record]:
            self.remove(child)

    def find(self, kind: str, account: str, region: str, key: str) -> Record | None:
        """The record, or None."""
        return self.records.get(kind, {}).get((account, region, key))

    def all(self, kind: str, account: str | None, region: str | None, parent: Record | None = None) -> list[Record]:
        """Records of a kind in order of creation; None matches any account or region."""
        return sorted(
            (
                record
                for record in self.records.get(kind, {}).values()
                if account in (None, record.account)
                and region in (None, record.region)
                and parent in (None, record.parent)
            ),
            key=lambda record: record.seq,
        )

    def everything(self) -> Iterable[Record]:
        """Every record."""
        return [record for table in self.records.values() for record in table.values()]

    def by_arn(self, arn: str, kinds: Iterable[str]) -> Record | None:
        """The record with this ARN among `kinds`."""
        return next(
            (record for kind in kinds for record in self.records.get(kind, {}).values() if record.arn == arn), None
        )

    # -- status machine -----------------------------------------------------------------------

    def move(
        self,
        record: Record,
        now: float,
        pending: str,
        settled: str,
        delay_ms: float,
        on_settled: Callable[[float], None] | None = None,
        reasons: list[str] | None = None,
    ) -> None:
        """Status `pending` now, `settled` later.  A later move of the same record replaces this one."""
        record.status, record.shown_status, record.reasons = pending, None, []
        record.updated = now
        record.generation += 1
        generation = record.generation

        def settle(due: float) -> None:
            if record.gone or record.generation != generation:
                return
            record.status, record.reasons, record.updated = settled, list(reasons or []), due
            if on_settled:
                on_settled(due)

        self.after(now, delay_ms, settle)

    def vanish(self, record: Record, now: float, delay_ms: float, stale: bool = False) -> None:
        """DELETING now, gone later.  `stale`: reads show the old status for the first third."""
        old = record.visible_status()
        record.status, record.shown_status = "DELETING", old if stale else None
        record.generation += 1

        def show(_due: float) -> None:
            record.shown_status = None

        if stale:
            self.after(now, delay_ms / 3, show)
        self.after(now, delay_ms, lambda _due: self.remove(record))

    # -- client tokens ------------------------------------------------------------------------

    def once(
        self, scope: tuple[str, ...], params: dict[str, Any], work: Callable[[], tuple[dict[str, Any], Record | None]]
    ) -> dict[str, Any]:
        """Do `work` once per clientToken.

        AWS: CreateGateway, clientToken: "If this token matches a previous request, the service
        ignores the request, but doesn't return an error"; other parameters with the same token are a
        ValidationException (reason IdempotentParameterMismatchException).  A token is forgotten when
        its object is gone (guess).
        """
        token = params.get("clientToken")
        if token is None:
            return work()[0]
        rest = {name: value for name, value in params.items() if name != "clientToken"}
        digest = json.dumps(rest, sort_keys=True, default=repr)
        entry = self.tokens.get((*scope, token))
        if entry and not (entry[2] is not None and entry[2].gone):
            if entry[0] != digest:
                raise ServiceError(
                    "ValidationException",
                    "IdempotentParameterMismatch: the clientToken was used with other parameters",
                    400,
                    reason="IdempotentParameterMismatchException",
                )
            return copy.deepcopy(entry[1])
        result, record = work()
        self.tokens[(*scope, token)] = (digest, copy.deepcopy(result), record)
        return result

    # -- paging -------------------------------------------------------------------------------

    def page(
        self,
        scope: tuple[str, ...],
        items: list[Any],
        position: Callable[[Any], int],
        limit: int | None,
        token: str | None,
        bad_token: Callable[[], ServiceError],
    ) -> tuple[list[Any], str | None]:
        """One page of `items` and the token of the next.

        A page may be shorter than asked for, even empty with a token (AWS: ListGateways and the
        SDKs' paginators).  Tokens are opaque and belong to one operation and its parameters.
        """
        size = min(limit or self.config.page_size, self.config.page_size)
        order = self._shuffled(position) if self.config.shuffle else position
        items = sorted(items, key=order)
        after, blank = -1, False
        if token is not None:
            after, blank = self._read_token(scope, token, bad_token)
        if blank:
            return [], self._make_token(scope, after, False)
        left = [item for item in items if order(item) > after]
        page, rest = left[:size], left[size:]
        if not rest:
            return page, None
        blank = self.config.empty_pages and token is None and next(self._listings) % 2 == 0
        return page, self._make_token(scope, order(page[-1]), blank)

    def _shuffled(self, position: Callable[[Any], int]) -> Callable[[Any], int]:
        salt = self._order_salt

        def order(item: Any) -> int:
            digest = hashlib.sha256(f"{salt}/{position(item)}".encode()).digest()
            return int.from_bytes(digest[:6], "big")

        return order

    def _seal(self, scope: tuple[str, ...], text: bytes) -> bytes:
        return hmac.new(self._page_secret, repr(scope).encode() + text, "sha256").digest()[:12]

    def _make_token(self, scope: tuple[str, ...], after: int, blank: bool) -> str:
        text = json.dumps([after, blank]).encode()
        return base64.urlsafe_b64encode(self._seal(scope, text) + text).decode()

    def _read_token(
        self, scope: tuple[str, ...], token: str, bad_token: Callable[[], ServiceError]
    ) -> tuple[int, bool]:
        try:
            raw = base64.urlsafe_b64decode(token.encode())
        except ValueError:
            raise bad_token() from None
        if len(raw) < 13 or not hmac.compare_digest(raw[:12], self._seal(scope, raw[12:])):
            raise bad_token()
        after, blank = json.loads(raw[12:])
        return after, blank
