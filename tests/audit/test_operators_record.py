"""What the admin, the control API and jobs do beside the services is recorded too: people, rights, tenants' lives."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from apps.accounts.models import User
from apps.audit.logs import CONTROL_LOG, log_of
from apps.audit.tally import TALLY, Tally
from apps.tenants import directory as directory_module
from apps.tenants import trail
from apps.tenants.acting import SYSTEM
from apps.tenants.credentials import Credentials
from apps.tenants.directory import Directory
from apps.tenants.models import Project, Tenant
from apps.tenants.operations import run_operation
from apps.tenants.services import do_create_key, do_create_tenant, do_delete_tenant
from kapok.errors import KapokError
from kapok.execute.platform import Platform
from tests.audit.world import events_of
from tests.factories import ProjectFactory, TenantFactory, UserFactory
from tests.tenant_database import platform_conninfo, real_database

__all__ = ["real_database"]

pytestmark = pytest.mark.usefixtures("real_database")

PASSWORD = "correct horse battery"


def told(action: str) -> list[tuple[str, str, str]]:
    """(actor, target, row) of the control plane's events of an action."""
    found = events_of(CONTROL_LOG, "control")
    return [(event.actor, event.target, event.row) for event in found if event.what == f"control {action}"]


@pytest.fixture
def admin() -> User:
    """A superuser."""
    return UserFactory(admin=True)


@pytest.fixture
def browser(admin: User) -> Client:
    """Where the superuser has signed in, by the admin's form."""
    client = Client()
    answer = client.post("/admin/login/", {"username": admin.email, "password": PASSWORD}, REMOTE_ADDR="192.0.2.5")
    assert answer.status_code == 302
    return client


def test_an_operator_signs_in_or_does_not(browser: Client, admin: User) -> None:
    who = f"operator:{admin.pk}"
    ((actor, target, row),) = told("operator.signed_in")
    assert (actor, target) == (who, who) and "192.0.2.5" in row
    TALLY.take(everything=True)
    assert Client().post("/admin/login/", {"username": admin.email, "password": "a guess"}).status_code == 200
    (refused,) = TALLY.take(everything=True)
    assert (refused.schema, refused.values[0], refused.values[3]) == ("public", 502, f"account:{admin.email}")
    assert "a guess" not in str(refused)
    assert len(told("operator.signed_in")) == 1


def test_another_password_of_ones_own_is_recorded(browser: Client, admin: User) -> None:
    form = {"old_password": "a guess", "new_password1": "a-long-secret-1", "new_password2": "a-long-secret-1"}
    assert browser.post("/admin/password_change/", form).status_code == 200
    assert not told("operator.changed")
    assert browser.post("/admin/password_change/", {**form, "old_password": PASSWORD}).status_code == 302
    ((actor, target, row),) = told("operator.changed")
    assert actor == target == f"operator:{admin.pk}" and "password" in row and "a-long-secret-1" not in row
    assert Client().post("/admin/password_change/", form)["Location"].startswith("/admin/login/")


def test_operators_are_made_changed_and_deleted_in_the_admin(browser: Client, admin: User) -> None:
    new = {"email": "eve@example.com", "name": "Eve", "password1": "a-long-secret-1", "password2": "a-long-secret-1"}
    assert browser.post("/admin/accounts/user/add/", {**new, "is_staff": "on"}).status_code == 302
    eve = User.objects.get(email="eve@example.com")
    change = {"email": "eve@example.com", "name": "Eve", "is_active": "on", "is_staff": "on", "is_superuser": "on"}
    assert browser.post(f"/admin/accounts/user/{eve.pk}/change/", change).status_code == 302
    assert browser.post(f"/admin/accounts/user/{eve.pk}/delete/", {"post": "yes"}).status_code == 302
    for action in ("operator.created", "operator.changed", "operator.deleted"):
        ((actor, target, row),) = told(action)
        assert (actor, target) == (f"operator:{admin.pk}", f"operator:{eve.pk}"), action
        assert "eve@example.com" in row and "a-long-secret-1" not in row
    assert "Superuser status" in told("operator.changed")[0][2]


def test_rights_on_a_project_are_told_by_the_api_and_the_admin(browser: Client, admin: User) -> None:
    project = ProjectFactory(slug="shop")
    new = {"email": "vera@example.com", "password": "a-long-secret-1", "reads": ["shop"]}
    answer = browser.post("/api/v1/users", new, content_type="application/json")
    assert answer.status_code == 201, answer.content
    vera = User.objects.get(email="vera@example.com")
    ((actor, target, row),) = told("rights.set")
    assert (actor, target) == (f"operator:{admin.pk}", f"operator:{vera.pk}") and "view_project" in row
    page = f"/admin/tenants/project/{project.pk}/permissions/user-manage/{vera.pk}/"
    for chosen in (["manage_project"], ["manage_project"]):  # the second time nothing changes
        assert browser.post(page, {"permissions": chosen}).status_code == 302
    assert [("manage_project" in row, "view_project" in row) for _, _, row in told("rights.set")] == [
        (False, True),
        (True, False),
    ]


def test_a_tenants_life(admin: User) -> None:
    project: Project = ProjectFactory()
    tenant, operation = do_create_tenant(project, "acme", acting=admin)
    run_operation(operation.pk)
    own = log_of(tenant.schema_name)
    assert [event.what for event in events_of(own, "own")] == ["own tenant.activated"]
    with connection.cursor() as cursor:
        cursor.execute(own.sql("insert into {schema}.kapok_checkpoint values (7, '', now(), 'the last note', 'k')"))
    run_operation(do_delete_tenant(Tenant.objects.get(pk=tenant.pk), confirm="acme", acting=admin).pk)
    assert not Tenant.objects.exists()
    ((actor, target, row),) = told("tenant.deleted")
    assert (actor, target) == (f"operator:{admin.pk}", f"tenant:{tenant.pk}")
    assert "the last note" in row and "acme" in row
    assert [bool(told(action)) for action in ("tenant.created", "tenant.deletion_requested")] == [True, True]


def test_a_tenant_of_an_older_kapok_is_recorded_in_the_control_planes_log() -> None:
    tenant = TenantFactory(ready=True)
    execute(f'drop table "{tenant.schema_name}".kapok_event cascade')
    # What this process knows of the schema is from before.
    trail._known.discard(tenant.schema_name)
    do_create_key(tenant, "secret", acting=SYSTEM)
    assert len(told("key.created")) == 1


def execute(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


async def used_by(platform: Platform, slug: str, key: str, addresses: list[str]) -> None:
    """The key is used from each address."""
    directory = Directory(platform, "http://localhost")
    entry = await directory.by_slug(slug)
    for address in addresses:
        await directory.principal(entry, Credentials(key, "", "", address))
    await directory.write_down_used_keys()


def test_the_use_of_a_key_is_told_once_for_each_address(monkeypatch: pytest.MonkeyPatch) -> None:
    tally = Tally()
    monkeypatch.setattr(directory_module, "TALLY", tally)
    tenant = TenantFactory(slug="acme", ready=True)
    stored, key = do_create_key(tenant, "secret", acting=SYSTEM)
    other = TenantFactory(slug="globex", ready=True)
    run("acme", key, ["192.0.2.1", "192.0.2.1", "192.0.2.2"])
    told_of = [(pending.schema, pending.values[0], pending.values[3], pending.values[5]) for pending in tally.take()]
    assert sorted(told_of) == [
        (tenant.schema_name, 801, f"key:{stored.pk}", "192.0.2.1"),
        (tenant.schema_name, 801, f"key:{stored.pk}", "192.0.2.2"),
    ]
    with pytest.raises(KapokError):
        run("globex", key, ["192.0.2.3"])
    refused: list[Any] = [(pending.schema, pending.values[0], pending.values[3]) for pending in tally.take()]
    assert sorted(refused) == sorted([(tenant.schema_name, 802, f"key:{stored.pk}"), (other.schema_name, 802, "")])


def run(slug: str, key: str, addresses: list[str]) -> None:
    """In an event loop of its own."""

    async def use() -> None:
        platform = Platform(platform_conninfo())
        await platform.start((), lambda channel, payload: None, lambda: None)
        try:
            await used_by(platform, slug, key, addresses)
        finally:
            await platform.stop()

    asyncio.run(use())
