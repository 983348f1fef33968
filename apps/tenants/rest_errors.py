"""Every failure of a REST view as the error envelope.

In: an exception, of ours, of Django or of DRF. Out: `{"error": {code, number, message, details, hint, requestId}}` with
the status. What went wrong inside is logged and never sent.
"""

from __future__ import annotations

import logging
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import DataError, InterfaceError, OperationalError
from django.http import Http404, JsonResponse
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from kapok.errors import KapokError
from kapok.logs import request_id

logger = logging.getLogger("kapok.rest")

_PLAIN: tuple[tuple[type[Exception] | tuple[type[Exception], ...], str], ...] = (
    ((Http404, exceptions.NotFound), "NOT_FOUND"),
    (exceptions.UnsupportedMediaType, "UNSUPPORTED_MEDIA_TYPE"),
    (exceptions.NotAcceptable, "NOT_ACCEPTABLE"),
    (RequestDataTooBig, "DOCUMENT_TOO_LARGE"),
    ((exceptions.ParseError, SuspiciousOperation, RecursionError), "BAD_REQUEST"),
    ((OperationalError, InterfaceError), "DATABASE_UNAVAILABLE"),
    ((exceptions.NotAuthenticated, exceptions.AuthenticationFailed), "UNAUTHENTICATED"),
)


def as_kapok_error(exc: Exception) -> KapokError:
    """The registered error an exception means to a caller; INTERNAL_SERVER_ERROR for one nobody expected."""
    if isinstance(exc, KapokError):
        return exc
    if isinstance(exc, exceptions.ValidationError):
        return KapokError("VALIDATION_FAILED", _first_problem(exc.detail), details=_details(exc.detail))
    if isinstance(exc, exceptions.PermissionDenied | PermissionDenied):
        message = str(getattr(exc, "detail", ""))
        # DRF's own CSRF check says what was missing; everything else stays with the registry's sentence.
        return KapokError("FORBIDDEN", message if message.startswith("CSRF") else None)
    if isinstance(exc, DataError):
        return KapokError("VALIDATION_FAILED", "A value is none that the database can hold or read.")
    if isinstance(exc, exceptions.MethodNotAllowed):
        return KapokError("METHOD_NOT_ALLOWED")
    for kinds, code in _PLAIN:
        if isinstance(exc, kinds):
            return KapokError(code)
    return KapokError("INTERNAL_SERVER_ERROR")


def answer_to(exc: Exception, error: KapokError) -> Response:
    """DRF's answer to an exception that means this error; the transaction is undone."""
    set_rollback()
    if error.status >= 500:
        logger.error("%s: %s", error.code, error.message, exc_info=exc)
    response = Response({"error": error_body(error)}, status=error.status)
    for name, value in _headers(error).items():
        response[name] = value
    return response


def error_body(error: KapokError) -> dict[str, Any]:
    """The error object of the envelope."""
    return {**error.body(), "requestId": request_id.get()}


def error_response(error: KapokError) -> JsonResponse:
    """The envelope outside DRF: unknown addresses and Django's own handlers."""
    response = JsonResponse({"error": error_body(error)}, status=error.status)
    for name, value in _headers(error).items():
        response[name] = value
    return response


def _headers(error: KapokError) -> dict[str, str]:
    headers = {}
    if error.status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="kapok"'
    if "retryAfter" in error.details:
        headers["Retry-After"] = str(error.details["retryAfter"])
    return headers


def _details(detail: Any) -> dict[str, Any]:
    return detail if isinstance(detail, dict) else {"problems": detail}


def _first_problem(detail: Any, path: str = "") -> str | None:
    """`slug: This field is required.`: the first problem, with the path to it."""
    if isinstance(detail, dict):
        for name, value in detail.items():
            found = _first_problem(value, path if name == "non_field_errors" else f"{path}.{name}".lstrip("."))
            if found:
                return found
    elif isinstance(detail, list):
        for index, value in enumerate(detail):
            nested = f"{path}[{index}]" if isinstance(value, dict | list) else path
            found = _first_problem(value, nested)
            if found:
                return found
    elif detail:
        return f"{path}: {detail}" if path else str(detail)
    return None
