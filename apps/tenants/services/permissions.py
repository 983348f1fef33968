"""Who may do what: a new version of a project's rules, or of what differs for one tenant."""

from __future__ import annotations

import hashlib
from typing import Any

from django.db import transaction
from django.db.models import Max

from apps.tenants.acting import Actor, operator
from apps.tenants.models import Project
from apps.tenants.models.permissions import MAX_NOTE
from apps.tenants.rulebook import Owner, Version, check_tenants, problems_of, rules_with, stored_version
from apps.tenants.trail import record_on_platform, record_on_tenant, target_of
from kapok.errors import KapokError
from kapok.permissions.validation import Problem

#: The longest permissions.yaml, in characters.
MAX_TEXT = 1_000_000


def do_set_permissions(owner: Owner, text: str, *, acting: Actor, note: str = "") -> Version:
    """Store a new version; the same text again is no new version. Requests follow it at once.

    owner: a project, or a tenant for what differs there ("" for nothing). note: why. Raises PROJECT_INVALID with every
    problem (`details.problems`: line, path, message), MIGRATION_FAILED.
    """
    if len(text) > MAX_TEXT or "\x00" in text:
        raise KapokError("PROJECT_INVALID", "The permissions are too long or hold a NUL character.")
    problems = problems_of(owner, text)
    if problems:
        raise _refusal(problems)
    return _store(owner, text, acting, note)


def do_rollback_permissions(owner: Owner, version: int, *, acting: Actor, note: str = "") -> Version:
    """Store the text of an older version as a new one. Raises NOT_FOUND, and PROJECT_INVALID where it fits no more."""
    text = stored_version(owner, version).text
    return do_set_permissions(owner, text, acting=acting, note=note or f"Back to version {version}")


@transaction.atomic
def _store(owner: Owner, text: str, acting: Actor, note: str) -> Version:
    project = owner if isinstance(owner, Project) else owner.project
    # One change at a time: a project's rules and its tenants' are read together.
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    rules_with(owner, text)
    if isinstance(owner, Project):
        check_tenants(owner, text)
    latest = owner.permissions.order_by("-version").first()
    if latest is not None and latest.text == text:
        return latest
    highest = owner.permissions.aggregate(highest=Max("version"))["highest"] or 0
    made: Version = owner.permissions.create(
        version=highest + 1, text=text, note=note[:MAX_NOTE], created_by=operator(acting)
    )
    _record(owner, made, acting)
    return made


def _record(owner: Owner, made: Version, acting: Actor) -> None:
    facts = {"owner": owner.slug, "version": made.version, "note": made.note}
    facts["sha256"] = hashlib.sha256(made.text.encode()).hexdigest()
    if isinstance(owner, Project):
        record_on_platform("permissions.set", target_of(owner), acting=acting, **facts)
    else:
        record_on_tenant("permissions.set", owner, acting=acting, **facts)


def problem_json(problem: Problem) -> dict[str, Any]:
    """A problem as callers see it."""
    return {"line": problem.line, "path": problem.path, "message": problem.message}


def _refusal(problems: list[Problem]) -> KapokError:
    first, more = problems[0], len(problems) - 1
    place = ", ".join(part for part in (f"line {first.line}" if first.line else "", first.path) if part)
    others = f" {more} more problem{'s' if more > 1 else ''}." if more else ""
    known = first.message.startswith("permissions.yaml")
    message = first.message if known else f"permissions.yaml, {place}: {first.message}"
    return KapokError(
        "PROJECT_INVALID", message + others, details={"problems": [problem_json(item) for item in problems]}
    )
