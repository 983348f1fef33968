"""From an HTTP request to a view of /auth/v1 and back, in a thread.

In: what the ASGI side read. Out: status, headers and body. No Django middleware: no cookies, no sessions of operators,
no host check (the tenant was found by the address already).
"""

from __future__ import annotations

import io
import logging
from typing import Any

from django.core.handlers.asgi import ASGIRequest
from django.db import InterfaceError, OperationalError, close_old_connections, connection
from django.http import HttpResponseBase
from django.urls import Resolver404, get_resolver
from django_tenants.utils import tenant_context
from rest_framework.response import Response

from apps.audit.context import coming_from
from apps.identity.api.messages import Answered, Asked
from apps.identity.rows import tenant_of
from apps.tenants.models import Tenant
from apps.tenants.rest_errors import as_kapok_error, error_response
from kapok.errors import KapokError
from kapok.logs import log_context

log = logging.getLogger("kapok.identity")

_URLS = "apps.identity.api.urls"


def handle(asked: Asked) -> Answered:
    """Answer; whatever goes wrong becomes an answer too."""
    with log_context(request=asked.request_id, tenant=str(asked.tenant_id)), coming_from(asked.client):
        try:
            close_old_connections()
            response = _respond(asked)
        except Exception as exc:
            error = as_kapok_error(exc)
            if error.status >= 500:
                log.exception("a request to %s failed", asked.path)
                connection.close()
            response = error_response(error)
    headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in response.items()]
    return Answered(response.status_code, headers, response.content)  # type: ignore[attr-defined]


def _respond(asked: Asked) -> HttpResponseBase:
    request = ASGIRequest(_scope(asked), io.BytesIO(asked.body))
    tenant = _tenant(asked)
    try:
        match = get_resolver(_URLS).resolve(asked.path)
    except Resolver404 as exc:
        raise KapokError("NOT_FOUND") from exc
    request.tenant = tenant  # type: ignore[attr-defined]
    with tenant_context(tenant):
        response: HttpResponseBase = match.func(request, *match.args, **match.kwargs)
        if isinstance(response, Response):
            response.render()
    # Tokens and what accounts say are nobody else's to keep.
    response.setdefault("Cache-Control", "no-store")
    return response


def _tenant(asked: Asked) -> Tenant:
    """The first statement: whether the connection still works is seen by it, instead of by one more before it. Raises
    TENANT_NOT_FOUND."""
    connection.health_check_done = True
    try:
        tenant = tenant_of(asked.tenant_id)
    except (InterfaceError, OperationalError):
        connection.close()
        tenant = tenant_of(asked.tenant_id)
    if tenant is None:
        raise KapokError("TENANT_NOT_FOUND")
    return tenant


def _scope(asked: Asked) -> dict[str, Any]:
    return {
        "type": "http",
        "method": asked.method,
        "path": asked.path,
        "root_path": "",
        "query_string": asked.query,
        # A body that came in chunks has a length by now.
        "headers": [*asked.headers, (b"content-length", b"%d" % len(asked.body))],
        "client": (asked.client, 0),
    }
