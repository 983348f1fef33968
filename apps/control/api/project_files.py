"""/projects/<slug>/migrations and /documents: what a project's directory holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.control.api.base import ControlView, acting, answer, parsed
from apps.control.api.listing import listing
from apps.control.api.openapi import collection, describe
from apps.control.api.output import DocumentSerializer
from apps.tenants.access import Right, get_project_for
from apps.tenants.models import Project, ProjectMigration, TrustedDocument
from apps.tenants.services import do_register_documents, do_upload_migrations
from apps.tenants.services.documents import do_remove_document
from kapok.errors import KapokError


class MigrationFileInput(serializers.Serializer[Any]):
    """One SQL file: `0001_create_tables.sql` and its text."""

    name = serializers.CharField(max_length=200)
    sql = serializers.CharField(allow_blank=True, trim_whitespace=False)


class MigrationFilesInput(serializers.Serializer[Any]):
    """All of a project's SQL files."""

    migrations = MigrationFileInput(many=True, max_length=2000)


class MigrationFileSerializer(serializers.Serializer[ProjectMigration]):
    """A migration as it was uploaded."""

    name = serializers.SerializerMethodField()
    number = serializers.IntegerField()
    checksum = serializers.CharField()
    sql = serializers.CharField()
    createdAt = serializers.DateTimeField(source="created_at")

    def get_name(self, migration: ProjectMigration) -> str:
        return f"{migration}.sql"


class DocumentsInput(serializers.Serializer[Any]):
    """Texts of GraphQL documents."""

    documents = serializers.ListField(child=serializers.CharField(trim_whitespace=False), max_length=5000)


class ProjectMigrationsView(ControlView):
    """The SQL files."""

    @describe("List a project's migrations", answers=collection("migrations", MigrationFileSerializer))
    def get(self, request: Request, slug: str) -> Response:
        """All of them, in order."""
        return answer(_migrations(get_project_for(acting(request), slug, Right.VIEW)))

    @describe(
        "Upload a project's migrations",
        takes=MigrationFilesInput,
        answers=collection("migrations", MigrationFileSerializer),
    )
    def put(self, request: Request, slug: str) -> Response:
        """Replace all of them; what a tenant has had must be unchanged. Runs nothing."""
        project = get_project_for(acting(request), slug, Right.MANAGE)
        do_upload_migrations(project, sql_files(parsed(MigrationFilesInput, request.data)), acting=acting(request))
        return answer(_migrations(project))


class ProjectDocumentsView(ControlView):
    """Trusted documents."""

    @describe("List trusted documents", answers=DocumentSerializer, named="documents")
    def get(self, request: Request, slug: str) -> Response:
        """A page of documents."""
        return listing(
            request,
            TrustedDocument.objects.filter(project=get_project_for(acting(request), slug, Right.VIEW)),
            "documents",
            _documents,
            search=("document",),
            sort={"createdAt": "created_at"},
            default_sort="-createdAt",
        )

    @describe("Register trusted documents", takes=DocumentsInput, answers=collection("documents", DocumentSerializer))
    def post(self, request: Request, slug: str) -> Response:
        """All or none; those that are registered already stay as they are."""
        project = get_project_for(acting(request), slug, Right.MANAGE)
        texts = parsed(DocumentsInput, request.data)["documents"]
        hashes = do_register_documents(project, texts, acting=acting(request))
        rows = {row.sha256: row for row in TrustedDocument.objects.filter(project=project, sha256__in=hashes)}
        return answer({"documents": _documents([rows[sha256] for sha256 in hashes])})


class ProjectDocumentView(ControlView):
    """One trusted document."""

    @describe("Remove a trusted document", status=204)
    def delete(self, request: Request, slug: str, sha256: str) -> Response:
        """It is no longer trusted."""
        project = get_project_for(acting(request), slug, Right.MANAGE)
        document = TrustedDocument.objects.filter(project=project, sha256=sha256).first()
        if document is None:
            raise KapokError("NOT_FOUND", "No such document is registered.")
        do_remove_document(document, acting=acting(request))
        return Response(status=204)


def sql_files(given: dict[str, Any]) -> dict[str, str]:
    """Validated MigrationFilesInput as {name: SQL}. Raises VALIDATION_FAILED for a name that comes twice."""
    files = {file["name"]: file["sql"] for file in given["migrations"]}
    if len(files) != len(given["migrations"]):
        raise KapokError("VALIDATION_FAILED", "Two migrations have the same name.")
    return files


def _migrations(project: Project) -> dict[str, Any]:
    rows = project.migrations.order_by("number")
    return {"migrations": MigrationFileSerializer(rows, many=True).data}


def _documents(rows: Sequence[TrustedDocument]) -> list[dict[str, Any]]:
    return list(DocumentSerializer(rows, many=True).data)
