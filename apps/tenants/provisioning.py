"""Sets a tenant up: roles, schema, template, grants, verify, activate.

In: a tenant in the state provisioning. Out: the same, active, with everything it needs; or, rolled back, failed and
with nothing of it. Each step can run again after any interruption.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from django.db import transaction

from apps.tenants.acting import SYSTEM
from apps.tenants.change_log import begin_change_log, mend_change_log
from apps.tenants.cloning import fill, set_default_privileges
from apps.tenants.migrations_runner import migrate, pending
from apps.tenants.models import Operation, OperationKind, OperationState, Project, Tenant
from apps.tenants.names import Names
from apps.tenants.owner import connect_as_owner, terminate_session
from apps.tenants.platform_tables import ensure_platform_tables
from apps.tenants.records import applied_in, mirror, refuse_failure
from apps.tenants.roles import admit_gateway, drop_roles, ensure_gateway, ensure_tenant_roles, lock_out
from apps.tenants.schemas import drop_schema, ensure_schema, open_schema, verify
from apps.tenants.signing import signing_key
from apps.tenants.template import DUMP, migration_files, migration_marks, template_of
from apps.tenants.trail import record_on_tenant
from kapok.changelog.settings import parse_settings
from kapok.tenancy import TenantState


class MigrationsChangedError(Exception):
    """Migrations were uploaded while the tenant was set up: the step has to run again."""


def names_of(tenant: Tenant) -> Names:
    """A tenant's names in the database."""
    return Names.of(tenant.pk, tenant.project_id)


def make_roles(tenant: Tenant) -> None:
    """The tenant's two roles, and its project's gateway."""
    with transaction.atomic():
        ensure_gateway(tenant.project.gateway_role)
        ensure_tenant_roles(names_of(tenant))


def make_schema(tenant: Tenant) -> None:
    """The schema, what its owner may do in it, and the tables of its end users."""
    names = names_of(tenant)
    ensure_schema(names)
    ensure_platform_tables(names)


def fill_schema(tenant: Tenant) -> None:
    """The project's tables, from its template."""
    names = names_of(tenant)
    template = template_of(tenant.project)
    with connect_as_owner(names) as session:
        if template.method == DUMP and template.sql:
            fill(session, names, template.sql)
        else:
            set_default_privileges(session, names)
            files = migration_files(tenant.project)
            refuse_failure(migrate(session, names, files, terminate=terminate_session))


def open_door(tenant: Tenant) -> None:
    """Let requests in: the schema to the tenant's role, the role to the gateway. From here on changes are logged."""
    names = names_of(tenant)
    with transaction.atomic():
        begin_change_log(names, parse_settings(tenant.project.audit))
        open_schema(names)
        admit_gateway(names)


def check(tenant: Tenant) -> None:
    """What keeps tenants apart holds."""
    verify(names_of(tenant))


def activate(tenant: Tenant) -> None:
    """Catch up with migrations uploaded meanwhile; from now on the tenant answers requests."""
    marks = migration_marks(tenant.project)
    if pending(marks, applied_in(tenant)):
        names = names_of(tenant)
        with connect_as_owner(names) as session:
            files = migration_files(tenant.project)
            refuse_failure(migrate(session, names, files, terminate=terminate_session))
        mend_change_log(names)
    with transaction.atomic():
        # Uploads lock the project too: whatever comes after this finds an active tenant and migrates it.
        Project.objects.select_for_update(no_key=True).get(pk=tenant.project_id)
        if migration_marks(tenant.project) != marks:
            raise MigrationsChangedError
        mirror(tenant)
        tenant.state = TenantState.ACTIVE.value
        tenant.save(update_fields=["state"])
        signing_key(tenant)  # whoever asks for its JWKS from now on finds it there
        record_on_tenant("tenant.activated", tenant, acting=SYSTEM, slug=tenant.slug)


STEPS: Mapping[str, Callable[[Tenant], None]] = {
    "roles": make_roles,
    "schema": make_schema,
    "template": fill_schema,
    "grants": open_door,
    "verify": check,
    "activate": activate,
}


def roll_back(tenant: Tenant) -> None:
    """Remove everything a tenant has in the database; the row stays, failed, and can be tried again or deleted."""
    remove(tenant)
    with transaction.atomic():
        tenant.migrations.all().delete()
        tenant.state = TenantState.FAILED.value
        tenant.save(update_fields=["state"])
        record_on_tenant("tenant.setup_failed", tenant, acting=SYSTEM, outcome="failed", slug=tenant.slug)


def remove(tenant: Tenant) -> None:
    """Drop a tenant's schema and roles."""
    names = names_of(tenant)
    lock_out(names)
    drop_schema(names)
    drop_roles([names.owner, names.schema])


def provision_now(tenant: Tenant) -> Tenant:
    """Run all steps here and now instead of in a worker. For tests, benchmarks and `kapok dev`'s first tenants."""
    for step in STEPS.values():
        step(tenant)
    Operation.objects.filter(
        tenant=tenant, kind=OperationKind.PROVISION, state__in=[OperationState.QUEUED, OperationState.RUNNING]
    ).update(state=OperationState.SUCCEEDED, progress=100, step="activate")
    return tenant
