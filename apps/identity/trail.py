"""Records what happens to end users' accounts. In: the act, and whose account. Out: an event in the tenant's log.

What succeeded is recorded in its transaction. Refusals, which strangers cause as they like, are counted and written
later (apps/audit/tally.py): the answer takes as long whether or not there is such an account.
"""

from __future__ import annotations

from types import TracebackType
from typing import Any

from apps.audit.context import client_address
from apps.audit.tally import TALLY
from apps.identity.context import as_actor
from apps.identity.models import User
from apps.tenants.acting import Actor, SystemActor
from apps.tenants.models import Tenant
from apps.tenants.trail import log_of_tenant, record_on_tenant
from kapok.errors import KapokError
from kapok.logs import request_id

#: Who has shown no account.
ANYBODY = SystemActor("anybody")


def record_on_user(action: str, tenant: Tenant, user: User, /, *, acting: Actor | None = None, **details: Any) -> None:
    """Record an act on an account. acting: None where it is the user's own."""
    record_on_tenant(action, tenant, acting=acting or as_actor(user), target=target_of(user), **details)


def record_on_address(action: str, tenant: Tenant, email: str, /) -> None:
    """Record what somebody asked for an address, whoever it belongs to."""
    record_on_tenant(action, tenant, acting=ANYBODY, target=account(email), email=email)


def target_of(user: User) -> str:
    """What events call an account."""
    return f"user:{user.pk}"


def account(email: str) -> str:
    """What events call an account that somebody names, whether or not there is one."""
    return f"account:{email}"


class Refusals:
    """Around a sign-in: a KapokError is counted as a refusal, with its code. target: whose account, once it is known.
    method: how somebody tried to sign in."""

    def __init__(self, tenant: Tenant, method: str, target: str = "") -> None:
        self._tenant = tenant
        self._method = method
        self.target = target

    def __enter__(self) -> Refusals:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if isinstance(error, KapokError):
            TALLY.refused(
                "user.sign_in_refused",
                log_of_tenant(self._tenant).schema,
                actor="",
                target=self.target,
                address=client_address.get(),
                request_id=request_id.get(),
                reason=error.code,
                method=self._method,
            )
