"""Who and where, for the services of end users.

In: a tenant, or a request's facts. Out: `in_tenant`, which every service that touches a tenant's users is wrapped in,
and the words for who acts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from django.db import transaction
from django_tenants.utils import tenant_context

from apps.identity.models import User
from apps.tenants.acting import SystemActor
from apps.tenants.models import Tenant

P = ParamSpec("P")
R = TypeVar("R")

MAX_USER_AGENT = 300


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request came from."""

    address: str = ""
    user_agent: str = ""


def in_tenant(service: Callable[Concatenate[Tenant, P], R]) -> Callable[Concatenate[Tenant, P], R]:
    """The service's queries reach this tenant's users, in one transaction."""

    @wraps(service)
    def run(tenant: Tenant, /, *args: P.args, **kwargs: P.kwargs) -> R:
        with tenant_context(tenant), transaction.atomic():
            return service(tenant, *args, **kwargs)

    return run


def as_actor(user: User) -> SystemActor:
    """What logs call an end user who acts for himself."""
    return SystemActor(f"end_user:{user.pk}")
