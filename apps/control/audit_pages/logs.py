"""Which log a page is about. In: a request, and a tenant's slug or None for the control plane's log. Out: `Opened`, for
whoever may audit it; everybody else is refused before anything is read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest
from django.urls import reverse

from apps.accounts.models import User
from apps.audit.browse import facets_of
from apps.audit.logs import LogRef
from apps.control.audit_pages.people import People
from apps.tenants.access import Right, get_tenant_for, require_platform_audit
from apps.tenants.admin.scope import acting
from apps.tenants.change_log import tables_of
from apps.tenants.models import Tenant
from apps.tenants.trail import require_log
from kapok.errors import KapokError

Query = Mapping[str, str | Sequence[str]]


@dataclass(frozen=True, slots=True)
class Opened:
    """A log, for one viewer. tenant: None for the control plane's. people: names for its actors."""

    tenant: Tenant | None
    log: LogRef
    viewer: User
    people: People

    @property
    def name(self) -> str:
        """What the pages call it."""
        return self.tenant.slug if self.tenant else "the platform"

    @property
    def back(self) -> str:
        """The page above it."""
        if self.tenant is None:
            return reverse("admin:index")
        return reverse("admin:tenants_tenant_change", args=[self.tenant.pk])

    @property
    def url(self) -> str:
        """Its list."""
        return self._url("")

    @property
    def row_url(self) -> str:
        """Histories of rows."""
        return self._url("-row")

    def entry_url(self, index: int) -> str:
        """An entry's page."""
        return self._url("-entry", index)

    def _url(self, page: str, *args: int) -> str:
        if self.tenant is None:
            return reverse(f"platform-audit{page}", args=args)
        return reverse(f"tenant-audit{page}", args=[self.tenant.slug, *args])


def opened(request: HttpRequest, slug: str | None) -> Opened:
    """The log. Raises Http404 for a tenant the viewer may not see, PermissionDenied for one whose trail is not for the
    viewer, and KapokError INVALID_STATE for a tenant without a log."""
    viewer = acting(request)
    try:
        if slug is None:
            require_platform_audit(viewer)
        tenant = None if slug is None else get_tenant_for(viewer, slug, Right.AUDIT)
    except KapokError as error:
        if error.code == "FORBIDDEN":
            raise PermissionDenied from error
        raise Http404 from error
    return Opened(tenant, require_log(tenant), viewer, People(tenant, viewer))


def tables_of_log(log: Opened) -> list[str]:
    """The tenant's tables, and those that the log has something of."""
    own = tables_of(log.tenant.schema_name) if log.tenant else ()
    try:
        known = facets_of(log.log).tables
    except KapokError:
        known = ()  # It takes too long: a page without suggestions is better than none.
    return sorted({*own, *known})


def address(url: str, query: Query) -> str:
    """The address with these parameters; empty ones are left out."""
    given = {name: value for name, value in query.items() if value}
    return f"{url}?{urlencode(given, doseq=True)}" if given else url


def moment(at: datetime) -> str:
    """A time as addresses have it: RFC 3339 in UTC, to the second unless that would change it."""
    return at.isoformat(timespec="microseconds" if at.microsecond else "seconds").replace("+00:00", "Z")
