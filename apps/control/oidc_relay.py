"""Where identity providers send browsers back to: one address for all tenants of a project.

In: a provider's answer at /oidc/<project>/<provider>/callback. Out: a redirect to the same answer at the tenant that
the state names. It decides nothing: the tenant checks that the state is its own, and unused.
"""

from __future__ import annotations

from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseRedirect
from django.views.decorators.http import require_GET

from kapok.errors import KapokError
from kapok.public_urls import tenant_url
from kapok.slugs import validate_slug

#: What an answer is made of (RFC 6749, 4.1.2; RFC 9207); nothing else is handed on.
_PARTS = ("code", "state", "iss", "error")
_MAX_LENGTH = 4096


@require_GET
def oidc_relay(request: HttpRequest, project: str, provider: str) -> HttpResponse:
    """On to the tenant, by our own public address."""
    answer = {part: request.GET[part] for part in _PARTS if part in request.GET}
    slug = answer.get("state", "").partition(".")[0]
    try:
        validate_slug(slug)
        validate_slug(project)
    except KapokError:
        return HttpResponseBadRequest("This sign-in was not begun here.", content_type="text/plain")
    query = urlencode(answer)
    if len(query) > _MAX_LENGTH:
        return HttpResponseBadRequest("This answer is too long.", content_type="text/plain")
    callback = f"{tenant_url(settings.KAPOK_PUBLIC_URL, slug)}/auth/v1/oidc/{provider}/callback"
    response = HttpResponseRedirect(f"{callback}?{query}")
    # The address holds a code that is worth something for a moment.
    response.headers["Referrer-Policy"], response.headers["Cache-Control"] = "no-referrer", "no-store"
    return response
