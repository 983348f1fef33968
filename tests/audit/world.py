"""What the services are run on: an active tenant with its log, and hands that make what a service needs.

In: nothing. Out: `World`; `Case`, how one service is run and which events it must leave; `events_of`, what a log holds.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection
from django_tenants.utils import tenant_context

from apps.accounts.models import User as Operator
from apps.audit.actions import BY_NUMBER
from apps.audit.logs import CONTROL_LOG, LogRef, log_of
from apps.identity.models import Session, User
from apps.identity.services.accounts import do_create_user
from apps.identity.services.one_time import issue
from apps.identity.services.sessions import Tokens, do_sign_in
from apps.tenants.acting import SYSTEM
from apps.tenants.models import Project, Tenant
from apps.tenants.services import do_update_project
from kapok.tenancy import TenantState
from tests.factories import ProjectFactory, TenantFactory, UserFactory
from tests.identity.accounts import HERE

PASSWORD = "a long enough secret of Ada's"
_EVENTS = "select position, action, outcome, actor, target, e::text from {schema}.kapok_event e order by position"


@dataclass(frozen=True, slots=True)
class Case:
    """prepare(world): makes what the service needs, and returns the act. events: what the act must leave, exactly and
    in order: `<log> <action>`, where log is `control` or `tenant`. actor: who did it, for all of them."""

    prepare: Callable[[World], Callable[[], object]]
    events: Sequence[str]
    actor: str = "operator:"


@dataclass(slots=True)
class World:
    """An operator, a project and an active tenant. secrets: what must not stand in any log."""

    operator: Operator
    project: Project
    tenant: Tenant
    secrets: list[str] = field(default_factory=lambda: [PASSWORD])
    _numbers: Any = field(default_factory=itertools.count)

    @classmethod
    def make(cls) -> World:
        """Provisioned."""
        project = ProjectFactory(slug="shop", cors_origins=["https://app.example.com"])
        do_update_project(project, acting=SYSTEM, auth={"anonymousUsers": True})
        return cls(UserFactory(admin=True), project, TenantFactory(slug="acme", project=project, ready=True))

    def number(self) -> int:
        """One that no other has."""
        return next(self._numbers)

    def name(self, word: str = "thing") -> str:
        """A name nothing else has."""
        return f"{word}-no{self.number()}"

    def email(self) -> str:
        """An address nobody has."""
        return f"person{self.number()}@example.com"

    def secret(self, text: str) -> str:
        """Must not stand in any log."""
        self.secrets.append(text)
        return text

    def of_tenant(self, state: TenantState = TenantState.ACTIVE) -> Tenant:
        """The tenant, in this state."""
        Tenant.objects.filter(pk=self.tenant.pk).update(state=state.value)
        return Tenant.objects.select_related("project").get(pk=self.tenant.pk)

    def user(self, **more: Any) -> User:
        """An account with PASSWORD."""
        return do_create_user(self.of_tenant(), email=self.email(), acting=SYSTEM, password=PASSWORD, **more)

    def signed_in(self, user: User, level: str = "aal1") -> Tokens:
        """A session, whose tokens are secrets."""
        tokens = do_sign_in(self.tenant, user, methods=["pwd"], level=level, origin=HERE)
        self.secrets += [tokens.access_token, tokens.refresh_token]
        return tokens

    def session(self, user: User, level: str = "aal1") -> Session:
        """A session."""
        return self.signed_in(user, level).session

    def token(self, purpose: str, lifetime: Any, user: User | None = None, **data: Any) -> str:
        """A one-time token."""
        with tenant_context(self.tenant):
            return self.secret(issue(purpose, lifetime, user=user, data=data))

    @property
    def logs(self) -> dict[str, LogRef]:
        """By the words cases use."""
        return {"control": CONTROL_LOG, "tenant": log_of(self.tenant.schema_name)}


@dataclass(frozen=True, slots=True)
class Told:
    """An event as tests see it. row: all of it, as text."""

    what: str
    outcome: str
    actor: str
    target: str
    row: str


def events_of(log: LogRef, word: str, after: int = 0) -> list[Told]:
    """The events of a log after a position."""
    with connection.cursor() as cursor:
        cursor.execute(log.sql(_EVENTS))
        rows = cursor.fetchall()
    return [
        Told(f"{word} {BY_NUMBER[action].name}", outcome, actor, target, row)
        for position, action, outcome, actor, target, row in rows
        if position > after
    ]


def last_position(log: LogRef) -> int:
    """The newest event's."""
    with connection.cursor() as cursor:
        cursor.execute(log.sql("select coalesce(max(position), 0) from {schema}.kapok_event"))
        return int(cursor.fetchone()[0])
