"""From a raw request to an answer: signature, operation, input, handler."""

from __future__ import annotations

import dataclasses
import sys
import threading
import traceback
import uuid
from collections.abc import Callable
from typing import Any

from . import decode, encode, services, sigv4  # noqa: F401  (services registers the handlers)
from .config import Config
from .context import HANDLERS, Context, is_mutating
from .encode import Answer, Style
from .errors import NotModelled, ServiceError
from .journal import identifiers
from .keys import Key
from .models import Match, Models
from .services.gateways import refuse_arn
from .services.iam_policies import add_aws_managed
from .store import Cloud, partition

GLOBAL_REGIONS = {"iam": {"aws": "us-east-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}}


@dataclasses.dataclass(frozen=True)
class Request:
    """One HTTP request, as it came."""

    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes

    def header_map(self) -> dict[str, str]:
        """Lower-case names."""
        return {name.lower(): value.strip() for name, value in self.headers}


@dataclasses.dataclass
class Call:
    """What is known of a request; filled as it is worked on."""

    request_id: str = dataclasses.field(default_factory=lambda: str(uuid.uuid4()))
    scope: sigv4.Scope | None = None
    match: Match | None = None
    key: Key | None = None
    error: ServiceError | None = None
    ids: dict[str, Any] = dataclasses.field(default_factory=dict)
    bug: str | None = None

    @property
    def service(self) -> str | None:
        """The model's service name."""
        return self.match.operation.service_model.service_name if self.match else None

    @property
    def operation(self) -> str | None:
        """The operation's name."""
        return self.match.operation.name if self.match else None

    @property
    def mutating(self) -> bool:
        """Whether it would change something."""
        return bool(self.match and is_mutating(self.match.operation.name))


class Dispatcher:
    """All of the double but the socket."""

    def __init__(self, config: Config, clock: Callable[[], float]) -> None:
        self.config = config
        self.models = Models()
        self.cloud = Cloud(config, clock)
        self.lock = threading.RLock()
        self.reset()

    def reset(self) -> None:
        """Empty state."""
        with self.lock:
            self.cloud.reset()
            add_aws_managed(self.cloud, self.cloud.clock())

    # -- before the work ----------------------------------------------------------------------

    def identify(self, request: Request) -> Call:
        """Service and operation; an error is kept in the call for work()."""
        call, headers = Call(), request.header_map()
        try:
            action = self._action(headers, request.body)
            if "authorization" not in headers and action and action[0] == "AssumeRoleWithWebIdentity":
                call.match = self.models.match("sts", request.method, request.target, headers, action)
                return call
            call.scope = sigv4.parse_scope(headers.get("authorization"))
            call.match = self.models.match(
                call.scope.service, request.method, request.target.partition("?")[0], headers, action
            )
        except ServiceError as error:
            call.error = error
        except UnicodeDecodeError:
            call.error = ServiceError("ValidationException", "a path label is not UTF-8", 400)
        return call

    @staticmethod
    def _action(headers: dict[str, str], body: bytes) -> tuple[str, str] | None:
        if not headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            return None
        values = decode.form(body)
        return values.get("Action", ""), values.get("Version", "")

    def _authenticate(self, call: Call, request: Request, now: float) -> None:
        scope = call.scope
        if scope is None:
            if call.error:
                raise call.error
            return
        with self.lock:
            call.key = sigv4.verify(
                self.cloud.keys,
                scope,
                request.method,
                request.target,
                request.headers,
                request.body,
                now + self.config.skew_ms / 1000,
            )
        wanted = GLOBAL_REGIONS.get(scope.service, {}).get(partition(scope.region), scope.region)
        if scope.region != wanted:
            raise ServiceError(
                "InvalidSignatureException", f"Credential should be scoped to a valid region: {wanted}", 403
            )
        if call.error:
            raise call.error

    # -- the work -----------------------------------------------------------------------------

    def work(self, call: Call, request: Request, landing: dict[str, Any] | None = None) -> Answer:
        """Do it; never raises."""
        try:
            now = self.cloud.clock()
            self._authenticate(call, request, now)
            refuse_arn(call.match.labels, call.match.operation.name)
            raw_query = request.target.partition("?")[2]
            params = decode.decode(call.match, request.header_map(), raw_query, request.body)
            call.ids = identifiers(params)
            region = call.scope.region if call.scope else "us-east-1"
            account = call.key.account if call.key else ""
            result = self.run(call.match, params, account, region, call.key, now, landing)
            call.ids = identifiers(params, result)
            style = Style(self.config.extra_members, self.config.shuffle)
            return encode.success(call.match.operation, result, call.request_id, style)
        except ServiceError as error:
            call.error = error
            return self.failure(call, error)
        except Exception:
            call.bug = traceback.format_exc()
            print(call.bug, file=sys.stderr, flush=True)
            call.error = ServiceError("InternalFailure", "bug in the test double, see its log", 500)
            return self.failure(call, call.error)

    def run(
        self,
        match: Match,
        params: dict[str, Any],
        account: str,
        region: str,
        caller: Key | None,
        now: float,
        landing: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        """The handler of an operation, on validated input."""
        operation = match.operation
        service = operation.service_model.service_name
        handler = HANDLERS.get((service, operation.name))
        if handler is None:
            raise NotModelled(f"{service} {operation.name}")
        with self.lock:
            self.cloud.tick(now)
            return handler(Context(self.cloud, service, operation.name, account, region, caller, now, landing), params)

    def failure(self, call: Call, error: ServiceError) -> Answer:
        """An error in the form of the call's service."""
        model = None
        if call.match:
            model = call.match.operation.service_model
        elif call.scope and call.scope.service in self.models.services:
            model = self.models.services[call.scope.service]
        return encode.failure(model, error, call.request_id)
