"""/projects/<slug>/permissions and /tenants/<slug>/permissions: rules, what a text would change, versions, and back.

A tenant's text holds what differs from its project's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.control.api.base import ControlView, acting, answer, parsed
from apps.control.api.listing import listing
from apps.control.api.openapi import describe
from apps.tenants.access import Right, get_project_for, get_tenant_for
from apps.tenants.models.permissions import MAX_NOTE
from apps.tenants.rulebook import Owner, Version, current_version, plan, stored_version
from apps.tenants.services import do_rollback_permissions, do_set_permissions
from apps.tenants.services.permissions import problem_json
from kapok.permissions.changes import Change


class PermissionsInput(serializers.Serializer[Any]):
    """The text of permissions.yaml, and why it is changed."""

    text = serializers.CharField(allow_blank=True, trim_whitespace=False)
    note = serializers.CharField(required=False, default="", allow_blank=True, max_length=MAX_NOTE)


class RollbackInput(serializers.Serializer[Any]):
    """The version whose text is to hold again."""

    version = serializers.IntegerField(min_value=1)
    note = serializers.CharField(required=False, default="", allow_blank=True, max_length=MAX_NOTE)


class VersionQuery(serializers.Serializer[Any]):
    """Which version; the current one unless given."""

    version = serializers.IntegerField(required=False, min_value=1)


class PermissionsVersionSerializer(serializers.Serializer[Any]):
    """One version, without its text. createdBy: null for the platform itself."""

    version = serializers.IntegerField()
    note = serializers.CharField()
    createdAt = serializers.DateTimeField(source="created_at", allow_null=True)
    createdBy = serializers.EmailField(source="created_by.email", default=None, allow_null=True)


class PermissionsSerializer(PermissionsVersionSerializer):
    """One version. version 0: there is none yet. changed: whether this request made it."""

    text = serializers.CharField()
    changed = serializers.BooleanField()


class ProblemSerializer(serializers.Serializer[Any]):
    """What is wrong, and where. line: null where it is no single one."""

    line = serializers.IntegerField(allow_null=True)
    path = serializers.CharField()
    message = serializers.CharField()


class ChangeSerializer(serializers.Serializer[Change]):
    """What changes for a role. subject: a table, or a function where the operation is `call`."""

    role = serializers.CharField()
    subject = serializers.CharField()
    operation = serializers.CharField()
    kind = serializers.ChoiceField(choices=["added", "removed", "changed"])
    columnsAdded = serializers.ListField(source="columns_added", child=serializers.CharField())
    columnsRemoved = serializers.ListField(source="columns_removed", child=serializers.CharField())
    details = serializers.ListField(child=serializers.CharField())
    widens = serializers.BooleanField()
    reasons = serializers.ListField(child=serializers.CharField())


class PermissionsPlanSerializer(serializers.Serializer[Any]):
    """What a text would do. version: what it is compared with."""

    version = serializers.IntegerField()
    problems = ProblemSerializer(many=True)
    changes = ChangeSerializer(many=True)
    widens = serializers.BooleanField()


def _views(what: str, find: Callable[[Any, str, Right], Owner]) -> dict[str, type[ControlView]]:
    """The views of a project's or a tenant's rules, by their addresses below it. what: as descriptions call it."""

    class PermissionsView(ControlView):
        """Its rules."""

        @describe(f"Show a {what}'s permissions", answers=PermissionsSerializer, filters=VersionQuery)
        def get(self, request: Request, slug: str) -> Response:
            """The current text; "" and version 0 where there is none: a project allows nothing then, and nothing
            differs for a tenant."""
            return _show(request, find(acting(request), slug, Right.VIEW))

        @describe(f"Set a {what}'s permissions", takes=PermissionsInput, answers=PermissionsSerializer)
        def put(self, request: Request, slug: str) -> Response:
            """A new version, unless the text is the current one. 422 with every problem where it does not fit."""
            return _set(request, find(acting(request), slug, Right.MANAGE))

    class PlanView(ControlView):
        """What a text would change."""

        @describe(f"Plan a {what}'s permissions", takes=PermissionsInput, answers=PermissionsPlanSerializer)
        def post(self, request: Request, slug: str) -> Response:
            """Problems, or changes to the rules that hold. Stores nothing."""
            return _plan(request, find(acting(request), slug, Right.MANAGE))

    class VersionsView(ControlView):
        """The history."""

        @describe(f"List versions of a {what}'s permissions", answers=PermissionsVersionSerializer, named="versions")
        def get(self, request: Request, slug: str) -> Response:
            """The newest first."""
            return _versions(request, find(acting(request), slug, Right.VIEW))

    class RollbackView(ControlView):
        """The way back."""

        @describe(f"Roll back a {what}'s permissions", takes=RollbackInput, answers=PermissionsSerializer)
        def post(self, request: Request, slug: str) -> Response:
            """The text of an older version as a new one."""
            return _roll_back(request, find(acting(request), slug, Right.MANAGE))

    below = {"": PermissionsView, "/plan": PlanView, "/versions": VersionsView, "/rollback": RollbackView}
    return {f"permissions{path}": view for path, view in below.items()}


def _show(request: Request, owner: Owner) -> Response:
    wanted = parsed(VersionQuery, request.query_params).get("version")
    return answer(_version(stored_version(owner, wanted) if wanted else current_version(owner), changed=False))


def _set(request: Request, owner: Owner) -> Response:
    given = parsed(PermissionsInput, request.data)
    return _made(owner, lambda: do_set_permissions(owner, acting=acting(request), **given))


def _roll_back(request: Request, owner: Owner) -> Response:
    given = parsed(RollbackInput, request.data)
    return _made(owner, lambda: do_rollback_permissions(owner, acting=acting(request), **given))


def _made(owner: Owner, change: Any) -> Response:
    before = current_version(owner)
    stored = change()
    return answer(_version(stored, changed=before is None or stored.pk != before.pk))


def _plan(request: Request, owner: Owner) -> Response:
    latest = current_version(owner)
    planned = plan(owner, parsed(PermissionsInput, request.data)["text"])
    return answer(
        {
            "version": latest.version if latest else 0,
            "problems": [problem_json(problem) for problem in planned.problems],
            "changes": ChangeSerializer(planned.changes, many=True).data,
            "widens": any(change.widens for change in planned.changes),
        }
    )


def _versions(request: Request, owner: Owner) -> Response:
    return listing(
        request,
        owner.permissions.select_related("created_by").defer("text"),
        "versions",
        lambda rows: list(PermissionsVersionSerializer(rows, many=True).data),
        search=("note",),
        sort={"version": "version"},
        default_sort="-version",
    )


def _version(stored: Version | None, *, changed: bool) -> dict[str, Any]:
    if stored is None:
        return {"version": 0, "note": "", "createdAt": None, "createdBy": None, "text": "", "changed": False}
    return {**PermissionsVersionSerializer(stored).data, "text": stored.text, "changed": changed}


OF_PROJECT, OF_TENANT = _views("project", get_project_for), _views("tenant", get_tenant_for)
