"""/projects/<slug>/audit: audit.yaml, which says what of each table goes into the change logs."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.control.api.base import ControlView, acting, answer, parsed
from apps.control.api.openapi import describe
from apps.control.api.output import OperationSerializer
from apps.tenants.access import Right, get_project_for
from apps.tenants.services import do_set_audit_settings


class AuditSettingsInput(serializers.Serializer[Any]):
    """The text of audit.yaml; empty for what holds without one."""

    text = serializers.CharField(allow_blank=True, trim_whitespace=False)


class AuditSettingsAnswer(AuditSettingsInput):
    """The text in force. operation: the job that makes the tenants' logs follow it; null where none is needed."""

    operation = OperationSerializer(allow_null=True)


class AuditSettingsView(ControlView):
    """What of a project's tables is recorded."""

    @describe("Show a project's audit settings", answers=AuditSettingsInput)
    def get(self, request: Request, slug: str) -> Response:
        """As they were set."""
        return answer({"text": get_project_for(acting(request), slug, Right.VIEW).audit})

    @describe("Set a project's audit settings", takes=AuditSettingsInput, answers=AuditSettingsAnswer)
    def put(self, request: Request, slug: str) -> Response:
        """Store them and queue the job; nothing is done for the text that holds already."""
        project = get_project_for(acting(request), slug, Right.MANAGE)
        text = parsed(AuditSettingsInput, request.data)["text"]
        operation = do_set_audit_settings(project, text, acting=acting(request))
        return answer({"text": text, "operation": OperationSerializer(operation).data if operation else None})
