"""Stored rules: checked before they are stored, versioned, rolled back, and different for one tenant."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from apps.tenants.acting import SYSTEM
from apps.tenants.models import ProjectPermissions, Template, Tenant, TenantPermissions
from apps.tenants.provisioning import names_of
from apps.tenants.rulebook import current_text, plan, problems_of, rules_of
from apps.tenants.services import do_create_key, do_rollback_permissions, do_set_permissions, do_upload_migrations
from kapok.errors import KapokError
from tests.control.cast import Cast
from tests.factories import LIBRARY, ProjectFactory, TenantFactory
from tests.tenant_database import as_owner, schema_names

RULES = """roles: {member: {}}
tables:
  books:
    anon: {select: {columns: [id, title]}}
    member: {select: {columns: "*"}, update: {columns: [title], where: {authorId: {eq: $claims.author}}}}
"""
WRONG = RULES.replace("title]}}", "titel]}}").replace("authorId", "autorId")


@pytest.fixture
def tenant(real_database: None) -> Tenant:
    made: Tenant = TenantFactory(project=ProjectFactory(migrations=LIBRARY, compiled=True), ready=True)
    return made


def refused(code: str, *arguments: Any, **more: Any) -> KapokError:
    with pytest.raises(KapokError) as caught:
        do_set_permissions(*arguments, acting=SYSTEM, **more)
    assert caught.value.code == code
    return caught.value


def test_rules_must_fit_the_tables_and_every_problem_is_told(tenant: Tenant) -> None:
    error = refused("PROJECT_INVALID", tenant.project, WRONG)
    assert [(item["line"], item["path"]) for item in error.details["problems"]] == [
        (4, "tables.books.anon.select.columns"),
        (5, "tables.books.member.update.where"),
    ]
    assert "Did you mean title?" in error.message and "1 more problem." in error.message
    assert not ProjectPermissions.objects.exists()


def test_rules_are_checked_before_there_is_a_tenant(real_database: None) -> None:
    project = ProjectFactory(migrations=LIBRARY)
    before = schema_names()
    assert problems_of(project, WRONG) and not problems_of(project, RULES)
    template = Template.objects.get(project=project)
    assert template.catalog and template.scratch_id is None
    assert schema_names() == before
    compiled_at = template.compiled_at
    do_set_permissions(project, RULES, acting=SYSTEM)
    assert Template.objects.get(project=project).compiled_at == compiled_at


def test_rules_for_tables_to_come_follow_the_upload(tenant: Tenant) -> None:
    """The tables are not in the tenant yet, but in the project's migrations; and the other way round, by hand."""
    shelves = "tables: {shelves: {anon: {select: {columns: [id]}}}}"
    assert problems_of(tenant.project, shelves)
    do_upload_migrations(
        tenant.project, {**LIBRARY, "0003_shelves.sql": "create table shelves (id int)"}, acting=SYSTEM
    )
    assert not problems_of(tenant.project, shelves)
    names = names_of(tenant)
    with as_owner(names) as session:
        session.execute(f'create table "{names.schema}".by_hand (id int)')
    assert not problems_of(tenant.project, shelves.replace("shelves", "by_hand"))


def test_versions_say_who_when_and_why_and_lead_back(tenant: Tenant) -> None:
    project = tenant.project
    first = do_set_permissions(project, RULES, acting=SYSTEM, note="First")
    second = do_set_permissions(project, "", acting=SYSTEM)
    third = do_rollback_permissions(project, 1, acting=SYSTEM)
    assert [(row.version, row.note) for row in (first, second, third)] == [
        (1, "First"),
        (2, ""),
        (3, "Back to version 1"),
    ]
    assert current_text(project) == RULES
    with pytest.raises(KapokError) as caught:
        do_rollback_permissions(project, 9, acting=SYSTEM)
    assert caught.value.code == "NOT_FOUND"
    assert project.permissions.count() == 3


def test_one_tenant_differs(tenant: Tenant) -> None:
    project = tenant.project
    do_set_permissions(project, RULES, acting=SYSTEM)
    own = "roles: {guest: {}}\ntables: {books: {anon: {}, guest: {select: {columns: [title]}}}}"
    do_set_permissions(tenant, own, acting=SYSTEM)
    rules = rules_of(tenant)
    assert rules.rules["books", "anon"].select is None and rules.rules["books", "guest"].select is not None
    assert rules.rules["books", "member"] == rules_of(project).rules["books", "member"]
    key, _ = do_create_key(tenant, "secret", acting=SYSTEM, role="guest")
    assert key.role == "guest"
    # A project's rules are not stored where a tenant's own could not be read with them any more.
    error = refused("PROJECT_INVALID", project, RULES.replace("{member: {}}", "{member: {}, guest: {}}"))
    assert f"tenant {tenant.slug}" in error.message
    # Nor a tenant's with names of nothing.
    refused("PROJECT_INVALID", tenant, own.replace("title", "titel"))
    refused("PROJECT_INVALID", tenant, "roles: {member: {inherits: [anon]}}")
    assert (project.permissions.count(), tenant.permissions.count()) == (1, 1)


def test_a_projects_misfits_are_not_its_tenants_fault(tenant: Tenant) -> None:
    """Rules for a table that this tenant has not been migrated to yet."""
    do_upload_migrations(
        tenant.project, {**LIBRARY, "0003_shelves.sql": "create table shelves (id int)"}, acting=SYSTEM
    )
    do_set_permissions(tenant.project, "tables: {shelves: {anon: {select: {columns: [id]}}}}", acting=SYSTEM)
    do_set_permissions(tenant, "tables: {books: {anon: {select: {columns: [id]}}}}", acting=SYSTEM)
    refused("PROJECT_INVALID", tenant, "tables: {shelves: {anon: {select: {columns: [id]}}}}")


def test_a_plan_stores_nothing(tenant: Tenant) -> None:
    do_set_permissions(tenant.project, RULES, acting=SYSTEM)
    planned = plan(tenant.project, RULES.replace("[id, title]", "[id, title, genre]"))
    [change] = planned.changes
    assert (change.role, change.columns_added, change.widens) == ("anon", ("genre",), True)
    assert plan(tenant.project, WRONG).problems
    assert plan(tenant, "tables: {books: {anon: {}}}").changes[0].kind == "removed"
    assert ProjectPermissions.objects.count() == 1 and not TenantPermissions.objects.exists()


# --- the control API and the admin; their tenants have no schema, so the rules name nothing


@pytest.mark.django_db
def test_the_api_plans_stores_lists_and_rolls_back(cast: Cast) -> None:
    for owner in ("/projects/bookings", "/tenants/acme"):
        base = f"{owner}/permissions"
        planned = cast.ask("manager", "POST", f"{base}/plan", {"text": "roles: {x: {}}\n"}).json()["data"]
        assert planned == {"version": 0, "problems": [], "changes": [], "widens": False}
        wrong = cast.ask("manager", "POST", f"{base}/plan", {"text": "\nrols: {}\n"}).json()["data"]
        assert [(problem["line"], problem["path"]) for problem in wrong["problems"]] == [(2, "rols")]
        refused = cast.ask("manager", "PUT", base, {"text": "\nrols: {}\n"})
        assert refused.status_code == 422 and refused.json()["error"]["details"]["problems"] == wrong["problems"]
        cast.ask("manager", "PUT", base, {"text": "roles: {x: {}}\n", "note": "One"})
        cast.ask("manager", "PUT", base, {"text": "# two\n"})
        back = cast.ask("manager", "POST", f"{base}/rollback", {"version": 1}).json()["data"]
        assert (back["version"], back["text"], back["changed"]) == (3, "roles: {x: {}}\n", True)
        assert back["createdBy"] == "manager@example.com"
        listed = cast.ask("reader", "GET", f"{base}/versions").json()["data"]
        assert [(row["version"], row["note"]) for row in listed["versions"]] == [
            (3, "Back to version 1"),
            (2, ""),
            (1, "One"),
        ]
        assert "text" not in listed["versions"][0]
        assert cast.ask("reader", "GET", f"{base}?version=2").json()["data"]["text"] == "# two\n"
        assert cast.ask("reader", "GET", f"{base}?version=7").status_code == 404
        cast.ask("manager", "PUT", base, {"text": ""})


@pytest.mark.django_db
@pytest.mark.parametrize("kind", ["project", "tenant"])
def test_the_admins_page_of_rules(cast: Cast, kind: str) -> None:
    owner = cast.project if kind == "project" else cast.tenant
    url = reverse(f"admin:tenants_{kind}_rules", args=[owner.pk])
    client = cast.client("manager")
    wrong = client.post(url, {"action": "save", "text": "roles: {}\r\nrols: {}"}).content.decode()
    assert "Nothing was saved" in wrong and 'data-line="2"' in wrong and 'data-bad="2 "' in wrong
    checked = client.post(url, {"action": "check", "text": "roles: {x: {}}"}).content.decode()
    assert "Nothing changes for anybody" in checked
    assert not owner.permissions.exists()
    client.post(url, {"action": "save", "text": "roles: {x: {}}\r\n", "note": "<b>why</b>"})
    client.post(url, {"action": "save", "text": "roles: {x: {}}\r\n"})
    stored = owner.permissions.get()
    assert (stored.version, stored.text, stored.created_by) == (1, "roles: {x: {}}\n", cast.users["manager"])
    client.post(url, {"action": "save", "text": ""})
    history = client.get(url, {"tab": "history", "version": "1"}).content.decode()
    assert "&lt;b&gt;why&lt;/b&gt;" in history and "Make this the current text again" in history
    client.post(url, {"action": "rollback", "version": "1"})
    assert current_text(owner) == "roles: {x: {}}\n"
    assert client.post(url, {"action": "rollback", "version": "9"}).status_code == 302
    assert client.get(url, {"tab": "history", "version": "x"}).status_code == 404
    assert owner.permissions.count() == 3
    for tab in ("edit", "matrix", "history"):
        assert client.get(url, {"tab": tab}).status_code == 200
    assert b"kapok-save" not in cast.client("reader").get(url).content
    assert cast.client("stranger").get(url).status_code in (403, 404)


@pytest.mark.django_db
def test_the_admins_explain_page_is_for_managers(cast: Cast) -> None:
    url = reverse("tenant-explain", args=["acme"])
    statuses = {name: cast.client(name).get(url).status_code for name in ("stranger", "reader", "manager", "admin")}
    assert statuses == {"stranger": 404, "reader": 403, "manager": 200, "admin": 200}
    assert cast.client("anonymous").get(url).status_code == 302
    other = reverse("tenant-explain", args=["globex"])
    assert cast.client("manager").get(other).status_code == 404
    asked = cast.client("manager").post(url, {"who": "anon", "query": "", "claims": "7"}).content.decode()
    assert "A JSON object is expected." in asked
    asked = cast.client("manager").post(url, {"who": "<script>", "query": "{ a }"}).content.decode()
    assert "There is no role" in asked and "<script>&" not in asked and "&lt;script&gt;" in asked
