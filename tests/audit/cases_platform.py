"""How the services of projects, tenants and operators are run, and which events each must leave."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

from apps.accounts import two_step
from apps.control import tokens
from apps.tenants.models import OperationKind, OperationState, TrustedDocument
from apps.tenants.services import (
    audit_settings,
    documents,
    domains,
    issuers,
    keys,
    migrations,
    operations,
    permissions,
    projects,
    providers,
    seeds,
    signing_keys,
    tenants,
    upgrades,
)
from kapok.tenancy import TenantState
from kapok.totp import new_secret
from tests.audit.world import Case, World
from tests.control.authenticator import App, enrolled
from tests.factories import OperationFactory, ProjectFactory, TenantFactory, UserFactory

Act = Callable[[], object]
ISSUER = {"audience": "app", "algorithms": ["HS256"]}


def _create_key(world: World) -> Act:
    tenant = world.of_tenant()

    def act() -> object:
        made = keys.do_create_key(tenant, "secret", acting=world.operator, name="CI")
        world.secret(made[1])
        return made

    return act


def _revoke_key(world: World) -> Act:
    key, text = keys.do_create_key(world.of_tenant(), "secret", acting=world.operator)
    world.secret(text)
    return partial(keys.do_revoke_key, key, acting=world.operator)


def _remove_domain(world: World) -> Act:
    domain = domains.do_add_domain(world.of_tenant(), f"{world.name()}.example.org", acting=world.operator)
    return partial(domains.do_remove_domain, domain, acting=world.operator)


def _trust_issuer(world: World) -> Act:
    secret = world.secret("a shared secret, long enough for HS256, and nobody else's")
    return partial(
        issuers.do_trust_issuer, world.project, world.name("issuer"), acting=world.operator, secret=secret, **ISSUER
    )


def _distrust_issuer(world: World) -> Act:
    made: Any = _trust_issuer(world)()
    return partial(issuers.do_distrust_issuer, made, acting=world.operator)


def _set_provider(world: World) -> Act:
    return partial(
        providers.do_set_provider,
        world.project,
        world.name("provider"),
        acting=world.operator,
        issuer="https://accounts.example.com",
        client_id="kapok",
        client_secret=world.secret("the client's secret at the provider"),
    )


def _remove_provider(world: World) -> Act:
    made: Any = _set_provider(world)()
    return partial(providers.do_remove_provider, made, acting=world.operator)


def _retry(world: World) -> Act:
    operation = OperationFactory(
        kind=OperationKind.MIGRATE_TENANT, tenant=world.of_tenant(), state=OperationState.FAILED
    )
    return partial(operations.do_retry_operation, operation, acting=world.operator)


def _rules(world: World) -> str:
    return f"roles: {{anon: {{}}, member: {{}}, role{world.number()}: {{}}}}\n"


def _rollback(world: World) -> Act:
    first = permissions.do_set_permissions(world.project, _rules(world), acting=world.operator)
    permissions.do_set_permissions(world.project, _rules(world), acting=world.operator)
    return partial(permissions.do_rollback_permissions, world.project, first.version, acting=world.operator)


def _delete_project(world: World) -> Act:
    project = projects.do_create_project(world.name("project"), acting=world.operator)
    return partial(projects.do_delete_project, project, confirm=project.slug, acting=world.operator)


def _remove_document(world: World) -> Act:
    text = f"query Q{world.number()} {{ __typename }}"
    (sha256,) = projects.do_register_documents(world.project, [text], acting=world.operator)
    return partial(documents.do_remove_document, TrustedDocument.objects.get(sha256=sha256), acting=world.operator)


def _delete_tenant(world: World) -> Act:
    tenant = TenantFactory(project=world.project, state=TenantState.ACTIVE.value)
    return partial(tenants.do_delete_tenant, tenant, confirm=tenant.slug, acting=world.operator)


def _create_token(world: World) -> Act:
    def act() -> object:
        made = tokens.do_create_token(world.operator, name="CI", lifetime=timedelta(days=1))
        world.secret(made[1])
        return made

    return act


def _revoke_token(world: World) -> Act:
    made, _ = tokens.do_create_token(world.operator, name="CI", lifetime=timedelta(days=1))
    return partial(tokens.do_revoke_token, made, acting=world.operator)


def _by(world: World, service: Callable[..., object], *arguments: Any, **more: Any) -> Act:
    return partial(service, *arguments, acting=world.operator, **more)


def _suspended(world: World) -> Act:
    return _by(world, tenants.do_resume_tenant, world.of_tenant(TenantState.SUSPENDED))


def _roll_back_audit(world: World) -> Act:
    project = ProjectFactory()
    for days in (7, 8):
        audit_settings.do_set_audit_settings(project, f"retention: {days}d", acting=world.operator)
    return partial(audit_settings.do_rollback_audit_settings, project, 1, acting=world.operator)


def _enrol(world: World) -> Act:
    app = App(world.secret(new_secret()))
    return _codes_are_secrets(world, partial(two_step.do_enrol, UserFactory(), app.secret, app.code()))


def _with_code(world: World, service: Callable[..., object], *, recovery: bool = False) -> Act:
    user = UserFactory()
    app = enrolled(user)
    world.secrets += [app.secret, *app.recovery_codes]
    return partial(service, user, app.recovery_codes[0] if recovery else app.code())


def _codes_are_secrets(world: World, service: Callable[..., tuple[str, ...]]) -> Act:
    def act() -> object:
        made = service()
        world.secrets += made
        return made

    return act


def _reset_two_step(world: World) -> Act:
    user = UserFactory()
    enrolled(user)
    return partial(two_step.do_reset_two_step, user, actor=f"operator:{world.operator.pk}")


CASES = {
    "accounts.two_step.do_enrol": Case(_enrol, ["control operator.two_step_enrolled"]),
    "accounts.two_step.do_sign_in_with_code": Case(
        lambda world: _with_code(world, two_step.do_sign_in_with_code, recovery=True),
        ["control operator.recovery_code_used", "control operator.signed_in"],
    ),
    "accounts.two_step.do_make_recovery_codes": Case(
        lambda world: _with_code(world, two_step.do_make_recovery_codes), ["control operator.recovery_codes_made"]
    ),
    "accounts.two_step.do_end_two_step": Case(
        lambda world: _with_code(world, two_step.do_end_two_step), ["control operator.two_step_ended"]
    ),
    "accounts.two_step.do_reset_two_step": Case(_reset_two_step, ["control operator.two_step_reset"]),
    "control.tokens.do_create_token": Case(_create_token, ["control control_token.created"]),
    "control.tokens.do_revoke_token": Case(_revoke_token, ["control control_token.revoked"]),
    "tenants.services.seeds.do_seed_tenant": Case(
        lambda world: _by(world, seeds.do_seed_tenant, world.of_tenant(), [("a.sql", "select 1")]),
        ["tenant tenant.seed_requested"],
    ),
    "tenants.services.documents.do_remove_document": Case(_remove_document, ["control document.removed"]),
    "tenants.services.domains.do_add_domain": Case(
        lambda world: _by(world, domains.do_add_domain, world.of_tenant(), f"{world.name()}.example.org"),
        ["tenant domain.added"],
    ),
    "tenants.services.audit_settings.do_rollback_audit_settings": Case(
        _roll_back_audit, ["control audit.settings_changed"]
    ),
    "tenants.services.audit_settings.do_set_audit_settings": Case(
        lambda world: _by(
            world, audit_settings.do_set_audit_settings, ProjectFactory(), f"retention: {world.number() + 1}d"
        ),
        ["control audit.settings_changed"],
    ),
    "tenants.services.domains.do_remove_domain": Case(_remove_domain, ["tenant domain.removed"]),
    "tenants.services.issuers.do_trust_issuer": Case(_trust_issuer, ["control issuer.trusted"]),
    "tenants.services.issuers.do_distrust_issuer": Case(_distrust_issuer, ["control issuer.distrusted"]),
    "tenants.services.keys.do_create_key": Case(_create_key, ["tenant key.created"]),
    "tenants.services.keys.do_revoke_key": Case(_revoke_key, ["tenant key.revoked"]),
    "tenants.services.migrations.do_upload_migrations": Case(
        lambda world: _by(
            world, migrations.do_upload_migrations, ProjectFactory(), {"0001_a.sql": f"select {world.number()}"}
        ),
        ["control migrations.uploaded"],
    ),
    "tenants.services.migrations.do_migrate_project": Case(
        lambda world: _by(world, migrations.do_migrate_project, world.project), ["control project.migration_requested"]
    ),
    "tenants.services.migrations.do_migrate_tenant": Case(
        lambda world: _by(world, migrations.do_migrate_tenant, world.of_tenant()), ["tenant tenant.migration_requested"]
    ),
    "tenants.services.operations.do_retry_operation": Case(_retry, ["tenant operation.retried"]),
    "tenants.services.permissions.do_set_permissions": Case(
        lambda world: _by(
            world,
            permissions.do_set_permissions,
            world.of_tenant(),
            "" if world.tenant.permissions.exists() else f"# {world.number()}\n",
        ),
        ["tenant permissions.set"],
    ),
    "tenants.services.permissions.do_rollback_permissions": Case(_rollback, ["control permissions.set"]),
    "tenants.services.projects.do_create_project": Case(
        lambda world: _by(world, projects.do_create_project, world.name("project")), ["control project.created"]
    ),
    "tenants.services.projects.do_update_project": Case(
        lambda world: _by(world, projects.do_update_project, world.project, description=world.name()),
        ["control project.updated"],
    ),
    "tenants.services.projects.do_delete_project": Case(_delete_project, ["control project.deleted"]),
    "tenants.services.projects.do_register_documents": Case(
        lambda world: _by(
            world, projects.do_register_documents, world.project, [f"query Q{world.number()} {{ __typename }}"]
        ),
        ["control documents.registered"],
    ),
    "tenants.services.providers.do_set_provider": Case(_set_provider, ["control provider.set"]),
    "tenants.services.providers.do_remove_provider": Case(_remove_provider, ["control provider.removed"]),
    "tenants.services.signing_keys.do_rotate_signing_key": Case(
        lambda world: _by(world, signing_keys.do_rotate_signing_key, world.of_tenant(), at_once=True),
        ["tenant signing_key.rotated"],
    ),
    "tenants.services.tenants.do_create_tenant": Case(
        lambda world: _by(world, tenants.do_create_tenant, world.project, world.name("tenant")),
        ["control tenant.created"],
    ),
    "tenants.services.tenants.do_update_tenant": Case(
        lambda world: _by(world, tenants.do_update_tenant, world.of_tenant(), name=world.name()),
        ["tenant tenant.updated"],
    ),
    "tenants.services.tenants.do_suspend_tenant": Case(
        lambda world: _by(world, tenants.do_suspend_tenant, world.of_tenant(), reason="unpaid"),
        ["tenant tenant.suspended"],
    ),
    "tenants.services.tenants.do_resume_tenant": Case(_suspended, ["tenant tenant.resumed"]),
    "tenants.services.tenants.do_delete_tenant": Case(_delete_tenant, ["control tenant.deletion_requested"]),
    "tenants.services.upgrades.do_upgrade_tenants": Case(
        lambda world: _by(world, upgrades.do_upgrade_tenants), ["control upgrade.requested"]
    ),
}
