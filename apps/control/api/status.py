"""/status: how the parts of the control plane are doing."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from django.db.models import Count, Q
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.control.api.base import ControlView, acting, answer
from apps.control.api.openapi import describe
from apps.control.health import health
from apps.tenants.access import operations_for, projects_for, tenants_for
from apps.tenants.models import OperationState

_UNDER_WAY = Q(state__in=(OperationState.QUEUED, OperationState.RUNNING))
_FAILED = Q(state__in=(OperationState.FAILED, OperationState.ROLLED_BACK))


class OperationCounts(serializers.Serializer[Any]):
    """How many operations there are."""

    running = serializers.IntegerField()
    failed = serializers.IntegerField()


class StatusSerializer(serializers.Serializer[Any]):
    """The server, and what of it the caller may see."""

    version = serializers.CharField()
    user = serializers.CharField()
    database = serializers.CharField()
    redis = serializers.CharField()
    workers = serializers.IntegerField()
    projects = serializers.IntegerField()
    tenants = serializers.IntegerField()
    operations = OperationCounts()


class StatusView(ControlView):
    """Health and counts."""

    @describe("Show server status", answers=StatusSerializer)
    def get(self, request: Request) -> Response:
        """Health and counts."""
        user = acting(request)
        now = health()
        counts = operations_for(user).aggregate(
            running=Count("pk", filter=_UNDER_WAY), failed=Count("pk", filter=_FAILED)
        )
        return answer(
            {
                "version": version("kapok"),
                "user": user.email,
                "database": now.database,
                "redis": now.redis,
                "workers": now.workers,
                "projects": projects_for(user).count(),
                "tenants": tenants_for(user).count(),
                "operations": counts,
            }
        )
