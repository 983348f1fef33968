"""/audit/erasures: personal data taken out of an audit trail for good; every proof still holds.

Who manages a project may have values of its tenants' logs erased; those of the control plane's, superusers only.
"""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.models import User
from apps.audit.erasure import Selection
from apps.control.api.audit_log import ChosenLog
from apps.control.api.base import ControlView, acting, answer, parsed
from apps.control.api.openapi import describe
from apps.control.api.output import OperationSerializer
from apps.tenants.access import Right, get_tenant_for
from apps.tenants.models import Tenant
from apps.tenants.services import do_request_erasure, preview_erasure
from kapok.errors import KapokError

_MAX_PATHS = 200


class SelectionInput(ChosenLog):
    """Which values, of the log of `tenant`, or with `platform` of the control plane's: all that is named has to fit.

    table: of changes; key: of one row of it, by its key columns. actor, target: of events, as the log has them
    (`end_user:...`, `user:...`). paths: patterns of the values' paths, such as `after.email`; left out, of a table all
    but the key, else who it was and the details of events."""

    table = serializers.CharField(required=False, max_length=200)
    key = serializers.DictField(required=False)
    actor = serializers.CharField(required=False, max_length=2000)
    target = serializers.CharField(required=False, max_length=2000)
    paths = serializers.ListField(required=False, child=serializers.CharField(max_length=400), max_length=_MAX_PATHS)


class ErasureInput(SelectionInput):
    """With the reason, which stays in the log, and `confirm`: the tenant's slug, or `platform`."""

    reason = serializers.CharField(max_length=1000)
    confirm = serializers.CharField(required=False, allow_blank=True, default="", max_length=200)


class PreviewAnswer(serializers.Serializer[Any]):
    """entries: how many would lose values. values: how many those are."""

    entries = serializers.IntegerField()
    values = serializers.IntegerField()


class ErasuresView(ControlView):
    """Erasures."""

    @describe("Erase values from an audit log", takes=ErasureInput, answers=OperationSerializer, status=202)
    def post(self, request: Request) -> Response:
        """Queue it. The job waits until the log is sealed, then it cannot be undone."""
        given = parsed(ErasureInput, request.data)
        tenant = _managed(acting(request), given)
        operation = do_request_erasure(
            tenant, _selection(given), reason=given["reason"], confirm=given["confirm"], acting=acting(request)
        )
        return answer(OperationSerializer(operation).data, status=202)


class ErasurePreviewView(ControlView):
    """What an erasure would do."""

    @describe("Count what an erasure would take", takes=SelectionInput, answers=PreviewAnswer)
    def post(self, request: Request) -> Response:
        """Changes nothing."""
        given = parsed(SelectionInput, request.data)
        would = preview_erasure(_managed(acting(request), given), _selection(given))
        return answer({"entries": would.entries, "values": would.values})


def _managed(user: User, given: dict[str, Any]) -> Tenant | None:
    """The tenant whose log was chosen, or None for the control plane's. Raises TENANT_NOT_FOUND, FORBIDDEN."""
    if not given["platform"]:
        return get_tenant_for(user, given["tenant"], Right.MANAGE)
    if not user.is_superuser:
        raise KapokError("FORBIDDEN", "Only superusers erase values from the control plane's log.")
    return None


def _selection(given: dict[str, Any]) -> Selection:
    paths = given.get("paths")
    return Selection(
        **{name: given.get(name) for name in ("table", "key", "actor", "target")},
        paths=None if paths is None else tuple(paths),
    )
