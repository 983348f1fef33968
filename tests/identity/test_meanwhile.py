"""A password is reset while the former one is being checked, which takes its time: the former one opens nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django_tenants.utils import tenant_context

from apps.identity import passwords as hashing
from apps.identity.models import OneTimeToken, Session, User
from apps.identity.passwords import hash_password
from apps.identity.services import passwords, sign_in
from apps.identity.services.one_time import issue
from apps.identity.services.own_account import do_request_email
from apps.identity.services.passwords import do_change_password, do_reset_password
from apps.identity.services.sign_in import do_sign_in_password
from apps.tenants.models import Tenant
from kapok.errors import KapokError
from tests.identity.accounts import HERE, make_tenant, make_user, signed_in
from tests.identity.client import PASSWORD

OTHER, THIEFS = "another horse battery", "a password of the thief"


@pytest.fixture
def tenant(real_database: None) -> Tenant:
    """A tenant with its tables."""
    return make_tenant()


@pytest.fixture
def user(tenant: Tenant) -> User:
    """Its only user."""
    return make_user(tenant, password_hash=hash_password(PASSWORD))


@pytest.fixture
def meanwhile(tenant: Tenant, user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """The owner sets a new password right after the former one was found right."""

    def check(password: str, known: str) -> hashing.Check:
        checked = hashing.check_password(password, known)
        with tenant_context(tenant):
            token = issue("password_reset", timedelta(hours=1), user=user, data={"email": user.email})
        do_reset_password(tenant, token, password=OTHER)
        return checked

    for module in (sign_in, passwords):
        monkeypatch.setattr(module, "check_password", check)


def refused(call: Callable[[], Any]) -> None:
    with pytest.raises(KapokError) as caught:
        call()
    assert caught.value.code == "INVALID_CREDENTIALS"


def still_the_owners(tenant: Tenant) -> bool:
    """Nobody is signed in, the new password is the one, and no link waits for an answer."""
    with tenant_context(tenant):
        quiet = not Session.objects.filter(revoked_at=None).exists()
        waiting = OneTimeToken.objects.filter(used_at=None).exclude(purpose="password_reset").exists()
        return quiet and not waiting and hashing.check_password(OTHER, User.objects.get().password).right


@pytest.mark.usefixtures("meanwhile")
def test_it_signs_nobody_in(tenant: Tenant, user: User) -> None:
    refused(lambda: do_sign_in_password(tenant, email=str(user.email), password=PASSWORD, origin=HERE))
    assert still_the_owners(tenant)


def test_it_changes_neither_password_nor_address(tenant: Tenant, user: User, request: pytest.FixtureRequest) -> None:
    session = signed_in(tenant, user).session
    request.getfixturevalue("meanwhile")
    refused(lambda: do_change_password(tenant, user, session, current=PASSWORD, password=THIEFS, origin=HERE))
    assert still_the_owners(tenant)
    address = {"email": "thief@example.com", "redirect_to": "", "origin": HERE}
    refused(lambda: do_request_email(tenant, user, session, password=PASSWORD, **address))
    assert still_the_owners(tenant)


def test_a_costlier_hash_of_the_same_password_is_no_other_password(
    tenant: Tenant, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two sign-ins at once after the cost was raised: each may store its hash, both get in."""

    def check(password: str, known: str) -> hashing.Check:
        with tenant_context(tenant):
            User.objects.update(password=hash_password(PASSWORD))
        return hashing.Check(hashing.check_password(password, known).right, outdated=True)

    monkeypatch.setattr(sign_in, "check_password", check)
    assert do_sign_in_password(tenant, email=str(user.email), password=PASSWORD, origin=HERE)
