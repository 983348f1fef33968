"""Every address of the control API, tried by everybody: who gets what, and that a refusal changes nothing."""

from __future__ import annotations

import copy
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction
from django.urls import get_resolver
from django.utils import timezone
from pytest_django import DjangoDbBlocker

from apps.accounts.models import User
from apps.control.models import ControlToken
from apps.tenants.models import (
    ApiKey,
    AuditAlert,
    AuditExport,
    AuditLog,
    Domain,
    IdentityProvider,
    Operation,
    Project,
    ProjectAuditSettings,
    ProjectMigration,
    ProjectPermissions,
    SigningKey,
    Tenant,
    TenantPermissions,
    TrustedDocument,
    TrustedIssuer,
)
from tests.control.cast import PRINCIPALS, Cast, make_cast
from tests.factories import ApiKeyFactory, DomainFactory, OperationFactory
from tests.tenant_database import fetch

pytestmark = pytest.mark.django_db

KEY_ID, OPERATION_ID, EXPORT_ID, ALERT_ID = (uuid.UUID(int=number) for number in (1, 2, 3, 4))
SHA256 = "a" * 64
END_USER = "ada@example.com"

#: What no refused call may change.
CHANGEABLE = (
    Project,
    ProjectMigration,
    ProjectAuditSettings,
    ProjectPermissions,
    TenantPermissions,
    TrustedDocument,
    Tenant,
    ApiKey,
    AuditAlert,
    AuditExport,
    AuditLog,
    Domain,
    IdentityProvider,
    SigningKey,
    TrustedIssuer,
    Operation,
    User,
)

#: (method, path, body): the statuses of anonymous, stranger, reader, manager, admin.
OPEN = (401, 200, 200, 200, 200)
SEE = (401, 404, 200, 200, 200)
NO_TABLES = (401, 404, 503, 503, 503)
AUDITORS = (401, 404, 404, 404, 200)
ADMIN_ONLY = (401, 403, 403, 403, 200)


def manage(status: int) -> tuple[int, ...]:
    """What only managers may do."""
    return (401, 404, 403, status, status)


CALLS: dict[tuple[str, str], tuple[Any, tuple[int, ...]]] = {
    ("GET", "/status"): (None, OPEN),
    ("GET", "/me"): (None, OPEN),
    ("GET", "/openapi.json"): (None, OPEN),
    ("GET", "/tokens"): (None, OPEN),
    ("POST", "/tokens"): ({"name": "ci"}, (401, 201, 201, 201, 201)),
    ("DELETE", f"/tokens/{uuid.UUID(int=9)}"): (None, (401, 404, 404, 404, 404)),
    ("GET", "/users"): (None, ADMIN_ONLY),
    ("POST", "/users"): (
        {"email": "new@example.com", "password": "correct horse battery"},
        (401, 403, 403, 403, 201),
    ),
    ("POST", f"/users/{END_USER}/reset-two-step"): (None, (401, 403, 403, 403, 404)),
    ("GET", "/projects"): (None, OPEN),
    ("POST", "/projects"): ({"slug": "fresh"}, (401, 403, 403, 403, 201)),
    ("GET", "/projects/bookings"): (None, SEE),
    ("PATCH", "/projects/bookings"): ({"name": "New"}, manage(200)),
    ("DELETE", "/projects/bookings"): ({"confirm": "bookings"}, manage(409)),
    ("GET", "/projects/bookings/migrations"): (None, SEE),
    ("PUT", "/projects/bookings/migrations"): (
        {"migrations": [{"name": "0001_a.sql", "sql": "create table a (id int)"}]},
        manage(200),
    ),
    ("GET", "/projects/bookings/permissions"): (None, SEE),
    ("PUT", "/projects/bookings/permissions"): ({"text": "roles: {anon: {}}\n"}, manage(200)),
    ("POST", "/projects/bookings/permissions/plan"): ({"text": ""}, manage(200)),
    ("GET", "/projects/bookings/permissions/versions"): (None, SEE),
    ("POST", "/projects/bookings/permissions/rollback"): ({"version": 1}, manage(200)),
    ("GET", "/tenants/acme/permissions"): (None, SEE),
    ("PUT", "/tenants/acme/permissions"): ({"text": "roles: {extra: {}}\n"}, manage(200)),
    ("POST", "/tenants/acme/permissions/plan"): ({"text": ""}, manage(200)),
    ("GET", "/tenants/acme/permissions/versions"): (None, SEE),
    ("POST", "/tenants/acme/permissions/rollback"): ({"version": 1}, manage(200)),
    ("POST", "/tenants/acme/permissions/test"): ({"files": [{"name": "a.yaml", "text": "tests: 1"}]}, manage(422)),
    ("POST", "/tenants/acme/explain"): ({"as": "nobody", "query": "{ a }"}, manage(422)),
    ("GET", "/projects/bookings/documents"): (None, SEE),
    ("POST", "/projects/bookings/documents"): ({"documents": ["{ __typename }"]}, manage(200)),
    ("DELETE", f"/projects/bookings/documents/{SHA256}"): (None, manage(204)),
    ("GET", "/tenants"): (None, OPEN),
    ("POST", "/tenants"): ({"slug": "fresh", "project": "bookings"}, manage(202)),
    ("GET", "/tenants/acme"): (None, SEE),
    ("PATCH", "/tenants/acme"): ({"name": "New"}, manage(200)),
    ("DELETE", "/tenants/acme"): ({"confirm": "acme"}, manage(202)),
    ("POST", "/tenants/acme/suspend"): ({"reason": "unpaid"}, manage(200)),
    ("POST", "/tenants/acme/resume"): (None, manage(409)),
    ("POST", "/tenants/acme/seed"): ({"files": [{"name": "a", "sql": "select 1\x00"}]}, manage(422)),
    ("GET", "/tenants/acme/keys"): (None, SEE),
    ("POST", "/tenants/acme/keys"): ({"kind": "secret"}, manage(201)),
    ("DELETE", f"/tenants/acme/keys/{KEY_ID}"): (None, manage(200)),
    ("GET", "/projects/bookings/providers"): (None, SEE),
    ("GET", "/projects/bookings/providers/keycloak"): (None, SEE),
    ("PUT", "/projects/bookings/providers/keycloak"): (
        {"issuer": "https://id.example.com", "clientId": "kapok"},
        manage(200),
    ),
    ("DELETE", "/projects/bookings/providers/keycloak"): (None, manage(204)),
    ("GET", "/projects/bookings/issuers"): (None, SEE),
    ("PUT", "/projects/bookings/issuers"): (
        {"issuer": "https://id.example.com", "audience": "app", "jwksUrl": "https://id.example.com/jwks.json"},
        manage(200),
    ),
    ("DELETE", "/projects/bookings/issuers/7"): (None, manage(204)),
    ("GET", "/tenants/acme/signing-keys"): (None, SEE),
    ("POST", "/tenants/acme/signing-keys"): ({"atOnce": True}, manage(201)),
    # The cast's tenants have no schema: that is said to those only who may see them.
    ("GET", "/tenants/acme/users"): (None, NO_TABLES),
    ("POST", "/tenants/acme/users"): ({"email": "new@example.com"}, manage(503)),
    ("GET", f"/tenants/acme/users/{END_USER}"): (None, NO_TABLES),
    ("PATCH", f"/tenants/acme/users/{END_USER}"): ({"roles": ["member"]}, manage(503)),
    ("DELETE", f"/tenants/acme/users/{END_USER}"): ({"confirm": END_USER}, manage(503)),
    ("DELETE", f"/tenants/acme/users/{END_USER}/sessions/{uuid.UUID(int=9)}"): (None, manage(503)),
    **{
        ("POST", f"/tenants/acme/users/{END_USER}/{action}"): (None, manage(503))
        for action in ("disable", "enable", "revoke-sessions", "password-reset", "reset-factors")
    },
    ("GET", "/tenants/acme/domains"): (None, SEE),
    ("POST", "/tenants/acme/domains"): ({"domain": "shop.example.org"}, manage(201)),
    ("DELETE", "/tenants/acme/domains/app.example.org"): (None, manage(204)),
    ("GET", "/migrations?project=bookings"): (None, SEE),
    ("POST", "/migrations/plan"): ({"project": "bookings"}, SEE),
    ("POST", "/migrations/up"): ({"project": "bookings"}, manage(202)),
    ("GET", "/audit/profiles"): (None, OPEN),
    ("GET", "/projects/bookings/audit"): (None, SEE),
    ("PUT", "/projects/bookings/audit"): ({"text": "default: keys\n"}, manage(200)),
    # Whose log it is, is said in the query (tests/audit/test_log_api.py).
    ("GET", "/audit/log"): (None, (401, 422, 422, 422, 422)),
    # And who may look into it (tests/audit/test_entries_api.py).
    ("GET", "/audit/entries"): (None, (401, 422, 422, 422, 422)),
    ("GET", "/audit/entries/7"): (None, (401, 422, 422, 422, 422)),
    ("GET", "/audit/entries/7/value?path=after.a"): (None, (401, 422, 422, 422, 422)),
    ("GET", "/audit/rows?table=t&key=id%3D1"): (None, (401, 422, 422, 422, 422)),
    # The cast's tenant has no log; whoever audits does not erase.
    ("POST", "/audit/erasures"): (
        {"tenant": "acme", "table": "guests", "reason": "asked for", "confirm": "acme"},
        manage(409),
    ),
    ("POST", "/audit/erasures/preview"): ({"tenant": "acme", "table": "guests"}, manage(409)),
    ("POST", "/audit/log/check"): ({"tenant": "acme"}, (401, 404, 403, 403, 409)),
    ("GET", "/audit/logs"): (None, OPEN),
    ("GET", "/audit/alerts"): (None, OPEN),
    # Readers do not see alerts.
    ("POST", f"/audit/alerts/{ALERT_ID}/acknowledge"): ({"note": "mine"}, (401, 404, 404, 200, 200)),
    ("GET", "/audit/exports"): (None, OPEN),
    # No directory for exports is set: that is said to those only who may export. To manage is not to audit.
    ("POST", "/audit/exports"): ({"tenant": "acme"}, (401, 404, 403, 403, 503)),
    ("GET", f"/audit/exports/{EXPORT_ID}"): (None, AUDITORS),
    ("DELETE", f"/audit/exports/{EXPORT_ID}"): (None, (401, 404, 404, 404, 503)),
    ("GET", f"/audit/exports/{EXPORT_ID}/download"): (None, (401, 404, 404, 404, 503)),
    ("GET", "/operations"): (None, OPEN),
    ("GET", f"/operations/{OPERATION_ID}"): (None, SEE),
    ("POST", f"/operations/{OPERATION_ID}/retry"): (None, manage(409)),
    ("GET", f"/operations/{OPERATION_ID}/events"): (None, SEE),
}


@pytest.fixture(scope="module")
def standing(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Cast]:
    """The cast, and things to be asked for, made once: each test is rolled back to here."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield furnished(make_cast())
        transaction.set_rollback(True)


@pytest.fixture
def cast(standing: Cast, db: None) -> Cast:
    return copy.deepcopy(standing)


def furnished(cast: Cast) -> Cast:
    """With a key, a domain, an operation and a document to be asked for."""
    ApiKeyFactory(id=KEY_ID, tenant=cast.tenant)
    DomainFactory(tenant=cast.tenant, domain="app.example.org")
    TrustedIssuer.objects.create(id=7, project=cast.project, issuer="https://login.example.com")
    IdentityProvider.objects.create(project=cast.project, name="keycloak", issuer="https://id.example.com")
    OperationFactory(
        id=OPERATION_ID, tenant=cast.tenant, project=cast.project, kind="migrate_tenant", state="succeeded"
    )
    AuditExport.objects.create(id=EXPORT_ID, tenant=cast.tenant, tenant_slug="acme", project=cast.project)
    AuditAlert.objects.create(
        id=ALERT_ID, kind="check_failed", log="t_acme", tenant=cast.tenant, text="Changed", since=timezone.now()
    )
    TrustedDocument.objects.create(project=cast.project, sha256=SHA256, document="{ a }")
    for version in (1, 2):
        ProjectPermissions.objects.create(project=cast.project, version=version, text=f"# {version}\n")
        TenantPermissions.objects.create(tenant=cast.tenant, version=version, text=f"# {version}\n")
    return cast


def everything() -> list[tuple[str, list[str]]]:
    """All that a call could change; of tokens, which are marked as used, whether there are others."""
    tables = [f"{model._meta.db_table} r" for model in CHANGEABLE]
    tables.append(f"(select id from {ControlToken._meta.db_table}) r")
    return fetch(
        " union all ".join(f"select '{table}', array_agg(r::text order by r::text) from {table}" for table in tables)
    )


@pytest.mark.parametrize(("method", "path"), list(CALLS), ids=lambda value: str(value))
@pytest.mark.parametrize("principal", PRINCIPALS)
def test_who_may_do_what(cast: Cast, principal: str, method: str, path: str) -> None:
    body, statuses = CALLS[method, path]
    before = everything()
    response = cast.ask(principal, method, path, body)
    expected = statuses[PRINCIPALS.index(principal)]
    assert response.status_code == expected, response.content
    if expected >= 400:
        assert everything() == before
        assert set(response.json()) == {"error"}
        assert {"code", "number", "message", "details", "hint", "requestId"} == set(response.json()["error"])
    if method == "GET" and not path.endswith(("/openapi.json", "/events")) and expected == 200:
        assert set(response.json()) == {"data"}


def test_every_address_is_tried() -> None:
    """A new address must come into the table above."""
    tried = {_pattern(path) for _, path in CALLS}
    routes = set()
    for pattern in get_resolver("apps.control.api.urls").url_patterns:
        route = str(pattern.pattern)
        if route:
            routes.add(_route(route))
    assert routes == tried


def _route(route: str) -> str:
    """A route with * for its parameters."""
    if route.startswith("^"):
        route = route.strip("^$").replace("(?P<slug>[a-z0-9-]+)", "*").replace("(?P<sha256>[0-9a-f]{64})", "*")
        route = route.replace("(?P<domain>[A-Za-z0-9.-]{1,253})", "*")
    parts = ["*" if part.startswith("<") else part for part in route.removeprefix("v1").split("/")]
    return "/".join(parts)


def _pattern(path: str) -> str:
    names = {
        "bookings",
        "acme",
        "keycloak",
        "7",
        END_USER,
        "app.example.org",
        SHA256,
        str(KEY_ID),
        str(OPERATION_ID),
        str(EXPORT_ID),
        str(ALERT_ID),
        str(uuid.UUID(int=9)),
    }
    return "/".join("*" if part in names else part for part in path.partition("?")[0].split("/"))


@pytest.mark.parametrize("path", ["/projects", "/tenants", "/operations"])
def test_lists_show_only_what_is_visible(cast: Cast, path: str) -> None:
    OperationFactory(tenant=cast.other_tenant, project=cast.other_project)
    name = path.strip("/")
    seen = {who: len(cast.ask(who, "GET", path).json()["data"][name]) for who in PRINCIPALS[1:]}
    assert seen == {"stranger": 0, "reader": 1, "manager": 1, "admin": 2}


@pytest.mark.parametrize("principal", ["stranger", "reader", "manager"])
@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/tenants/globex", None),
        ("DELETE", "/tenants/globex", {"confirm": "globex"}),
        ("GET", "/tenants/globex/keys", None),
        ("POST", "/tenants/globex/keys", {"kind": "secret"}),
        ("POST", "/tenants", {"slug": "fresh", "project": "secrets"}),
        ("GET", "/projects/secrets/permissions", None),
        ("POST", "/projects/secrets/permissions/rollback", {"version": 1}),
        ("PUT", "/tenants/globex/permissions", {"text": "roles: {x: {}}"}),
        ("POST", "/migrations/up", {"project": "secrets"}),
        ("POST", "/migrations/plan", {"project": "secrets"}),
    ],
)
def test_another_projects_things_do_not_exist(cast: Cast, principal: str, method: str, path: str, body: Any) -> None:
    before = everything()
    response = cast.ask(principal, method, path, body)
    assert response.status_code == 404
    assert everything() == before


def test_a_manager_cannot_migrate_another_projects_tenant_through_the_own_project(cast: Cast) -> None:
    response = cast.ask("manager", "POST", "/migrations/up", {"project": "bookings", "tenants": ["acme", "globex"]})
    assert response.status_code == 404
    response = cast.ask("admin", "POST", "/migrations/up", {"project": "bookings", "tenants": ["acme", "globex"]})
    assert response.status_code == 422
    assert not Operation.objects.exclude(pk=OPERATION_ID).exists()


def test_a_key_of_another_tenant_is_not_revoked_through_this_one(cast: Cast) -> None:
    key = ApiKeyFactory(tenant=cast.other_tenant)
    assert cast.ask("manager", "DELETE", f"/tenants/acme/keys/{key.pk}").status_code == 404
    assert cast.ask("admin", "DELETE", f"/tenants/acme/keys/{key.pk}").status_code == 404
    key.refresh_from_db()
    assert key.revoked_at is None


def test_a_manager_cannot_make_a_superuser_or_grant_what_is_not_theirs(cast: Cast) -> None:
    body = {"email": "x@example.com", "password": "correct horse battery", "isSuperuser": True, "manages": ["secrets"]}
    before = everything()
    assert cast.ask("manager", "POST", "/users", body).status_code == 403
    assert everything() == before
