"""What `kapok dev` makes of a project: tenants with data and keys.

In: a client with the development token, the project's files, what an earlier start left in dev.json. Out: the tenants'
part of dev.json. Everything goes over the control API, as a person would do it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kapok.cli.client import Client
from kapok.cli.dev_watch import Marks, marks
from kapok.cli.migrate import start
from kapok.cli.progress import FINISHED, follow, follow_all
from kapok.cli.project_files import ProjectFiles, SqlFile, load_project
from kapok.cli.pushing import ensure_project, push_audit, push_documents, push_migrations, push_permissions
from kapok.cli.seed import start as start_seed
from kapok.cli.settings import PROJECT_FILE, Output
from kapok.cli.templates import seed_sql, write_template
from kapok.errors import KapokError

DEMO = "bookings"
TENANTS = {"acme": "Acme", "globex": "Globex"}
#: What a developer needs to know of a seeded end user.
_SIGN_IN = ("email", "password", "roles")
#: What is kept of a tenant that is being set up: where that is interrupted, the next start begins it anew.
_UNFINISHED = {"unfinished": True}

Say = Callable[[str], None]
#: Keeps the tenants' part of dev.json for the next start.
Keep = Callable[[dict[str, Any]], None]


@dataclass(frozen=True, slots=True)
class DevProject:
    """The project under development. seen: how its files were before they were read, so that no change is missed.
    template: what it was made of, so that each tenant gets data of its own."""

    seen: Marks
    files: ProjectFiles
    template: str | None = None


def project_here(directory: Path, state_dir: Path) -> DevProject:
    """The project of the current directory, or the demo project, which is written out at the first start.

    Raises PROJECT_INVALID.
    """
    if (directory / PROJECT_FILE).is_file():
        return DevProject(marks(directory), load_project(directory))
    demo = state_dir / "demo" / DEMO
    if not (demo / PROJECT_FILE).is_file():
        write_template(DEMO, demo)
    return DevProject(marks(demo), load_project(demo), template=DEMO)


def push(client: Client, files: ProjectFiles) -> None:
    """Send everything and migrate every tenant. Raises what the server found wrong, MIGRATION_FAILED included."""
    ensure_project(client, files)
    push_migrations(client, files)
    push_permissions(client, files)
    if files.documents_dir:
        push_documents(client, files)
    tenants = client.get("/migrations", project=files.name)["tenants"]
    # Without a tenant the run still tells whether the migrations work: they are compiled into the project's template.
    if not tenants or any(tenant["pending"] for tenant in tenants):
        follow_all(client, start(client, files.name), Output.PLAIN)
    audit = push_audit(client, files.name, files.audit())
    if audit["operation"]:
        follow(client, audit["operation"], Output.PLAIN)


def prepare_tenants(
    client: Client, project: DevProject, before: Mapping[str, Any], say: Say, keep: Keep, *, may_create: bool
) -> dict[str, Any]:
    """Tenants acme and globex, each with data and two keys; the keys of an earlier start are used while they work.

    Its `users` are those of the project's files that were made with it: addresses and passwords to sign in with.
    may_create: False where the project cannot be migrated yet; then only the tenants that are there.
    """
    made: dict[str, Any] = {}
    for number, (slug, name) in enumerate(TENANTS.items(), start=1):
        known = before.get(slug) or {}
        tenant = _whole_tenant(client, slug, known)
        users = known.get("users") or []
        if tenant is None:
            if not may_create:
                continue
            say(f"Setting up tenant {slug} ...")
            keep({**before, **made, slug: _UNFINISHED})
            tenant = _create(client, project, slug, name, number, say)
            users = [{key: user.get(key) for key in _SIGN_IN} for user in project.files.users()]
        if tenant["project"] != project.files.name:
            say(f"Tenant {slug} belongs to project {tenant['project']}; it is left alone.")
        made[slug] = {
            "slug": slug,
            "id": tenant["id"],
            "graphqlUrl": tenant["graphqlUrl"],
            "graphiqlUrl": tenant["graphiqlUrl"],
            "users": users,
            **_keys(client, slug, known),
        }
    return made


def _tenant(client: Client, slug: str) -> dict[str, Any] | None:
    try:
        tenant = client.get(f"/tenants/{slug}")
    except KapokError as error:
        if error.code in ("NOT_FOUND", "TENANT_NOT_FOUND"):
            return None
        raise
    assert isinstance(tenant, dict)
    return tenant


def _whole_tenant(client: Client, slug: str, known: Mapping[str, Any]) -> dict[str, Any] | None:
    """The tenant; None where there is none. One that an interrupted start left behind half made is removed."""
    tenant = _tenant(client, slug)
    if tenant is None or known != _UNFINISHED:
        return tenant
    for operation in client.get("/operations", tenant=slug)["operations"]:
        if operation["state"] not in FINISHED:
            with suppress(KapokError):  # however it ends
                follow(client, operation, Output.PLAIN)
    if _tenant(client, slug) is not None:
        follow(client, client.delete(f"/tenants/{slug}", {"confirm": slug})["operation"], Output.PLAIN)
    return None


def _create(client: Client, project: DevProject, slug: str, name: str, number: int, say: Say) -> dict[str, Any]:
    made = client.post("/tenants", {"slug": slug, "name": name, "project": project.files.name})
    follow(client, made["operation"], Output.PLAIN)
    if project.template:
        scripts = [SqlFile("sample.sql", seed_sql(project.template, seed=number))]
    else:
        scripts = project.files.seeds()
    try:
        if scripts:
            follow(client, start_seed(client, slug, scripts), Output.PLAIN)
        # After the seed: its rows are there for the users to find.
        for user in project.files.users():
            client.post(f"/tenants/{slug}/users", user)
    except KapokError as error:
        if error.status >= 500:  # nothing to be mended in the files
            raise
        say(f"Tenant {slug} has not all of its sample data: {error.message} Mend that, then `kapok seed {slug}`.")
    tenant = client.get(f"/tenants/{slug}")
    assert isinstance(tenant, dict)
    return tenant


def _keys(client: Client, slug: str, before: Mapping[str, Any]) -> dict[str, str]:
    working = {key["prefix"] for key in client.get(f"/tenants/{slug}/keys")["keys"] if key["state"] == "active"}
    keys: dict[str, str] = {}
    for field, kind in (("publishableKey", "publishable"), ("secretKey", "secret")):
        known = str(before.get(field) or "")
        if not known or not any(known.startswith(prefix) for prefix in working):
            known = client.post(f"/tenants/{slug}/keys", {"kind": kind, "name": "kapok dev"})["key"]
        keys[field] = known
    return keys
