"""Operators: every fetch is authorised, hides what may not be seen and refuses what may not be done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from apps.accounts.models import User
from apps.tenants.access import (
    Right,
    get_domain_for,
    get_key_for,
    get_operation_for,
    get_project_for,
    get_tenant_for,
    grant_project,
    operations_for,
    projects_for,
    revoke_project,
    tenants_for,
)
from kapok.errors import KapokError
from tests.factories import ApiKeyFactory, DomainFactory, OperationFactory, ProjectFactory, TenantFactory, UserFactory

pytestmark = pytest.mark.django_db


def code_of(call: Callable[..., Any], *args: Any) -> str:
    try:
        call(*args)
    except KapokError as exc:
        return exc.code
    return "ok"


def test_who_may_fetch_what() -> None:
    """Five operators, every entry point, every right."""
    acme, globex = TenantFactory(slug="acme"), TenantFactory(slug="globex")
    key, domain, operation = ApiKeyFactory(tenant=acme), DomainFactory(tenant=acme), OperationFactory(tenant=acme)
    stranger, viewer, manager, admin = UserFactory(), UserFactory(), UserFactory(), UserFactory(admin=True)
    grant_project(viewer, acme.project, Right.VIEW)
    grant_project(manager, acme.project, Right.MANAGE)
    grant_project(stranger, globex.project, Right.MANAGE)
    auditor = UserFactory()
    grant_project(auditor, acme.project, Right.AUDIT)
    who = {"stranger": stranger, "viewer": viewer, "manager": manager, "auditor": auditor, "admin": admin}
    entries: list[tuple[Callable[..., Any], tuple[Any, ...], str]] = [
        (get_project_for, (acme.project.slug,), "NOT_FOUND"),
        (get_tenant_for, ("acme",), "TENANT_NOT_FOUND"),
        (get_key_for, ("acme", key.pk), "TENANT_NOT_FOUND"),
        (get_domain_for, ("acme", domain.domain), "TENANT_NOT_FOUND"),
        (get_operation_for, (operation.pk,), "NOT_FOUND"),
    ]
    for fetch, what, hidden in entries:
        seen = {(name, right.name): code_of(fetch, user, *what, right) for name, user in who.items() for right in Right}
        assert seen == {
            **{("stranger", right.name): hidden for right in Right},
            ("viewer", "VIEW"): "ok",
            ("viewer", "MANAGE"): "FORBIDDEN",
            ("viewer", "AUDIT"): "FORBIDDEN",
            ("manager", "VIEW"): "ok",
            ("manager", "MANAGE"): "ok",
            ("manager", "AUDIT"): "FORBIDDEN",
            ("auditor", "VIEW"): "ok",
            ("auditor", "MANAGE"): "FORBIDDEN",
            ("auditor", "AUDIT"): "ok",
            ("admin", "VIEW"): "ok",
            ("admin", "MANAGE"): "ok",
            ("admin", "AUDIT"): "ok",
        }, fetch.__name__


def test_a_key_of_another_tenant_is_not_found_through_ones_own() -> None:
    acme, globex = TenantFactory(slug="acme"), TenantFactory(slug="globex")
    theirs = ApiKeyFactory(tenant=globex)
    manager = UserFactory()
    grant_project(manager, acme.project, Right.MANAGE)
    assert code_of(get_key_for, manager, "acme", theirs.pk, Right.VIEW) == "NOT_FOUND"


def test_lists_hold_what_may_be_seen() -> None:
    acme, globex = TenantFactory(), TenantFactory()
    OperationFactory(tenant=globex)
    mine = OperationFactory(tenant=acme)
    viewer, admin = UserFactory(), UserFactory(admin=True)
    grant_project(viewer, acme.project, Right.VIEW)
    assert list(projects_for(viewer)) == [acme.project]
    assert list(projects_for(viewer, Right.MANAGE)) == []
    assert list(tenants_for(viewer)) == [acme]
    assert list(operations_for(viewer)) == [mine]
    assert operations_for(admin).count() == 2


def test_rights_end_when_they_are_taken_or_the_user_is_switched_off() -> None:
    project = ProjectFactory()
    user = UserFactory()
    grant_project(user, project, Right.MANAGE)
    revoke_project(user, project)
    assert not projects_for(user).exists()
    for off in (UserFactory(is_active=False), UserFactory(admin=True, is_active=False)):
        grant_project(off, project, Right.MANAGE)
        assert not projects_for(User.objects.get(pk=off.pk)).exists()
        assert not operations_for(off).exists()


def test_addresses_are_logins_whatever_their_case() -> None:
    user = User.objects.create_user("Ada@Example.com", "correct horse battery")
    assert User.objects.get_by_natural_key("ADA@example.COM") == user
    assert user.email == "ada@example.com"
