"""The codecs and the signature against botocore, which is not our work: for every operation of the tables,
random inputs encoded by both, random answers and errors decoded by both, random requests signed by both.

By hand: GANTRY_WIRE_PROBE=build/tests/bin/wire_probe build/venv/bin/python -m unittest -v tests.integration.test_wire
"""

from __future__ import annotations

import base64
import datetime
import io
import json
import os
import random
import subprocess
import unittest
from typing import Any, Iterator
from unittest import mock
from urllib.parse import parse_qsl, quote, unquote, urlsplit
from xml.sax.saxutils import escape

import botocore.auth
import botocore.session
from botocore.awsrequest import AWSRequest, HeadersDict, create_request_object, prepare_request_dict
from botocore.credentials import Credentials
from botocore.model import OperationModel, Shape
from botocore.parsers import create_parser
from botocore.serialize import create_serializer

ROUNDS = 200 if os.environ.get("GANTRY_TEST_LONG") else 20
SIGNATURES = 20000 if os.environ.get("GANTRY_TEST_LONG") else 2000
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
DEPTH = 5
"""Below it, only what a shape requires."""

WORDS = ("a", "tools", "Ab-9_.~", "x y", "&=+;#", "100%", "%41", '"q"', "it's", "<b>&amp;", "\u00e9\u20ac", "\U0001f600", "a/b/c", "arn:aws:x:y")
HEADER_WORDS = ("a", "text/plain", "Ab-9_.~", "x  y", "&=+;#", '"q"', "v=1; w", "100%", "a,b", 'a,"b"')


class Probe:
    """Our side, as a process that answers line by line."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [os.environ["GANTRY_WIRE_PROBE"]], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
        )

    def ask(self, what: str, **members: Any) -> dict[str, Any]:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(json.dumps({"do": what, **members}) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError(f"the probe ended (status {self.process.wait()}) at {what} {members}")
        return json.loads(line)

    def close(self) -> None:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.close()
        self.process.stdout.close()
        if self.process.wait() != 0:
            raise AssertionError("the probe failed at its end: a leak?")


class Values:
    """Random values of botocore's shapes, as botocore takes and gives them."""

    def __init__(self, seed: str, fill: float, fractions: bool, plain: bool) -> None:
        self.random = random.Random(seed)
        self.fill = fill  # how likely a member is that is not required
        self.fractions = fractions  # of seconds
        self.plain = plain  # texts that XML can hold as they are

    def of(self, shape: Shape, depth: int = 0) -> Any:
        if getattr(shape, "is_document_type", False):
            return self.document(depth)
        return getattr(self, "_" + shape.type_name)(shape, depth)

    def text(self, shape: Shape, words: tuple[str, ...]) -> str:
        if getattr(shape, "enum", None) and self.random.random() < 0.9:
            return self.random.choice(shape.enum)
        least, most = shape.metadata.get("min", 0), min(shape.metadata.get("max", 40), 40)
        count = self.random.randint(1, 4) if least or self.random.random() < 0.95 else 0
        text = "".join(self.random.choice(words) for _ in range(count))[:most]
        return text.ljust(least, "z") if least < 5000 else text

    def document(self, depth: int) -> Any:
        if depth > DEPTH or self.random.random() < 0.5:
            return self.random.choice(("text", 5, 1.5, True, "\u20ac"))
        if self.random.random() < 0.5:
            return [self.document(depth + 1) for _ in range(self.random.randint(0, 2))]
        return {key: self.document(depth + 1) for key in self.random.sample(WORDS, 2)}

    def member(self, shape: Shape, depth: int) -> Any:
        """A member's value, by where it stands: not every text can stand in a path or a header."""
        if depth == 1 and getattr(shape, "is_document_type", False):
            return {"card": self.document(depth)}  # as a payload it is an object, for us
        location = shape.serialization.get("location")
        if location in ("header", "headers"):
            return self._header(shape, depth)
        value = self.of(shape, depth)
        if location == "uri" and value in ("", ".", ".."):
            return "x"
        return value

    def _header(self, shape: Shape, depth: int) -> Any:
        if shape.type_name == "list":
            return [self._header(shape.member, depth + 1) for _ in range(self.random.randint(1, 3))]
        if shape.type_name == "map":
            return {f"key-{n}": self._header(shape.value, depth) for n in range(self.random.randint(0, 2))}
        if shape.type_name == "string":
            # In an answer's list nobody can tell a comma of a text from one between two.
            words = HEADER_WORDS[:6] if self.plain and depth > 1 else HEADER_WORDS
            return self.text(shape, words).strip() or "h"
        return self.of(shape, depth)

    def _structure(self, shape: Shape, depth: int) -> Any:
        names = list(shape.members)
        if shape.is_tagged_union:
            names = [self.random.choice(names)]
        elif depth > DEPTH:
            names = [name for name in names if name in shape.required_members]
        else:
            names = [name for name in names if name in shape.required_members or self.random.random() < self.fill]
        return {name: self.member(shape.members[name], depth + 1) for name in names}

    def _list(self, shape: Shape, depth: int) -> Any:
        least = shape.metadata.get("min", 0)
        most = max(least, min(shape.metadata.get("max", 3), 3 if depth <= DEPTH else 0))
        return [self.of(shape.member, depth + 1) for _ in range(self.random.randint(least, most))]

    def _map(self, shape: Shape, depth: int) -> Any:
        count = self.random.randint(0, 3) if depth <= DEPTH else 0
        return {self.text(shape.key, WORDS) or "k": self.of(shape.value, depth + 1) for _ in range(count)}

    def _string(self, shape: Shape, depth: int) -> str:
        return self.text(shape, WORDS if self.plain else (*WORDS, "\n", "\t", "\\", "\x7f", "\u2028"))

    def _character(self, shape: Shape, depth: int) -> str:
        return "c"

    def _integer(self, shape: Shape, depth: int) -> int:
        least = shape.metadata.get("min", -(2**31))
        return self.random.choice((least, min(least + 7, 2**31 - 1), int(shape.metadata.get("max", 2**31 - 1))))

    def _long(self, shape: Shape, depth: int) -> int:
        return self.random.choice((shape.metadata.get("min", -(2**63)), shape.metadata.get("max", 2**63 - 1), 1768653296000))

    def _float(self, shape: Shape, depth: int) -> float:
        return self.random.choice((0.5, 3.0, -2.25, 1e-7, 12345.678, round(self.random.random(), 6)))

    _double = _float

    def _boolean(self, shape: Shape, depth: int) -> bool:
        return self.random.random() < 0.5

    def _timestamp(self, shape: Shape, depth: int) -> datetime.datetime:
        return EPOCH + datetime.timedelta(
            seconds=self.random.randrange(4_000_000_000), milliseconds=self.random.randrange(1000) if self.fractions else 0
        )

    def _blob(self, shape: Shape, depth: int) -> bytes:
        return self.random.choice((b"", b"text", b'{"a":1}', self.random.randbytes(9), "\u20ac".encode()))


def to_document(shape: Shape, value: Any, payload: str | None = None) -> Any:
    """A native value as our documents have it; `payload` names the member that is the whole body."""
    kind = shape.type_name
    if getattr(shape, "is_document_type", False):
        return value
    if kind == "structure":
        return {
            name: to_payload(item) if name == payload and isinstance(item, bytes) else to_document(shape.members[name], item)
            for name, item in value.items()
        }
    if kind == "list":
        return [to_document(shape.member, item) for item in value]
    if kind == "map":
        return {key: to_document(shape.value, item) for key, item in value.items()}
    if kind == "blob":
        return base64.b64encode(value).decode()
    if kind == "timestamp":
        return value.isoformat(timespec="milliseconds" if value.microsecond else "seconds").replace("+00:00", "Z")
    return value


def to_payload(value: bytes) -> Any:
    return {"base64": base64.b64encode(value).decode()}


def from_document(shape: Shape, value: Any, payload: str | None = None) -> Any:
    """The reverse, for what we decode; a scalar that is not of its type stays, and so differs."""
    kind = shape.type_name
    if getattr(shape, "is_document_type", False):
        return value
    if kind == "structure" and isinstance(value, dict):
        return {
            name: from_payload(item) if name == payload and shape.members[name].type_name in ("blob", "string")
            else from_document(shape.members[name], item) if name in shape.members else item
            for name, item in value.items()
        }
    if kind == "list" and isinstance(value, list):
        return [from_document(shape.member, item) for item in value]
    if kind == "map" and isinstance(value, dict):
        return {key: from_document(shape.value, item) for key, item in value.items()}
    if kind == "blob" and isinstance(value, str):
        return base64.b64decode(value)
    if kind == "timestamp" and isinstance(value, str):
        return datetime.datetime.fromisoformat(value.replace("Z", "+00:00"))
    return value


def from_payload(value: Any) -> bytes:
    return base64.b64decode(value["base64"]) if isinstance(value, dict) else value.encode()


class Renderer:
    """Answers as the services write them: JSON, XML, headers."""

    def __init__(self, operation: OperationModel, protocol: str, value: dict[str, Any]) -> None:
        self.operation, self.protocol = operation, protocol
        self.status, self.headers, self.body = operation.http.get("responseCode", 200), [], b""
        shape = operation.output_shape
        if protocol == "query":
            inner = self.members(shape, value) if shape else ""
            wrapper = shape.serialization.get("resultWrapper") if shape else None
            result = f"<{wrapper}>{inner}</{wrapper}>" if wrapper else inner
            self.body = (
                f'<{operation.name}Response xmlns="{operation.service_model.metadata["xmlNamespace"]}">{result}'
                f"<ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></{operation.name}Response>"
            ).encode()
            return
        if shape is None:
            return
        if protocol != "json":
            self.head(shape, value)
        payload = shape.serialization.get("payload")
        if payload is None:
            body = {name: item for name, item in value.items() if "location" not in shape.members[name].serialization}
            if protocol == "json" or any("location" not in m.serialization for m in shape.members.values()):
                self.body = self.document(shape, body, shape.serialization.get("name", operation.name + "Result"))
        elif payload in value:
            item, member = value[payload], shape.members[payload]
            if isinstance(item, (bytes, str)):
                self.body = item if isinstance(item, bytes) else item.encode()
            else:
                self.body = self.document(member, item, member.serialization.get("name", payload))

    def document(self, shape: Shape, value: Any, root: str) -> bytes:
        if self.protocol == "rest-xml":
            return f'<?xml version="1.0" encoding="UTF-8"?>\n<{root}>{self.members(shape, value)}</{root}>'.encode()
        return json.dumps(self.json(shape, value)).encode()

    def head(self, shape: Shape, value: dict[str, Any]) -> None:
        for name, item in value.items():
            member = shape.members[name]
            location = member.serialization.get("location")
            if location == "header":
                self.headers.append((member.serialization["name"], self.scalar(member, item, "rfc822")))
            elif location == "headers":
                prefix = member.serialization.get("name", "")
                self.headers += [(prefix + key, text) for key, text in item.items()]
            elif location == "statusCode":
                self.status = value[name] = 200

    def scalar(self, shape: Shape, value: Any, times: str) -> str:
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, list):
            return ", ".join(self.scalar(shape.member, item, times) for item in value)
        if isinstance(value, bytes):
            return base64.b64encode(value).decode()
        if isinstance(value, datetime.datetime):
            times = shape.serialization.get("timestampFormat", times)
            if times == "rfc822":
                return value.strftime("%a, %d %b %Y %H:%M:%S GMT")
            if times == "unixTimestamp":
                return repr(value.timestamp())
            return value.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        return repr(value) if isinstance(value, float) else str(value)

    def json(self, shape: Shape, value: Any) -> Any:
        if getattr(shape, "is_document_type", False):
            return value
        if shape.type_name == "structure":
            out = {shape.members[n].serialization.get("name", n): self.json(shape.members[n], v) for n, v in value.items()}
            return {**out, "nullMember": None} if not shape.is_tagged_union else out
        if shape.type_name == "list":
            return [self.json(shape.member, item) for item in value]
        if shape.type_name == "map":
            return {key: self.json(shape.value, item) for key, item in value.items()}
        if isinstance(value, datetime.datetime):
            format_ = shape.serialization.get("timestampFormat", "unixTimestamp")
            return value.timestamp() if format_ == "unixTimestamp" else self.scalar(shape, value, format_)
        return self.scalar(shape, value, "") if isinstance(value, bytes) else value

    def members(self, shape: Shape, value: dict[str, Any]) -> str:
        parts = []
        for name, item in value.items():
            member = shape.members[name]
            tag = member.serialization.get("name", name)
            if member.serialization.get("flattened") and member.type_name == "list":
                tag = member.member.serialization.get("name", tag)
                parts += [self.element(tag, member.member, one) for one in item]
            elif member.serialization.get("flattened") and member.type_name == "map":
                parts += [f"<{tag}>{self.entry(member, *pair)}</{tag}>" for pair in item.items()]
            else:
                parts.append(self.element(tag, member, item))
        return "".join(parts)

    def entry(self, shape: Shape, key: str, value: Any) -> str:
        key_tag = shape.key.serialization.get("name", "key")
        return f"<{key_tag}>{escape(key)}</{key_tag}>" + self.element(
            shape.value.serialization.get("name", "value"), shape.value, value
        )

    def element(self, tag: str, shape: Shape, value: Any) -> str:
        if shape.type_name == "structure":
            inner = self.members(shape, value)
        elif shape.type_name == "list":
            item_tag = shape.member.serialization.get("name", "member")
            inner = "".join(self.element(item_tag, shape.member, item) for item in value)
        elif shape.type_name == "map":
            inner = "".join(f"<entry>{self.entry(shape, *pair)}</entry>" for pair in value.items())
        else:
            inner = escape(self.scalar(shape, value, "iso8601"))
        return f"<{tag}>{inner}</{tag}>"


class WireTest(unittest.TestCase):
    maxDiff = None
    probe: Probe
    tables: dict[str, Any]

    @classmethod
    def setUpClass(cls) -> None:
        cls.session = botocore.session.get_session()
        cls.probe = Probe()
        cls.tables = cls.probe.ask("tables")

    @classmethod
    def tearDownClass(cls) -> None:
        cls.probe.close()

    def operations(self) -> Iterator[tuple[str, str, OperationModel]]:
        for service, row in self.tables.items():
            model = self.session.get_service_model(service)
            for name in row["operations"]:
                yield service, row["protocol"], model.operation_model(name)

    def every_operation(self, check: Any, **options: Any) -> None:
        """Each with what is required, with everything, and at random."""
        count = 0
        for service, protocol, operation in self.operations():
            for number in range(ROUNDS):
                fill = (0.0, 1.0, 0.2)[number] if number < 3 else 0.5
                values = Values(f"{check.__name__} {service} {operation.name} {number}", fill, **options)
                with self.subTest(service=service, operation=operation.name, round=number):
                    check(service, protocol, operation, values)
                count += 1
        self.assertGreater(count, 200 * ROUNDS)


class Requests(WireTest):
    def test_encodes_as_botocore_does(self) -> None:
        self.every_operation(self.encode, fractions=False, plain=False)

    def encode(self, service: str, protocol: str, operation: OperationModel, values: Values) -> None:
        shape = operation.input_shape
        value = values.of(shape) if shape else {}
        document = to_document(shape, value, payload_of(shape)) if value else {}
        ours = self.probe.ask("encode", service=service, operation=operation.name, input=document)
        self.assertNotIn("error", ours, value)
        self.compare(ours, theirs_of(protocol, operation, value), protocol)

    def compare(self, ours: dict[str, Any], theirs: Any, protocol: str) -> None:
        url = urlsplit(theirs.url)
        self.assertEqual(ours["method"], theirs.method)
        self.assertEqual(ours["path"], url.path)
        self.assertEqual(parameters(ours["query"]), parameters(url.query))
        headers = {name.lower(): value for name, value in ours["headers"]}
        self.assertEqual(len(headers), len(ours["headers"]), "a header is there twice")
        wanted = {name.lower(): text(value) for name, value in theirs.headers.items()}
        for name in ("user-agent", "content-length", "transfer-encoding"):  # of the HTTP client
            wanted.pop(name, None)
            headers.pop(name, None)
        if headers.get("content-type") == "application/octet-stream":
            wanted.setdefault("content-type", "application/octet-stream")  # botocore says nothing of bytes
        self.assertEqual(headers, wanted)
        body, expected = bytes.fromhex(ours["body"]), theirs.body or b""
        expected = expected.encode() if isinstance(expected, str) else expected
        if protocol == "query":
            self.assertNotIn(b"+", body)
            self.assertEqual(sorted(form(body)), sorted(form(expected)))
        elif "json" in protocol and body != expected:
            self.assertEqual(json.loads(body), json.loads(expected))
        else:
            self.assertEqual(body, expected)


class Answers(WireTest):
    def test_decodes_as_botocore_does(self) -> None:
        self.every_operation(self.decode, fractions=True, plain=True)

    def decode(self, service: str, protocol: str, operation: OperationModel, values: Values) -> None:
        if operation.has_event_stream_output:
            return  # the frames of an event stream are the caller's business
        shape = operation.output_shape
        value = values.of(shape) if shape else {}
        answer = Renderer(operation, protocol, value)
        ours = self.probe.ask(
            "decode", service=service, operation=operation.name, status=answer.status, headers=answer.headers, body=answer.body.hex()
        )
        self.assertIn("output", ours, answer.body)
        theirs = parsed(protocol, answer.status, answer.headers, answer.body, shape)
        payload = payload_of(shape)
        if isinstance(theirs.get(payload), str):
            theirs[payload] = theirs[payload].encode()
        decoded = from_document(shape, ours["output"], payload) if shape else ours["output"]
        self.assertEqual(known(shape, decoded), known(shape, theirs), answer.body)

    def test_reads_errors_as_botocore_does(self) -> None:
        for service, protocol, operation in self.operations():
            for shape in operation.error_shapes if operation.http["method"] != "HEAD" else ():
                code = shape.metadata.get("error", {}).get("code", shape.name)
                status = shape.metadata.get("error", {}).get("httpStatusCode", 400)
                for message in ("it is not there", "a <b> & \u20ac"):
                    with self.subTest(service=service, operation=operation.name, error=shape.name):
                        headers, body = render_error(protocol, code, message)
                        ours = self.probe.ask(
                            "decode", service=service, operation=operation.name, status=status, headers=headers, body=body.hex()
                        )
                        theirs = parsed(protocol, status, headers, body, operation.output_shape)
                        self.assertEqual(ours, {"code": theirs["Error"]["Code"], "message": theirs["Error"]["Message"], "garbled": False})


class Signatures(WireTest):
    def test_signs_as_botocore_does(self) -> None:
        for number in range(SIGNATURES):
            with self.subTest(number=number):
                self.sign(random.Random(f"sign {number}"), s3=number % 3 == 0)

    def sign(self, chance: random.Random, s3: bool) -> None:
        def word() -> str:
            return "".join(chance.choice(WORDS) for _ in range(chance.randint(0, 3)))

        segments = [quote(word(), safe="-._~" + ("" if s3 else ":")) for _ in range(chance.randint(0, 4))]
        if not s3:
            # A dot at the end is left out: "/a/." is "/a/" by RFC 3986 and "/a" by botocore.
            segments += [*chance.sample(("", ".", "..", "a"), chance.randint(0, 3)), chance.choice(("", "b"))]
        path = "/" + "/".join(segments)
        pairs = [quote(word(), safe="-._~") + chance.choice(("=", "=" + quote(word(), safe="-._~"))) for _ in range(chance.randint(0, 4))]
        query = "&".join(pairs)
        body = chance.choice((b"", b"{}", chance.randbytes(40)))
        when = EPOCH + datetime.timedelta(seconds=chance.randrange(4_000_000_000))
        token = chance.choice((None, "token/+="))
        secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"[: chance.randint(1, 40)]
        region, name = chance.choice(("us-east-1", "eu-central-2")), "s3" if s3 else chance.choice(("iam", "bedrock-agentcore"))
        host = chance.choice(("a.example", "a.example:8443", "127.0.0.1:4566"))
        headers = [("Host", host)]
        for header in chance.sample(("Content-Type", "X-Amz-Target", "User-Agent", "Expect", "x-custom", "X-AMZ-META-b", "Accept"), 3):
            headers += [(header, chance.choice(("a", " a  b ", "a\tb", "a, b", "100%")))] * chance.randint(1, 2 if header == "x-custom" else 1)

        request = AWSRequest(method=chance.choice(("GET", "POST", "PUT")), url=f"https://{host}{path}{'?' if query else ''}{query}", data=body)
        for header in headers:
            request.headers.add_header(*header)
        signer = botocore.auth.S3SigV4Auth if s3 else botocore.auth.SigV4Auth
        theirs = signer(Credentials("AKIDEXAMPLE", secret, token), name, region)
        with mock.patch("botocore.auth.get_current_datetime", lambda *_: when.replace(tzinfo=None)):
            theirs.add_auth(request)
        options = {"key": "AKIDEXAMPLE", "secret": secret, "token": token, "region": region, "service": name,
                   "unix_ms": int(when.timestamp()) * 1000, "s3": s3}
        ours = self.probe.ask(
            "sign", method=request.method, path=path, query=query, headers=headers, body=body.hex(), options=options
        )
        self.verify(chance, {"method": request.method, "path": path, "query": query, "headers": request.headers.items(), "body": body.hex(), "options": options})
        del request.headers["Authorization"]
        canonical = theirs.canonical_request(request)
        self.assertEqual(ours["canonical_request"], canonical)
        string = theirs.string_to_sign(request, canonical)
        self.assertEqual(ours["string_to_sign"], string)
        self.assertTrue(ours["authorization"].endswith("Signature=" + theirs.signature(string, request)), ours["authorization"])

    def verify(self, chance: random.Random, signed: dict[str, Any]) -> None:
        """What botocore signed holds with us, and no longer when one thing of it is another."""
        answer = self.probe.ask("verify", **signed)
        self.assertTrue(answer["holds"], answer["message"])
        changes = {
            "method": "PATCH",
            "path": signed["path"] + "/more",
            "query": signed["query"] + "&more=1",
            "body": signed["body"] + "00",
            "headers": [(name, value + ("x" if name.lower() == "host" else "")) for name, value in signed["headers"]],
            "options": {**signed["options"], "secret": signed["options"]["secret"] + "x"},
        }
        name = chance.choice(list(changes))
        self.assertFalse(self.probe.ask("verify", **{**signed, name: changes[name]})["holds"], name)


def payload_of(shape: Shape | None) -> str | None:
    return shape.serialization.get("payload") if shape else None


def theirs_of(protocol: str, operation: OperationModel, value: dict[str, Any]) -> Any:
    request = create_serializer(protocol, include_validation=False).serialize_to_request(value, operation)
    prepare_request_dict(request, endpoint_url="https://a.example", context={})
    return create_request_object(request).prepare()


def parsed(protocol: str, status: int, headers: list[tuple[str, str]], body: bytes, shape: Shape | None) -> dict[str, Any]:
    payload = payload_of(shape)
    blob = payload and status < 300 and shape.members[payload].type_name == "blob"
    answer = {"status_code": status, "headers": HeadersDict(headers), "body": io.BytesIO(body) if blob else body, "context": {}}
    result = create_parser(protocol).parse(answer, shape)
    if blob:
        result[payload] = body
    return result


def parameters(query: str) -> list[tuple[str, ...]]:
    return sorted(tuple(unquote(part) for part in pair.partition("=")) for pair in query.split("&") if pair)


def form(body: bytes) -> list[tuple[str, str]]:
    return parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True)


def text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else value


def known(shape: Shape | None, value: Any) -> Any:
    """What both sides have to agree about: we keep members that no model has, and botocore has an empty map
    where no header has the prefix."""
    if shape is None:
        return {}
    if shape.type_name == "structure" and isinstance(value, dict) and not getattr(shape, "is_document_type", False):
        return {
            name: known(member, value[name])
            for name, member in shape.members.items()
            if name in value and not (member.serialization.get("location") == "headers" and not value[name])
        }
    if shape.type_name == "list" and isinstance(value, list):
        return [known(shape.member, item) for item in value]
    if shape.type_name == "map" and isinstance(value, dict):
        return {key: known(shape.value, item) for key, item in value.items()}
    return value


def render_error(protocol: str, code: str, message: str) -> tuple[list[tuple[str, str]], bytes]:
    if protocol == "query":
        return [], f"<ErrorResponse><Error><Code>{code}</Code><Message>{escape(message)}</Message></Error><RequestId>r</RequestId></ErrorResponse>".encode()
    if protocol == "rest-xml":
        return [], f"<Error><Code>{code}</Code><Message>{escape(message)}</Message><RequestId>r</RequestId></Error>".encode()
    if protocol == "rest-json":
        return [("x-amzn-ErrorType", code + ":http://internal.amazon.com/")], json.dumps({"message": message}).encode()
    return [], json.dumps({"__type": "com.amazonaws.x#" + code, "message": message}).encode()


if __name__ == "__main__":
    unittest.main()
