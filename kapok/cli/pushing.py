"""Sending a project's files to the server: the one way they get there, used by push, migrate, permissions and dev.

In: a client and `ProjectFiles`. Out: what the server answered.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from kapok.cli.client import Client
from kapok.cli.project_files import ProjectFiles
from kapok.errors import KapokError


def ensure_project(client: Client, files: ProjectFiles) -> dict[str, Any]:
    """The project on the server, created when it is missing."""
    try:
        return _object(client.get(f"/projects/{quote(files.name, safe='')}"))
    except KapokError as error:
        if error.code != "NOT_FOUND":
            raise
    body = {"slug": files.name, "name": files.name, "description": files.description}
    return _object(client.post("/projects", body))


def push_migrations(client: Client, files: ProjectFiles) -> dict[str, Any]:
    """Upload the migrations; those that were applied must be unchanged."""
    return _object(client.put(f"/projects/{files.name}/migrations", {"migrations": migrations(files)}))


def push_permissions(client: Client, files: ProjectFiles) -> dict[str, Any]:
    """Upload permissions.yaml as a new version, unless it is the current one already."""
    return _object(client.put(f"/projects/{files.name}/permissions", {"text": files.permissions()}))


def push_audit(client: Client, project: str, text: str) -> dict[str, Any]:
    """Make the text of audit.yaml hold. Its `operation` makes the tenants follow; None where it holds already."""
    return _object(client.put(f"/projects/{project}/audit", {"text": text}))


def push_documents(client: Client, files: ProjectFiles) -> dict[str, Any]:
    """Register the trusted documents that are not registered yet."""
    return _object(client.post(f"/projects/{files.name}/documents", {"documents": files.documents()}))


def migrations(files: ProjectFiles) -> list[dict[str, str]]:
    """The migrations as the API takes them."""
    return [{"name": file.name, "sql": file.sql} for file in files.migrations()]


def _object(data: Any) -> dict[str, Any]:
    assert isinstance(data, dict)
    return data
