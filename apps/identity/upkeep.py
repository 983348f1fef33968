"""Throws away what is over: one-time tokens and sessions that ended a while ago.

In: nothing, or a tenant. Out: how many rows went. Safe to run at any time, and again.
"""

from __future__ import annotations

import logging
from datetime import timedelta

from django.db import Error
from django.db.models import Q
from django.utils import timezone

from apps.identity.context import in_tenant
from apps.identity.models import OneTimeToken, Session
from apps.tenants.models import Tenant
from kapok.tenancy import TenantState

log = logging.getLogger("kapok.identity")

#: How long what has ended is kept, for operators to look at.
KEPT_TOKENS = timedelta(days=1)
KEPT_SESSIONS = timedelta(days=30)


def purge_all() -> int:
    """Every active tenant. One that cannot be reached is left for the next time."""
    gone = 0
    for tenant in Tenant.objects.filter(state=TenantState.ACTIVE).select_related("project").iterator():
        try:
            gone += purge(tenant)
        except Error:
            log.exception("ended sessions of tenant %s could not be thrown away", tenant.slug)
    return gone


@in_tenant
def purge(tenant: Tenant) -> int:
    """One tenant."""
    now = timezone.now()
    tokens, _ = OneTimeToken.objects.filter(expires_at__lt=now - KEPT_TOKENS).delete()
    ended = Q(expires_at__lt=now - KEPT_SESSIONS) | Q(revoked_at__lt=now - KEPT_SESSIONS)
    # Their refresh tokens go with them.
    sessions, _ = Session.objects.filter(ended).delete()
    return tokens + sessions
