"""The admin's pages stay cheap and find things, however many rows there are."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.tenants.models import AuditAlert, AuditExport, AuditLog, MigrationState, TenantMigration
from tests.control.cast import Cast
from tests.control.test_admin import LISTS, furnished, page
from tests.factories import ApiKeyFactory, DomainFactory, OperationFactory, TenantFactory

__all__ = ["furnished"]

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("name", ["index", *[f"{name}_changelist" for name in LISTS]])
@pytest.mark.parametrize("principal", ["manager", "admin"])
def test_the_number_of_queries_does_not_grow_with_the_rows(furnished: Cast, name: str, principal: str) -> None:
    client = furnished.client(principal)

    def count() -> int:
        with CaptureQueriesContext(connection) as seen:
            assert page(client, name).status_code == 200
        return len(seen)

    count()
    few = count()
    for number in range(6):
        tenant = TenantFactory(project=furnished.project, state="active")
        ApiKeyFactory(tenant=tenant)
        DomainFactory(tenant=tenant)
        OperationFactory(tenant=tenant, project=furnished.project, requested_by=furnished.users["reader"])
        TenantMigration.objects.create(tenant=tenant, number=number, state=MigrationState.FAILED)
    assert count() <= few
    assert few < 25


def test_a_tenants_page_costs_the_same_with_many_keys(furnished: Cast) -> None:
    client = furnished.client("manager")

    def count() -> int:
        with CaptureQueriesContext(connection) as seen:
            assert page(client, "tenants_tenant_change", furnished.tenant.pk).status_code == 200
        return len(seen)

    few = count()
    for _ in range(6):
        ApiKeyFactory(tenant=furnished.tenant)
        DomainFactory(tenant=furnished.tenant)
        OperationFactory(tenant=furnished.tenant, project=furnished.project)
    assert count() <= few


def test_searching_and_filtering_work(furnished: Cast) -> None:
    client = furnished.client("admin")
    for query in ("?q=acme", "?state__exact=active", f"?project__id__exact={furnished.project.pk}", "?o=-1"):
        answer = page(client, "tenants_tenant_changelist", query=query)
        assert answer.status_code == 200 and b"acme" in answer.content, query
    assert b"globex" not in page(client, "tenants_tenant_changelist", query="?q=acme").content
    assert page(client, "tenants_operation_changelist", query="?q=acme&state__exact=running").status_code == 200
    assert (
        page(client, "tenants_apikey_changelist", query=f"?tenant__id__exact={furnished.tenant.pk}").status_code == 200
    )


def test_failures_are_shown_where_they_are_looked_for(furnished: Cast) -> None:
    client = furnished.client("manager")
    for answer in (page(client, "index"), page(client, "tenants_tenant_change", furnished.tenant.pk)):
        assert b"no such table in acme" in answer.content and b"line 3" in answer.content


@pytest.mark.parametrize("name", ["auditlog", "auditalert", "auditexport"])
def test_lists_about_audit_logs_cost_the_same_for_many(cast: Cast, name: str) -> None:
    client = cast.client("admin")

    def count() -> int:
        with CaptureQueriesContext(connection) as seen:
            assert page(client, f"tenants_{name}_changelist").status_code == 200
        return len(seen)

    def more() -> None:
        tenant = TenantFactory(project=cast.project, state="active")
        AuditLog.objects.create(schema=tenant.schema_name, tenant=tenant, size=7)
        facts = {"text": "changed", "since": timezone.now(), "acknowledged_by": cast.users["manager"]}
        AuditAlert.objects.create(kind="check_failed", log=tenant.schema_name, tenant=tenant, **facts)
        operation = OperationFactory(tenant=tenant, project=cast.project, state="succeeded")
        asked_by = cast.users["manager"]
        AuditExport.objects.create(tenant=tenant, project=cast.project, operation=operation, requested_by=asked_by)

    more()
    few = count()
    for _ in range(5):
        more()
    assert count() <= few
    assert few < 15
