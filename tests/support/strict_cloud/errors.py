"""The one exception that service code raises; the wire layer gives it the service's own form."""

from __future__ import annotations

from typing import Any


class ServiceError(Exception):
    """An error answer.  `status` None means: what the model says for `code`, else 400."""

    def __init__(self, code: str, message: str, status: int | None = None, **members: Any) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.members = members


class NotModelled(ServiceError):
    """The double does not know this request: a hole in the double or a bug in the client."""

    def __init__(self, what: str) -> None:
        super().__init__("NotModelledByTestDouble", f"the test double does not model {what}", 400)


def conflict(message: str) -> ServiceError:
    """ConflictException, 409 in the AgentCore model."""
    return ServiceError("ConflictException", message)


def invalid(message: str, reason: str = "FieldValidationFailed", **members: Any) -> ServiceError:
    """ValidationException of AgentCore, with its `reason`."""
    return ServiceError("ValidationException", message, reason=reason, **members)


def not_found(message: str) -> ServiceError:
    """ResourceNotFoundException, as AgentCore, Cognito and others call it."""
    return ServiceError("ResourceNotFoundException", message)


def denied(message: str) -> ServiceError:
    """AccessDeniedException."""
    return ServiceError("AccessDeniedException", message)
