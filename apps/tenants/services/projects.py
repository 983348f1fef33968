"""Projects: their settings and trusted documents."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

from django.db import IntegrityError, transaction

from apps.tenants.acting import Actor
from apps.tenants.auth_settings import auth_problem, merged
from apps.tenants.models import Project, Template, TrustedDocument
from apps.tenants.roles import drop_roles, ensure_gateway
from apps.tenants.template import drop_scratch
from apps.tenants.trail import record_on_platform, target_of
from apps.tenants.validators import origins_problem
from kapok.errors import KapokError
from kapok.slugs import validate_slug

#: What do_update_project may change.
PROJECT_SETTINGS = frozenset(
    {
        "name",
        "description",
        "cors_origins",
        "trusted_documents_only",
        "introspection",
        "draft_statuses",
        "auth",
    }
)
#: How many documents an event names.
MAX_LISTED = 100
#: The longest trusted document, in characters.
MAX_TEXT = 1_000_000


@transaction.atomic
def do_create_project(slug: str, name: str = "", *, acting: Actor, description: str = "") -> Project:
    """A project with the role its requests log in as. Raises INVALID_SLUG, ALREADY_EXISTS."""
    validate_slug(slug)
    try:
        with transaction.atomic():
            project = Project.objects.create(slug=slug, name=(name or slug)[:200], description=description)
    except IntegrityError as exc:
        raise KapokError("ALREADY_EXISTS", f"A project {slug!r} exists already.") from exc
    ensure_gateway(project.gateway_role)
    record_on_platform("project.created", target_of(project), acting=acting, slug=slug)
    return project


@transaction.atomic
def do_update_project(project: Project, *, acting: Actor, **changes: Any) -> Project:
    """Change settings (see PROJECT_SETTINGS); of `auth` only the keys that are given. Raises VALIDATION_FAILED."""
    unknown = sorted(set(changes) - PROJECT_SETTINGS)
    if unknown:
        raise KapokError("VALIDATION_FAILED", f"A project has no setting {unknown[0]!r}.", details={"fields": unknown})
    changed = sorted({*changes} - {"auth"} | {f"auth.{name}" for name in changes.get("auth") or {}})
    if "auth" in changes:
        stored = Project.objects.select_for_update(no_key=True).get(pk=project.pk).auth
        changes["auth"] = merged(stored, changes["auth"])
    _check_settings(changes)
    for field, value in changes.items():
        setattr(project, field, value)
    if changes:
        project.save(update_fields=sorted(changes))
        record_on_platform("project.updated", target_of(project), acting=acting, slug=project.slug, changed=changed)
    return project


def _check_settings(changes: dict[str, Any]) -> None:
    for field, value in changes.items():
        if field == "cors_origins":
            problem = origins_problem(value)
        elif field == "auth":
            problem = auth_problem(value)
        elif field in {"name", "description"}:
            problem = None if isinstance(value, str) and (value or field != "name") else "must be a text"
        else:
            problem = None if isinstance(value, bool) else "must be true or false"
        if problem:
            raise KapokError("VALIDATION_FAILED", f"{field}: {problem}", details={"fields": [field]})


@transaction.atomic
def do_delete_project(project: Project, *, confirm: str, acting: Actor) -> None:
    """Delete a project that has no tenant left, with its role. Raises CONFIRMATION_REQUIRED, INVALID_STATE."""
    if confirm != project.slug:
        raise KapokError("CONFIRMATION_REQUIRED", f"Type {project.slug!r} to delete the project.")
    project = Project.objects.select_for_update().get(pk=project.pk)
    if project.tenants.exists():
        raise KapokError("INVALID_STATE", "The project has tenants.", hint="Delete its tenants first.")
    template = Template.objects.filter(project=project).first()
    if template is not None:
        drop_scratch(template)
    role, target = project.gateway_role, target_of(project)
    project.delete()
    drop_roles([role])
    record_on_platform("project.deleted", target, acting=acting, slug=project.slug)


@transaction.atomic
def do_register_documents(project: Project, documents: Iterable[str], *, acting: Actor) -> list[str]:
    """Trust GraphQL documents. Out: the SHA-256 of each, in hex, in the same order. Raises PROJECT_INVALID."""
    rows = {}
    hashes = []
    for document in documents:
        if not document or len(document) > MAX_TEXT or "\x00" in document:
            raise KapokError("PROJECT_INVALID", "A document is empty, too long or holds a NUL character.")
        digest = hashlib.sha256(document.encode()).hexdigest()
        hashes.append(digest)
        rows[digest] = TrustedDocument(project=project, sha256=digest, document=document)
    TrustedDocument.objects.bulk_create(rows.values(), ignore_conflicts=True)
    if rows:
        record_on_platform(
            "documents.registered",
            target_of(project),
            acting=acting,
            project=project.slug,
            count=len(rows),
            sha256=list(rows)[:MAX_LISTED],
        )
    return hashes
