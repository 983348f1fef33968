"""/audit/alerts: what is wrong with audit logs, for those who run or audit them."""

from __future__ import annotations

import uuid
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.control.api.base import ControlView, acting, answer, parsed
from apps.control.api.listing import listing
from apps.control.api.openapi import describe
from apps.tenants.access import alerts_for, get_alert_for
from apps.tenants.alerts import ADVICE
from apps.tenants.models import AlertKind, AuditAlert
from apps.tenants.models.permissions import MAX_NOTE
from apps.tenants.services import do_acknowledge_alert

SORT = {"since": "since", "raisedAt": "raised_at", "resolvedAt": "resolved_at", "kind": "kind"}


class AlertSerializer(serializers.Serializer[AuditAlert]):
    """An alert. tenant: null for the control plane's log. since: when it began to be wrong. advice: what to do.
    resolvedAt: when there was no reason for it any more; null while it is open."""

    id = serializers.UUIDField()
    kind = serializers.CharField()
    title = serializers.CharField(source="get_kind_display")
    tenant = serializers.SerializerMethodField()
    platform = serializers.SerializerMethodField()
    text = serializers.CharField()
    advice = serializers.SerializerMethodField()
    since = serializers.DateTimeField()
    raisedAt = serializers.DateTimeField(source="raised_at")
    resolvedAt = serializers.DateTimeField(source="resolved_at", allow_null=True)
    acknowledgedAt = serializers.DateTimeField(source="acknowledged_at", allow_null=True)
    acknowledgedBy = serializers.SerializerMethodField()
    note = serializers.CharField()

    def get_tenant(self, alert: AuditAlert) -> str | None:
        return alert.tenant.slug if alert.tenant else None

    def get_platform(self, alert: AuditAlert) -> bool:
        return alert.tenant is None

    def get_advice(self, alert: AuditAlert) -> str:
        return ADVICE[alert.kind]

    def get_acknowledgedBy(self, alert: AuditAlert) -> str | None:
        return alert.acknowledged_by.email if alert.acknowledged_by else None


class AlertFilters(serializers.Serializer[Any]):
    """Which alerts to list. state: open, unless `resolved` or `all`."""

    state = serializers.ChoiceField(["open", "resolved", "all"], required=False, default="open")
    tenant = serializers.CharField(required=False, max_length=200)
    kind = serializers.ChoiceField(AlertKind.values, required=False)


class AcknowledgeInput(serializers.Serializer[Any]):
    """What is being done about it."""

    note = serializers.CharField(required=False, default="", allow_blank=True, max_length=MAX_NOTE)


class AlertsView(ControlView):
    """Alerts about the logs that the caller runs or audits."""

    @describe("List audit alerts", answers=AlertSerializer, named="alerts", filters=AlertFilters)
    def get(self, request: Request) -> Response:
        """A page of them: those that are open, unless asked otherwise."""
        filters = parsed(AlertFilters, request.query_params)
        wanted: dict[str, Any] = {}
        if filters["state"] != "all":
            wanted["resolved_at__isnull"] = filters["state"] == "open"
        if "tenant" in filters:
            wanted["tenant__slug"] = filters["tenant"]
        if "kind" in filters:
            wanted["kind"] = filters["kind"]
        return listing(
            request,
            alerts_for(acting(request)).filter(**wanted),
            "alerts",
            lambda alerts: list(AlertSerializer(alerts, many=True).data),
            search=("tenant__slug", "text"),
            sort=SORT,
            default_sort="-raisedAt",
        )


class AlertAcknowledgeView(ControlView):
    """Somebody looks after an alert."""

    @describe("Acknowledge an audit alert", takes=AcknowledgeInput, answers=AlertSerializer)
    def post(self, request: Request, alert_id: uuid.UUID) -> Response:
        """With a note; again, to change it. The alert stays open until its reason is gone."""
        note = parsed(AcknowledgeInput, request.data)["note"]
        alert = get_alert_for(acting(request), alert_id)
        done = do_acknowledge_alert(alert, acting=acting(request), note=note)
        return answer(AlertSerializer(done).data)
