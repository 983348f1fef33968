"""The rules of a project or a tenant: their versions, the models they must fit, and what a new text would change.

In: a project, or a tenant (whose own entries replace some of the project's). Out: texts, problems, changes. Saves
nothing; compiles a project's template where there is none yet.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from apps.tenants.models import Project, ProjectPermissions, Tenant, TenantPermissions
from apps.tenants.schemas import catalog_of
from apps.tenants.template import template_of
from kapok.catalog.parse import parse
from kapok.errors import KapokError
from kapok.model.build import build
from kapok.model.types import Model
from kapok.permissions.changes import Change, changes_between
from kapok.permissions.overrides import effective_permissions
from kapok.permissions.rules import Permissions
from kapok.permissions.validation import Problem, validate
from kapok.tenancy import TenantState

#: Whose rules: a project's, or what differs for one tenant.
Owner = Project | Tenant
Version = ProjectPermissions | TenantPermissions

#: A schema without tables.
_NOTHING = Model(shape="", tables=())


@dataclass(frozen=True, slots=True)
class Plan:
    """What a text would do. changes: to the rules that hold; none where there are problems."""

    problems: tuple[Problem, ...]
    changes: tuple[Change, ...] = ()


def current_version(owner: Owner) -> Version | None:
    """The version that counts."""
    return owner.permissions.order_by("-version").first()


def current_text(owner: Owner) -> str:
    """Its text; "" where there is none."""
    latest = current_version(owner)
    return latest.text if latest else ""


def stored_version(owner: Owner, version: int) -> Version:
    """One version. Raises NOT_FOUND."""
    found = owner.permissions.filter(version=version).first()
    if found is None:
        raise KapokError("NOT_FOUND", f"There is no version {version} of these permissions.")
    return found


def rules_with(owner: Owner, text: str) -> Permissions:
    """The rules that hold when a text is the owner's. Raises PROJECT_INVALID."""
    if isinstance(owner, Project):
        return effective_permissions(text)
    return effective_permissions(current_text(owner.project), text)


def rules_of(owner: Owner) -> Permissions:
    """The rules that hold now."""
    return rules_with(owner, current_text(owner))


def plan(owner: Owner, text: str) -> Plan:
    """What is wrong with a text, or else what it changes. Raises MIGRATION_FAILED: no model."""
    problems = problems_of(owner, text)
    if problems:
        return Plan(tuple(problems))
    return Plan((), tuple(changes_between(rules_of(owner), rules_with(owner, text))))


def problems_of(owner: Owner, text: str) -> list[Problem]:
    """What is wrong with a text: its form, what the tables do not have, and tenants' own entries it would break."""
    try:
        rules = rules_with(owner, text)
        if isinstance(owner, Project):
            check_tenants(owner, text)
    except KapokError as error:
        return problems_from(error)
    if isinstance(owner, Tenant):
        rules = _own_part(rules, rules_of(owner.project))
    judged = [validate(rules, _NOTHING)]
    for model in _models(owner) if judged[0] else ():
        judged.append(validate(rules, model))
        if not judged[-1]:
            break
    # A project's migrations have the first word; of rules that fit nowhere, what they say of them is shown.
    return [] if not judged[-1] else judged[min(1, len(judged) - 1)]


def _own_part(rules: Permissions, inherited: Permissions) -> Permissions:
    """What a tenant's own text says: its project's rules may be for tables that this tenant does not have yet."""
    own = {place: entry for place, entry in rules.rules.items() if entry.own}
    functions = {name: roles for name, roles in rules.functions.items() if inherited.functions.get(name) != roles}
    return replace(rules, rules=own, functions=functions)


def check_tenants(project: Project, text: str) -> None:
    """Whether the tenants' own entries can be read with a project's new text. Raises PROJECT_INVALID."""
    for tenant in Tenant.objects.filter(project=project, permissions__isnull=False).distinct():
        try:
            effective_permissions(text, current_text(tenant))
        except KapokError as error:
            message = f"The rules of tenant {tenant.slug} do not fit: {error.message}"
            raise KapokError("PROJECT_INVALID", message) from error


def problems_from(error: KapokError) -> list[Problem]:
    """What the parser refused, one by one."""
    listed = error.details.get("problems") or [{**error.details, "message": error.message}]
    return [Problem(str(item.get("path") or ""), item["message"], item.get("line")) for item in listed]


def _models(owner: Owner) -> Iterator[Model]:
    """What rules may be written for, one after another: a tenant's tables; a project's after all its migrations, and
    those of a tenant, which may have been changed by hand."""
    if isinstance(owner, Project):
        catalog = template_of(owner).catalog
        if catalog:
            yield build(parse(catalog))
        ready = owner.tenants.filter(state=TenantState.ACTIVE.value).order_by("-created_at").first()
    else:
        ready = owner
    if ready is not None:
        yield tenant_model(ready)


def tenant_model(tenant: Tenant) -> Model:
    """The tables of a tenant as they are now. Raises INVALID_STATE where it has none."""
    if tenant.state not in (TenantState.ACTIVE.value, TenantState.SUSPENDED.value):
        raise KapokError("INVALID_STATE", f"Tenant {tenant.slug} is {tenant.state}.")
    return build(parse(catalog_of(tenant.schema_name)))
