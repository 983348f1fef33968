"""A hotel's audit trail, sealed and searchable, for tests of the audit browser.

In: a directory. Out: `Scene`: acme with changes by users, keys, operators and SQL, with hostile, huge, redacted and
erased values; globex, which nobody but admin may see. Committed once a module: tests look, and undo what they do.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from pathlib import Path
from threading import Thread
from typing import Any

import psycopg
import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.core.servers.basehttp import ThreadedWSGIServer
from django.db import connection
from django.test import Client
from django.test.testcases import QuietWSGIRequestHandler
from django.urls import reverse
from pytest_django import DjangoDbBlocker

from apps.audit.erasure import Selection, do_erase
from apps.audit.search_index import index_all
from apps.tenants.acting import SYSTEM
from apps.tenants.change_log import set_modes
from apps.tenants.models import ApiKey, Tenant
from apps.tenants.provisioning import names_of
from apps.tenants.services import do_create_key, do_suspend_tenant
from apps.tenants.services.tenants import do_resume_tenant
from kapok.changelog.settings import parse_settings
from kapok.tokens import KeyKind
from tests.audit.auditing import Auditing, owner
from tests.audit.sealed_log import committed
from tests.emptying import empty_database
from tests.identity.accounts import make_user
from tests.identity.chromium import Page
from tests.tenant_database import as_gateway, platform_conninfo, remove_everything

#: A row that would like to be a page: markup, a script, an attribute, a template, right-to-left override, controls.
HOSTILE = (
    "<script>alert('pwned')</script><img src=x onerror=alert(1)>\" autofocus x-init=alert(2) {{ 7*7 }} "
    "\u202egnp.exe\x07"
)
#: Counts what a hostile value would run, and what the security policy refuses.
WATCH = """
    window.ran = 0; window.refused = []; window.alert = () => window.ran++;
    document.addEventListener('securitypolicyviolation', (event) => window.refused.push(event.violatedDirective));
"""
HUGE = 1_000_000
DEEP = "[" * 4000 + "]" * 4000
REQUEST = "req-7f0c9a52"
_TABLES = """
    create table guests (id bigint primary key, name text not null, email text, vip boolean not null default false,
        rate numeric(8, 2), wishes jsonb, notes text);
    create table payments (id bigint primary key, guest_id bigint not null, amount numeric(10, 2) not null, card text);
    create table visits (id bigint primary key, page text);
    create table "<b>odd</b> & co" (id bigint primary key, "onload=""x"" y" text);
"""
_MODES = "tables:\n  payments: {redact: [card]}\n  visits: keys\n"
_ADD = "insert into guests (id, name, email, rate, wishes, notes) values (%s, %s, %s, %s, %s, %s)"
_WISHES = {"pillow": "soft", "allergies": ["nuts"], "room": {"floor": 3, "view": "sea", "quiet": True}}
_AS_CALLER = """
    select set_config('role', %s, true), set_config('search_path', %s, true), set_config('kapok.actor', %s, true),
        set_config('kapok.request_id', %s, true), set_config('TimeZone', 'UTC', true)
"""


class Scene(Auditing):
    """With guests. ada: an end user; key: an API key; people who sign in to the admin."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        for person in self.people.values():
            type(person).objects.filter(pk=person.pk).update(is_staff=True)
        self.ada = make_user(self.acme, "ada.lovelace@example.com")
        self.key: ApiKey = do_create_key(self.acme, KeyKind.SECRET, acting=self.people["manager"], name="Website")[0]
        for tenant in (self.acme, self.globex):
            with owner(tenant) as session:
                session.execute(_TABLES)
        set_modes(names_of(self.acme), parse_settings(_MODES))
        self._write()
        with owner(self.globex) as session:
            session.execute("insert into guests (id, name) values (1, 'Globex secret guest')")
            session.execute(_ADD, [4, "Huge", None, None, DEEP, "x" * HUGE])
            session.execute("update guests set notes = notes || 'y' where id = 4")
            session.execute(_ADD, [2, HOSTILE, HOSTILE, None, json.dumps({HOSTILE: HOSTILE}), HOSTILE])
        for tenant in (self.acme, self.globex, None):
            self.seal_and_index(tenant)
        self._erase()
        self.seal_and_index(self.acme)
        self.request_of("end_user:" + str(self.ada.pk), "update guests set notes = 'not sealed' where id = 1")

    def request_of(self, actor: str, *statements: str | tuple[str, list[Any]], request: str = REQUEST) -> None:
        """What a request of the API does, in one transaction."""
        schema = self.acme.schema_name
        with as_gateway(self.acme.project) as session, session.transaction():
            session.execute(_AS_CALLER, [schema, f'"{schema}"', actor, request])
            for statement in statements:
                text, values = statement if isinstance(statement, tuple) else (statement, None)
                session.execute(text.encode(), values)

    def seal_and_index(self, tenant: Tenant | None) -> None:
        """As the sealer does."""
        self.seal(tenant)
        with psycopg.connect(platform_conninfo(), autocommit=True) as session:
            assert not index_all(session, self.log(tenant))

    def client(self, who: str) -> Client:
        """A browser in which this one is signed in."""
        client = Client()
        if who in self.people:
            client.force_login(self.people[who], backend="django.contrib.auth.backends.ModelBackend")
        return client

    @property
    def sealed_size(self) -> int:
        """The entries of acme's first checkpoint, which has all but those of the erasure."""
        statement = self.log(self.acme).sql("select min(size) from {schema}.kapok_checkpoint")
        with psycopg.connect(platform_conninfo(), autocommit=True) as session:
            return int(session.execute(statement).fetchone()[0])  # type: ignore[arg-type, index]

    def list_url(self, slug: str = "acme", **query: Any) -> str:
        """The list's address."""
        return reverse("tenant-audit", args=[slug], query=query)

    def seen(self, url: str, who: str = "auditor", status: int = 200) -> str:
        """A page, as HTML."""
        answer = self.client(who).get(url)
        assert answer.status_code == status, (url, answer.status_code)
        return str(answer.content.decode())

    def found(self, **query: Any) -> list[str]:
        """The lines of acme's list."""
        return lines(self.seen(self.list_url(**query)))

    def entry_url(self, index: int, slug: str = "acme") -> str:
        """An entry's."""
        return reverse("tenant-audit-entry", args=[slug, index])

    def row_url(self, table: str, key: str, slug: str = "acme") -> str:
        """A row's history's."""
        return reverse("tenant-audit-row", args=[slug], query={"table": table, "key": key})

    def index_of(self, condition: str, *, tenant: Tenant | None = None) -> int:
        """The newest entry of acme's changes (c), or another tenant's, that are so."""
        statement = f"""
            select e.index from {{schema}}.kapok_change c
            join {{schema}}.kapok_entry e on e.kind = 'change' and e.position = c.position where {condition}
            order by e.index desc limit 1
        """
        with psycopg.connect(platform_conninfo(), autocommit=True) as session:
            row = session.execute(self.log(tenant or self.acme).sql(statement)).fetchone()  # type: ignore[arg-type]
        assert row is not None, condition
        return int(row[0])

    def tamper(self, index: int, statement: str) -> None:
        """What somebody does to acme's changes who rules the database; undone with the test's transaction."""
        where = " where position = (select position from {schema}.kapok_entry where index = %s)"
        with connection.cursor() as cursor:
            cursor.execute(self.log(self.acme).sql("alter table {schema}.kapok_change disable trigger all"))
            cursor.execute(self.log(self.acme).sql(statement + where), [index])  # type: ignore[arg-type]

    def session(self, who: str) -> str:
        """The cookie of a session that other connections see."""
        return str(committed(lambda: self.client(who).cookies["sessionid"].value))

    def _write(self) -> None:
        ada, key = f"end_user:{self.ada.pk}", f"api_key:{self.key.pk}"
        wishes = json.dumps(_WISHES)
        other = json.dumps(
            {**_WISHES, "room": {"floor": 5, "view": "sea", "quiet": True}, "allergies": ["nuts", "fish"]}
        )
        self.request_of(key, (_ADD, [1, "Ada Lovelace", "ada@example.com", "120.50", wishes, "Prefers a quiet room."]))
        self.request_of(ada, ("update guests set rate = 119.00, wishes = %s, vip = true where id = 1", [other]))
        self.request_of(ada, "update guests set notes = 'Prefers a very quiet room.' where id = 1", request="req-2")
        self.request_of(
            key, (_ADD, [2, HOSTILE, HOSTILE.replace("\x07", ""), None, json.dumps({HOSTILE: [HOSTILE]}), HOSTILE])
        )
        self.request_of(key, (_ADD, [3, "Grace Hopper", "grace@example.com", None, None, "to be forgotten"]))
        self.request_of(key, "insert into payments values (1, 1, 241.00, '4111 1111 1111 1111')")
        self.request_of(key, "update payments set amount = 240.00 where id = 1")
        self.request_of(key, "insert into visits values (1, '/secret page')")
        with owner(self.acme) as session:
            session.execute("""insert into "<b>odd</b> & co" values (1, '</td><td>')""")
            session.execute("delete from guests where id = 2")
        do_suspend_tenant(self.acme, acting=self.people["manager"], reason="unpaid <b>bills</b>")
        self.acme.refresh_from_db()
        do_resume_tenant(self.acme, acting=self.people["admin"])
        self.acme.refresh_from_db()

    def _erase(self) -> None:
        gone = Selection(table="guests", key={"id": 3}, paths=("after.*", "before.*"))
        do_erase(self.log(self.acme), gone, actor=SYSTEM.name, reason="GDPR 17")


def lines(page: str) -> list[str]:
    """The entries of a list, as text."""
    rows = re.findall(r"<tr[^>]*>\s*<td class=\"audit-when\".*?</tr>", page, re.DOTALL)
    return [" ".join(html.unescape(re.sub(r"<[^>]+>", " ", row)).split()) for row in rows]


def link(page: str, text: str) -> str:
    """Where a link leads."""
    match = re.search(rf'<a [^>]*href="([^"]*)"[^>]*>(?:<[^>]*>)*{re.escape(text)}', page)
    assert match, text
    return html.unescape(match[1])


class Parts(HTMLParser):
    """What a browser makes of a page. attributes: (tag, name, value)."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str, str]] = []
        self.inline_scripts = 0
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        self.inline_scripts += tag == "script" and "src" not in dict(attrs)


@pytest.fixture(scope="module")
def scene(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Scene]:
    with django_db_blocker.unblock():
        made = Scene(tmp_path_factory.mktemp("exports"))
    yield made
    with django_db_blocker.unblock():
        remove_everything()
        empty_database()


@contextmanager
def served() -> Iterator[str]:
    """The control plane on a port of its own, over connections of its own; its address."""
    server = ThreadedWSGIServer(("127.0.0.1", 0), QuietWSGIRequestHandler)
    server.set_app(WSGIHandler())
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def is_seen(page: Page, selector: str) -> bool:
    """Whether the middle of it is shown, and nothing lies above; without running anything on the page."""
    try:
        root = page.send("DOM.getDocument")["root"]["nodeId"]
        node = page.send("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        left, top, right, _, _, bottom = page.send("DOM.getBoxModel", nodeId=node)["model"]["content"][:6]
        at = {"x": round((left + right) / 2), "y": round((top + bottom) / 2)}
        above = page.send("DOM.getNodeForLocation", **at)["backendNodeId"]
        return above in _within(page.send("DOM.describeNode", nodeId=node, depth=-1)["node"])
    except AssertionError:
        return False


def _within(node: dict[str, Any]) -> set[int]:
    return {node["backendNodeId"]}.union(*(_within(child) for child in node.get("children", ())))
