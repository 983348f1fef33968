"""The cast of the control plane's tests: two projects with a tenant each, and five who call.

anonymous has no credentials; stranger, no rights; reader may see project bookings, manager may manage it; admin is a
superuser. Project secrets and its tenant globex are nobody's but admin's.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import orjson
from django.test import Client

from apps.accounts.models import User
from apps.control.tokens import do_create_token
from apps.tenants.access import Right, grant_project
from apps.tenants.models import Project, Tenant
from kapok.tenancy import TenantState
from tests.factories import ProjectFactory, TenantFactory, UserFactory

PRINCIPALS = ("anonymous", "stranger", "reader", "manager", "admin")


@dataclass
class Cast:
    """Everybody and everything."""

    project: Project
    tenant: Tenant
    other_project: Project
    other_tenant: Tenant
    users: dict[str, User]
    tokens: dict[str, str]

    def ask(self, principal: str, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """A request to the control API: path below /api/v1."""
        token = self.tokens.get(principal)
        if token:
            headers["authorization"] = f"Bearer {token}"
        return Client().generic(
            method,
            f"/api/v1{path}",
            data=body if isinstance(body, bytes) else b"" if body is None else orjson.dumps(body),
            content_type="application/json",
            headers=headers,
        )

    def client(self, principal: str) -> Client:
        """A browser in which the principal is signed in to the admin."""
        client = Client()
        if principal in self.users:
            client.force_login(self.users[principal], backend="django.contrib.auth.backends.ModelBackend")
        return client


def make_cast() -> Cast:
    """Rows for all of them; the tenants are active, but have no schema."""
    project, secrets = ProjectFactory(slug="bookings"), ProjectFactory(slug="secrets")
    tenant = TenantFactory(slug="acme", name="Acme", project=project, state=TenantState.ACTIVE.value)
    other = TenantFactory(slug="globex", name="Globex", project=secrets, state=TenantState.ACTIVE.value)
    users = {
        "stranger": UserFactory(email="stranger@example.com", is_staff=True),
        "reader": UserFactory(email="reader@example.com", is_staff=True),
        "manager": UserFactory(email="manager@example.com", is_staff=True),
        "admin": UserFactory(email="admin@example.com", admin=True),
    }
    grant_project(users["reader"], project, Right.VIEW)
    grant_project(users["manager"], project, Right.MANAGE)
    tokens = {name: do_create_token(user, name="test", lifetime=timedelta(days=1))[1] for name, user in users.items()}
    return Cast(project, tenant, secrets, other, users, tokens)


def code_of(response: Any) -> str:
    """The error's code; "" for an answer that is none."""
    return str(response.json()["error"]["code"]) if response.status_code >= 400 else ""
