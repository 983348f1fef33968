"""Brings the platform's tables in all tenants' schemas up to date, after Kapok was upgraded.

In: nothing. Out: every tenant's outcome; one tenant's failure does not stop the others, and running it again goes on
where it stopped, for a tenant that is up to date costs two look-ups.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.db import Error

from apps.tenants.change_log import mend_change_log
from apps.tenants.fleet import MIGRATED_STATES, FleetResult
from apps.tenants.models import Tenant
from apps.tenants.platform_tables import ensure_platform_tables
from apps.tenants.provisioning import names_of
from kapok.errors import KapokError

log = logging.getLogger("kapok.tenants")


def upgrade_tenants(progressed: Callable[[int, int], None]) -> FleetResult:
    """Upgrade every tenant that has a schema. progressed(done, total): called after each."""
    tenants = list(Tenant.objects.filter(state__in=MIGRATED_STATES).order_by("slug"))
    result = FleetResult(tenants=len(tenants))
    for done, tenant in enumerate(tenants, start=1):
        _upgrade(tenant, result)
        progressed(done, len(tenants))
    return result


def _upgrade(tenant: Tenant, result: FleetResult) -> None:
    try:
        names = names_of(tenant)
        applied = ensure_platform_tables(names)
        # Rows that were there before the log are no changes; what they were shows when they are changed.
        mend_change_log(names, baseline=False)
    except KapokError as exc:
        log.warning("the tables of tenant %s could not be upgraded: %s", tenant.slug, exc.message)
        result.failed[tenant.slug] = {"message": exc.message, "code": exc.code}
    except Error as exc:
        log.exception("the tables of tenant %s could not be upgraded", tenant.slug)
        result.failed[tenant.slug] = {"message": str(exc).splitlines()[0]}
    else:
        result.migrated += bool(applied)
        result.unchanged += not applied
