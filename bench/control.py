"""The bench's hand in the control plane: makes projects and tenants through Kapok's own services.

In: one JSON command a line on standard input. Out: one JSON answer a line on standard output. A process of its own
(`bench.kapok_server` starts it), because Django reads its settings once.
"""

from __future__ import annotations

import json
import sys
import time
import uuid
from collections.abc import Mapping
from typing import Any

from django.test import override_settings

from apps.identity.services.accounts import do_create_user
from apps.tenants.acting import SYSTEM
from apps.tenants.models import OperationState, Project, Tenant
from apps.tenants.provisioning import names_of, provision_now
from apps.tenants.services.audit_settings import do_set_audit_settings
from apps.tenants.services.exports import do_request_export
from apps.tenants.services.keys import do_create_key
from apps.tenants.services.migrations import do_upload_migrations
from apps.tenants.services.permissions import do_set_permissions
from apps.tenants.services.projects import do_create_project
from apps.tenants.services.tenants import do_create_tenant
from apps.tenants.services.tokens import issue_access_token
from bench.audit_log import time_pages, write_log
from kapok.tokens import KeyKind

_PATIENCE_SECONDS, _EXPORT_SECONDS = 60.0, 1200.0


def make_project(slug: str, migrations: Mapping[str, str], permissions: str, audit: str = "") -> None:
    """A project with its migrations (by file name), permissions.yaml and audit.yaml."""
    project = do_create_project(slug, acting=SYSTEM)
    do_upload_migrations(project, migrations, acting=SYSTEM)
    do_set_permissions(project, permissions, acting=SYSTEM)
    if audit:
        do_set_audit_settings(project, audit, acting=SYSTEM)


def make_tenants(project: str, slugs: list[str]) -> list[dict[str, str]]:
    """Tenants, set up here and now. Out: slug, schema and publishable key of each."""
    made = []
    for slug in slugs:
        tenant, _ = do_create_tenant(Project.objects.get(slug=project), slug, acting=SYSTEM)
        provision_now(tenant)
        _, key = do_create_key(tenant, KeyKind.PUBLISHABLE, acting=SYSTEM)
        made.append({"slug": slug, "schema": names_of(tenant).schema, "key": key})
    return made


def time_provisioning(project: str, slug: str) -> float:
    """Seconds from asking for a tenant to the worker having set it up and activated it."""
    asked = time.perf_counter()
    _, operation = do_create_tenant(Project.objects.get(slug=project), slug, acting=SYSTEM)
    while not operation.is_final:
        if time.perf_counter() - asked > _PATIENCE_SECONDS:
            raise RuntimeError(f"{slug} was not set up in time")
        time.sleep(0.005)
        operation.refresh_from_db()
    if operation.state != OperationState.SUCCEEDED:
        raise RuntimeError(f"{slug} was not set up: {operation} {operation.error_message}")
    return time.perf_counter() - asked


def time_export(tenant: str, folder: str) -> tuple[float, str]:
    """Seconds from asking for a bundle of a tenant's whole log to a worker having written it there; its id."""
    asked = time.perf_counter()
    with override_settings(KAPOK_EXPORT_DIR=folder):
        export = do_request_export(Tenant.objects.select_related("project").get(slug=tenant), acting=SYSTEM)
    operation = export.operation
    assert operation is not None
    while not operation.is_final:
        if time.perf_counter() - asked > _EXPORT_SECONDS:
            raise RuntimeError(f"the log of {tenant} was not exported in time")
        time.sleep(0.02)
        operation.refresh_from_db()
    if operation.state != OperationState.SUCCEEDED:
        raise RuntimeError(f"the log of {tenant} was not exported: {operation.error_message}")
    return time.perf_counter() - asked, str(export.pk)


def issue_token(tenant: str, sub: str, role: str) -> str:
    """An access token as a sign-in gives it, good for a quarter of an hour."""
    of = Tenant.objects.get(slug=tenant)
    return issue_access_token(of, sub=sub, sid=str(uuid.uuid4()), email=f"{sub}@example.com", roles=[role])


def make_users(tenant: str, count: int, password: str) -> list[str]:
    """End users with one password; their addresses."""
    of = Tenant.objects.get(slug=tenant)
    addresses = [f"user{number}@example.com" for number in range(count)]
    for address in addresses:
        do_create_user(of, email=address, password=password, acting=SYSTEM)
    return addresses


COMMANDS = {
    command.__name__: command
    for command in (
        make_project,
        make_tenants,
        make_users,
        time_provisioning,
        time_export,
        time_pages,
        write_log,
        issue_token,
    )
}


def serve() -> None:
    """Answer commands until standard input ends."""
    for line in sys.stdin:
        command: dict[str, Any] = json.loads(line)
        answer = COMMANDS[command.pop("do")](**command)
        print(json.dumps(answer), flush=True)
