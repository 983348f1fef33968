"""Upgrades, what is thrown away, and counting while Redis is away."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.utils import timezone
from django_tenants.utils import tenant_context

from apps.accounts import throttle
from apps.accounts.throttle import FailureLimit
from apps.identity.context import Origin
from apps.identity.limits import RateLimit, network_of
from apps.identity.models import OneTimeToken, RefreshToken, Session, User
from apps.identity.services.one_time import issue
from apps.identity.services.sessions import do_sign_in
from apps.identity.services.users import do_make_user
from apps.identity.upkeep import purge_all
from apps.tenants.acting import SYSTEM
from apps.tenants.models import Operation, OperationState
from apps.tenants.operations import run_operation
from apps.tenants.platform_tables import pending_platform_tables
from apps.tenants.postgresql.base import tenant_tables
from apps.tenants.provisioning import names_of
from apps.tenants.services.upgrades import do_upgrade_tenants
from kapok.errors import KapokError
from tests.factories import TenantFactory
from tests.tenant_database import as_owner, project_table


def _as_of_an_older_kapok(schema: str) -> None:
    with connection.cursor() as cursor:
        for table in [*tenant_tables(), "kapok_change", "kapok_change_mode", "kapok_platform_migration"]:
            cursor.execute(f'drop table "{schema}".{table} cascade')
        cursor.execute(f'drop function "{schema}".kapok_read')


def test_the_upgrade_job_goes_on_past_a_tenant_that_fails(real_database: None) -> None:
    blocked, old, new = (TenantFactory(ready=True) for _ in range(3))
    for tenant in (blocked, old):
        _as_of_an_older_kapok(tenant.schema_name)
    project_table(names_of(blocked), "kapok_session", "id int")
    operation = do_upgrade_tenants(acting=SYSTEM)
    run_operation(operation.pk)
    operation = Operation.objects.get(pk=operation.pk)
    assert (operation.state, operation.error_code) == (OperationState.FAILED, "MIGRATION_FAILED")
    assert operation.result["migrated"] == 1 and list(operation.result["failed"]) == [blocked.slug]
    assert pending_platform_tables(names_of(old)) == pending_platform_tables(names_of(new)) == []
    with as_owner(names_of(blocked)) as session:
        session.execute("drop table kapok_session")
    call_command("upgrade_tenants", now=True)
    assert pending_platform_tables(names_of(blocked)) == []


def test_what_is_over_is_thrown_away_and_nothing_else(real_database: None) -> None:
    tenant = TenantFactory(ready=True)
    user = do_make_user(tenant, email="ada@example.com", method="admin")
    going_on, over = (do_sign_in(tenant, user, methods=["pwd"], origin=Origin()) for _ in range(2))
    with tenant_context(tenant):
        for _ in range(2):
            issue("magic_link", timedelta(minutes=5))
        old = timezone.now() - timedelta(days=40)
        OneTimeToken.objects.filter(pk=OneTimeToken.objects.first().pk).update(expires_at=old)
        Session.objects.filter(pk=over.session.pk).update(revoked_at=old)
    assert purge_all() == 3
    with tenant_context(tenant):
        assert OneTimeToken.objects.count() == 1 and User.objects.count() == 1
        assert list(Session.objects.values_list("pk", flat=True)) == [going_on.session.pk]
        assert RefreshToken.objects.count() == 1


@pytest.fixture
def no_redis(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A Redis that is not there."""
    monkeypatch.setattr(settings, "REDIS_URL", "redis://127.0.0.1:1/0")
    throttle.counter.cache_clear()
    yield
    throttle.counter.cache_clear()


def test_attempts_are_counted_in_redis() -> None:
    _check_counting(RateLimit("test-with-redis", 60))


def test_attempts_are_counted_without_redis(no_redis: None) -> None:
    _check_counting(RateLimit("test-without-redis", 60))


def test_operators_attempts_are_counted_without_redis(no_redis: None) -> None:
    limit, key = FailureLimit("test-without-redis", failures=2, seconds=60), timezone.now().isoformat()
    for _ in range(2):
        limit.hit(key)
    with pytest.raises(KapokError) as refused:
        limit.hit(key)
    assert refused.value.code == "RATE_LIMITED" and 1 <= refused.value.details["retryAfter"] <= 60
    limit.hit("another")
    limit.refund(key)
    limit.refund(key)
    limit.hit(key)


def test_who_fills_the_memory_of_counts_does_not_empty_it(no_redis: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttle, "MAX_OWN_KEYS", 20)
    counter = throttle.counter()
    counts = [counter.hit([f"name {number}"], [60])[0][0] for number in range(25)]
    assert counts == [1] * 25 and len(counter._own) <= 20
    assert counter.hit(["name 24"], [60])[0][0] == 2, "the newest stay"
    assert counter.hit(["name 12"], [60])[0][0] == 2, "and most others"


def _check_counting(limit: RateLimit) -> None:
    key = timezone.now().isoformat()
    for _ in range(3):
        limit.hit(key, most=3)
    with pytest.raises(KapokError) as refused:
        limit.hit(key, most=3)
    assert refused.value.code == "RATE_LIMITED" and 1 <= refused.value.details["retryAfter"] <= 60
    limit.hit(key, "another", most=3)
    limit.refund(key)
    limit.refund(key)
    limit.hit(key, most=3)
    with pytest.raises(KapokError):
        limit.hit(key, most=3)


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("not an address", "not an address"),
    ],
)
def test_who_an_address_counts_as(address: str, network: str) -> None:
    assert network_of(address) == network
