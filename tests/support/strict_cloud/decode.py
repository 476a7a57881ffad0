"""From a request to the operation's input, per protocol.  Nothing is ignored."""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn
from urllib.parse import unquote

from botocore.model import OperationModel, Shape

from .errors import NotModelled, ServiceError
from .models import Match
from .validate import Problems, check

_INVALID_CODE = {
    "bedrock-agentcore-control": "ValidationException",
    "bedrock-agentcore": "ValidationException",
    "cognito-idp": "InvalidParameterException",
    "logs": "InvalidParameterException",
    "ecr": "InvalidParameterException",
    "secretsmanager": "InvalidParameterException",
    "iam": "ValidationError",
    "sts": "ValidationError",
}


def decode(match: Match, headers: dict[str, str], raw_query: str, body: bytes) -> dict[str, Any]:
    """The validated input; raises ServiceError."""
    operation = match.operation
    protocol = operation.service_model.metadata["protocol"]
    if protocol == "rest-json":
        params = _rest(match, headers, raw_query, body)
    else:
        if raw_query:
            raise NotModelled(f"a query string with {operation.name}")
        params = _query(operation, headers, body) if protocol == "query" else _json_rpc(operation, headers, body)
    _refuse(operation, check(operation.input_shape, params))
    return params


def refuse_field(operation: OperationModel, path: str, message: str) -> NoReturn:
    """One problem, found outside the model."""
    problems = Problems()
    problems.fields.append((path, message))
    _refuse(operation, problems)
    raise AssertionError


def _refuse(operation: OperationModel, problems: Problems) -> None:
    service = operation.service_model.service_name
    protocol = operation.service_model.metadata["protocol"]
    if problems.types:
        code = "SerializationException" if protocol == "json" else _INVALID_CODE[service]
        members = {"reason": "CannotParse"} if protocol == "rest-json" else {}
        raise ServiceError(code, "; ".join(problems.types), 400, **members)
    if not problems.fields:
        return
    members = {}
    if protocol == "rest-json":
        members = {
            "reason": "FieldValidationFailed",
            "fieldList": [{"name": name, "message": text} for name, text in problems.fields],
        }
    raise ServiceError(_INVALID_CODE[service], problems.summary(), 400, **members)


def parse_json(body: bytes) -> Any:
    """Strict JSON: UTF-8, no repeated names, no NaN."""

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        result = dict(items)
        if len(result) != len(items):
            raise ValueError("repeated name in an object")
        return result

    def constant(text: str) -> NoReturn:
        raise ValueError(f"{text} is not JSON")

    try:
        return json.loads(body.decode("utf-8"), object_pairs_hook=pairs, parse_constant=constant)
    except (ValueError, RecursionError) as error:
        raise ServiceError("SerializationException", f"the body is no JSON: {error}", 400) from None


def _json_object(operation: OperationModel, body: bytes) -> dict[str, Any]:
    value = parse_json(body)
    if not isinstance(value, dict):
        raise ServiceError("SerializationException", f"{operation.name}: the body must be an object", 400)
    return {name: item for name, item in value.items() if item is not None}


def _content_type(headers: dict[str, str], wanted: str) -> None:
    got = headers.get("content-type", "").partition(";")[0].strip().lower()
    if got != wanted:
        raise ServiceError("UnsupportedMediaTypeException", f"Content-Type must be {wanted}, not {got!r}", 415)


def _json_rpc(operation: OperationModel, headers: dict[str, str], body: bytes) -> dict[str, Any]:
    _content_type(headers, f"application/x-amz-json-{operation.service_model.metadata['jsonVersion']}")
    return _json_object(operation, body)


def _rest(match: Match, headers: dict[str, str], raw_query: str, body: bytes) -> dict[str, Any]:
    operation, shape = match.operation, match.operation.input_shape
    members = shape.members if shape else {}
    query = _query_values(operation, raw_query)
    params: dict[str, Any] = {}
    for name, member in members.items():
        location = member.serialization.get("location")
        wire = member.serialization.get("name", name)
        if location == "uri":
            params[name] = _scalar(operation, name, member, match.labels[wire])
        elif location == "querystring" and wire in query:
            params[name] = _query_value(operation, name, member, query.pop(wire))
        elif location == "header" and wire.lower() in headers:
            params[name] = _scalar(operation, name, member, headers[wire.lower()])
    if query:
        refuse_field(operation, next(iter(query)), f"unknown query parameter: {', '.join(query)}")
    payload = shape.serialization.get("payload") if shape else None
    if payload:
        params[payload] = body
        return params
    in_body = {name for name, member in members.items() if "location" not in member.serialization}
    if body:
        _content_type(headers, "application/json")
        content = _json_object(operation, body)
        stray = [name for name in content if name in members and name not in in_body]
        if stray:
            refuse_field(operation, stray[0], f"{stray[0]} belongs outside the body")
        params.update(content)
    return params


def _query_values(operation: OperationModel, raw_query: str) -> dict[str, list[str]]:
    values: dict[str, list[str]] = {}
    for item in raw_query.split("&") if raw_query else []:
        name, equals, value = item.partition("=")
        if "+" in item or not equals:
            refuse_field(operation, name, "query parameters must be name=value, percent-encoded")
        values.setdefault(unquote(name), []).append(unquote(value))
    return values


def _query_value(operation: OperationModel, name: str, shape: Any, values: list[str]) -> Any:
    if shape.type_name == "list":
        return [_scalar(operation, name, shape.member, value) for value in values]
    if len(values) > 1:
        refuse_field(operation, name, f"query parameter {name} is given twice")
    return _scalar(operation, name, shape, values[0])


def _scalar(operation: OperationModel, name: str, shape: Shape, text: str) -> Any:
    """A value that travels as text."""
    if shape.type_name in ("integer", "long"):
        if not re.fullmatch(r"-?(0|[1-9][0-9]*)", text):
            refuse_field(operation, name, f"{name} must be an integer")
        return int(text)
    if shape.type_name == "boolean":
        if text not in ("true", "false"):
            refuse_field(operation, name, f"{name} must be true or false")
        return text == "true"
    if shape.type_name in ("string", "timestamp", "blob"):
        return text
    raise NotModelled(f"a {shape.type_name} as text in {operation.name}")


def form(body: bytes) -> dict[str, str]:
    """A form body's parameters; raises ServiceError when one is given twice."""
    values: dict[str, str] = {}
    for item in body.decode("utf-8", "surrogateescape").split("&") if body else []:
        name, _, value = item.partition("=")
        name = unquote(name.replace("+", " "))
        if name in values:
            raise ServiceError("MalformedQueryString", f"parameter {name} is given twice", 400)
        try:
            values[name] = unquote(value.replace("+", " "), errors="strict")
        except UnicodeDecodeError:
            raise ServiceError("MalformedQueryString", f"parameter {name} is not UTF-8", 400) from None
    return values


def _query(operation: OperationModel, headers: dict[str, str], body: bytes) -> dict[str, Any]:
    _content_type(headers, "application/x-www-form-urlencoded")
    values = form(body)
    del values["Action"], values["Version"]
    shape = operation.input_shape
    params = _take_structure(operation, shape, "", values) if shape else {}
    if values:
        refuse_field(operation, next(iter(values)), f"unknown parameter: {', '.join(sorted(values))}")
    return params or {}


def _take_structure(operation: OperationModel, shape: Any, prefix: str, values: dict[str, str]) -> dict[str, Any]:
    result = {}
    for name, member in shape.members.items():
        item = _take(operation, member, prefix + member.serialization.get("name", name), values)
        if item is not None:
            result[name] = item
    return result


def _take(operation: OperationModel, shape: Any, name: str, values: dict[str, str]) -> Any:
    """Remove a value's parameters from `values`; None when there are none."""
    if shape.type_name == "structure":
        return _take_structure(operation, shape, name + ".", values) or None
    if shape.type_name == "list":
        if values.get(name) == "":
            del values[name]
            return []
        if not shape.serialization.get("flattened"):
            name += "." + shape.member.serialization.get("name", "member")
        items: list[Any] = []
        while (item := _take(operation, shape.member, f"{name}.{len(items) + 1}", values)) is not None:
            items.append(item)
        return items or None
    if shape.type_name == "map":
        raise NotModelled(f"a map in the form of {operation.name}")
    return _scalar(operation, name, shape, values.pop(name)) if name in values else None
