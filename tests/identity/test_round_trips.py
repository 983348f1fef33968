"""What a sign-in and a refresh ask of Postgres: few statements, whose plans a connection keeps, and what they do is the
same."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from django.db import connection
from django_tenants.utils import tenant_context

from apps.identity.api.handler import handle
from apps.identity.api.messages import Asked
from apps.identity.models import RefreshToken, Session, User
from apps.identity.passwords import hash_password
from apps.identity.prepared import PREPARE_AFTER
from apps.identity.services import hook
from apps.tenants.models import Tenant
from tests.identity.accounts import make_tenant, make_user
from tests.identity.client import PASSWORD

Call = Callable[..., tuple[int, dict[str, Any]]]
MOST = 6


@pytest.fixture
def tenant(real_database: None) -> Tenant:
    """A tenant with one user."""
    made = make_tenant(accountFailures=1000)
    make_user(made, password_hash=hash_password(PASSWORD))
    return made


@pytest.fixture
def call(tenant: Tenant) -> Iterator[Call]:
    """A request to /auth/v1 in this process."""

    def send(path: str, **body: str) -> tuple[int, dict[str, Any]]:
        headers = [(b"content-type", b"application/json"), (b"host", b"localhost")]
        given = json.dumps(body).encode()
        answer = handle(Asked(tenant.pk, "r1", "POST", f"/auth/v1{path}", b"", headers, "192.0.2.7", given))
        return answer.status, json.loads(answer.body)

    yield send
    for session in vars(hook._kept).pop("sessions", {}).values():
        session.close()


def signed_in(call: Call) -> dict[str, Any]:
    status, tokens = call("/signin", email="ada@example.com", password=PASSWORD)
    assert status == 200, tokens
    return tokens


def test_they_are_few(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = signed_in(call)
    statements: list[Any] = []
    execute = psycopg.Cursor.execute

    def counted(self: Any, query: Any, *arguments: Any, **more: Any) -> Any:
        statements.append(query)
        return execute(self, query, *arguments, **more)

    monkeypatch.setattr(psycopg.Cursor, "execute", counted)
    signed_in(call)
    assert len(statements) <= MOST, statements
    statements.clear()
    status, _ = call("/refresh", refreshToken=tokens["refreshToken"])
    assert status == 200 and len(statements) <= MOST, statements


def test_plans_are_kept_and_outlive_a_change_of_the_tables(call: Call, tenant: Tenant) -> None:
    for _ in range(PREPARE_AFTER + 2):
        tokens = signed_in(call)
    with connection.cursor() as cursor:
        cursor.execute("select count(*) from pg_prepared_statements where statement like '%kapok_user%'")
        assert cursor.fetchone()[0] >= 2
        cursor.execute(f'alter table "{tenant.schema_name}".kapok_user add column of_a_newer_kapok int')
        cursor.execute(
            f'create function "{tenant.schema_name}".kapok_auth_hook(event jsonb) returns jsonb language sql '
            """as $$ select '{"error": "Not today."}'::jsonb $$"""
        )
    status, said = call("/signin", email="ada@example.com", password=PASSWORD)
    assert (status, said["error"]["message"]) == (403, "Not today."), "a hook that is new is asked"
    status, said = call("/refresh", refreshToken=tokens["refreshToken"])
    assert (status, said["error"]["code"]) == (403, "SIGN_IN_REFUSED")
    with connection.cursor() as cursor:
        cursor.execute(f'drop function "{tenant.schema_name}".kapok_auth_hook')
    assert signed_in(call) and call("/refresh", refreshToken=tokens["refreshToken"])[0] == 200


def test_a_connection_that_died_meanwhile_is_made_anew(call: Call) -> None:
    signed_in(call)
    with psycopg.connect(connection.connection.info.dsn, password=connection.connection.info.password) as other:
        other.execute("select pg_terminate_backend(%s)", (connection.connection.info.backend_pid,))
    assert signed_in(call)


def test_what_a_refresh_stores(call: Call, tenant: Tenant) -> None:
    first = signed_in(call)
    status, second = call("/refresh", refreshToken=first["refreshToken"])
    assert (status, second["sessionId"], second["user"]) == (200, first["sessionId"], first["user"])
    with tenant_context(tenant):
        used, successor = RefreshToken.objects.order_by("pk")
        session, user = Session.objects.get(), User.objects.get()
        assert (used.replaced_by, successor.replaced_by, successor.used_at) == (successor, None, None)
        assert used.session == successor.session == session and session.user == user
        assert used.used_at == session.last_used_at and successor.expires_at == session.expires_at
        User.objects.update(disabled_at=session.created_at)
    for path, body in (
        ("/refresh", {"refreshToken": second["refreshToken"]}),
        ("/signin", {"email": "ada@example.com", "password": PASSWORD}),
    ):
        status, said = call(path, **body)
        assert (status, said["error"]["code"]) == (403, "ACCOUNT_DISABLED"), path
