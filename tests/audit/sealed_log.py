"""A log of its own for one test: a schema with the platform's tables, and hands that write to them.

In: nothing. Out: `SealedLog`: write rows, seal, sign, check; and `tamper`, which does what only a superuser can.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import psycopg
from django.db import connection

from apps.audit.anchoring import bring_to_anchors
from apps.audit.anchors import DirectoryAnchor
from apps.audit.checkpointing import checkpoint, root_at
from apps.audit.exports.content import items
from apps.audit.keys import Keyring, keyring_of
from apps.audit.logs import LogRef
from apps.audit.sealing_state import Session
from apps.audit.self_check import Checked, check_log
from apps.audit.sequencer import BATCH, seal_batch
from apps.tenants.names import Names
from apps.tenants.platform_tables import ensure_platform_tables
from kapok.identifiers import quote_identifier
from kapok.ledger.signing import new_private_key
from kapok.ledger.tiles import grow
from tests.tenant_database import platform_conninfo

T = TypeVar("T")

TABLES = ("kapok_change", "kapok_event", "kapok_entry", "kapok_tile", "kapok_checkpoint", "kapok_log")
#: What tests say of a booking unless they say something else.
BOOKING = {"id": 1, "guest": "Ada Lovelace", "price": 10.50, "note": None}

_CHANGE = """
    insert into {schema}.kapok_change
        (xid, at, table_name, op, key, before, after, actor, session_id, request_id, source)
    values (pg_current_xact_id(), clock_timestamp(), %s, %s, %s, %s, %s, %s, %s, 'r1', 'api')
"""
_EVENT = """
    insert into {schema}.kapok_event (action, outcome, actor, target, request_id, address, details)
    values (203, 'ok', 'operator:7', %s, 'r2', '192.0.2.1', %s)
"""


def committed(act: Callable[[], T]) -> T:
    """Run something of Django's in a thread of its own, where no test's transaction keeps it from being committed."""
    with ThreadPoolExecutor(max_workers=1) as threads:
        return threads.submit(_closing, act).result()


def _closing(act: Callable[[], T]) -> T:
    try:
        return act()
    finally:
        connection.close()


class SealedLog:
    """A log. session: a superuser's, who is the platform as well."""

    def __init__(self, anchor_path: Path) -> None:
        self.names = Names.of(uuid.uuid4(), None)
        self.schema = self.names.schema
        self.log = LogRef(self.schema, f"tests/log/{self.schema}")
        self.session = self.connect()
        self.keyring = keyring_of(new_private_key())
        self.anchor_path = anchor_path
        self.anchor = DirectoryAnchor(anchor_path)
        self.sql("create schema {schema}")
        committed(partial(ensure_platform_tables, self.names))

    def connect(self) -> Session:
        """Another session of the same role."""
        return psycopg.connect(platform_conninfo(), autocommit=True)

    def close(self) -> None:
        """Drop everything."""
        # A test that used Django's connection here and not in `committed` still holds locks: fail, do not hang.
        self.sql("set lock_timeout = '20s'")
        self.sql("drop schema {schema} cascade")
        self.session.close()

    def sql(self, statement: str, parameters: Any = None, session: Session | None = None) -> list[tuple[Any, ...]]:
        """Run a statement with `{schema}`; its rows."""
        named = statement.replace("{schema}", quote_identifier(self.schema))
        cursor = (session or self.session).execute(named.encode(), parameters)
        return cursor.fetchall() if cursor.description else []

    def value(self, statement: str, parameters: Any = None) -> Any:
        """The first column of the first row."""
        return self.sql(statement, parameters)[0][0]

    def change(self, *, session: Session | None = None, actor: str = "end_user:ada", **columns: Any) -> None:
        """A booking is made."""
        row = {**BOOKING, **columns}
        values = ["bookings", "insert", json.dumps({"id": row["id"]}), None, json.dumps(row), actor, "session 1"]
        self.sql(_CHANGE, values, session)

    def event(self, *, session: Session | None = None, target: str = "tenant:1", **details: Any) -> None:
        """A tenant is suspended."""
        self.sql(_EVENT, [target, json.dumps({"slug": "acme", **details})], session)

    def fill(self, changes: int, events: int = 0) -> None:
        """Rows, each in a transaction of its own."""
        for number in range(max(changes, events)):
            if number < changes:
                self.change(id=number, guest=f"Guest {number}")
            if number < events:
                self.event(reason=f"reason {number}")

    def seal(self, limit: int = BATCH, session: Session | None = None) -> int:
        """Seal everything that is committed; how many entries that made."""
        entries = 0
        while (sealed := seal_batch(session or self.session, self.log, limit)) is not None:
            entries += sealed.entries
            if not sealed.more:
                break
        return entries

    def sign(self, keyring: Keyring | None = None) -> bool:
        """Sign and anchor; whether there was something to sign."""
        signed = checkpoint(self.session, self.log, keyring or self.keyring, [self.anchor])
        bring_to_anchors(self.session, self.log, [self.anchor])
        return signed

    def check(self) -> Checked:
        """A whole round of the self-check, against the anchor."""
        return check_log(self.session, self.log, [self.anchor], self.keyring.public)

    def tamper(self, statement: str, parameters: Any = None) -> None:
        """One statement of somebody who rules the database, past every trigger."""
        for table in TABLES:
            self.sql(f"alter table {{schema}}.{table} disable trigger all")
        self.sql(statement, parameters)

    def text(self) -> str:
        """Everything the log's tables hold, as text."""
        rows = [self.sql(f"select t::text from {{schema}}.{table} t") for table in TABLES]
        return "\n".join(row[0] for table in rows for row in table)

    @property
    def size(self) -> int:
        """How many entries there are."""
        return self.value("select count(*) from {schema}.kapok_entry")

    @property
    def problem(self) -> str:
        """Why no checkpoint is signed."""
        return self.value("select sealing_problem from {schema}.kapok_log")

    def rebuild(self) -> int:
        """What a forger does who knows how the log is made: entries and tiles that fit the rows as they are now."""
        self.sql("truncate {schema}.kapok_tile")
        found = list(self._items())
        for index, leaf_hash in found:
            self.sql("update {schema}.kapok_entry set leaf_hash = %s where index = %s", [leaf_hash, index])
        tiles = grow(0, [leaf_hash for _, leaf_hash in found], lambda level, index: b"")
        for (level, index), hashes in tiles.items():
            self.sql("insert into {schema}.kapok_tile values (%s, %s, %s)", [level, index, hashes])
        return len(found)

    def root(self, size: int) -> bytes:
        """The root by the tiles."""
        return root_at(self.session, self.log, size)

    def _items(self) -> list[tuple[int, bytes]]:
        with self.session.transaction():
            return [
                (item.index, item.entry.leaf_hash(self.log.origin))
                for item in items(self.session, self.log, 0, self.size)
                if item.entry is not None
            ]
