"""The admin: who sees which page and may do what, that changes go through services, and that pages stay cheap."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from apps.accounts.models import User
from apps.control.models import ControlToken
from apps.tenants.models import (
    ApiKey,
    Domain,
    MigrationState,
    Operation,
    OperationState,
    Project,
    Tenant,
    TenantMigration,
)
from kapok.tokens import key_digest
from tests.control.cast import Cast
from tests.factories import ApiKeyFactory, DomainFactory, OperationFactory

pytestmark = pytest.mark.django_db

LISTS = (
    "tenants_project",
    "tenants_tenant",
    "tenants_operation",
    "tenants_apikey",
    "tenants_domain",
    "control_controltoken",
)


@pytest.fixture
def furnished(cast: Cast) -> Cast:
    """Something of everything, in both projects."""
    for tenant in (cast.tenant, cast.other_tenant):
        ApiKeyFactory(tenant=tenant, name=f"key of {tenant.slug}")
        DomainFactory(tenant=tenant, domain=f"{tenant.slug}.example.org")
        OperationFactory(tenant=tenant, project=tenant.project, state=OperationState.RUNNING, step="schema")
        TenantMigration.objects.create(
            tenant=tenant,
            number=1,
            name="first",
            state=MigrationState.FAILED,
            error={"message": f"no such table in {tenant.slug}", "line": 3},
        )
    return cast


def page(client: Client, name: str, *args: Any, query: str = "") -> Any:
    return client.get(reverse(f"admin:{name}", args=args) + query)


def change(name: str, row: Any) -> tuple[str, Any]:
    return f"{name}_change", row.pk


# --- who sees what


@pytest.mark.parametrize("principal", ["stranger", "reader", "manager", "admin"])
def test_pages_show_only_the_operators_projects(furnished: Cast, principal: str) -> None:
    client = furnished.client(principal)
    dashboard = page(client, "index")
    assert dashboard.status_code == 200
    for name in LISTS:
        answer = page(client, f"{name}_changelist")
        if principal == "stranger" and name != "control_controltoken":
            assert answer.status_code == 403
            continue
        assert answer.status_code == 200, name
        text = answer.content.decode()
        if name.startswith("tenants_") and name != "tenants_project":
            assert "acme" in text
            assert ("globex" in text) == (principal == "admin"), name
    assert (b"acme" in dashboard.content) == (principal != "stranger")
    assert (b"globex" in dashboard.content) == (principal == "admin")
    for row, name in (
        (furnished.other_tenant, "tenants_tenant"),
        (furnished.other_project, "tenants_project"),
        (furnished.other_tenant.keys.get(), "tenants_apikey"),
        (furnished.other_tenant.operations.get(), "tenants_operation"),
    ):
        # 302: "perhaps it was deleted", and back to the index.
        expected = {"admin": 200, "stranger": 403}.get(principal, 302)
        assert page(client, *change(name, row)).status_code == expected, name


def test_nobody_gets_in_without_a_session(cast: Cast) -> None:
    for name in (*[f"{name}_changelist" for name in LISTS], "index"):
        response = page(Client(), name)
        assert response.status_code == 302 and "/admin/login/" in response["Location"]
    User.objects.filter(pk=cast.users["admin"].pk).update(is_staff=False)
    assert page(cast.client("admin"), "index").status_code == 302


@pytest.mark.parametrize("name", ["accounts_user", "auth_group"])
def test_users_and_groups_are_for_those_with_djangos_own_permissions(cast: Cast, name: str) -> None:
    assert page(cast.client("admin"), f"{name}_changelist").status_code == 200
    assert page(cast.client("admin"), f"{name}_add").status_code == 200
    assert page(cast.client("manager"), f"{name}_changelist").status_code == 403


def test_readers_look_and_do_not_touch(furnished: Cast) -> None:
    client = furnished.client("reader")
    tenant, project = furnished.tenant, furnished.project
    for name, row in (
        ("tenants_tenant", tenant),
        ("tenants_project", project),
        ("tenants_apikey", tenant.keys.get()),
        ("tenants_domain", tenant.domains.get()),
        ("tenants_operation", tenant.operations.get()),
    ):
        answer = page(client, *change(name, row))
        assert answer.status_code == 200, name
        assert b'name="_save"' not in answer.content and b"_continue" not in answer.content, name
    before = list(Tenant.objects.values()), list(Project.objects.values())
    posts = [
        ("tenants_tenant_change", (tenant.pk,), {"name": "x"}),
        ("tenants_project_change", (project.pk,), {"name": "x"}),
        ("tenants_tenant_add", (), {"project": project.pk, "slug": "fresh"}),
        ("tenants_apikey_add", (), {"tenant": tenant.pk, "name": "x", "kind": "secret"}),
        ("tenants_domain_add", (), {"tenant": tenant.pk, "domain": "x.example.net"}),
        ("tenants_tenant_suspend", (tenant.pk,), {"_form_submitted": "on"}),
        ("tenants_tenant_delete_tenant", (tenant.pk,), {"_form_submitted": "on", "confirm": "acme"}),
        ("tenants_tenant_migrate", (tenant.pk,), {"_form_submitted": "on"}),
        ("tenants_apikey_revoke", (tenant.keys.get().pk,), {"_form_submitted": "on"}),
        ("tenants_domain_remove", (tenant.domains.get().pk,), {"_form_submitted": "on"}),
        ("tenants_project_migrate", (project.pk,), {"_form_submitted": "on"}),
        ("tenants_project_delete_project", (project.pk,), {"_form_submitted": "on", "confirm": "bookings"}),
        ("tenants_project_permissions", (project.pk,), {}),
        ("tenants_project_rules", (project.pk,), {"action": "save", "text": "roles: {x: {}}"}),
        ("tenants_project_rules", (project.pk,), {"action": "rollback", "version": "1"}),
        ("tenants_tenant_rules", (tenant.pk,), {"action": "save", "text": "roles: {x: {}}"}),
    ]
    for name, args, data in posts:
        assert client.post(reverse(f"admin:{name}", args=args), data).status_code == 403, name
    assert (list(Tenant.objects.values()), list(Project.objects.values())) == before
    assert ApiKey.objects.filter(revoked_at=None).count() == 2 and Domain.objects.count() == 2


def test_a_manager_cannot_reach_another_projects_rows(furnished: Cast) -> None:
    """Nor by actions, nor by picking them in a form, nor by guardian's pages."""
    client = furnished.client("manager")
    other, project = furnished.other_tenant, furnished.other_project
    dialogs = {"_form_submitted": "on", "confirm": "globex"}
    for name, pk in (
        ("tenants_tenant_suspend", other.pk),
        ("tenants_tenant_delete_tenant", other.pk),
        ("tenants_apikey_revoke", other.keys.get().pk),
        ("tenants_domain_remove", other.domains.get().pk),
        ("tenants_project_migrate", project.pk),
        ("tenants_project_permissions", project.pk),
    ):
        assert client.post(reverse(f"admin:{name}", args=[pk]), dialogs).status_code in (403, 404), name
        assert client.get(reverse(f"admin:{name}", args=[pk])).status_code in (403, 404), name
    user = furnished.users["manager"].pk
    url = reverse("admin:tenants_project_permissions_manage_user", args=[project.pk, user])
    assert client.post(url, {"permissions": ["manage_project"]}).status_code == 403
    for name, data in (
        ("tenants_tenant_add", {"project": project.pk, "slug": "fresh"}),
        ("tenants_apikey_add", {"tenant": other.pk, "name": "x", "kind": "secret"}),
        ("tenants_domain_add", {"tenant": other.pk, "domain": "x.example.net"}),
    ):
        answer = client.post(reverse(f"admin:{name}"), data)
        assert b"Select a valid choice" in answer.content, name
    other.refresh_from_db()
    assert other.state == "active" and other.keys.get().revoked_at is None
    assert not Tenant.objects.filter(slug="fresh").exists()


def test_actions_change_nothing_when_they_are_only_visited(furnished: Cast) -> None:
    """A link on any page could make a signed-in operator visit them."""
    client, tenant = furnished.client("admin"), furnished.tenant
    for name in ("suspend", "resume", "migrate", "delete_tenant"):
        page(client, f"tenants_tenant_{name}", tenant.pk)
    page(client, "tenants_apikey_revoke", tenant.keys.get().pk)
    page(client, "tenants_domain_remove", tenant.domains.get().pk)
    tenant.refresh_from_db()
    assert tenant.state == "active" and tenant.keys.get().revoked_at is None and tenant.domains.exists()


def test_changes_need_a_csrf_token(cast: Cast) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.users["admin"], backend="django.contrib.auth.backends.ModelBackend")
    url = reverse("admin:tenants_tenant_suspend", args=[cast.tenant.pk])
    assert client.post(url, {"_form_submitted": "on"}).status_code == 403
    cast.tenant.refresh_from_db()
    assert cast.tenant.state == "active"


# --- changes


def test_a_tenants_life(cast: Cast) -> None:
    client = cast.client("manager")
    data = {"project": cast.project.pk, "slug": "fresh", "name": "", "limit_rows": "50", "limit_depth": ""}
    made = client.post(reverse("admin:tenants_tenant_add"), data)
    tenant = Tenant.objects.get(slug="fresh")
    assert made["Location"] == reverse("admin:tenants_tenant_change", args=[tenant.pk])
    assert (tenant.name, tenant.limits, tenant.state) == ("fresh", {"rows": 50}, "provisioning")
    assert tenant.operations.get().requested_by == cast.users["manager"]
    shown = page(client, "tenants_tenant_change", tenant.pk).content.decode()
    assert f'data-operation="{tenant.operations.get().pk}"' in shown and "operations.js" in shown
    url = reverse("admin:tenants_tenant_change", args=[tenant.pk])
    client.post(url, {**management(shown), "name": "Fresh Ltd", "limit_rows": "", "limit_cost": "20"})
    tenant.refresh_from_db()
    assert (tenant.name, tenant.limits, tenant.slug) == ("Fresh Ltd", {"cost": 20}, "fresh")
    Tenant.objects.filter(pk=tenant.pk).update(state="active")
    Operation.objects.update(state=OperationState.SUCCEEDED)
    act(client, "tenants_tenant_suspend", tenant, reason="unpaid")
    tenant.refresh_from_db()
    assert (tenant.state, tenant.suspended_reason) == ("suspended", "unpaid")
    assert b"unpaid" in page(client, "tenants_tenant_change", tenant.pk).content
    act(client, "tenants_tenant_resume", tenant)
    act(client, "tenants_tenant_migrate", tenant)
    assert tenant.operations.filter(kind="migrate_tenant").count() == 1
    Operation.objects.update(state=OperationState.SUCCEEDED)
    wrong = act(client, "tenants_tenant_delete_tenant", tenant, confirm="acme")
    tenant.refresh_from_db()
    assert tenant.state == "active" and b"This is not fresh" in wrong.content
    gone = act(client, "tenants_tenant_delete_tenant", tenant, confirm="fresh")
    tenant.refresh_from_db()
    assert tenant.state == "deleting"
    assert gone["Location"] == reverse("admin:tenants_operation_change", args=[tenant.operations.first().pk])


def test_a_refusal_becomes_a_message(cast: Cast) -> None:
    OperationFactory(tenant=cast.tenant, project=cast.project)
    client = cast.client("manager")
    answer = client.post(
        reverse("admin:tenants_tenant_delete_tenant", args=[cast.tenant.pk]),
        {"_form_submitted": "on", "confirm": "acme"},
        follow=True,
    )
    assert b"A job is at work on this tenant." in answer.content
    cast.tenant.refresh_from_db()
    assert cast.tenant.state == "active"


@pytest.mark.parametrize("slug", ["Bad Slug", "admin", "acme", "a", "-a"])
def test_bad_slugs_are_refused_beside_the_field(cast: Cast, slug: str) -> None:
    data = {"project": cast.project.pk, "slug": slug, "name": "x"}
    answer = cast.client("manager").post(reverse("admin:tenants_tenant_add"), data)
    assert answer.status_code == 200 and Tenant.objects.count() == 2


def test_a_key_is_shown_once_and_its_digest_never(cast: Cast) -> None:
    client = cast.client("manager")
    data = {"tenant": cast.tenant.pk, "name": "web", "kind": "secret", "role": "", "scopes": ["read"]}
    made = client.post(reverse("admin:tenants_apikey_add"), data)
    shown = re.search(r"ksec_[A-Za-z0-9_-]{43}", made.content.decode())
    assert shown is not None and "no-store" in made["Cache-Control"]
    key = ApiKey.objects.get()
    assert (key.digest, key.scopes) == (key_digest(shown[0]), ["read"])
    pages = [
        page(client, "tenants_apikey_change", key.pk),
        page(client, "tenants_apikey_changelist"),
        page(client, "tenants_tenant_change", cast.tenant.pk),
        page(client, "tenants_apikey_history", key.pk),
    ]
    for answer in pages:
        assert answer.status_code == 200
        assert shown[0].encode() not in answer.content and key.digest.encode() not in answer.content
    act(client, "tenants_apikey_revoke", key)
    key.refresh_from_db()
    assert key.revoked_at is not None


def test_domains_are_checked_added_and_removed(cast: Cast) -> None:
    client = cast.client("manager")
    url = reverse("admin:tenants_domain_add")
    assert b"cannot be added" in client.post(url, {"tenant": cast.tenant.pk, "domain": "x.localhost"}).content
    client.post(url, {"tenant": cast.tenant.pk, "domain": "Shop.Example.org"})
    domain = Domain.objects.get()
    assert (domain.domain, domain.tenant) == ("shop.example.org", cast.tenant)
    act(client, "tenants_domain_remove", domain)
    assert not Domain.objects.exists()


def test_a_projects_settings_are_changed_in_its_form(cast: Cast) -> None:
    client, project = cast.client("manager"), cast.project
    url = reverse("admin:tenants_project_change", args=[project.pk])
    form = management(client.get(url).content.decode())
    origins = "https://a.example\r\n\r\n"
    client.post(url, {**form, "name": "Bookings", "description": "", "origins": origins, "introspection": "on"})
    project.refresh_from_db()
    assert (project.name, project.cors_origins) == ("Bookings", ["https://a.example"])
    form["auth"] = '{"signUp": false, "refreshDays": 30}'
    client.post(url, {**form, "name": "Bookings"})
    project.refresh_from_db()
    assert project.auth == {"signUp": False, "refreshDays": 30}
    client.post(url, {**form, "name": "Other", "auth": '{"refreshDays": 0}'})
    project.refresh_from_db()
    assert (project.name, project.auth["refreshDays"]) == ("Bookings", 30), "refused, so nothing was changed"
    client.post(url, {**form, "name": "Bookings", "auth": "{}"})
    project.refresh_from_db()
    assert project.auth == {}


def test_a_token_is_made_for_oneself_and_shown_once(cast: Cast) -> None:
    client = cast.client("reader")
    made = client.post(reverse("admin:control_controltoken_add"), {"name": "laptop", "days": "30"})
    shown = re.search(r"kctl_[A-Za-z0-9_-]{43}", made.content.decode())
    assert shown is not None and "no-store" in made["Cache-Control"]
    token = ControlToken.objects.get(name="laptop")
    assert token.user == cast.users["reader"] and token.digest == key_digest(shown[0])
    others = ControlToken.objects.get(user=cast.users["manager"])
    for gone in (others.pk, "no-id"):
        assert page(client, "control_controltoken_change", gone).status_code == 302
    assert act(client, "control_controltoken_revoke", others).status_code == 403
    others.refresh_from_db()
    assert others.revoked_at is None
    act(client, "control_controltoken_revoke", token)
    token.refresh_from_db()
    assert token.revoked_at is not None


def act(client: Client, name: str, row: Any, **fields: str) -> Any:
    """Post an action's dialog."""
    return client.post(reverse(f"admin:{name}", args=[row.pk]), {"_form_submitted": "on", **fields})


def management(html: str) -> dict[str, str]:
    """The hidden fields of a page's inlines."""
    found = re.findall(r'name="([a-z_0-9-]+-(?:TOTAL|INITIAL|MIN_NUM|MAX_NUM)_FORMS)" value="(\d+)"', html)
    hidden = re.findall(r'<input type="hidden" name="([a-z_]+-\d+-[a-z_]+)" value="([^"]*)"', html)
    return dict([*found, *hidden])
