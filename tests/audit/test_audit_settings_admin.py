"""The page of audit.yaml in the admin: checked before it is stored, compared, kept in versions, applied to tenants."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from apps.accounts.models import User
from apps.audit.logs import log_of
from apps.tenants.access import Right, grant_project
from apps.tenants.models import Operation, OperationKind, Project, Tenant
from apps.tenants.operations import run_operation
from tests.audit.auditing import owner
from tests.factories import LIBRARY, ProjectFactory, TenantFactory, UserFactory
from tests.tenant_database import fetch, real_database

__all__ = ["real_database"]

HOSTILE = "tables: {'</textarea><script>alert(1)</script>': off}\n"


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def address(project: Project) -> str:
    return reverse("admin:tenants_project_audit_settings", args=[project.pk])


def recorded(tenant: Tenant) -> list[Any]:
    return fetch(
        log_of(tenant.schema_name).sql("select table_name, op, after from {schema}.kapok_change order by position")
    )


def test_the_editor_checks_compares_stores_and_goes_back(real_database: None) -> None:
    project = ProjectFactory(slug="library", migrations=LIBRARY, compiled=True)
    tenant: Any = TenantFactory(slug="acme", project=project, ready=True)
    admin = browser(UserFactory(admin=True))

    def post(text: str, action: str, **more: Any) -> Any:
        answer = admin.post(address(project), {"text": text, "action": action, **more})
        project.refresh_from_db()
        return answer

    # What does not fit the tables is said with its line, and nothing is stored.
    for action in ("check", "save"):
        wrong = post("tables:\r\n  authors: keys\r\n  boks: off\r\n", action).content.decode()
        assert "Nothing was saved" in wrong and 'data-line="3"' in wrong and "books" in wrong, action
        assert 'data-bad="3 "' in wrong
    hostile = post(HOSTILE, "save").content.decode()
    assert "<script>alert(1)" not in hostile and "Nothing was saved" in hostile
    # What would change is shown, and nothing is stored.
    shown = post("tables: {authors: keys}\n", "check").content.decode()
    assert "1 change" in shown and "records less" in shown and "kapok_" not in shown.partition('id="result"')[2]
    assert project.audit == "" and not project.audit_versions.exists()
    assert not Operation.objects.filter(kind=OperationKind.AUDIT_SETTINGS).exists()
    # Kapok's own tables are none of the project's.
    assert (
        "kapok_change" in post("tables: {kapok_change: off}\n", "save").content.decode()
        and not project.audit_versions.exists()
    )
    # It is stored, and the job makes the tenant's log follow it.
    stored = post("tables: {authors: keys}\n", "save", note="less is more")
    operation = Operation.objects.get(kind=OperationKind.AUDIT_SETTINGS)
    assert stored["Location"] == reverse("admin:tenants_operation_change", args=[operation.pk])
    done = run_operation(operation.pk)
    assert done is not None and done.state == "succeeded"
    with owner(tenant) as session:
        session.execute("insert into authors (name) values ('Katherine')")
    assert recorded(tenant)[-1] == ("authors", "insert", None)
    # The same text again is no new version; another one is, and the history leads back.
    post("tables: {authors: keys}\n", "save")
    assert project.audit_versions.count() == 1
    post("", "save", note="all of it")
    history = admin.get(f"{address(project)}?tab=history&version=1").content.decode()
    assert "less is more" in history and "all of it" in history and "records less" in history
    admin.post(f"{address(project)}?tab=history&version=1", {"action": "rollback", "version": "1"})
    project.refresh_from_db()
    assert project.audit == "tables: {authors: keys}\n"
    versions = list(project.audit_versions.order_by("version").values_list("version", "text", "note"))
    assert [(number, note) for number, _, note in versions] == [
        (1, "less is more"),
        (2, "all of it"),
        (3, "Back to version 1"),
    ]
    assert admin.get(f"{address(project)}?tab=history&version=99").status_code == 404
    assert admin.post(address(project), {"action": "rollback", "version": "x"}).status_code == 404


@pytest.mark.django_db
def test_who_may_see_and_change_it() -> None:
    project, other = ProjectFactory(slug="library"), ProjectFactory(slug="secrets")
    people: dict[str, Any] = {name: UserFactory(is_staff=True) for name in ("stranger", "reader", "auditor", "manager")}
    for name, right in (("reader", Right.VIEW), ("auditor", Right.AUDIT), ("manager", Right.MANAGE)):
        grant_project(people[name], project, right)
    seen = {name: browser(user).get(address(project)).status_code for name, user in people.items()}
    assert seen == {"stranger": 404, "reader": 200, "auditor": 200, "manager": 200}
    assert b'value="save"' not in browser(people["auditor"]).get(address(project)).content
    text = {"text": "default: off", "action": "save"}
    for name in ("stranger", "reader", "auditor"):
        assert browser(people[name]).post(address(project), text).status_code in (403, 404), name
    assert browser(people["manager"]).post(address(other), text).status_code == 404
    assert {one.audit for one in Project.objects.all()} == {""}
    assert not Operation.objects.exists()
    assert browser(people["manager"]).post(address(project), text).status_code == 302
    assert Project.objects.get(slug="library").audit == "default: off"
