"""Kapok itself: its web process as it is deployed, its worker, and tenants made by its own services.

In: the URLs of Postgres and Redis. Out: `Kapok`, whose `web()` and `worker()` run while a block lasts.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from bench.ledger import Ledger
from bench.processes import ROOT, NotStarted, running
from bench.subjects import Server
from kapok.stack.ports import free_port

PROJECT = Path(__file__).parent / "project"
#: The end user of the bench, and their role in project/permissions.yaml.
USER, USER_ROLE = "6f9d3c1e-58a7-4b0e-9c42-1d7f0e6a2b35", "listener"
_CONTROL = "import django; django.setup(); from bench.control import serve; serve()"


@dataclass(frozen=True, slots=True)
class Tenant:
    """A tenant the bench calls."""

    slug: str
    schema: str
    key: str

    def credentials(self) -> dict[str, str]:
        """The header with the publishable key."""
        return {"apikey": self.key}


@dataclass(frozen=True, slots=True)
class Web:
    """A running web process."""

    url: str
    pid: int

    def graphql(self, tenant: Tenant) -> str:
        """Where a tenant's GraphQL is."""
        return f"{self.url}/t/{tenant.slug}/graphql"

    def resident_bytes(self) -> int:
        """The process's resident memory (Linux)."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")


@dataclass(slots=True)
class Kapok:
    """The control plane's commands and the environment all its processes share."""

    environ: Mapping[str, str]
    _control: subprocess.Popen[str] = field(repr=False)

    def make_project(self, slug: str, migrations: Mapping[str, str], permissions: str, audit: str = "") -> None:
        """A project; migrations by file name."""
        self._call("make_project", slug=slug, migrations=migrations, permissions=permissions, audit=audit)

    def make_tenants(self, project: str, slugs: Sequence[str]) -> list[Tenant]:
        """Tenants that answer."""
        return [Tenant(**one) for one in self._call("make_tenants", project=project, slugs=list(slugs))]

    def time_provisioning(self, project: str, slug: str) -> float:
        """Seconds until a tenant that a worker sets up is active."""
        return float(self._call("time_provisioning", project=project, slug=slug))

    def time_export(self, tenant: Tenant, folder: str) -> tuple[float, str]:
        """Seconds until a worker has exported all of a tenant's log into the folder, and the export's id."""
        seconds, export = self._call("time_export", tenant=tenant.slug, folder=folder)
        return float(seconds), str(export)

    def write_log(self, tenant: Tenant, entries: int, begin: str) -> float:
        """Replace a tenant's audit log by a large one; entries a second that were made searchable."""
        return float(self._call("write_log", tenant=tenant.slug, entries=entries, begin=begin))

    def time_pages(self, tenant: Tenant, searches: Sequence[Mapping[str, Any]], pages: int) -> list[list[float]]:
        """Milliseconds of the pages that each search of a tenant's audit log has."""
        return list(self._call("time_pages", tenant=tenant.slug, searches=list(searches), pages=pages))

    def make_users(self, tenant: Tenant, count: int, password: str) -> list[str]:
        """Addresses of end users who can sign in with the password."""
        return list(self._call("make_users", tenant=tenant.slug, count=count, password=password))

    def token(self, tenant: Tenant) -> dict[str, str]:
        """The header with an access token of an end user, fresh: it is good for a quarter of an hour."""
        token = self._call("issue_token", tenant=tenant.slug, sub=USER, role=USER_ROLE)
        return {"authorization": f"Bearer {token}"}

    def _call(self, command: str, **arguments: Any) -> Any:
        assert self._control.stdin is not None and self._control.stdout is not None
        self._control.stdin.write(json.dumps({"do": command, **arguments}) + "\n")
        self._control.stdin.flush()
        answer = self._control.stdout.readline()
        if not answer:
            raise NotStarted(f"Kapok's services failed at {command}; the reason stands above")
        return json.loads(answer)

    @contextmanager
    def web(self) -> Iterator[Web]:
        """One web process while the block lasts."""
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        command = [sys.executable, "-m", "config.web", "--workers=1", f"--port={port}"]
        with running(command, self.environ, lambda: _is_ready(f"{url}/readyz")) as pid:
            yield Web(url, pid)

    @contextmanager
    def worker(self) -> Iterator[None]:
        """One Celery worker while the block lasts."""
        celery = [sys.executable, "-m", "celery", "-A", "config"]

        def is_up() -> bool:
            command = [*celery, "inspect", "ping", "--timeout=2"]
            return subprocess.run(command, cwd=ROOT, env=dict(self.environ), capture_output=True).returncode == 0

        with running([*celery, "worker", "--concurrency=1", "--loglevel=warning"], self.environ, is_up):
            yield


@contextmanager
def kapok(database_url: str, redis_url: str) -> Iterator[Kapok]:
    """Kapok's tables in this database, and a process that runs its services. Raises NotStarted."""
    environ = {
        **os.environ,
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "DJANGO_SETTINGS_MODULE": "config.settings.production",
        "SECRET_KEY": secrets.token_urlsafe(50),
        "KAPOK_ALLOWED_HOSTS": "127.0.0.1",
        "KAPOK_HTTPS": "false",
        "KAPOK_PUBLIC_URL": "http://kapok.example.com",
        "KAPOK_LOG_LEVEL": "WARNING",
        # The peers log no requests either.
        "KAPOK_ACCESS_LOG": "false",
    }
    migrate = [sys.executable, "-m", "django", "migrate", "--verbosity=0"]
    if subprocess.run(migrate, cwd=ROOT, env=environ, check=False).returncode:
        raise NotStarted("Kapok's migrations failed; the reason stands above")
    control = subprocess.Popen(
        [sys.executable, "-c", _CONTROL],
        cwd=ROOT,
        env=environ,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with control:
        yield Kapok(environ, control)


def project_files(folder: Path = PROJECT) -> tuple[dict[str, str], str]:
    """The migrations by file name and the permissions of a project's folder."""
    migrations = {path.name: path.read_text() for path in sorted((folder / "migrations").glob("*.sql"))}
    return migrations, (folder / "permissions.yaml").read_text()


def subjects(kapok: Kapok, web: Web, tenant: Tenant, ledger: Ledger) -> list[Server]:
    """Kapok as the comparison sees it: called with a publishable key, and by an end user under row rules."""
    url, dialect = web.graphql(tenant), "kapok.graphql"
    return [
        Server("kapok", "Kapok", url, dialect, ledger, tenant.credentials),
        Server("kapok_user", "Kapok, user token and row rules", url, dialect, ledger, lambda: kapok.token(tenant)),
    ]


def _is_ready(url: str) -> bool:
    try:
        return httpx.get(url).status_code == 200
    except httpx.TransportError:
        return False
