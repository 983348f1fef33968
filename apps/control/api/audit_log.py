"""/audit/log: how far the sealing of an audit trail has come, with which keys, and whether all is well."""

from __future__ import annotations

from typing import Any

from django_tenants.utils import schema_context
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.models import User
from apps.audit.logs import LogRef
from apps.audit.models import Checkpoint, Log
from apps.control.api.base import ControlView, acting, answer, parsed
from apps.control.api.openapi import describe
from apps.tenants.access import Right, get_tenant_for, require_platform_audit
from apps.tenants.models import Tenant
from apps.tenants.trail import require_log


class ChosenLog(serializers.Serializer[Any]):
    """Which log: that of `tenant`, or with `platform` the control plane's."""

    tenant = serializers.CharField(required=False, max_length=200)
    platform = serializers.BooleanField(required=False, default=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """One log, and no doubt which."""
        if bool(attrs.get("tenant")) == attrs["platform"]:
            raise serializers.ValidationError({"tenant": ["Name a tenant, or say platform: true."]})
        return attrs


def chosen_tenant(user: User, given: dict[str, Any]) -> Tenant | None:
    """The tenant whose log was chosen, or None for the control plane's. Raises TENANT_NOT_FOUND, FORBIDDEN."""
    if given["platform"]:
        require_platform_audit(user)
        return None
    return get_tenant_for(user, given["tenant"], Right.AUDIT)


class CheckpointSerializer(serializers.Serializer[Checkpoint]):
    """The last checkpoint. note: the signed text, as anchors keep it."""

    size = serializers.IntegerField()
    at = serializers.DateTimeField()
    note = serializers.CharField()


class LogSerializer(serializers.Serializer[Log]):
    """A log's state. key: who signs, as `kapok audit verify --trusted-key` takes it. anchoredSize: how many entries all
    anchors vouch for. checkedSize: where the self-check stands. problems: what an operator has to look at."""

    origin = serializers.CharField()
    size = serializers.IntegerField()
    sealedAt = serializers.DateTimeField(source="sealed_at", allow_null=True)
    key = serializers.CharField()
    nextKey = serializers.CharField(source="next_key")
    formerKeys = serializers.ListField(source="former_keys", child=serializers.CharField())
    anchoredSize = serializers.IntegerField(source="anchored_size")
    checkedSize = serializers.IntegerField(source="checked_size")
    checkedAt = serializers.DateTimeField(source="last_checked_at", allow_null=True)
    problems = serializers.SerializerMethodField()

    def get_problems(self, log: Log) -> list[str]:
        return [problem for problem in (log.sealing_problem, log.last_problem) if problem]


class LogAnswer(LogSerializer):
    """With the last checkpoint; null before anything was sealed."""

    checkpoint = CheckpointSerializer(allow_null=True)


#: A log that nothing was sealed of yet has no row.
_BEGINNING = Log(origin="", key="", next_key="", former_keys=[], anchored_size=0, checked_size=0, sealing_problem="")


class LogView(ControlView):
    """The log of `tenant`, or with `platform` the control plane's."""

    @describe("Show the state of an audit log", answers=LogAnswer, filters=ChosenLog)
    def get(self, request: Request) -> Response:
        """How far it is sealed, anchored and checked."""
        tenant = chosen_tenant(acting(request), parsed(ChosenLog, request.query_params))
        return answer(_facts(require_log(tenant)))


def _facts(chosen: LogRef) -> dict[str, Any]:
    with schema_context(chosen.schema):
        log = Log.objects.first() or _BEGINNING
        checkpoint = Checkpoint.objects.order_by("-size").first()
    last = CheckpointSerializer(checkpoint).data if checkpoint else None
    return {**LogSerializer(log).data, "origin": log.origin or chosen.origin, "checkpoint": last}
