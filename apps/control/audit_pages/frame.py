"""What the pages of the audit browser have in common. In: a view of an opened log. Out: the view for Django, which
refuses whoever may not see the log; and pages that no text in them can make run anything.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from apps.control.audit_pages.logs import Opened, opened
from apps.tenants.admin.scope import refuse
from kapok.errors import KapokError

P = ParamSpec("P")
# The admin's own, without inline scripts: what is shown here was written by anybody. Alpine.js, which the admin's frame
# is made with, evaluates expressions in attributes.
POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; object-src 'none'; base-uri 'self'; form-action 'self'; "
    "frame-ancestors 'none'"
)
HEADERS = {"Cache-Control": "no-store", "Content-Security-Policy": POLICY, "Referrer-Policy": "same-origin"}


def guarded(view: Callable[Concatenate[HttpRequest, Opened, P], HttpResponse]) -> Callable[..., HttpResponse]:
    """The view, for whoever may audit the log; without a slug it is the control plane's."""

    @wraps(view)
    def run(request: HttpRequest, /, slug: str | None = None, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        try:
            log = opened(request, slug)
        except KapokError as error:
            # The tenant has no log: it is not set up yet.
            refuse(request, error)
            return HttpResponseRedirect(reverse("admin:tenants_tenant_changelist"))
        return view(request, log, *args, **kwargs)

    return run


def framed(request: HttpRequest, log: Opened, page: str, title: str, context: dict[str, Any]) -> HttpResponse:
    """The page in the admin's frame."""
    frame = {**admin.site.each_context(request), "title": title, "log": log}
    response = render(request, f"control/audit/{page}.html", {**frame, **context})
    for name, value in HEADERS.items():
        response.headers[name] = value
    return response


def about(log: Opened) -> list[dict[str, str]]:
    """How the log is sealed, and what was exported of it."""
    return [
        {"url": reverse("admin:tenants_auditlog_change", args=[log.log.schema]), "text": "Sealing and anchors"},
        {"url": reverse("admin:tenants_auditexport_changelist"), "text": "Exports"},
    ]
