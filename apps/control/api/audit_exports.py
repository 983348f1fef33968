"""/audit/exports and /audit/profiles: bundles of audit trails, for auditors.

What an auditor may export is decided by apps.tenants.access: Right.AUDIT of a project, or auditing the platform.
"""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from asgiref.sync import sync_to_async
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from rest_framework import serializers
from rest_framework.exceptions import MethodNotAllowed
from rest_framework.request import Request
from rest_framework.response import Response

from apps.audit.reports.profiles import profiles
from apps.control.api.audit_log import ChosenLog, chosen_tenant
from apps.control.api.base import ControlView, acting, answer, parsed
from apps.control.api.errors import as_kapok_error, error_response
from apps.control.api.fields import camel
from apps.control.api.listing import listing
from apps.control.api.openapi import collection, describe
from apps.control.api.output import OperationSerializer
from apps.control.api.who import user_of
from apps.tenants.access import exports_for, get_export_for
from apps.tenants.models import AuditExport
from apps.tenants.services import do_delete_export, do_request_export, do_take_export
from apps.tenants.services.exports import FILTERS

SORT = {"createdAt": "created_at", "sizeBytes": "size_bytes"}
#: Bytes of a download that are in memory at once.
CHUNK_BYTES = 2**18
_MAX_VALUES = 200


class ControlSerializer(serializers.Serializer[Any]):
    """A requirement of a standard."""

    id = serializers.CharField()
    name = serializers.CharField()


class SectionSerializer(serializers.Serializer[Any]):
    """A part of a report: the controls it answers, how, and which entries fill it."""

    id = serializers.CharField()
    title = serializers.CharField()
    controls = ControlSerializer(many=True)
    answers = serializers.CharField()
    events = serializers.ListField(child=serializers.CharField())
    outcomes = serializers.ListField(child=serializers.CharField())
    tables = serializers.ListField(child=serializers.CharField())
    ops = serializers.ListField(child=serializers.CharField())
    sources = serializers.ListField(child=serializers.CharField())


class ProfileSerializer(serializers.Serializer[Any]):
    """A kind of report. ofPerson: it is about one person, whose identifiers `subject` has to name."""

    name = serializers.CharField()
    title = serializers.CharField()
    source = serializers.CharField()
    about = serializers.CharField()
    ofPerson = serializers.BooleanField(source="of_person")
    sections = SectionSerializer(many=True)


class ExportInput(ChosenLog):
    """What to export: the log of `tenant`, or with `platform` the control plane's.

    from, to: times; left out, from the log's beginning and to now. tables: of changes. actions: of events. actors:
    as the log has them (`end_user:...`). subject: identifiers of the person an access request is about."""

    profile = serializers.CharField(required=False, default="general", max_length=40)
    tables = serializers.ListField(required=False, child=serializers.CharField(max_length=200), max_length=_MAX_VALUES)
    actions = serializers.ListField(required=False, child=serializers.CharField(max_length=200), max_length=_MAX_VALUES)
    actors = serializers.ListField(required=False, child=serializers.CharField(max_length=200), max_length=_MAX_VALUES)
    subject = serializers.ListField(required=False, child=serializers.CharField(max_length=200), max_length=20)

    def get_fields(self) -> dict[str, Any]:
        """With `from`, which is no name in Python, and `to`."""
        times = {
            name: serializers.DateTimeField(required=False, allow_null=True, default=None) for name in ("from", "to")
        }
        return {**super().get_fields(), **times}


class ExportFilters(serializers.Serializer[Any]):
    """Which exports to list."""

    tenant = serializers.CharField(required=False, max_length=200)
    profile = serializers.CharField(required=False, max_length=40)


class ExportSerializer(serializers.Serializer[AuditExport]):
    """An export. state: that of its job, then `ready`, in the end `removed`. facts: what is in the bundle."""

    id = serializers.UUIDField()
    tenant = serializers.CharField(source="tenant_slug")
    platform = serializers.SerializerMethodField()
    project = serializers.SerializerMethodField()
    profile = serializers.CharField()
    filters = serializers.DictField()
    state = serializers.SerializerMethodField()
    facts = serializers.SerializerMethodField()
    sizeBytes = serializers.IntegerField(source="size_bytes")
    sha256 = serializers.CharField()
    downloads = serializers.IntegerField()
    requestedBy = serializers.SerializerMethodField()
    operation = OperationSerializer(allow_null=True)
    createdAt = serializers.DateTimeField(source="created_at")
    expiresAt = serializers.DateTimeField(source="expires_at", allow_null=True)
    removedAt = serializers.DateTimeField(source="removed_at", allow_null=True)

    def get_fields(self) -> dict[str, Any]:
        """With `from`, which is no name in Python, and `to`."""
        times = {
            "from": serializers.DateTimeField(source="since", allow_null=True),
            "to": serializers.DateTimeField(source="until", allow_null=True),
        }
        return {**super().get_fields(), **times}

    def get_platform(self, export: AuditExport) -> bool:
        return not export.tenant_slug

    def get_project(self, export: AuditExport) -> str | None:
        return export.project.slug if export.project else None

    def get_state(self, export: AuditExport) -> str:
        if export.removed_at is not None:
            return "removed"
        if export.is_ready:
            return "ready"
        return export.operation.state if export.operation else "failed"

    def get_facts(self, export: AuditExport) -> dict[str, int]:
        return {camel(name): value for name, value in export.facts.items()}

    def get_requestedBy(self, export: AuditExport) -> str | None:
        return export.requested_by.email if export.requested_by else None


class ProfilesView(ControlView):
    """The kinds of reports."""

    @describe("List report profiles", answers=collection("profiles", ProfileSerializer))
    def get(self, request: Request) -> Response:
        """With the controls that each section answers."""
        return answer({"profiles": ProfileSerializer(list(profiles().values()), many=True).data})


class ExportsView(ControlView):
    """Exports: all that the caller may audit."""

    @describe("List audit exports", answers=ExportSerializer, named="exports", filters=ExportFilters)
    def get(self, request: Request) -> Response:
        """A page of exports, newest first; those whose file is gone as well."""
        filters = parsed(ExportFilters, request.query_params)
        columns = {"tenant": "tenant_slug", "profile": "profile"}
        return listing(
            request,
            _related(exports_for(acting(request))).filter(**{columns[name]: value for name, value in filters.items()}),
            "exports",
            lambda exports: list(ExportSerializer(exports, many=True).data),
            search=("tenant_slug", "profile"),
            sort=SORT,
            default_sort="-createdAt",
        )

    @describe("Create an audit export", takes=ExportInput, answers=ExportSerializer, status=202)
    def post(self, request: Request) -> Response:
        """Queue an export; its operation says how far it is."""
        given = parsed(ExportInput, request.data)
        made = do_request_export(
            chosen_tenant(acting(request), given),
            acting=acting(request),
            profile=given["profile"],
            since=given["from"],
            until=given["to"],
            filters={name: given[name] for name in FILTERS if name in given},
        )
        return answer(ExportSerializer(get_export_for(acting(request), made.pk)).data, status=202)


class ExportView(ControlView):
    """One export."""

    @describe("Show an audit export", answers=ExportSerializer)
    def get(self, request: Request, export_id: uuid.UUID) -> Response:
        """How far it is, and what is in it."""
        return answer(ExportSerializer(get_export_for(acting(request), export_id)).data)

    @describe("Delete the file of an audit export", answers=ExportSerializer)
    def delete(self, request: Request, export_id: uuid.UUID) -> Response:
        """Before its time; the row stays."""
        export = get_export_for(acting(request), export_id)
        do_delete_export(export, acting=acting(request))
        return answer(ExportSerializer(get_export_for(acting(request), export_id)).data)


async def export_download(request: HttpRequest, export_id: uuid.UUID) -> HttpResponseBase:
    """The bundle. That it was taken away is recorded before its first byte is sent.

    Not a DRF view: those cannot stream asynchronously. Credentials and rights are the same.
    """
    try:
        if request.method != "GET":
            raise MethodNotAllowed(str(request.method))
        path, name = await sync_to_async(_taken)(request, export_id)
        response = StreamingHttpResponse(_chunks(path), content_type="application/zip")
        response["Content-Length"] = path.stat().st_size
    except Exception as exc:  # whatever it is, it becomes the envelope
        return error_response(as_kapok_error(exc))
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "no-store"
    return response


def _taken(request: HttpRequest, export_id: uuid.UUID) -> tuple[Path, str]:
    user = user_of(request)
    export = get_export_for(user, export_id)
    path = do_take_export(export, acting=user)
    return path, f"kapok-audit-{export.tenant_slug or 'platform'}-{export.created_at:%Y%m%dT%H%M%SZ}.zip"


async def _chunks(path: Path) -> AsyncIterator[bytes]:
    file = await sync_to_async(path.open, thread_sensitive=False)("rb")
    try:
        while chunk := await sync_to_async(file.read, thread_sensitive=False)(CHUNK_BYTES):
            yield chunk
    finally:
        file.close()


def _related(exports: QuerySet[AuditExport]) -> QuerySet[AuditExport]:
    return exports.select_related(
        "tenant", "project", "requested_by", "operation", "operation__tenant", "operation__project"
    )
