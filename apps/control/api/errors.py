"""Every failure under /api/ as the error envelope (apps/tenants/rest_errors.py).

In: an exception, or what Django's own handlers are given. Out: the envelope for programs, Django's page for people.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views import defaults
from django.views.decorators.csrf import csrf_exempt
from rest_framework import exceptions
from rest_framework.response import Response

from apps.tenants import rest_errors
from apps.tenants.rest_errors import answer_to, error_body, error_response
from kapok.errors import KapokError

__all__ = ["as_kapok_error", "error_body", "error_response", "exception_handler", "not_found"]


def exception_handler(exc: Exception, context: dict[str, Any]) -> Response:
    """DRF's hook: the answer to any exception a view raised."""
    return answer_to(exc, as_kapok_error(exc))


def as_kapok_error(exc: Exception) -> KapokError:
    """The registered error an exception means to a caller of the control API."""
    if isinstance(exc, exceptions.NotAuthenticated | exceptions.AuthenticationFailed):
        return KapokError("UNAUTHENTICATED", hint="Send `Authorization: Bearer kctl_...`, or sign in to the admin.")
    return rest_errors.as_kapok_error(exc)


@csrf_exempt  # nothing happens here, and programs send no CSRF token
def not_found(request: HttpRequest, *args: Any, **kwargs: Any) -> JsonResponse:
    """The answer at every address under /api/ that means nothing."""
    return error_response(KapokError("NOT_FOUND"))


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler400."""
    return _by_path(request, as_kapok_error(exception), defaults.bad_request(request, exception))


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler403."""
    return _by_path(request, KapokError("FORBIDDEN"), defaults.permission_denied(request, exception))


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler404."""
    return _by_path(request, KapokError("NOT_FOUND"), defaults.page_not_found(request, exception))


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's handler500; Django has logged the exception."""
    return _by_path(request, KapokError("INTERNAL_SERVER_ERROR"), defaults.server_error(request))


def _by_path(request: HttpRequest, error: KapokError, page: HttpResponse) -> HttpResponse:
    programs = request.path.startswith(("/api/", "/control/"))
    return error_response(error) if programs else page
