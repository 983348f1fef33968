"""Signing keys: rotated with an overlap, at once when one leaked, sealed at rest; and clearing away."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import jwt
import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.tenants.acting import SYSTEM
from apps.tenants.models import Revocation, SigningKey, Tenant
from apps.tenants.services.signing_keys import clear_away, do_rotate_signing_key, rotate_due_keys
from apps.tenants.services.tokens import ACCESS_LIFETIME, issue_access_token, revoke_session
from apps.tenants.signing import LEAD, OVERLAP, make_key, private_key_of, signing_key
from config.celery import app
from kapok.sealing import SealBrokenError, seal, unseal
from tests.factories import TenantFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def tenant() -> Tenant:
    return TenantFactory(state="active")


def kid(tenant: Tenant) -> str:
    token = issue_access_token(tenant, sub="u1", sid="s1", email=None, roles=["member"])
    return str(jwt.get_unverified_header(token)["kid"])


def age(key: SigningKey, by: timedelta) -> None:
    """As if the key's times lay that much longer ago."""
    for field in ("active_from", "retired_at", "verified_until"):
        moment = getattr(key, field)
        setattr(key, field, moment and moment - by)
    key.save()


def test_a_successor_is_known_before_it_signs_and_the_former_key_outlives_its_tokens(tenant: Tenant) -> None:
    former = signing_key(tenant)
    successor = do_rotate_signing_key(tenant, acting=SYSTEM)
    former.refresh_from_db()
    assert (former.state, successor.state) == ("active", "upcoming")
    assert kid(tenant) == former.kid
    assert successor.active_from == former.retired_at
    assert former.verified_until - former.retired_at == OVERLAP
    assert ACCESS_LIFETIME + timedelta(seconds=60) + LEAD <= OVERLAP
    assert do_rotate_signing_key(tenant, acting=SYSTEM) == successor  # one is on its way already

    for key in (former, successor):
        age(key, LEAD + timedelta(seconds=1))
    assert (former.state, successor.state) == ("retiring", "active")
    assert kid(tenant) == successor.kid
    age(former, OVERLAP)
    assert former.state == "gone"


def test_a_leaked_key_is_believed_no_more(tenant: Tenant) -> None:
    signing_key(tenant)
    do_rotate_signing_key(tenant, acting=SYSTEM)
    made = do_rotate_signing_key(tenant, acting=SYSTEM, at_once=True)
    others = tenant.signing_keys.exclude(pk=made.pk)
    assert len(others) == 2
    assert {key.state for key in others} == {"gone"}
    assert {key.sealed_private_key for key in others} == {""}
    assert (made.state, kid(tenant)) == ("active", made.kid)


def test_keys_are_rotated_when_they_are_due(tenant: Tenant, settings: Any) -> None:
    settings.KAPOK_SIGNING_KEY_DAYS = 30
    key, young = signing_key(tenant), signing_key(TenantFactory(state="active"))
    age(key, timedelta(days=29))
    assert rotate_due_keys(acting=SYSTEM) == 0
    age(key, timedelta(days=1))
    assert rotate_due_keys(acting=SYSTEM) == 1
    assert rotate_due_keys(acting=SYSTEM) == 0
    assert tenant.signing_keys.count() == 2
    assert young.tenant.signing_keys.count() == 1


def test_what_is_of_no_use_is_cleared_away(tenant: Tenant) -> None:
    former = signing_key(tenant)
    successor = do_rotate_signing_key(tenant, acting=SYSTEM)
    revoke_session(tenant, "old")
    Revocation.objects.update(expires_at=timezone.now())
    revoke_session(tenant, "new")
    for key in (SigningKey.objects.get(pk=former.pk), successor):
        age(key, LEAD + timedelta(seconds=1))
    clear_away()
    former.refresh_from_db()
    assert former.sealed_private_key == ""
    assert [row.value for row in Revocation.objects.all()] == ["new"]
    age(former, OVERLAP)
    clear_away()
    assert list(tenant.signing_keys.all()) == [successor]
    assert private_key_of(successor)


def test_a_tenant_cannot_have_two_keys_that_sign(tenant: Tenant) -> None:
    signing_key(tenant)
    with pytest.raises(IntegrityError), transaction.atomic():
        make_key(tenant, timezone.now())


def test_a_private_key_opens_for_its_tenant_and_secret_key_only(tenant: Tenant, settings: Any) -> None:
    key = signing_key(tenant)
    stolen = SigningKey(tenant=TenantFactory(), sealed_private_key=key.sealed_private_key)
    with pytest.raises(SealBrokenError):
        private_key_of(stolen)
    former = settings.SECRET_KEY
    settings.SECRET_KEY = "another secret key " * 4
    with pytest.raises(SealBrokenError):
        private_key_of(key)
    settings.SECRET_KEY_FALLBACKS = [former]
    assert private_key_of(key)


def test_what_is_sealed_opens_for_its_use_only() -> None:
    sealed = seal(["old"], "use", b"content")
    assert unseal(["new", "old"], "use", sealed) == b"content"
    for keys, purpose in ((["new"], "use"), (["old"], "other use")):
        with pytest.raises(SealBrokenError):
            unseal(keys, purpose, sealed)
    with pytest.raises(SealBrokenError):
        unseal(["old"], "use", sealed[:-6] + "AAAAA=")


def test_the_beat_rotates(tenant: Tenant, settings: Any) -> None:
    """Its schedule names a task there is, and the task does it."""
    entry = app.conf.beat_schedule["rotate signing keys"]
    app.loader.import_default_modules()
    assert entry["schedule"] <= LEAD.total_seconds() * 2
    key = signing_key(tenant)
    age(key, timedelta(days=settings.KAPOK_SIGNING_KEY_DAYS))
    app.tasks[entry["task"]].apply(throw=True)
    assert [row.state for row in tenant.signing_keys.all()] == ["upcoming", "active"]
