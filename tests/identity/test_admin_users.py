"""The admin's pages of end users: who sees them, that changes go through services, that nothing breaks the page."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse
from django_tenants.utils import tenant_context

from apps.identity.models import Identity, User
from apps.tenants.acting import SYSTEM
from apps.tenants.provisioning import provision_now
from apps.tenants.services import do_set_permissions
from kapok.tenancy import TenantState
from tests.control.cast import Cast, make_cast
from tests.identity.accounts import everything, make_user, signed_in

HOSTILE = '<img src=x onerror="alert(1)">'


@pytest.fixture
def cast(real_database: None) -> Cast:
    """Two tenants with tables, and five who call."""
    cast = make_cast()
    for tenant in (cast.tenant, cast.other_tenant):
        tenant.state = TenantState.PROVISIONING.value
        tenant.save()
        provision_now(tenant)
    do_set_permissions(cast.project, "roles: {anon: {}, member: {}, staff: {}}\n", acting=SYSTEM)
    return cast


def users_url(query: str = "", slug: str = "acme") -> str:
    return reverse("tenant-users", args=[slug]) + query


def user_url(user: User, slug: str = "acme") -> str:
    return reverse("tenant-user", args=[slug, user.pk])


def posted(client: Client, url: str, **data: Any) -> Any:
    return client.post(url, data, follow=True)


def test_who_sees_whom(cast: Cast) -> None:
    user, foreign = make_user(cast.tenant), make_user(cast.other_tenant, "eve@example.org")
    for principal, status in {"anonymous": 302, "stranger": 404, "reader": 200, "manager": 200, "admin": 200}.items():
        client = cast.client(principal)
        assert client.get(users_url()).status_code == status, principal
        assert client.get(user_url(user)).status_code == status, principal
        assert client.get(users_url(slug="globex")).status_code == (
            status if principal in ("anonymous", "admin") else 404
        )
        # Another tenant's user, under a tenant one may see.
        assert client.get(user_url(foreign)).status_code == (status if principal == "anonymous" else 404)
    text = cast.client("reader").get(users_url()).content.decode()
    assert "ada@example.com" in text
    assert "eve@example.org" not in text
    assert "New user" not in text
    assert 'name="action"' not in cast.client("reader").get(user_url(user)).content.decode()


def test_users_are_found(cast: Cast) -> None:
    user = make_user(cast.tenant)
    make_user(cast.tenant, "grace@example.com")
    client = cast.client("manager")
    for query, seen in {"ADA": True, str(user.pk): True, "grace": False, "%": False, "'": False, "%00": False}.items():
        answer = client.get(users_url(), {"q": query, "page": "x"})
        assert answer.status_code == 200
        assert ("ada@example.com" in answer.content.decode()) is seen, query
    assert client.get(users_url("?q=a%00da&page=99")).status_code == 200


def test_a_user_is_created(cast: Cast) -> None:
    client = cast.client("manager")
    answer = posted(client, users_url(), email="Ada@Example.com", roles="staff, member")
    assert "ada@example.com is created." in answer.content.decode()
    with tenant_context(cast.tenant):
        assert User.objects.get().roles == ["staff", "member"]
    before = everything(cast.tenant)
    for wrong in ({"email": "ada@example.com"}, {"email": "x"}, {"email": "b@example.com", "roles": "service"}):
        assert 'role="alert"' in posted(client, users_url(), **wrong).content.decode()
    assert everything(cast.tenant) == before


def test_roles_and_metadata_are_saved(cast: Cast) -> None:
    user = make_user(cast.tenant)
    client = cast.client("manager")
    given = {"action": "save", "roles": "staff", "app_metadata": '{"plan": "pro"}', "metadata": f'{{"n": "{"x"}"}}'}
    assert "is saved" in posted(client, user_url(user), **given).content.decode()
    with tenant_context(cast.tenant):
        saved = User.objects.get()
    assert (saved.roles, saved.app_metadata, saved.user_metadata) == (["staff"], {"plan": "pro"}, {"n": "x"})
    before = everything(cast.tenant)
    for wrong in ({"roles": "nobody"}, {"app_metadata": "["}, {"metadata": "[]"}, {"metadata": '{"a": "\\u0000"}'}):
        assert posted(client, user_url(user), **{**given, **wrong}).status_code == 200
    assert everything(cast.tenant) == before
    assert LogEntry.objects.filter(change_message__contains="saved").count() == 1


@pytest.mark.parametrize("text", ["[" * 5000, "{", "[1]", '{"a": 1e999}'], ids=["deep", "cut", "a list", "no number"])
def test_metadata_that_is_none_is_said_to_be(cast: Cast, text: str) -> None:
    user = make_user(cast.tenant)
    form = {"action": "save", "roles": "", "app_metadata": text, "metadata": "{}"}
    answer = cast.client("manager").post(reverse("tenant-user", args=["acme", user.pk]), form)
    assert answer.status_code == 200 and (b"errorlist" in answer.content or b"kapok-wrong" in answer.content)
    with tenant_context(cast.tenant):
        assert User.objects.get().app_metadata == {}


def test_buttons(cast: Cast) -> None:
    user = make_user(cast.tenant)
    first, second = signed_in(cast.tenant, user).session, signed_in(cast.tenant, user).session
    client = cast.client("manager")

    def active() -> set[uuid.UUID]:
        return {row["id"] for row in everything(cast.tenant)["Session"] if row["revoked_at"] is None}

    posted(client, user_url(user), action="revoke_session", session=str(first.pk))
    assert active() == {second.pk}
    posted(client, user_url(user), action="revoke_sessions")
    assert active() == set()
    assert "disabled" in posted(client, user_url(user), action="disable").content.decode()
    assert everything(cast.tenant)["User"][0]["disabled_at"] is not None
    posted(client, user_url(user), action="enable")
    assert everything(cast.tenant)["User"][0]["disabled_at"] is None
    for nothing in ({"action": "x"}, {}, {"action": "revoke_session", "session": "x"}):
        assert posted(client, user_url(user), **nothing).status_code == 404
    posted(client, user_url(user), action="delete", confirm="acme")
    assert everything(cast.tenant)["User"]
    posted(client, user_url(user), action="delete", confirm="ada@example.com")
    assert not everything(cast.tenant)["User"]
    assert LogEntry.objects.filter(object_id=str(cast.tenant.pk)).count() == 5


@pytest.mark.parametrize("action", ["save", "disable", "revoke_sessions", "reset_factors", "delete", "reset_password"])
def test_readers_change_nothing(cast: Cast, action: str) -> None:
    user = make_user(cast.tenant)
    signed_in(cast.tenant, user)
    before = everything(cast.tenant)
    answer = posted(cast.client("reader"), user_url(user), action=action, confirm=str(user.pk), roles="staff")
    assert answer.status_code == 403
    assert posted(cast.client("reader"), users_url(), email="new@example.com").status_code == 403
    assert everything(cast.tenant) == before


def test_other_pages_cannot_post(cast: Cast) -> None:
    user = make_user(cast.tenant)
    before = everything(cast.tenant)
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.users["manager"], backend="django.contrib.auth.backends.ModelBackend")
    assert client.post(user_url(user), {"action": "disable"}).status_code == 403
    assert client.get(user_url(user), {"action": "disable"}).status_code == 200
    assert everything(cast.tenant) == before


def test_what_users_say_is_only_text(cast: Cast) -> None:
    user = make_user(cast.tenant, user_metadata={"name": HOSTILE}, app_metadata={HOSTILE: HOSTILE})
    signed_in(cast.tenant, user)
    with tenant_context(cast.tenant):
        user.sessions.update(user_agent=HOSTILE, revoked_reason=HOSTILE)
        Identity.objects.create(user=user, provider=HOSTILE, issuer=HOSTILE, subject=HOSTILE, email=HOSTILE)
    for principal in ("manager", "reader"):
        for url in (user_url(user), users_url()):
            assert "<img src=x" not in cast.client(principal).get(url).content.decode()


def test_a_tenant_without_tables(cast: Cast) -> None:
    cast.tenant.schema_name = "t_" + "a" * 26
    cast.tenant.save(update_fields=["schema_name"])
    answer = cast.client("manager").get(users_url(), follow=True)
    assert "no tables for users yet" in answer.content.decode()
