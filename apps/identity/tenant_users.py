"""A tenant's users, for operators: found and read.

In: a tenant. Out: users, their sessions and factors, read inside `users_of(tenant)`: the control plane works in
`public`, the tables are in the tenant's schema.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection
from django.db.models import Count, Prefetch, Q, QuerySet
from django.utils import timezone
from django_tenants.utils import tenant_context

from apps.identity.models import Factor, Session, User
from apps.tenants.models import Tenant
from kapok.errors import KapokError


@contextmanager
def users_of(tenant: Tenant) -> Iterator[None]:
    """Inside, the models of this app are the tenant's. Raises TENANT_NOT_READY for a tenant without these tables."""
    with connection.cursor() as cursor:
        cursor.execute("select to_regclass(%s) is not null", [f'"{tenant.schema_name}".kapok_user'])
        ready = cursor.fetchone()[0]
    if not ready:
        raise KapokError("TENANT_NOT_READY", "This tenant has no tables for users yet.")
    with tenant_context(tenant):
        yield


def all_users() -> QuerySet[User]:
    """Users with the counts that lists show: factor_count, session_count (active ones)."""
    active = Q(sessions__revoked_at=None, sessions__expires_at__gt=timezone.now())
    return User.objects.annotate(
        factor_count=Count("factors", filter=~Q(factors__confirmed_at=None), distinct=True),
        session_count=Count("sessions", filter=active, distinct=True),
    )


def get_user(text: str) -> User:
    """A user by id or e-mail address, with everything that belongs to him. Raises NOT_FOUND."""
    try:
        wanted = Q(pk=uuid.UUID(text))
    except ValueError:
        # PostgreSQL's text holds no NUL, so nobody is called that.
        wanted = Q(email=text.replace("\x00", "\ufffd").strip().lower())
    related = (
        Prefetch("factors", Factor.objects.exclude(confirmed_at=None)),
        Prefetch("sessions", Session.objects.order_by("-last_used_at")),
        "identities",
    )
    user: User | None = all_users().prefetch_related(*related).filter(wanted).first()
    if user is None:
        raise KapokError("NOT_FOUND", "This tenant has no such user.")
    return user
