"""Services: every change of state, what they refuse, and that a refusal changes nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from apps.tenants.acting import SYSTEM
from apps.tenants.models import (
    ApiKey,
    Domain,
    MigrationState,
    Operation,
    OperationState,
    Project,
    ProjectPermissions,
    Tenant,
    TenantMigration,
    TrustedDocument,
)
from apps.tenants.services import (
    do_add_domain,
    do_create_key,
    do_create_project,
    do_create_tenant,
    do_delete_project,
    do_delete_tenant,
    do_migrate_tenant,
    do_register_documents,
    do_remove_domain,
    do_resume_tenant,
    do_retry_operation,
    do_revoke_key,
    do_set_permissions,
    do_suspend_tenant,
    do_update_project,
    do_update_tenant,
    do_upload_migrations,
)
from kapok.errors import KapokError
from kapok.tenancy import TenantState
from kapok.tokens import key_digest, looks_like_key
from tests.factories import LIBRARY, OperationFactory, ProjectFactory, TenantFactory, UserFactory
from tests.tenant_database import role_names

pytestmark = pytest.mark.django_db


def refused(code: str, call: Callable[..., Any], *args: Any, **kwargs: Any) -> KapokError:
    with pytest.raises(KapokError) as caught:
        call(*args, **kwargs)
    assert caught.value.code == code, caught.value.message
    return caught.value


# --- projects


def test_a_project_has_its_gateway_role() -> None:
    project = do_create_project("shop", "Shop", acting=SYSTEM)
    assert project.gateway_role in role_names()
    assert project.gateway_role.startswith("g_")


def test_a_project_is_refused_with_a_bad_or_taken_slug_and_leaves_no_role() -> None:
    do_create_project("shop", acting=SYSTEM)
    before = role_names()
    refused("INVALID_SLUG", do_create_project, "Shop!", acting=SYSTEM)
    refused("ALREADY_EXISTS", do_create_project, "shop", acting=SYSTEM)
    assert role_names() == before
    assert Project.objects.count() == 1


def test_settings_are_checked_before_they_are_stored() -> None:
    project = ProjectFactory()
    do_update_project(project, acting=SYSTEM, cors_origins=["https://app.example.com"], introspection=False)
    refused("VALIDATION_FAILED", do_update_project, project, acting=SYSTEM, cors_origins=["app.example.com/path"])
    refused("VALIDATION_FAILED", do_update_project, project, acting=SYSTEM, introspection="yes")
    refused("VALIDATION_FAILED", do_update_project, project, acting=SYSTEM, slug="other")
    stored = Project.objects.get(pk=project.pk)
    assert (stored.cors_origins, stored.introspection) == (["https://app.example.com"], False)


def test_a_project_is_deleted_only_when_empty_and_confirmed() -> None:
    project = do_create_project("shop", acting=SYSTEM)
    tenant = TenantFactory(project=project)
    refused("CONFIRMATION_REQUIRED", do_delete_project, project, confirm="Shop", acting=SYSTEM)
    refused("INVALID_STATE", do_delete_project, project, confirm="shop", acting=SYSTEM)
    assert Project.objects.filter(pk=project.pk).exists()
    role = project.gateway_role
    Tenant.objects.filter(pk=tenant.pk).delete()
    do_delete_project(project, confirm="shop", acting=SYSTEM)
    assert not Project.objects.exists()
    assert role not in role_names()


def test_permissions_are_parsed_and_versioned() -> None:
    project, user = ProjectFactory(), UserFactory()
    first = do_set_permissions(project, "roles: {anon: {}}\n", acting=user)
    assert (first.version, first.created_by) == (1, user)
    assert do_set_permissions(project, "roles: {anon: {}}\n", acting=user) == first
    second = do_set_permissions(project, "roles: {anon: {}, member: {}}\n", acting=SYSTEM)
    assert (second.version, second.created_by) == (2, None)
    refused("PROJECT_INVALID", do_set_permissions, project, "tables: [not, a, mapping]\n", acting=user)
    assert ProjectPermissions.objects.count() == 2


def test_documents_are_registered_once_by_their_hash() -> None:
    project = ProjectFactory()
    text = "query { __typename }"
    expected = hashlib.sha256(text.encode()).hexdigest()
    assert do_register_documents(project, [text, text], acting=SYSTEM) == [expected, expected]
    assert do_register_documents(project, [text], acting=SYSTEM) == [expected]
    assert TrustedDocument.objects.get().document == text
    refused("PROJECT_INVALID", do_register_documents, project, [text + " ", ""], acting=SYSTEM)
    assert TrustedDocument.objects.count() == 1


# --- migrations


def test_uploaded_files_are_numbered_without_gaps() -> None:
    project = ProjectFactory()
    for files in (
        {"0002_b.sql": ""},
        {"0001_a.sql": "", "0003_c.sql": ""},
        {"0001_a.sql": "", "00001_b.sql": ""},
        {"1_a.sql": ""},
        {"0001_../../etc.sql": ""},
        {"0001_a.sql": "select '\x00'"},
    ):
        error = refused("PROJECT_INVALID", do_upload_migrations, project, files, acting=SYSTEM)
        assert "migrations are not valid" in error.message
    assert not project.migrations.exists()


def test_files_may_change_until_a_tenant_has_had_them() -> None:
    project = ProjectFactory(migrations=LIBRARY)
    tenant = TenantFactory(project=project)
    changed = {**LIBRARY, "0002_more.sql": "select 2"}
    do_upload_migrations(project, changed, acting=SYSTEM)
    row = project.migrations.get(number=2)
    assert row.sql == "select 2"
    TenantMigration.objects.create(
        tenant=tenant, number=2, name=row.name, checksum=row.checksum, state=MigrationState.APPLIED
    )
    refused("MIGRATION_CHANGED", do_upload_migrations, project, LIBRARY, acting=SYSTEM)
    refused(
        "MIGRATION_CHANGED", do_upload_migrations, project, {"0001_books.sql": LIBRARY["0001_books.sql"]}, acting=SYSTEM
    )
    assert project.migrations.get(number=2).sql == "select 2"
    assert project.migrations.count() == 2


def test_line_ends_and_byte_order_marks_do_not_change_a_checksum() -> None:
    project = ProjectFactory()
    (unix,) = do_upload_migrations(project, {"0001_a.sql": "select 1;\nselect 2;\n"}, acting=SYSTEM)
    (windows,) = do_upload_migrations(project, {"0001_a.sql": "\ufeffselect 1;\r\nselect 2;\r\n"}, acting=SYSTEM)
    assert unix.checksum == windows.checksum


# --- tenants


def test_a_tenant_begins_with_a_queued_operation() -> None:
    user = UserFactory()
    tenant, operation = do_create_tenant(ProjectFactory(), "acme", "Acme", acting=user, limits={"rows": 50})
    assert (tenant.state, tenant.limits) == (TenantState.PROVISIONING, {"rows": 50})
    assert tenant.schema_name.startswith("t_") and "acme" not in tenant.schema_name
    assert (operation.state, operation.progress, operation.requested_by) == (OperationState.QUEUED, 0, user)
    assert operation.steps == ["roles", "schema", "template", "grants", "verify", "activate"]


@pytest.mark.parametrize(
    ("slug", "limits", "code"),
    [
        ("Ac me", None, "INVALID_SLUG"),
        ("taken", None, "ALREADY_EXISTS"),
        ("acme", {"speed": 1}, "VALIDATION_FAILED"),
        ("acme", {"rows": 0}, "VALIDATION_FAILED"),
        ("acme", {"rows": True}, "VALIDATION_FAILED"),
        ("acme", {"rows": "10"}, "VALIDATION_FAILED"),
    ],
)
def test_a_refused_tenant_leaves_nothing(slug: str, limits: dict[str, Any] | None, code: str) -> None:
    taken = TenantFactory(slug="taken")
    refused(code, do_create_tenant, ProjectFactory(), slug, acting=SYSTEM, limits=limits)
    assert list(Tenant.objects.all()) == [taken]
    assert not Operation.objects.exists()


def test_slugs_are_unique_across_projects() -> None:
    TenantFactory(slug="acme")
    refused("ALREADY_EXISTS", do_create_tenant, ProjectFactory(), "acme", acting=SYSTEM)


def test_suspend_and_resume() -> None:
    tenant = TenantFactory(state=TenantState.ACTIVE)
    do_suspend_tenant(tenant, acting=SYSTEM, reason="unpaid")
    stored = Tenant.objects.get()
    assert (stored.state, stored.suspended_reason) == (TenantState.SUSPENDED, "unpaid")
    error = refused("INVALID_STATE", do_suspend_tenant, tenant, acting=SYSTEM)
    assert error.details == {"state": "suspended"}
    do_resume_tenant(tenant, acting=SYSTEM)
    stored = Tenant.objects.get()
    assert (stored.state, stored.suspended_reason) == (TenantState.ACTIVE, "")
    refused("INVALID_STATE", do_resume_tenant, tenant, acting=SYSTEM)


def test_a_stale_row_does_not_decide_the_state() -> None:
    tenant = TenantFactory(state=TenantState.ACTIVE)
    Tenant.objects.update(state=TenantState.DELETING)
    refused("INVALID_STATE", do_suspend_tenant, tenant, acting=SYSTEM)
    assert Tenant.objects.get().state == TenantState.DELETING


def test_update_changes_name_and_limits_only() -> None:
    tenant = TenantFactory()
    do_update_tenant(tenant, acting=SYSTEM, name="New", limits={"cost": 5})
    refused("VALIDATION_FAILED", do_update_tenant, tenant, acting=SYSTEM, name=" ")
    refused("VALIDATION_FAILED", do_update_tenant, tenant, acting=SYSTEM, limits={"cost": -1})
    stored = Tenant.objects.get()
    assert (stored.name, stored.limits) == ("New", {"cost": 5})


def test_deleting_wants_the_slug_and_stops_the_tenant_at_once() -> None:
    tenant = TenantFactory(slug="acme", state=TenantState.ACTIVE)
    key, _ = do_create_key(tenant, "secret", acting=SYSTEM)
    refused("CONFIRMATION_REQUIRED", do_delete_tenant, tenant, confirm="ACME", acting=SYSTEM)
    assert Tenant.objects.get().state == TenantState.ACTIVE
    operation = do_delete_tenant(tenant, confirm="acme", acting=SYSTEM)
    assert operation.steps == ["lock_out", "schema", "roles", "records"]
    assert Tenant.objects.get().state == TenantState.DELETING
    assert not ApiKey.objects.get(pk=key.pk).is_active
    refused("INVALID_STATE", do_delete_tenant, tenant, confirm="acme", acting=SYSTEM)
    refused("INVALID_STATE", do_create_key, Tenant.objects.get(), "secret", acting=SYSTEM)


def test_a_tenant_is_not_deleted_under_a_running_job() -> None:
    operation = OperationFactory(tenant__slug="acme")
    refused("INVALID_STATE", do_delete_tenant, operation.tenant, confirm="acme", acting=SYSTEM)
    assert Tenant.objects.get().state == TenantState.PROVISIONING


def test_rows_of_tenants_cannot_be_deleted_alone() -> None:
    tenant = TenantFactory()
    refused("INVALID_STATE", tenant.delete)
    assert Tenant.objects.exists()


def test_only_a_failed_operation_is_tried_again() -> None:
    operation = OperationFactory(tenant__state=TenantState.FAILED)
    refused("INVALID_STATE", do_retry_operation, operation, acting=SYSTEM)
    Operation.objects.update(state=OperationState.ROLLED_BACK, attempts=5, step="verify", error_code="X")
    tried = do_retry_operation(operation, acting=SYSTEM)
    assert (tried.state, tried.attempts, tried.step, tried.error_code) == (OperationState.QUEUED, 0, "", "")
    assert Tenant.objects.get().state == TenantState.PROVISIONING


def test_only_a_tenant_with_a_schema_is_migrated() -> None:
    refused("INVALID_STATE", do_migrate_tenant, TenantFactory(), acting=SYSTEM)
    assert not Operation.objects.exists()


# --- keys


def test_a_key_is_shown_once_and_stored_hashed() -> None:
    tenant = TenantFactory()
    key, plain = do_create_key(tenant, "secret", acting=SYSTEM, name="server")
    assert looks_like_key(plain) and plain.startswith("ksec_")
    stored = ApiKey.objects.get()
    assert (stored.role, stored.kind, stored.digest) == ("service", "secret", key_digest(plain))
    assert plain not in repr(vars(stored)) and plain.startswith(stored.prefix)
    assert key == stored


def test_publishable_keys_are_always_anon() -> None:
    tenant = TenantFactory()
    key, plain = do_create_key(tenant, "publishable", acting=SYSTEM)
    assert plain.startswith("kpub_") and key.role == "anon"
    refused("VALIDATION_FAILED", do_create_key, tenant, "publishable", acting=SYSTEM, role="service")
    assert ApiKey.objects.count() == 1


def test_a_secret_key_may_have_a_role_of_the_project_only() -> None:
    tenant = TenantFactory()
    do_set_permissions(tenant.project, "roles: {anon: {}, editor: {}}\n", acting=SYSTEM)
    key, _ = do_create_key(tenant, "secret", acting=SYSTEM, role="editor")
    assert key.role == "editor"
    error = refused("VALIDATION_FAILED", do_create_key, tenant, "secret", acting=SYSTEM, role="edtor")
    assert "anon, editor, service" in error.message
    refused("VALIDATION_FAILED", do_create_key, tenant, "master", acting=SYSTEM)
    past = timezone.now() - timedelta(seconds=1)
    refused("VALIDATION_FAILED", do_create_key, tenant, "secret", acting=SYSTEM, expires_at=past)
    assert ApiKey.objects.count() == 1


def test_revoking_is_final_and_keeps_the_first_moment() -> None:
    key, _ = do_create_key(TenantFactory(), "secret", acting=SYSTEM)
    first = do_revoke_key(key, acting=SYSTEM).revoked_at
    assert do_revoke_key(key, acting=SYSTEM).revoked_at == first
    assert not ApiKey.objects.get().is_active


# --- domains


def test_host_names_are_stored_in_lower_case_and_the_first_is_primary() -> None:
    tenant = TenantFactory()
    first = do_add_domain(tenant, "App.Example.COM.", acting=SYSTEM)
    assert (first.domain, first.is_primary) == ("app.example.com", True)
    second = do_add_domain(tenant, "www.example.com", acting=SYSTEM)
    assert not second.is_primary
    do_remove_domain(second, acting=SYSTEM)
    assert Domain.objects.count() == 1


@pytest.mark.parametrize(
    "host",
    ["", "example", "a b.com", "http://app.example.com", "app.example.com/x", "app.example.com:80", "10.0.0.1", "::1",
     "-a.example.com", "acme.localhost", "localhost", "a..b.com", "x" * 64 + ".com", "testserver.internal",
     "admin.ops.internal", "Public.internal"],
)  # fmt: skip
def test_hosts_that_are_no_names_or_not_the_tenants_are_refused(host: str, settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["testserver.internal", ".ops.internal"]
    settings.KAPOK_PUBLIC_URL = "https://public.internal:8443"
    refused("INVALID_HOST", do_add_domain, TenantFactory(), host, acting=SYSTEM)
    assert not Domain.objects.exists()


@pytest.mark.parametrize("slug", ["id", "ops"])
def test_no_tenant_answers_at_the_platforms_own_host(slug: str, settings: Any) -> None:
    settings.KAPOK_BASE_DOMAIN, settings.KAPOK_PUBLIC_URL = "kapok.example", "https://id.kapok.example"
    settings.ALLOWED_HOSTS = ["OPS.kapok.example", ".kapok.example"]
    project = ProjectFactory()
    refused("INVALID_SLUG", do_create_tenant, project, slug, acting=SYSTEM)
    assert not Tenant.objects.exists()
    assert do_create_tenant(project, "shop", acting=SYSTEM)[0].slug == "shop"


def test_a_host_belongs_to_one_tenant() -> None:
    do_add_domain(TenantFactory(), "app.example.com", acting=SYSTEM)
    refused("ALREADY_EXISTS", do_add_domain, TenantFactory(), "APP.example.com", acting=SYSTEM)
    assert Domain.objects.count() == 1
