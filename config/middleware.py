"""What every page of the control plane carries. In: requests and responses. Out: a request id and a security policy;
421 for hosts that are not ours, 400 for values that are none; two-step sign-in first, where it is asked for.
"""

from __future__ import annotations

import logging
import re
import uuid
from collections.abc import Callable

from django.core.exceptions import DisallowedHost
from django.db import DataError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from apps.accounts.two_step_pages import must_enrol
from apps.audit.context import coming_from
from apps.control.api.errors import bad_request, error_response
from kapok.errors import KapokError
from kapok.logs import log_context, request_id

log = logging.getLogger("kapok.control")

#: What pages and programs ask with a session.
_PROGRAMS = ("/api/", "/control/")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")

# The admin's Alpine.js evaluates expressions in attributes and sets styles inline; nothing comes from another host.
POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self' data:; connect-src 'self'; object-src 'none'; base-uri 'self'; "
    "form-action 'self'; frame-ancestors 'none'"
)


class RequestIdMiddleware:
    """Sends back the request id that config/control_plane.py bound; binds one itself where that is not in use. Binds
    the client's address."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-Id", "")
        bound = request_id.get() or (given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex)
        with log_context(request=bound), coming_from(str(request.META.get("REMOTE_ADDR", ""))):
            response = self.get_response(request)
        response.headers["X-Request-Id"] = bound
        return response


class KnownHostMiddleware:
    """Answers 421 at a host name that is not the control plane's: whose page has had its own name lead here (DNS
    rebinding) reads nothing, not even Django's page about the mistake."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        try:
            request.get_host()
        except DisallowedHost:
            return error_response(KapokError("UNKNOWN_HOST"))
        return self.get_response(request)


class UnusableValueMiddleware:
    """Answers 400 where the database refuses a value of an address that somebody typed: a NUL, a broken regular
    expression. The transaction of the view is undone."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Django's hook for what a view raised."""
        if not isinstance(exception, DataError):
            return None
        log.warning("the database refused a value of %s: %s", request.path, exception)
        return bad_request(request, exception)


class TwoStepMiddleware:
    """With KAPOK_OPERATOR_TWO_STEP=required, a session whose operator has no two-step sign-in opens the page that sets
    it up and nothing else: not the control API either. Tokens are no sessions."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not must_enrol(request.user):
            return self.get_response(request)
        page = reverse("operator-two-step")
        if request.path in (page, reverse("admin:logout")):
            return self.get_response(request)
        if request.path.startswith(_PROGRAMS):
            return error_response(KapokError("TWO_STEP_REQUIRED"))
        return HttpResponseRedirect(page) if request.path.startswith("/admin/") else self.get_response(request)


class ContentSecurityPolicyMiddleware:
    """Adds the policy unless the view set one of its own."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", POLICY)
        return response
