"""The admin API below /_double/, for tests; unsigned."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

from .context import Context
from .decode import _refuse
from .dispatch import Dispatcher
from .errors import ServiceError
from .faults import Gate, Script
from .journal import Journal
from .keys import Key
from .models import Match
from .services import ecr, secrets
from .services.iam_policies import add_policy
from .store import Record
from .validate import check

ACCOUNT, REGION = "123456789012", "us-east-1"
SERVICES = {
    "iam-role": "iam",
    "iam-policy": "iam",
    "user-pool": "cognito-idp",
    "user-pool-domain": "cognito-idp",
    "resource-server": "cognito-idp",
    "user-pool-client": "cognito-idp",
    "log-group": "logs",
    "ecr-repository": "ecr",
    "secret": "secretsmanager",
}
"""Service of each kind; the others belong to bedrock-agentcore."""


class Admin:
    """Answers admin requests with JSON."""

    def __init__(self, dispatcher: Dispatcher, journal: Journal, script: Script, gate: Gate) -> None:
        self.dispatcher, self.journal, self.script, self.gate = dispatcher, journal, script, gate

    def handle(self, method: str, path: str, query: str, body: Any) -> tuple[int, Any]:
        """Status and JSON value."""
        name = path.removeprefix("/_double/")
        handler = getattr(self, f"_{method.lower()}_{name}", None)
        if handler is None or name.startswith("_"):
            return 404, {"error": f"no admin call {method} {path}"}
        try:
            return 200, handler(dict(parse_qsl(query)) if method == "GET" else body)
        except (ValueError, KeyError, TypeError) as error:
            return 400, {"error": f"{type(error).__name__}: {error}"}
        except ServiceError as error:
            return 400, {"error": error.code, "message": error.message}

    def _get_ready(self, _query: dict[str, str]) -> Any:
        return {"ready": True, "config": self.dispatcher.config.as_json()}

    def _get_log(self, query: dict[str, str]) -> Any:
        entries = self.journal.entries()
        for name in ("operation", "service"):
            if name in query:
                entries = [entry for entry in entries if entry[name] == query[name]]
        if "mutating" in query:
            entries = [entry for entry in entries if entry["mutating"] == (query["mutating"] == "true")]
        return [entry for entry in entries if entry["n"] > int(query.get("after", 0))]

    def _get_faults(self, _query: dict[str, str]) -> Any:
        return self.script.pending()

    def _post_faults(self, body: Any) -> Any:
        self.script.post(body)
        return {"faults": len(body)}

    def _get_blocked(self, query: dict[str, str]) -> Any:
        return self.gate.held(int(query.get("timeout_ms", 0)) / 1000)

    def _post_release(self, _body: Any) -> Any:
        return {"released": self.gate.release()}

    def _post_reset(self, _body: Any) -> Any:
        """Empty state, log and fault script; the knobs stay."""
        self.script.post([])
        self.gate.release()
        self.dispatcher.reset()
        self.journal.clear()
        return {"reset": True}

    def _get_config(self, _query: dict[str, str]) -> Any:
        return self.dispatcher.config.as_json()

    def _post_config(self, body: Any) -> Any:
        self.dispatcher.config.update(body)
        return self.dispatcher.config.as_json()

    def _get_dump(self, _query: dict[str, str]) -> Any:
        cloud = self.dispatcher.cloud
        with self.dispatcher.lock:
            cloud.tick(cloud.clock())
            return [
                _show(record)
                for record in sorted(cloud.everything(), key=lambda record: record.seq)
                if record.account != "aws"
            ]

    # -- seeds --------------------------------------------------------------------------------

    def _context(self, entry: dict[str, Any]) -> Context:
        cloud = self.dispatcher.cloud
        account = entry.get("account", ACCOUNT)
        key = Key("SEED", "", account, f"arn:aws:iam::{account}:root", account)
        return Context(cloud, "", "", account, entry.get("region", REGION), key, cloud.clock())

    def _post_seed(self, body: Any) -> Any:
        """See README.md: ecr, secrets, policies, mcpServers, keys, calls, poke."""
        unknown = set(body) - {"ecr", "secrets", "policies", "mcpServers", "keys", "calls", "poke"}
        if unknown:
            raise ValueError(f"unknown seeds: {', '.join(sorted(unknown))}")
        cloud = self.dispatcher.cloud
        with self.dispatcher.lock:
            cloud.tick(cloud.clock())
            for entry in body.get("keys", []):
                cloud.keys.add(
                    Key(
                        entry["accessKeyId"],
                        entry["secretAccessKey"],
                        entry["account"],
                        entry.get("arn", f"arn:aws:iam::{entry['account']}:user/seeded"),
                        "AIDASEEDED",
                    )
                )
            for entry in body.get("ecr", []):
                ecr.seed(self._context(entry), entry)
            made = [self._seed_secret(entry) for entry in body.get("secrets", [])]
            for entry in body.get("policies", []):
                add_policy(
                    cloud,
                    entry.get("account", ACCOUNT),
                    entry.get("path", "/"),
                    entry["name"],
                    entry["document"],
                    cloud.clock(),
                )
            for entry in body.get("mcpServers", []):
                cloud.mcp_servers[entry["endpoint"]] = entry
            results = [self._call(entry) for entry in body.get("calls", [])]
            for entry in body.get("poke", []):
                self._poke(entry)
        return {"secrets": made, "calls": results}

    def _seed_secret(self, entry: dict[str, Any]) -> str:
        secret = secrets.add(self._context(entry), entry["name"], entry.get("string", "{}"), suffix=entry.get("suffix"))
        secret.tags = dict(entry.get("tags", {}))
        return secret.arn

    def _call(self, entry: dict[str, Any]) -> dict[str, Any]:
        """Any modelled operation, as somebody of the account would have called it."""
        operation = self.dispatcher.models.operation(entry["service"], entry["operation"])
        params = entry.get("params", {})
        _refuse(operation, check(operation.input_shape, params))
        context = self._context(entry)
        return self.dispatcher.run(
            Match(operation), params, context.account, context.region, context.caller, context.now
        )

    def _poke(self, entry: dict[str, Any]) -> None:
        """Change a record from outside: drift, failures, lost tags."""
        record = self.dispatcher.cloud.find(
            entry["kind"], entry.get("account", ACCOUNT), entry.get("region", REGION), entry["id"]
        )
        if record is None:
            raise ValueError(f"no {entry['kind']} {entry['id']}")
        if entry.get("remove"):
            self.dispatcher.cloud.remove(record)
        record.data.update(entry.get("data", {}))
        for name in entry.get("unset", []):
            record.data.pop(name, None)
        if "status" in entry:
            record.generation += 1
            record.status, record.shown_status = entry["status"], None
            record.reasons = list(entry.get("reasons", []))
        if "tags" in entry:
            record.tags = dict(entry["tags"])


def _show(record: Record) -> dict[str, Any]:
    """A record without anything secret."""
    data = dict(record.data)
    if "environmentVariables" in data:
        data["environmentVariables"] = sorted(record.data["environmentVariables"])
    return {
        "service": SERVICES.get(record.kind, "bedrock-agentcore"),
        "kind": record.kind,
        "id": record.key,
        "name": record.name,
        "arn": record.arn or None,
        "account": record.account,
        "region": record.region or None,
        "status": record.status or None,
        "reasons": record.reasons,
        "tags": record.tags,
        "parent": record.parent.key if record.parent else None,
        "created": record.created,
        "data": data,
    }
