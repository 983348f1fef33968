"""Applies a project's audit.yaml to its tenants' change logs.

In: a project. Out: every tenant's outcome; one tenant's failure does not stop the others.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.db import Error, transaction

from apps.tenants.acting import Actor
from apps.tenants.change_log import set_modes
from apps.tenants.fleet import MIGRATED_STATES, FleetResult
from apps.tenants.models import Project, Tenant
from apps.tenants.provisioning import names_of
from apps.tenants.trail import record_on_tenant
from kapok.changelog.settings import parse_settings

log = logging.getLogger("kapok.tenants")


def apply_audit_settings(project: Project, *, acting: Actor, progressed: Callable[[int, int], None]) -> FleetResult:
    """What is written down follows the project's settings from now on. progressed(done, total): called after each."""
    settings = parse_settings(project.audit)
    tenants = list(Tenant.objects.filter(project=project, state__in=MIGRATED_STATES).order_by("slug"))
    result = FleetResult(tenants=len(tenants))
    for done, tenant in enumerate(tenants, start=1):
        try:
            with transaction.atomic():
                set_modes(names_of(tenant), settings)
                record_on_tenant("audit.settings_changed", tenant, acting=acting, project=str(project.pk))
        except Error as exc:
            log.exception("the change log of tenant %s does not follow its settings yet", tenant.slug)
            result.failed[tenant.slug] = {"message": str(exc).splitlines()[0]}
        else:
            result.migrated += 1
        progressed(done, len(tenants))
    return result
