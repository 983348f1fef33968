"""Operators in the admin: signing in, and that nobody gives himself or others what he has not."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import Group, Permission
from django.db import connection
from django.test import Client
from django.urls import reverse
from guardian.shortcuts import get_user_perms

from apps.accounts.models import User
from apps.accounts.superusers import LAST_SUPERUSER
from apps.accounts.throttle import FailureLimit
from apps.audit.models import Event
from apps.tenants.access import Right, grant_project, projects_for
from kapok.errors import KapokError
from tests.control.cast import Cast
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


def test_who_looks_after_users_makes_nobody_mightier(cast: Cast) -> None:
    manager, admin, group = cast.users["manager"], cast.users["admin"], Group.objects.create(name="ops")
    codes = ("view_user", "change_user", "delete_user", "view_group", "change_group")
    manager.user_permissions.set(Permission.objects.filter(codename__in=codes))
    given, everything = manager.user_permissions.count(), list(Permission.objects.values_list("pk", flat=True))
    client = cast.client("manager")
    form = {"email": manager.email, "name": "New", "is_active": "on", "is_staff": "on", "is_superuser": "on"}
    powers = {"user_permissions": everything, "groups": [group.pk]}
    assert client.post(reverse("admin:accounts_user_change", args=[manager.pk]), {**form, **powers}).status_code == 302
    manager.refresh_from_db()
    assert (manager.name, manager.is_superuser, manager.groups.count()) == ("New", False, 0)
    assert manager.user_permissions.count() == given
    renamed = {"name": "operations", "permissions": everything}
    assert client.post(reverse("admin:auth_group_change", args=[group.pk]), renamed).status_code == 302
    group.refresh_from_db()
    assert (group.name, group.permissions.count()) == ("operations", 0)
    before = admin.password
    password = {"usable_password": "true", "password1": "of the manager 1", "password2": "of the manager 1"}
    for name, data in (("user_change", form), ("user_delete", {"post": "yes"})):
        assert client.post(reverse(f"admin:accounts_{name}", args=[admin.pk]), data).status_code == 403, name
    assert client.post(reverse("admin:auth_user_password_change", args=[admin.pk]), password).status_code == 403
    chosen = {"action": "delete_selected", "_selected_action": [admin.pk], "post": "yes"}
    client.post(reverse("admin:accounts_user_changelist"), chosen)
    admin.refresh_from_db()
    assert admin.password == before and admin.is_superuser


def test_nobody_hands_on_a_right_he_has_not(cast: Cast) -> None:
    """Who manages a project does not audit it by letting himself, nor ends what auditors may."""
    project, manager, reader = cast.project, cast.users["manager"], cast.users["reader"]
    pages = "admin:tenants_project_permissions_manage_user"
    client = cast.client("manager")
    own, others = (reverse(pages, args=[project.pk, user.pk]) for user in (manager, reader))
    refused = client.post(own, {"permissions": ["manage_project", "audit_project"]})
    assert refused.status_code == 200 and b"Select a valid choice" in refused.content
    shown = (
        client.get(own).content + client.get(reverse("admin:tenants_project_permissions", args=[project.pk])).content
    )
    assert b'value="audit_project"' not in shown and b"Can delete project" not in shown
    assert not projects_for(manager, Right.AUDIT).exists() and projects_for(manager, Right.MANAGE).exists()
    grant_project(reader, project, Right.AUDIT)
    assert client.post(others, {"permissions": ["manage_project"]}).status_code == 302
    assert get_user_perms(reader, project).count() == 2 and projects_for(reader, Right.AUDIT).exists()
    assert projects_for(reader, Right.MANAGE).exists()
    assert cast.client("admin").post(own, {"permissions": ["audit_project"]}).status_code == 302
    assert projects_for(manager, Right.AUDIT).exists()
    for holder in ("user", "group"):
        name = f"admin:tenants_project_permissions_manage_{holder}"
        answer = cast.client("admin").get(reverse(name, args=[project.pk, "nobody"]))
        assert answer.status_code == 404


def test_guessing_passwords_is_slowed_down(cast: Cast) -> None:
    client = Client(REMOTE_ADDR="2001:db8::77")
    form = {"username": "admin@example.com", "password": "wrong"}
    pages = [client.post(reverse("admin:login"), form).content.decode() for _ in range(11)]
    assert "Too many failed attempts" not in pages[9] and "Too many failed attempts" in pages[10]
    right = client.post(reverse("admin:login"), {**form, "password": "correct horse battery"})
    assert "Too many failed attempts" in right.content.decode()
    neighbour = Client(REMOTE_ADDR="2001:db8::78").post(reverse("admin:login"), form)
    assert "Too many failed attempts" in neighbour.content.decode(), "of IPv6 one has a /64"
    elsewhere = Client(REMOTE_ADDR="2001:db8:0:1::77")
    assert elsewhere.post(reverse("admin:login"), {**form, "password": "correct horse battery"}).status_code == 302


def test_guessing_at_once_is_no_more_than_guessing_in_turn() -> None:
    limit, key = FailureLimit("at-once", failures=5, seconds=60), uuid.uuid4().hex

    def tried(_: int) -> bool:
        try:
            limit.hit(key)
        except KapokError as refused:
            return refused.code != "RATE_LIMITED"
        return True

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(tried, range(40))) == 5
    for _ in range(36):
        limit.refund(key)
    assert tried(0) and not tried(1), "what succeeded counts no more"


@pytest.mark.parametrize("form", [{}, {"username": "admin@example.com"}, {"password": "x"}, {"username": "a\0b"}])
def test_a_form_that_is_not_filled_in_says_so(cast: Cast, form: dict[str, str]) -> None:
    answer = Client().post(reverse("admin:login"), form)
    assert answer.status_code == 200 and b"This field is required" in answer.content


@pytest.mark.parametrize("place", ["https://evil.example/", "//evil.example", "javascript:alert(1)"])
def test_signing_in_leads_nowhere_else(cast: Cast, place: str) -> None:
    form = {"username": "admin@example.com", "password": "correct horse battery"}
    answer = Client().post(f"{reverse('admin:login')}?{urlencode({'next': place})}", form)
    assert (answer.status_code, answer["Location"]) == (302, reverse("admin:index"))


def test_the_last_superuser_stays(cast: Cast) -> None:
    """One who is switched off, or may not open the admin, could not make him one again."""
    admin, page = cast.users["admin"], reverse("admin:accounts_user_change", args=[cast.users["admin"].pk])
    UserFactory(admin=True, is_active=False)
    UserFactory(admin=True, is_staff=False)
    client, before = cast.client("admin"), dict(User.objects.filter(pk=admin.pk).values()[0])
    told, events = LAST_SUPERUSER, Event.objects.count()
    form = {"email": admin.email, "name": "New", "is_active": "on", "is_staff": "on", "is_superuser": "on"}
    for lost in ("is_active", "is_staff", "is_superuser"):
        answer = client.post(page, {name: value for name, value in form.items() if name != lost})
        assert answer.status_code == 200 and told in answer.content.decode(), lost
    chosen = {"action": "delete_selected", "_selected_action": [str(user.pk) for user in User.objects.all()]}
    for url, data in (
        (reverse("admin:accounts_user_delete", args=[admin.pk]), {"post": "yes"}),
        (reverse("admin:accounts_user_changelist"), {**chosen, "post": "yes"}),
    ):
        answer = client.post(url, data)
        assert answer.status_code == 200 and told in answer.content.decode(), url
    assert User.objects.filter(pk=admin.pk).values()[0] == before
    assert User.objects.count() == len(chosen["_selected_action"]) and Event.objects.count() == events
    second = UserFactory(admin=True)
    assert client.post(page, {name: value for name, value in form.items() if name != "is_superuser"}).status_code == 302
    admin.refresh_from_db()
    assert (
        not admin.is_superuser and User.objects.filter(is_superuser=True, is_staff=True, is_active=True).get() == second
    )


@pytest.mark.django_db(transaction=True)
def test_two_superusers_who_demote_each_other_at_once_do_not_both_succeed(cast: Cast) -> None:
    second = UserFactory(admin=True)
    pairs = [(cast.users["admin"], second), (second, cast.users["admin"])]
    together = Barrier(2)

    def demote(pair: tuple[User, User]) -> int:
        doer, other = pair
        client = Client()
        client.force_login(doer, backend="django.contrib.auth.backends.ModelBackend")
        together.wait(10)
        form = {"email": other.email, "name": "Demoted", "is_active": "on", "is_staff": "on"}
        try:
            return client.post(reverse("admin:accounts_user_change", args=[other.pk]), form).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as threads:
        answers = sorted(threads.map(demote, pairs))
    assert answers[0] in (200, 302) and answers.count(302) == 1, answers
    assert User.objects.filter(is_superuser=True).count() == 1
