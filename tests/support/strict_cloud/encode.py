"""Answers and errors in the form of each protocol, serialised from the model."""

from __future__ import annotations

import base64
import dataclasses
import json
import time
from typing import Any
from xml.sax.saxutils import escape

from botocore.model import OperationModel, ServiceModel, Shape

from .errors import ServiceError

EXTRA_MEMBER = "futureMember"
SET_MEMBERS = frozenset(
    (
        "AllowedOAuthScopes",
        "AllowedOAuthFlows",
        "ExplicitAuthFlows",
        "SupportedIdentityProviders",
        "Scopes",
        "allowedAudience",
        "allowedClients",
        "allowedScopes",
        "supportedVersions",
        "scopes",
        "requestHeaderAllowlist",
        "securityGroups",
        "subnets",
        "allowedRequestHeaders",
        "allowedResponseHeaders",
        "Tags",
        "SchemaAttributes",
    )
)
"""Lists whose order means nothing; --shuffle reverses them."""


@dataclasses.dataclass
class Answer:
    """What goes back to the client."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclasses.dataclass(frozen=True)
class Style:
    """What the knobs ask of the serialiser."""

    extra_members: bool
    shuffle: bool


def iso(when: float, fraction: bool = True) -> str:
    """ISO 8601 in UTC."""
    text = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(when))
    return text + (f".{int(when % 1 * 1_000_000):06d}" if fraction else "") + "Z"


def _plain(shape: Any, value: Any, style: Style) -> Any:
    """The JSON value of a shape's value."""
    kind = shape.type_name
    if getattr(shape, "is_document_type", False):
        return value
    if kind == "structure":
        members = {name: member for name, member in shape.members.items() if "location" not in member.serialization}
        result = {}
        for name, member in members.items():
            if value.get(name) is not None:
                item = _plain(member, value[name], style)
                if style.shuffle and name in SET_MEMBERS and isinstance(item, list):
                    item.reverse()
                result[member.serialization.get("name", name)] = item
            elif name in shape.required_members:
                raise AssertionError(f"the double left out {shape.name}.{name}")
        result.update(value.get("_beyond_model", {}))
        if style.extra_members and result and not shape.is_tagged_union:
            result[EXTRA_MEMBER] = {"note": "no model has this"}
        return result
    if kind == "list":
        return [_plain(shape.member, item, style) for item in value]
    if kind == "map":
        return {key: _plain(shape.value, item, style) for key, item in value.items()}
    if kind == "timestamp":
        if shape.serialization.get("timestampFormat") == "iso8601":
            return iso(value)
        return round(value, 3)
    if kind == "blob":
        return base64.b64encode(value).decode()
    return value


def _xml(name: str, shape: Any, value: Any, style: Style) -> str:
    kind = shape.type_name
    if kind == "structure":
        parts = []
        for key, member in shape.members.items():
            if value.get(key) is not None:
                parts.append(_xml(member.serialization.get("name", key), member, value[key], style))
            elif key in shape.required_members:
                raise AssertionError(f"the double left out {shape.name}.{key}")
        if style.extra_members:
            parts.append("<FutureMember>no model has this</FutureMember>")
        return f"<{name}>{''.join(parts)}</{name}>"
    if kind == "list":
        items = list(reversed(value)) if style.shuffle and name in SET_MEMBERS else value
        inner = shape.member.serialization.get("name", "member")
        return f"<{name}>" + "".join(_xml(inner, shape.member, item, style) for item in items) + f"</{name}>"
    if kind == "timestamp":
        return f"<{name}>{iso(value, fraction=False)}</{name}>"
    if kind == "boolean":
        value = "true" if value else "false"
    return f"<{name}>{escape(str(value))}</{name}>"


def success(operation: OperationModel, result: dict[str, Any], request_id: str, style: Style) -> Answer:
    """The answer of an operation that worked."""
    shape = operation.output_shape
    metadata = operation.service_model.metadata
    status = operation.http.get("responseCode", 200)
    if metadata["protocol"] == "query":
        return Answer(status, _headers("text/xml", request_id), _query_result(operation, result, request_id, style))
    if metadata["protocol"] == "json":
        content_type = f"application/x-amz-json-{metadata['jsonVersion']}"
        body = json.dumps(_plain(shape, result, style)).encode() if shape else b""
        return Answer(status, _headers(content_type, request_id), body)
    headers = _headers("application/json", request_id)
    members = shape.members if shape else {}
    for name, member in members.items():
        location = member.serialization.get("location")
        if location == "header" and result.get(name) is not None:
            headers[member.serialization["name"]] = str(result[name])
        elif location == "statusCode":
            status = result[name]
    payload = shape.serialization.get("payload") if shape else None
    if payload:
        return Answer(status, headers, result[payload])
    if status == 204 or shape is None:
        return Answer(status, headers, b"")
    return Answer(status, headers, json.dumps(_plain(shape, result, style)).encode())


def _query_result(operation: OperationModel, result: dict[str, Any], request_id: str, style: Style) -> bytes:
    shape, name = operation.output_shape, operation.name
    inner = _xml(shape.serialization["resultWrapper"], shape, result, style) if shape else ""
    namespace = operation.service_model.metadata["xmlNamespace"]
    return (
        f'<{name}Response xmlns="{namespace}">{inner}<ResponseMetadata><RequestId>{request_id}</RequestId>'
        f"</ResponseMetadata></{name}Response>"
    ).encode()


def _headers(content_type: str, request_id: str) -> dict[str, str]:
    return {"Content-Type": content_type, "x-amzn-RequestId": request_id}


_QUERY_CODES = {
    # What the services with query protocol call the errors of the signature layer.
    "InvalidSignatureException": "SignatureDoesNotMatch",
    "UnrecognizedClientException": "InvalidClientTokenId",
    "ExpiredTokenException": "ExpiredToken",
    "IncompleteSignatureException": "IncompleteSignature",
    "MissingAuthenticationTokenException": "MissingAuthenticationToken",
    "ThrottlingException": "Throttling",
}
SIGNATURE_LAYER = frozenset((*_QUERY_CODES, "SerializationException", "UnknownOperationException"))


def failure(service: ServiceModel | None, error: ServiceError, request_id: str) -> Answer:
    """The answer of a request that failed."""
    protocol = service.metadata["protocol"] if service else "rest-json"
    shape = _error_shape(service, error.code)
    status = error.status or (shape and shape.metadata.get("error", {}).get("httpStatusCode")) or 400
    if protocol == "query":
        code = shape.metadata.get("error", {}).get("code", error.code) if shape else error.code
        if error.status in (403, 429):  # from the layer that checks signatures and rates
            code = _QUERY_CODES.get(error.code, code)
        kind = "Receiver" if status >= 500 else "Sender"
        body = (
            f'<ErrorResponse xmlns="{service.metadata["xmlNamespace"]}"><Error><Type>{kind}</Type>'
            f"<Code>{escape(code)}</Code><Message>{escape(error.message)}</Message></Error>"
            f"<RequestId>{request_id}</RequestId></ErrorResponse>"
        )
        return Answer(status, _headers("text/xml", request_id), body.encode())
    if protocol == "json":
        content_type = f"application/x-amz-json-{service.metadata['jsonVersion']}"
        prefix = "com.amazon.coral.service#" if error.code in SIGNATURE_LAYER else ""
        name = "Message" if service.service_name == "secretsmanager" else "message"
        status = 400 if error.code in SIGNATURE_LAYER and status < 500 else status
        body = json.dumps({"__type": prefix + error.code, name: error.message, **error.members})
        return Answer(status, _headers(content_type, request_id), body.encode())
    headers = _headers("application/json", request_id)
    suffix = ":http://internal.amazon.com/coral/com.amazon.coral.service/" if error.code in SIGNATURE_LAYER else ""
    headers["x-amzn-ErrorType"] = error.code + suffix
    return Answer(status, headers, json.dumps({"message": error.message, **error.members}).encode())


def _error_shape(service: ServiceModel | None, code: str) -> Shape | None:
    if service is None:
        return None
    if code in service.shape_names:
        return service.shape_for(code)
    return next((shape for shape in service.error_shapes if shape.metadata.get("error", {}).get("code") == code), None)
