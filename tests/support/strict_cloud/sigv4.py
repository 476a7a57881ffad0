"""Verification of AWS Signature Version 4 from the raw request.

AWS: "Create a signed AWS API request" (IAM User Guide).  Every service here signs with double
encoding of the path (only S3 does not).
"""

from __future__ import annotations

import calendar
import dataclasses
import hashlib
import hmac
import re
import time
from urllib.parse import quote, unquote

from .errors import ServiceError
from .keys import Key, KeyStore

ALGORITHM = "AWS4-HMAC-SHA256"
MAX_SKEW_SECONDS = 300
UNRESERVED = "-._~"
_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 +Credential=([^,\s]+), *SignedHeaders=([^,\s]+), *Signature=([0-9a-f]{64})"
)


@dataclasses.dataclass(frozen=True)
class Scope:
    """The credential scope of an Authorization header."""

    access_key_id: str
    date: str
    region: str
    service: str
    signed_headers: tuple[str, ...]
    signature: str

    def text(self) -> str:
        """date/region/service/aws4_request"""
        return f"{self.date}/{self.region}/{self.service}/aws4_request"


def parse_scope(authorization: str | None) -> Scope:
    """Read the Authorization header; raises the errors that AWS gives for a bad one."""
    if not authorization:
        raise ServiceError("MissingAuthenticationTokenException", "Request is missing Authentication Token", 403)
    match = _AUTHORIZATION.fullmatch(authorization.strip())
    parts = match.group(1).split("/") if match else []
    if not match or len(parts) != 5 or parts[4] != "aws4_request":
        raise ServiceError(
            "IncompleteSignatureException",
            "Authorization header requires 'Credential', 'SignedHeaders' and 'Signature' parameters of "
            f"algorithm {ALGORITHM}",
            403,
        )
    return Scope(*parts[:4], tuple(match.group(2).split(";")), match.group(3))


def canonical_path(raw_path: str) -> str:
    """Dot segments and double slashes removed, then each byte of the path as sent encoded once more."""
    segments: list[str] = []
    for segment in raw_path.split("/"):
        if segment == "..":
            if segments:
                segments.pop()
        elif segment not in ("", "."):
            segments.append(segment)
    path = "/" + "/".join(segments)
    if segments and raw_path.endswith("/"):
        path += "/"
    return quote(path, safe="/" + UNRESERVED)


def canonical_query(raw_query: str) -> str:
    """Names and values decoded, encoded with RFC 3986's unreserved set, sorted."""
    pairs = []
    for item in raw_query.split("&") if raw_query else []:
        name, _, value = item.partition("=")
        pairs.append((quote(unquote(name), safe=UNRESERVED), quote(unquote(value), safe=UNRESERVED)))
    return "&".join(f"{name}={value}" for name, value in sorted(pairs))


def canonical_request(
    method: str, target: str, headers: list[tuple[str, str]], signed: tuple[str, ...], body: bytes
) -> str:
    """The canonical request of a raw request line, header list and body."""
    raw_path, _, raw_query = target.partition("?")
    lines = []
    for name in signed:
        values = [" ".join(value.split()) for key, value in headers if key.lower() == name]
        lines.append(f"{name}:{','.join(values)}\n")
    return "\n".join(
        (
            method,
            canonical_path(raw_path),
            canonical_query(raw_query),
            "".join(lines),
            ";".join(signed),
            hashlib.sha256(body).hexdigest(),
        )
    )


def signature(secret: str, scope: Scope, amz_date: str, request: str) -> str:
    """The hex signature of a canonical request."""
    to_sign = "\n".join((ALGORITHM, amz_date, scope.text(), hashlib.sha256(request.encode()).hexdigest()))
    key = ("AWS4" + secret).encode()
    for part in (scope.date, scope.region, scope.service, "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()


def _mismatch(message: str) -> ServiceError:
    return ServiceError("InvalidSignatureException", message, 403)


def _check_headers(scope: Scope, headers: list[tuple[str, str]], body: bytes) -> str:
    """The rules on what must be signed; returns x-amz-date."""
    present = {name.lower() for name, _ in headers}
    if list(scope.signed_headers) != sorted(set(scope.signed_headers)):
        raise _mismatch("SignedHeaders must be lower case, sorted and without repeats")
    missing = [name for name in scope.signed_headers if name not in present]
    if missing:
        raise _mismatch(f"signed headers are absent from the request: {', '.join(missing)}")
    for name in sorted(present | {"host", "x-amz-date"}):
        if (name in ("host", "x-amz-date") or name.startswith("x-amz-")) and name not in scope.signed_headers:
            raise _mismatch(f"'{name}' must be a 'SignedHeader' in the AWS Authorization")
    values = {name.lower(): value.strip() for name, value in headers}
    if values.get("x-amz-content-sha256", hashlib.sha256(body).hexdigest()) != hashlib.sha256(body).hexdigest():
        raise _mismatch("x-amz-content-sha256 does not match the body")
    return values["x-amz-date"]


def _check_time(scope: Scope, amz_date: str, now: float) -> None:
    try:
        sent = calendar.timegm(time.strptime(amz_date, "%Y%m%dT%H%M%SZ"))
    except ValueError:
        raise ServiceError("IncompleteSignatureException", "Date must be in ISO-8601 'basic format'", 403) from None
    if scope.date != amz_date[:8]:
        raise _mismatch(f"Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date: {amz_date}")
    if abs(now - sent) > MAX_SKEW_SECONDS:
        word = "expired" if now > sent else "not yet current"
        current = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
        raise _mismatch(f"Signature {word}: {amz_date} is more than 5 minutes from {current}")


def verify(
    keys: KeyStore, scope: Scope, method: str, target: str, headers: list[tuple[str, str]], body: bytes, now: float
) -> Key:
    """The key that signed the request; raises ServiceError when anything about it is wrong."""
    amz_date = _check_headers(scope, headers, body)
    key = keys.find(scope.access_key_id)
    tokens = [value.strip() for name, value in headers if name.lower() == "x-amz-security-token"]
    if key is None or (key.session_token is None and tokens):
        raise ServiceError("UnrecognizedClientException", "The security token included in the request is invalid.", 403)
    if key.session_token is not None and tokens != [key.session_token]:
        raise ServiceError("UnrecognizedClientException", "The security token included in the request is invalid.", 403)
    _check_time(scope, amz_date, now)
    expected = signature(
        key.secret, scope, amz_date, canonical_request(method, target, headers, scope.signed_headers, body)
    )
    if not hmac.compare_digest(expected, scope.signature):
        raise _mismatch(
            "The request signature we calculated does not match the signature you provided. Check your "
            "AWS Secret Access Key and signing method. Consult the service documentation for details."
        )
    if key.expires is not None and now > key.expires:
        raise ServiceError("ExpiredTokenException", "The security token included in the request is expired", 403)
    return key
