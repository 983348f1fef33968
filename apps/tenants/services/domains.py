"""Custom host names of tenants."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from django.conf import settings
from django.db import IntegrityError, transaction
from django.http.request import validate_host

from apps.tenants.acting import Actor
from apps.tenants.models import Domain, Tenant
from apps.tenants.trail import record_on_tenant
from kapok.errors import KapokError

_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


@transaction.atomic
def do_add_domain(tenant: Tenant, domain: str, *, acting: Actor, primary: bool = False) -> Domain:
    """Let a tenant answer at a host name. Raises INVALID_HOST, ALREADY_EXISTS."""
    host = checked_host(domain)
    try:
        with transaction.atomic():
            made = Domain.objects.create(tenant=tenant, domain=host, is_primary=primary)
    except IntegrityError as exc:
        raise KapokError("ALREADY_EXISTS", "This host name is taken.") from exc
    record_on_tenant("domain.added", tenant, acting=acting, tenant=tenant.slug, domain=host, primary=primary)
    return made


@transaction.atomic
def do_remove_domain(domain: Domain, *, acting: Actor) -> None:
    """The tenant no longer answers at this host name."""
    domain.delete()
    record_on_tenant("domain.removed", domain.tenant, acting=acting, tenant=domain.tenant.slug, domain=domain.domain)


def checked_host(text: str) -> str:
    """The host name in lower case, without a final dot. Raises INVALID_HOST for no name, or one of the platform."""
    host = text.strip().rstrip(".").lower()
    try:
        host = host.encode("idna").decode()
    except UnicodeError as exc:
        raise _invalid("it is not a host name") from exc
    labels = host.split(".")
    if len(host) > 253 or len(labels) < 2 or not all(_LABEL.fullmatch(label) for label in labels):
        raise _invalid("it is not a host name such as app.example.com")
    if labels[-1].isdigit():
        raise _invalid("it is an address, not a name")
    base = settings.KAPOK_BASE_DOMAIN.lower()
    if host == base or host.endswith("." + base):
        raise _invalid("names under the platform's own domain come from slugs")
    # Patterns (.example.com) count, too; but * (development) names nobody.
    named = [allowed for allowed in settings.ALLOWED_HOSTS if allowed != "*"]
    if host == urlsplit(settings.KAPOK_PUBLIC_URL).hostname or validate_host(host, named):
        raise _invalid("the platform answers there")
    return host


def _invalid(reason: str) -> KapokError:
    return KapokError("INVALID_HOST", f"This host name cannot be added: {reason}.", status=422)
