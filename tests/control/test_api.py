"""The control API's answers: envelope, input, lists, secrets shown once, errors without leaks."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from django.core.management import call_command
from django.db import OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.accounts.models import User
from apps.control.models import ControlToken
from apps.control.tokens import do_create_token, do_revoke_token
from apps.tenants.models import ApiKey, Operation, OperationState, Project, ProjectPermissions, Tenant
from kapok.tenancy import TenantState
from kapok.tokens import key_digest
from tests.control.cast import Cast, code_of
from tests.factories import LIBRARY, ApiKeyFactory, OperationFactory, TenantFactory

pytestmark = pytest.mark.django_db


# --- envelope and errors


def test_a_list_has_rows_and_pagination(cast: Cast) -> None:
    for number in range(3):
        TenantFactory(slug=f"extra-{number}", project=cast.project)
    body = cast.ask("manager", "GET", "/tenants?pageSize=3&sort=-slug").json()
    assert [tenant["slug"] for tenant in body["data"]["tenants"]] == ["extra-2", "extra-1", "extra-0"]
    assert body["data"]["pagination"] == {"total": 4, "page": 1, "pageSize": 3, "hasNext": True}
    body = cast.ask("manager", "GET", "/tenants?pageSize=3&sort=-slug&page=2").json()
    assert [tenant["slug"] for tenant in body["data"]["tenants"]] == ["acme"]
    assert body["data"]["pagination"]["hasNext"] is False


@pytest.mark.parametrize(
    ("query", "slugs"),
    [
        ("search=wheel", ["wheel-shop"]),
        ("search=BIG", ["wheel-shop"]),
        ("search=%25", []),
        ("state=suspended", ["wheel-shop"]),
        ("project=bookings&search=acme", ["acme"]),
        ("project=nothing", []),
        ("page=99", []),
    ],
)
def test_lists_are_searched_and_filtered(cast: Cast, query: str, slugs: list[str]) -> None:
    TenantFactory(slug="wheel-shop", name="Big Wheels", project=cast.project, state="suspended")
    body = cast.ask("manager", "GET", f"/tenants?{query}").json()
    assert [tenant["slug"] for tenant in body["data"]["tenants"]] == slugs


@pytest.mark.parametrize(
    "query",
    ["page=0", "page=x", "pageSize=0", "pageSize=201", "sort=password", "sort=-", "state=nope", "search=%00"],
)
def test_bad_parameters_are_refused(cast: Cast, query: str) -> None:
    response = cast.ask("manager", "GET", f"/tenants?{query}")
    assert (response.status_code, code_of(response)) == (422, "VALIDATION_FAILED")
    assert next(iter(response.json()["error"]["details"])) == query.partition("=")[0]


def test_the_number_of_queries_does_not_grow_with_the_list(cast: Cast) -> None:
    def count() -> int:
        with CaptureQueriesContext(connection) as seen:
            assert cast.ask("manager", "GET", "/tenants").status_code == 200
        return len(seen)

    count()  # notes the token's first use
    few = count()
    for _ in range(8):
        TenantFactory(project=cast.project)
    assert count() == few


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("GET", "/nothing", None, 404, "NOT_FOUND"),
        ("GET", "/tenants/", None, 404, "NOT_FOUND"),
        ("GET", "/tenants/a%00b", None, 404, "NOT_FOUND"),
        ("GET", "/tenants/..%2f..%2fetc", None, 404, "NOT_FOUND"),
        ("GET", "/operations/not-a-uuid", None, 404, "NOT_FOUND"),
        ("PUT", "/tenants", {}, 405, "METHOD_NOT_ALLOWED"),
        ("POST", "/tenants", b"{not json", 400, "BAD_REQUEST"),
        ("POST", "/tenants", b"[]", 422, "VALIDATION_FAILED"),
        ("POST", "/tenants", {}, 422, "VALIDATION_FAILED"),
        ("POST", "/tenants", {"slug": "Bad Slug", "project": "bookings"}, 422, "INVALID_SLUG"),
        ("POST", "/tenants", {"slug": "admin", "project": "bookings"}, 422, "INVALID_SLUG"),
        ("POST", "/tenants", {"slug": "acme", "project": "bookings"}, 409, "ALREADY_EXISTS"),
        ("POST", "/tenants", {"slug": "a\x00b", "project": "bookings"}, 422, "VALIDATION_FAILED"),
        ("POST", "/tenants", {"slug": "ok", "project": "bookings", "limits": {"depth": 0}}, 422, "VALIDATION_FAILED"),
        ("POST", "/tenants", {"slug": "ok", "project": "bookings", "limits": {"x": 1}}, 422, "VALIDATION_FAILED"),
        ("DELETE", "/tenants/acme", None, 422, "CONFIRMATION_REQUIRED"),
        ("DELETE", "/tenants/acme", {"confirm": "acm"}, 422, "CONFIRMATION_REQUIRED"),
        ("POST", "/tenants/acme/keys", {"kind": "master"}, 422, "VALIDATION_FAILED"),
        ("POST", "/tenants/acme/keys", {"kind": "publishable", "role": "service"}, 422, "VALIDATION_FAILED"),
        ("POST", "/tenants/acme/keys", {"expiresAt": "2020-01-01T00:00:00Z"}, 422, "VALIDATION_FAILED"),
        ("POST", "/tenants/acme/domains", {"domain": "not a host"}, 422, "INVALID_HOST"),
        ("POST", "/tenants/acme/domains", {"domain": "evil.localhost"}, 422, "INVALID_HOST"),
        ("PUT", "/projects/bookings/migrations", {"migrations": [{"name": "a", "sql": ""}]}, 422, "PROJECT_INVALID"),
        ("PUT", "/projects/bookings/permissions", {"text": "tables: 7"}, 422, "PROJECT_INVALID"),
        ("PUT", "/projects/bookings/permissions", {"text": "[unclosed"}, 422, "PROJECT_INVALID"),
        ("POST", "/projects/bookings/documents", {"documents": [""]}, 422, "VALIDATION_FAILED"),
        ("POST", "/users", {"email": "x", "password": "p"}, 422, "VALIDATION_FAILED"),
        ("POST", "/users", {"email": "x@example.com", "password": "password"}, 422, "VALIDATION_FAILED"),
        ("POST", "/tokens", {"name": "t", "days": 0}, 422, "VALIDATION_FAILED"),
    ],
)  # fmt: skip
def test_bad_input(cast: Cast, method: str, path: str, body: Any, status: int, code: str) -> None:
    before = (list(Tenant.objects.values()), ApiKey.objects.count(), User.objects.count())
    response = cast.ask("admin", method, path, body)
    assert (response.status_code, code_of(response)) == (status, code), response.content
    assert (list(Tenant.objects.values()), ApiKey.objects.count(), User.objects.count()) == before
    if status == 405:
        assert response["Allow"]


def test_other_media_types_are_refused(cast: Cast) -> None:
    headers = {"authorization": f"Bearer {cast.tokens['admin']}"}
    response = Client().post("/api/v1/tenants", {"slug": "x", "project": "bookings"}, headers=headers)
    assert (response.status_code, code_of(response)) == (415, "UNSUPPORTED_MEDIA_TYPE")


def test_a_body_that_is_too_large_is_not_read(cast: Cast, settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    response = cast.ask("admin", "PUT", "/projects/bookings/permissions", {"text": "#" * 1000})
    assert (response.status_code, code_of(response)) == (413, "DOCUMENT_TOO_LARGE")
    assert not ProjectPermissions.objects.exists()


def test_what_goes_wrong_inside_stays_inside(cast: Cast) -> None:
    with patch("apps.control.api.tenants.get_tenant_for", side_effect=RuntimeError("select secret from vault")):
        response = cast.ask("admin", "GET", "/tenants/acme")
    assert (response.status_code, code_of(response)) == (500, "INTERNAL_SERVER_ERROR")
    assert b"vault" not in response.content and b"Traceback" not in response.content
    assert response.json()["error"]["requestId"] == response["X-Request-Id"]
    with patch("apps.control.api.tenants.get_tenant_for", side_effect=OperationalError("host=10.0.0.1 down")):
        response = cast.ask("admin", "GET", "/tenants/acme")
    assert (response.status_code, code_of(response)) == (503, "DATABASE_UNAVAILABLE")
    assert b"10.0.0.1" not in response.content


def test_the_callers_request_id_comes_back_when_it_is_harmless(cast: Cast) -> None:
    response = cast.ask("admin", "GET", "/nothing", **{"x-request-id": "trace-12345678"})
    assert response.json()["error"]["requestId"] == response["X-Request-Id"] == "trace-12345678"
    response = cast.ask("admin", "GET", "/nothing", **{"x-request-id": "a b\tc<script>"})
    assert "script" not in response["X-Request-Id"]


def test_the_openapi_description_is_valid(tmp_path: Any) -> None:
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(tmp_path / "openapi.yaml"))
    assert "/api/v1/tenants/{slug}" in (tmp_path / "openapi.yaml").read_text()


# --- credentials


@pytest.mark.parametrize(
    "header",
    ["Bearer", "Bearer nonsense", "Bearer kctl_" + "a" * 43, "Basic YTpi", "Bearer ksec_" + "a" * 43, "Bearer kctl_é"],
)
def test_wrong_credentials(cast: Cast, header: str) -> None:
    response = Client().get("/api/v1/tenants", headers={"authorization": header})
    assert (response.status_code, code_of(response)) == (401, "UNAUTHENTICATED")
    assert response["WWW-Authenticate"].startswith("Bearer")


def test_a_wrong_token_is_not_rescued_by_a_session(cast: Cast) -> None:
    response = cast.client("admin").get("/api/v1/tenants", headers={"authorization": "Bearer kctl_" + "a" * 43})
    assert response.status_code == 401


def test_tokens_end(cast: Cast) -> None:
    user = cast.users["admin"]
    token, text = do_create_token(user, name="short", lifetime=timedelta(seconds=30))
    cast.tokens["admin"] = text
    assert cast.ask("admin", "GET", "/me").status_code == 200
    ControlToken.objects.filter(pk=token.pk).update(expires_at=timezone.now())
    assert cast.ask("admin", "GET", "/me").status_code == 401
    ControlToken.objects.filter(pk=token.pk).update(expires_at=timezone.now() + timedelta(days=1))
    assert cast.ask("admin", "GET", "/me").status_code == 200
    do_revoke_token(token)
    assert cast.ask("admin", "GET", "/me").status_code == 401


def test_a_token_of_someone_who_left_is_refused(cast: Cast) -> None:
    User.objects.filter(pk=cast.users["manager"].pk).update(is_active=False)
    assert cast.ask("manager", "GET", "/me").status_code == 401


def test_a_token_is_shown_once_and_stored_as_a_digest(cast: Cast) -> None:
    made = cast.ask("manager", "POST", "/tokens", {"name": "ci", "days": 7}).json()["data"]
    stored = ControlToken.objects.get(pk=made["id"])
    assert stored.digest == key_digest(made["token"])
    assert made["token"] not in str(ControlToken.objects.filter(pk=stored.pk).values())
    listed = cast.ask("manager", "GET", "/tokens")
    assert made["token"].encode() not in listed.content and stored.digest.encode() not in listed.content
    cast.tokens["fresh"] = made["token"]
    assert cast.ask("fresh", "GET", "/me").json()["data"]["email"] == "manager@example.com"
    stored.refresh_from_db()
    assert stored.last_used_at is not None
    assert cast.ask("manager", "DELETE", f"/tokens/{stored.pk}").status_code == 204
    assert cast.ask("fresh", "GET", "/me").status_code == 401


def test_a_token_cannot_outlive_the_one_that_made_it(cast: Cast) -> None:
    mine = ControlToken.objects.get(user=cast.users["manager"])
    cast.ask("manager", "POST", "/tokens", {"name": "long", "days": 3650})
    assert ControlToken.objects.get(name="long").expires_at <= mine.expires_at
    body = {"name": "session", "days": 30}
    assert cast.client("manager").post("/api/v1/tokens", body, content_type="application/json").status_code == 201
    assert ControlToken.objects.get(name="session").expires_at > mine.expires_at


def test_nobody_revokes_anothers_token(cast: Cast) -> None:
    token = ControlToken.objects.get(user=cast.users["manager"])
    assert cast.ask("reader", "DELETE", f"/tokens/{token.pk}").status_code == 404
    token.refresh_from_db()
    assert token.revoked_at is None


def test_guessing_is_slowed_down(cast: Cast) -> None:
    headers = {"authorization": "Bearer kctl_" + "a" * 43}
    network, client = f"2001:db8:{uuid.uuid4().hex[:4]}:7", Client()
    # One customer has all of a /64 to call from.
    addresses = [f"{network}::{number:x}" for number in range(32)]
    statuses = [client.get("/api/v1/me", headers=headers, REMOTE_ADDR=one).status_code for one in addresses]
    assert statuses == [401] * 30 + [429] * 2
    client = Client(REMOTE_ADDR=addresses[0])
    refused = client.get("/api/v1/me", headers=headers)
    assert code_of(refused) == "RATE_LIMITED"
    assert 0 < int(refused["Retry-After"]) <= 60
    # Those behind the same address whose token works are not locked out.
    assert client.get("/api/v1/me", headers={"authorization": f"Bearer {cast.tokens['admin']}"}).status_code == 200


def test_a_session_may_read_and_needs_csrf_to_change(cast: Cast) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.users["manager"], backend="django.contrib.auth.backends.ModelBackend")
    assert client.get("/api/v1/tenants/acme").status_code == 200
    refused = client.post("/api/v1/tenants/acme/suspend", "{}", content_type="application/json")
    assert (refused.status_code, code_of(refused)) == (403, "FORBIDDEN")
    assert "CSRF" in refused.json()["error"]["message"]
    cast.tenant.refresh_from_db()
    assert cast.tenant.state == TenantState.ACTIVE


# --- what the calls do


def test_a_tenants_life(cast: Cast) -> None:
    made = cast.ask("manager", "POST", "/tenants", {"slug": "fresh", "project": "bookings", "limits": {"rows": 50}})
    body = made.json()["data"]
    assert made["Location"] == f"/api/v1/operations/{body['operation']['id']}"
    assert (body["tenant"]["state"], body["operation"]["state"]) == ("provisioning", "queued")
    assert body["tenant"]["limits"]["rows"] == 50 and body["tenant"]["limits"]["depth"] == 15
    assert body["tenant"]["graphqlUrl"] == "http://testserver/t/fresh/graphql"
    operation = Operation.objects.get(pk=body["operation"]["id"])
    assert operation.requested_by == cast.users["manager"]
    shown = cast.ask("manager", "GET", f"/operations/{operation.pk}").json()["data"]
    assert (shown["title"], shown["tenant"], shown["progress"]) == ("Set up fresh", "fresh", 0)
    Tenant.objects.filter(slug="fresh").update(state="active")
    suspended = cast.ask("manager", "POST", "/tenants/fresh/suspend", {"reason": "unpaid"}).json()["data"]
    assert (suspended["state"], suspended["suspendedReason"]) == ("suspended", "unpaid")
    assert cast.ask("manager", "POST", "/tenants/fresh/suspend").status_code == 409
    assert cast.ask("manager", "POST", "/tenants/fresh/resume").json()["data"]["state"] == "active"
    changed = cast.ask("manager", "PATCH", "/tenants/fresh", {"name": "Fresh Ltd", "limits": {"statementMs": 500}})
    assert (changed.json()["data"]["name"], changed.json()["data"]["limits"]["statementMs"]) == ("Fresh Ltd", 500)
    assert Tenant.objects.get(slug="fresh").limits == {"statement_ms": 500}
    Operation.objects.update(state=OperationState.SUCCEEDED)
    gone = cast.ask("manager", "DELETE", "/tenants/fresh", {"confirm": "fresh"}).json()["data"]
    assert (gone["tenant"]["state"], gone["operation"]["kind"]) == ("deleting", "delete")


def test_a_key_is_shown_once(cast: Cast) -> None:
    made = cast.ask("manager", "POST", "/tenants/acme/keys", {"kind": "publishable", "name": "web"}).json()["data"]
    assert made["key"].startswith("kpub_") and made["role"] == "anon"
    stored = ApiKey.objects.get(pk=made["id"])
    assert stored.digest == key_digest(made["key"])
    listed = cast.ask("manager", "GET", "/tenants/acme/keys")
    assert made["key"].encode() not in listed.content and stored.digest.encode() not in listed.content
    revoked = cast.ask("manager", "DELETE", f"/tenants/acme/keys/{made['id']}").json()["data"]
    assert revoked["state"] == "revoked"
    ApiKeyFactory(tenant=cast.tenant, expires_at=timezone.now() - timedelta(seconds=1))
    states = {key["state"] for key in cast.ask("manager", "GET", "/tenants/acme/keys").json()["data"]["keys"]}
    assert states == {"revoked", "expired"}


def test_a_projects_files(cast: Cast) -> None:
    files = [{"name": name, "sql": sql} for name, sql in LIBRARY.items()]
    stored = cast.ask("manager", "PUT", "/projects/bookings/migrations", {"migrations": files}).json()["data"]
    assert [file["name"] for file in stored["migrations"]] == list(LIBRARY)
    assert stored["migrations"][0]["sql"] == LIBRARY["0001_books.sql"]
    text = "roles: {anon: {}}\n\n"
    first = cast.ask("manager", "PUT", "/projects/bookings/permissions", {"text": text}).json()["data"]
    again = cast.ask("manager", "PUT", "/projects/bookings/permissions", {"text": text}).json()["data"]
    assert (first["version"], first["changed"]) == (1, True)
    assert (again["version"], again["changed"], again["text"]) == (1, False, text)
    documents = {"documents": ["query Offers { a }", "{ b }", "query Offers { a }"]}
    pushed = cast.ask("manager", "POST", "/projects/bookings/documents", documents).json()["data"]["documents"]
    assert [document["name"] for document in pushed] == ["Offers", "", "Offers"]
    assert cast.ask("manager", "GET", "/projects/bookings/documents").json()["data"]["pagination"]["total"] == 2
    shown = cast.ask("manager", "GET", "/projects/bookings").json()["data"]
    assert (shown["migrationCount"], shown["permissionsVersion"], shown["tenantCount"]) == (2, 1, 1)


def test_two_files_of_one_name_are_refused(cast: Cast) -> None:
    files = [{"name": "0001_a.sql", "sql": "select 1"}, {"name": "0001_a.sql", "sql": "select 2"}]
    response = cast.ask("manager", "PUT", "/projects/bookings/migrations", {"migrations": files})
    assert code_of(response) == "VALIDATION_FAILED"
    assert not cast.project.migrations.exists()


def test_a_plan_changes_nothing(cast: Cast) -> None:
    body = {"project": "bookings", "migrations": [{"name": "0001_a.sql", "sql": "create table a (id int)"}]}
    planned = cast.ask("manager", "POST", "/migrations/plan", body).json()["data"]
    assert planned["migrations"] == ["0001_a"]
    assert [(tenant["tenant"], tenant["pending"]) for tenant in planned["tenants"]] == [("acme", ["0001_a"])]
    assert not cast.project.migrations.exists()
    assert cast.ask("reader", "POST", "/migrations/plan", body).status_code == 403
    body["migrations"] = [{"name": "0002_b.sql", "sql": ""}]
    assert code_of(cast.ask("manager", "POST", "/migrations/plan", body)) == "PROJECT_INVALID"


def test_who_creates_a_project_manages_it(cast: Cast) -> None:
    made = cast.ask("admin", "POST", "/projects", {"slug": "fresh", "description": "New"}).json()["data"]
    assert (made["name"], made["description"], made["tenantCount"]) == ("fresh", "New", 0)
    changes = {"corsOrigins": ["https://app.example.com"], "trustedDocumentsOnly": True, "introspection": False}
    changed = cast.ask("admin", "PATCH", "/projects/fresh", changes).json()["data"]
    assert {name: changed[name] for name in changes} == changes
    assert code_of(cast.ask("admin", "PATCH", "/projects/fresh", {"corsOrigins": ["x"]})) == "VALIDATION_FAILED"
    assert cast.ask("admin", "DELETE", "/projects/fresh", {"confirm": "fresh"}).status_code == 204
    assert not Project.objects.filter(slug="fresh").exists()


def test_a_new_user_gets_what_was_said_and_no_more(cast: Cast) -> None:
    body = {"email": "New@Example.com", "password": "correct horse battery", "manages": ["bookings"]}
    made = cast.ask("admin", "POST", "/users", body).json()["data"]
    assert (made["email"], made["isSuperuser"], made["projects"]) == ("new@example.com", False, ["bookings"])
    user = User.objects.get(email="new@example.com")
    cast.tokens["new"] = do_create_token(user, name="t", lifetime=timedelta(days=1))[1]
    assert cast.ask("new", "PATCH", "/tenants/acme", {"name": "x"}).status_code == 200
    assert cast.ask("new", "GET", "/tenants/globex").status_code == 404
    assert cast.ask("admin", "POST", "/users", body).status_code == 409
    bad = {**body, "email": "other@example.com", "manages": ["bookings", "nothing"]}
    assert cast.ask("admin", "POST", "/users", bad).status_code == 404
    assert not User.objects.filter(email="other@example.com").exists()


def test_a_failed_operation_tells_why(cast: Cast) -> None:
    operation = OperationFactory(
        tenant=cast.tenant,
        project=cast.project,
        kind="migrate_tenant",
        state=OperationState.FAILED,
        error_code="MIGRATION_FAILED",
        error_message="Migration 0002: nope",
    )
    shown = cast.ask("reader", "GET", f"/operations/{operation.pk}").json()["data"]
    assert (shown["error"]["code"], shown["error"]["message"]) == ("MIGRATION_FAILED", "Migration 0002: nope")
    assert cast.ask("reader", "POST", f"/operations/{operation.pk}/retry").status_code == 403
    retried = cast.ask("manager", "POST", f"/operations/{operation.pk}/retry")
    assert (retried.status_code, retried.json()["data"]["state"]) == (202, "queued")


@pytest.mark.parametrize("method", ["get", "post", "delete"])
def test_an_address_that_means_nothing_says_so_to_programs(method: str) -> None:
    answer = getattr(Client(enforce_csrf_checks=True), method)("/api/v1/tenants/acme/keys/7")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "NOT_FOUND")
