"""Two tenants with their logs and the people around them, for tests of exports.

In: where exports go. Out: `Auditing`: write, ask, run jobs, seal as the sealer does, take bundles away.
"""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import psycopg
from asgiref.sync import async_to_sync
from django.test import Client

from apps.accounts.models import User
from apps.audit.actions import ACTIONS
from apps.audit.keys import keyring_of
from apps.audit.logs import CONTROL_LOG, LogRef, log_of
from apps.audit.sealing import seal_up_to_now
from apps.control.tokens import do_create_token
from apps.tenants.access import Right, grant_platform_audit, grant_project
from apps.tenants.models import AuditExport, Operation, Tenant
from apps.tenants.operations import run_operation
from apps.tenants.provisioning import names_of
from kapok.ledger.signing import new_private_key
from kapok.ledger.verify import Expectations, Verification, verify
from tests.factories import LIBRARY, ProjectFactory, TenantFactory, UserFactory
from tests.tenant_database import as_owner, fetch, platform_conninfo

PEOPLE = ("stranger", "reader", "manager", "auditor", "platform_auditor", "admin")


class Auditing:
    """acme, which auditor audits, and globex of another project."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.keyring = keyring_of(new_private_key())
        self.acme = self._tenant("acme", "Only Acme")
        self.globex = self._tenant("globex", "Secret Globex")
        self.people = {name: UserFactory(email=f"{name}@example.com", admin=name == "admin") for name in PEOPLE}
        for name, right in (("reader", Right.VIEW), ("manager", Right.MANAGE), ("auditor", Right.AUDIT)):
            grant_project(self.people[name], self.acme.project, right)
        grant_platform_audit(self.people["platform_auditor"])
        self._tokens = {name: _token(user) for name, user in self.people.items()}

    @staticmethod
    def _tenant(slug: str, author: str) -> Tenant:
        project = ProjectFactory(slug=f"{slug}-app", migrations=LIBRARY, compiled=True)
        made: Tenant = TenantFactory(slug=slug, name=slug.title(), project=project, ready=True)
        with owner(made) as session:
            session.execute("insert into authors (name) values (%s)", [author])
        return made

    def log(self, tenant: Tenant | None) -> LogRef:
        """The tenant's log, or the control plane's."""
        return CONTROL_LOG if tenant is None else log_of(tenant.schema_name)

    def seal(self, tenant: Tenant | None) -> None:
        """As the sealer does in a process of its own."""
        with psycopg.connect(platform_conninfo(), autocommit=True) as session:
            assert seal_up_to_now(session, self.log(tenant), self.keyring)

    def run(self, export: AuditExport, *, sealed: bool = True) -> Operation:
        """Run the export's job to its end, with the sealer at work or not."""
        export.refresh_from_db()
        if sealed:
            self.seal(export.tenant)
        assert export.operation is not None
        done = run_operation(export.operation.pk)
        assert done is not None
        export.refresh_from_db()
        return done

    def ask(self, who: str, method: str, path: str, body: Any = None) -> Any:
        """A request to the control API."""
        headers = {"authorization": f"Bearer {self._tokens[who]}"} if who in self._tokens else {}
        data = b"" if body is None else orjson.dumps(body)
        return Client().generic(method, f"/api/v1{path}", data, "application/json", headers=headers)

    def clear(self) -> None:
        """Without any export."""
        AuditExport.objects.all().delete()
        Operation.objects.all().delete()
        shutil.rmtree(self.directory, ignore_errors=True)

    def bundle(self, export: AuditExport) -> Path:
        """Its file."""
        return self.directory / f"{export.pk}.zip"

    def verify(self, path: Path, tenant: Tenant | None) -> Verification:
        """What the verifier says with the key that is trusted."""
        expected = Expectations([self.keyring.current.key], self.log(tenant).origin)
        return verify(path, expected, processes=1)

    def events(self, tenant: Tenant | None, name: str, export: AuditExport | None = None) -> list[dict[str, Any]]:
        """The events of an action (on an export) in a log, oldest first: actor, target and details."""
        statement = "select actor, target, details from {schema}.kapok_event where action = %s order by position"
        rows = fetch(self.log(tenant).sql(statement), ACTIONS[name].number)
        return [
            {"actor": actor, "target": target, **orjson.loads(details)}
            for actor, target, details in rows
            if export is None or target == f"export:{export.pk}"
        ]


@contextmanager
def owner(tenant: Tenant) -> Iterator[psycopg.Connection[Any]]:
    """A console of the tenant's."""
    with as_owner(names_of(tenant)) as session:
        session.execute(f'set search_path to "{tenant.schema_name}"'.encode())
        yield session


def body_of(response: Any) -> bytes:
    """All of a streamed answer."""

    async def parts(content: AsyncIterator[bytes]) -> bytes:
        return b"".join([part async for part in content])

    read: bytes = async_to_sync(parts)(response.streaming_content)
    return read


def _token(user: User) -> str:
    return do_create_token(user, name="test", lifetime=timedelta(days=1))[1]
