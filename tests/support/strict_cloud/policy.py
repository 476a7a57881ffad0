"""IAM policy documents: syntax, the form in which IAM gives them back, and evaluation.

AWS: IAM User Guide, "Policy evaluation logic" and "IAM JSON policy elements".  An operator that is
not known here evaluates to false, so a policy can only be narrower than meant, never wider.
"""

from __future__ import annotations

import fnmatch
import json
import re
from typing import Any

from .errors import ServiceError

_STATEMENT_KEYS = {
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
}


def malformed(message: str) -> ServiceError:
    """MalformedPolicyDocument, 400."""
    return ServiceError("MalformedPolicyDocument", message)


def many(value: Any) -> list[Any]:
    """A value or list as a list."""
    return value if isinstance(value, list) else [value]


def parse(text: str, trust: bool) -> dict[str, Any]:
    """A checked document; raises MalformedPolicyDocument."""

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(dict(items)) != len(items):
            raise malformed("Duplicate key in the policy")
        return dict(items)

    try:
        document = json.loads(text, object_pairs_hook=pairs)
    except ValueError:
        raise malformed("This policy contains invalid Json") from None
    if not isinstance(document, dict) or set(document) - {"Version", "Id", "Statement"} or "Statement" not in document:
        raise malformed("Syntax errors in policy.")
    if document.get("Version", "2008-10-17") not in ("2012-10-17", "2008-10-17"):
        raise malformed("The policy must contain a valid version string")
    if not many(document["Statement"]):
        raise malformed("Syntax errors in policy.")
    sids = [
        statement["Sid"]
        for statement in many(document["Statement"])
        if isinstance(statement, dict) and "Sid" in statement
    ]
    if len(set(sids)) != len(sids):
        raise malformed("Statement IDs (SID) in a single policy must be unique.")
    for statement in many(document["Statement"]):
        _check_statement(statement, trust)
    return document


def _check_statement(statement: Any, trust: bool) -> None:
    if not isinstance(statement, dict) or set(statement) - _STATEMENT_KEYS:
        raise malformed("Syntax errors in policy.")
    if statement.get("Effect") not in ("Allow", "Deny"):
        raise malformed("Missing required field Effect")
    actions = statement.get("Action", statement.get("NotAction"))
    if not actions or not all(
        isinstance(item, str) and (item == "*" or re.fullmatch(r"[A-Za-z0-9-]+:[A-Za-z0-9*?]+", item))
        for item in many(actions)
    ):
        raise malformed("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.")
    if "Sid" in statement and not re.fullmatch(r"[A-Za-z0-9]*", str(statement["Sid"])):
        raise malformed("Statement IDs (SID) must be alpha-numeric.")
    _check_conditions(statement.get("Condition", {}))
    has_principal = "Principal" in statement or "NotPrincipal" in statement
    has_resource = "Resource" in statement or "NotResource" in statement
    if trust:
        _check_principal(statement.get("Principal", statement.get("NotPrincipal", "*")))
    if trust and (not has_principal or has_resource):
        raise malformed("Has prohibited field Resource" if has_resource else "Missing required field Principal")
    if not trust and (has_principal or not has_resource):
        raise malformed(
            "Policy document should not specify a principal."
            if has_principal
            else "Policy statement must contain resources."
        )
    for resource in many(statement.get("Resource", statement.get("NotResource", []))):
        if resource != "*" and not (
            isinstance(resource, str) and re.fullmatch(r"arn:[^:]*:[^:]*:[^:]*:[^:]*:.+", resource)
        ):
            raise malformed(f'Resource {resource} must be in ARN format or "*".')


def _check_conditions(conditions: Any) -> None:
    """AWS: "IAM JSON policy elements: Condition operators"."""
    if not isinstance(conditions, dict):
        raise malformed("Syntax errors in policy.")
    for operator, block in conditions.items():
        name = operator.removeprefix("ForAllValues:").removeprefix("ForAnyValue:").removesuffix("IfExists")
        if name not in _OPERATORS and not re.fullmatch(
            r"(Numeric|Date)(Equals|NotEquals|LessThan|LessThanEquals|GreaterThan|GreaterThanEquals)|"
            r"StringNotEqualsIgnoreCase|Null|BinaryEquals|(Not)?IpAddress",
            name,
        ):
            raise malformed(f"Invalid Condition type : {operator}.")
        if not isinstance(block, dict) or not all(
            isinstance(item, (str, bool, int, float)) for value in block.values() for item in many(value)
        ):
            raise malformed("Syntax errors in policy.")


def _check_principal(principal: Any) -> None:
    """AWS: "IAM JSON policy elements: Principal".  Whether an ARN's role exists is not looked up."""
    if principal == "*":
        return
    if not isinstance(principal, dict) or not principal:
        raise malformed("Syntax errors in policy.")
    for kind, values in principal.items():
        pattern = {
            "Service": r"[a-z0-9.-]+\.amazonaws\.com(\.cn)?",
            "AWS": r"\*|\d{12}|arn:aws[^:]*:(iam|sts)::\d{12}:.+",
            "Federated": r".+",
            "CanonicalUser": r"[0-9a-f]{64}",
        }.get(kind)
        if pattern is None:
            raise malformed("Syntax errors in policy.")
        for value in many(values):
            if not isinstance(value, str) or not re.fullmatch(pattern, value):
                raise malformed(f'Invalid principal in policy: "{kind}":"{value}"')


def as_returned(document: Any) -> Any:
    """The document as IAM gives it back: members re-ordered, one-element lists folded (observed)."""
    if isinstance(document, dict):
        order = {"Version": 0, "Id": 1, "Statement": 2, "Sid": 0, "Effect": 1, "Principal": 2, "Action": 3}
        names = sorted(document, key=lambda name: (order.get(name, 9), name))
        return {
            name: [as_returned(item) for item in document[name]]
            if name == "Statement" and isinstance(document[name], list)
            else as_returned(document[name])
            for name in names
        }
    if isinstance(document, list):
        items = [as_returned(item) for item in document]
        return items[0] if len(items) == 1 else sorted(items, key=json.dumps)
    return document


def size(text: str) -> int:
    """Characters that count towards IAM's limits: white space does not."""
    return len(re.sub(r"\s", "", text))


def like(pattern: str, value: str) -> bool:
    """IAM wildcards: * and ? only."""
    return fnmatch.fnmatchcase(value, pattern.replace("[", "[[]"))


def _arn_like(pattern: str, value: str) -> bool:
    left, right = pattern.split(":", 5), value.split(":", 5)
    return len(left) == len(right) == 6 and all(like(a, b) for a, b in zip(left, right))


_OPERATORS = {
    "StringEquals": lambda want, got: want == got,
    "StringNotEquals": lambda want, got: want != got,
    "StringEqualsIgnoreCase": lambda want, got: want.lower() == got.lower(),
    "StringLike": like,
    "StringNotLike": lambda want, got: not like(want, got),
    "ArnLike": _arn_like,
    "ArnEquals": _arn_like,
    "ArnNotLike": lambda want, got: not _arn_like(want, got),
    "ArnNotEquals": lambda want, got: not _arn_like(want, got),
    "Bool": lambda want, got: want.lower() == got.lower(),
}


def conditions_hold(conditions: dict[str, Any], context: dict[str, str]) -> bool:
    """Whether every operator and key of a Condition element holds."""
    known = {key.lower(): value for key, value in context.items()}
    for operator, block in conditions.items():
        name = operator.removesuffix("IfExists")
        if name not in _OPERATORS and name != "Null":
            return False
        for key, wanted in block.items():
            got = known.get(key.lower())
            values = [str(item).lower() if isinstance(item, bool) else str(item) for item in many(wanted)]
            if name == "Null":
                holds = ("true" if got is None else "false") in values
            elif got is None:
                holds = operator.endswith("IfExists") or "Not" in name
            elif "Not" in name:
                holds = all(_OPERATORS[name](value, got) for value in values)
            else:
                holds = any(_OPERATORS[name](value, got) for value in values)
            if not holds:
                return False
    return True


def _applies(statement: dict[str, Any], action: str, resource: str, context: dict[str, str]) -> bool:
    def listed(name: str, value: str, fold: bool) -> bool:
        items = many(statement[name])
        return any(like(item.lower() if fold else item, value.lower() if fold else value) for item in items)

    if not (listed("Action", action, True) if "Action" in statement else not listed("NotAction", action, True)):
        return False
    if "Resource" in statement and not listed("Resource", resource, False):
        return False
    if "NotResource" in statement and listed("NotResource", resource, False):
        return False
    return conditions_hold(statement.get("Condition", {}), context)


def decision(documents: list[dict[str, Any]], action: str, resource: str, context: dict[str, str]) -> str:
    """allowed, explicitDeny or implicitDeny."""
    effects = {
        statement["Effect"]
        for document in documents
        for statement in many(document["Statement"])
        if _applies(statement, action, resource, context)
    }
    if "Deny" in effects:
        return "explicitDeny"
    return "allowed" if "Allow" in effects else "implicitDeny"


def _principal_matches(principal: Any, kind: str, names: set[str]) -> bool:
    if principal == "*":
        return True
    values = many(principal.get(kind, [])) if isinstance(principal, dict) else []
    return any(value == "*" or value in names for value in values)


def trusts(document: dict[str, Any], kind: str, names: set[str], action: str, context: dict[str, str]) -> bool:
    """Whether a trust policy lets a principal (kind "Service", "AWS" or "Federated") do `action`."""
    effects = set()
    for statement in many(document["Statement"]):
        if not _principal_matches(statement.get("Principal", {}), kind, names):
            continue
        if any(like(item.lower(), action.lower()) for item in many(statement.get("Action", []))) and conditions_hold(
            statement.get("Condition", {}), context
        ):
            effects.add(statement["Effect"])
    return "Allow" in effects and "Deny" not in effects
