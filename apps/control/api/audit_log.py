"""/audit/log, /audit/logs: how far the sealing of audit trails has come, with which keys, and whether all is well."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.models import User
from apps.audit.models import Checkpoint, Log
from apps.control.api.audit_alerts import AlertSerializer
from apps.control.api.base import ControlView, acting, answer, parsed
from apps.control.api.listing import listing
from apps.control.api.openapi import describe
from apps.control.api.output import OperationSerializer
from apps.tenants.access import Right, get_tenant_for, logs_for, require_platform_audit
from apps.tenants.audit_state import LogFacts, log_facts
from apps.tenants.models import AuditLog, Tenant
from apps.tenants.services import do_check_log

SORT = {
    "tenant": "tenant__slug",
    "size": "size",
    "waitingSince": "waiting_since",
    "signedAt": "signed_at",
    "checkedAt": "checked_at",
}


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
    """With the last checkpoint; null before anything was sealed. keySince: when its key began to sign. waiting: rows
    that are committed and not sealed, counted up to some thousands; waitingSince: the oldest. alerts: those open."""

    checkpoint = CheckpointSerializer(allow_null=True)
    keySince = serializers.DateTimeField(allow_null=True)
    waiting = serializers.IntegerField()
    waitingSince = serializers.DateTimeField(allow_null=True)
    alerts = AlertSerializer(many=True)


class LogView(ControlView):
    """The log of `tenant`, or with `platform` the control plane's."""

    @describe("Show the state of an audit log", answers=LogAnswer, filters=ChosenLog)
    def get(self, request: Request) -> Response:
        """How far it is sealed, anchored and checked."""
        tenant = chosen_tenant(acting(request), parsed(ChosenLog, request.query_params))
        return answer(_answer(log_facts(tenant)))


class LogCheckView(ControlView):
    """The self-check of a log, at once."""

    @describe("Check an audit log", takes=ChosenLog, answers=OperationSerializer, status=202)
    def post(self, request: Request) -> Response:
        """Queue it; what it finds stands in the operation's result and in the log's state."""
        tenant = chosen_tenant(acting(request), parsed(ChosenLog, request.data))
        return answer(OperationSerializer(do_check_log(tenant, acting=acting(request))).data, status=202)


class SeenLogSerializer(serializers.Serializer[AuditLog]):
    """A log as the watch saw it last, within a minute. tenant: null for the control plane's log. *Problem: "" for
    none. unreadableSince: since when its tables are gone or not what they must be."""

    tenant = serializers.SerializerMethodField()
    project = serializers.SerializerMethodField()
    platform = serializers.BooleanField(source="is_platform")
    size = serializers.IntegerField()
    waitingSince = serializers.DateTimeField(source="waiting_since", allow_null=True)
    signedSize = serializers.IntegerField(source="signed_size")
    signedAt = serializers.DateTimeField(source="signed_at", allow_null=True)
    anchoredSize = serializers.IntegerField(source="anchored_size")
    checkedAt = serializers.DateTimeField(source="checked_at", allow_null=True)
    keyId = serializers.CharField(source="key_id")
    sealingProblem = serializers.CharField(source="sealing_problem")
    checkProblem = serializers.CharField(source="check_problem")
    unreadableSince = serializers.DateTimeField(source="unreadable_since", allow_null=True)

    def get_tenant(self, log: AuditLog) -> str | None:
        return log.tenant.slug if log.tenant else None

    def get_project(self, log: AuditLog) -> str | None:
        return log.tenant.project.slug if log.tenant else None


class LogsView(ControlView):
    """All logs that the caller audits."""

    @describe("List audit logs", answers=SeenLogSerializer, named="logs")
    def get(self, request: Request) -> Response:
        """A page of them, as the watch saw them last."""
        return listing(
            request,
            logs_for(acting(request)),
            "logs",
            lambda logs: list(SeenLogSerializer(logs, many=True).data),
            search=("tenant__slug", "tenant__project__slug", "sealing_problem", "check_problem"),
            sort=SORT,
            default_sort="tenant",
        )


def _answer(facts: LogFacts) -> dict[str, Any]:
    """What LogAnswer describes."""
    return {
        **LogSerializer(facts.log).data,
        "origin": facts.origin,
        "checkpoint": CheckpointSerializer(facts.checkpoint).data if facts.checkpoint else None,
        "keySince": facts.key_since,
        "waiting": facts.waiting,
        "waitingSince": facts.waiting_since,
        "alerts": AlertSerializer(facts.alerts, many=True).data,
    }
