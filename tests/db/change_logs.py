"""Databases with the change log's SQL in them and nothing else of Kapok, and schemas in them as tenants have them."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import dict_row

from kapok.identifiers import gateway_role, owner_role, schema_name

SQL = Path(__file__).parents[2] / "apps" / "audit" / "sql"
#: What most schemas of these tests start with.
TABLES = "create table t (id int primary key, name text); create type mood as enum ('good', 'bad')"
FILES = ("append_only", "change_rows", "change_tables", "change_protect", "change_events")

Connection = psycopg.Connection[Any]
Row = dict[str, Any]


class Database:
    """One database. managed: its platform role is no superuser, as with a managed service."""

    def __init__(self, url: str, *, managed: bool = False) -> None:
        self.url, self.managed = url, managed
        self.name = f"kapok_log_{secrets.token_hex(4)}"
        self.roles: list[str] = []
        self.sessions: list[Connection] = []
        self.root = psycopg.connect(url, autocommit=True)
        platform = self.make_role("createrole", name=self.name) if managed else None
        self.root.execute(f"create database {self.name} {f'owner {self.name}' if managed else ''}")
        self.platform = self.log_in(platform)
        self.platform.execute("set client_min_messages = error")
        for name in FILES:
            self.platform.execute((SQL / f"{name}.sql").read_text())

    def make_role(self, options: str, name: str, *, by: Connection | None = None) -> tuple[str, str]:
        """A role and its password. by: who makes it."""
        password = secrets.token_hex(8)
        (by or self.root).execute(f"create role {name} {options} login password '{password}'")
        self.roles.append(name)
        return name, password

    def log_in(self, role: tuple[str, str] | None, options: str = "") -> Connection:
        """A session of a role; of the superuser without one."""
        parts: dict[str, Any] = {**conninfo_to_dict(self.url), "dbname": self.name, "options": options}
        if role is not None:
            parts |= {"user": role[0], "password": role[1]}
        self.sessions.append(psycopg.connect(make_conninfo(**parts), autocommit=True))
        return self.sessions[-1]

    def remove(self) -> None:
        """The database and its roles."""
        for session in self.sessions:
            session.close()
        self.root.execute(f"drop database {self.name} with (force)")
        for role in reversed(self.roles):
            self.root.execute(f"drop role {role}")
        self.root.close()


class Logged:
    """A tenant's schema that is open, with its log; tables: SQL its owner ran before."""

    def __init__(self, database: Database, tables: str = "", settings: dict[str, tuple[str, list[str]]] | None = None):
        self.database, self.platform = database, database.platform
        self.schema = schema_name(uuid.uuid4())
        owner, gateway = owner_role(self.schema), gateway_role(uuid.uuid4())
        self.platform.execute(f"create role {self.schema} nologin noinherit")
        database.roles.append(self.schema)
        login = database.make_role("noinherit", owner, by=self.platform)
        entry = database.make_role("noinherit", gateway, by=self.platform)
        self.platform.execute(f"grant {self.schema} to {gateway}")
        if database.managed:
            self.platform.execute(f"grant {owner} to current_user")
        self.platform.execute(
            f"create schema {self.schema}; revoke all on schema {self.schema} from public;"
            f"grant usage, create on schema {self.schema} to {owner};"
            f"alter role {owner} set search_path = {self.schema}; select kapok_log.make('{self.schema}')"
        )
        for table, (mode, redact) in (settings or {}).items():
            self.platform.execute(
                f"insert into {self.schema}.kapok_change_mode values (%s, %s, %s)", [table, mode, redact]
            )
        self.owner = database.log_in(login)
        self.owner.execute(
            f"alter default privileges in schema {self.schema} grant all on tables to {self.schema};"
            f"alter default privileges in schema {self.schema} grant usage on sequences to {self.schema}"
        )
        self.owner.execute(tables or "select 1")  # type: ignore[arg-type]
        self.mend()
        self.platform.execute(f"grant usage on schema {self.schema} to {self.schema}")
        self.seen = self.last_position()
        self._entry = entry

    def mend(self) -> Any:
        """What Kapok does after each migration run, and every hour."""
        row = self.platform.execute("select kapok_log.protect_all(%s, true)", [self.schema]).fetchone()
        assert row is not None
        return row[0]

    def last_position(self) -> int:
        """The highest position so far; 0 for an empty log."""
        row = self.platform.execute(f"select coalesce(max(position), 0) from {self.schema}.kapok_change").fetchone()
        assert row is not None
        return int(row[0])

    def changes(self, *, ddl: bool = False) -> list[Row]:
        """What was written since the last call. ddl: with definitions."""
        with self.platform.cursor(row_factory=dict_row) as cursor:
            rows = cursor.execute(
                f"select *, xid::text from {self.schema}.kapok_change where position > %s order by position",
                [self.seen],
            ).fetchall()
        self.seen = self.last_position()
        return [row for row in rows if ddl or row["op"] != "ddl"]

    def brief(self, *, ddl: bool = False) -> list[tuple[Any, ...]]:
        """(table, op, key, before, after) of `changes`."""
        return [
            tuple(row[name] for name in ("table_name", "op", "key", "before", "after")) for row in self.changes(ddl=ddl)
        ]

    @contextmanager
    def request(self, actor: str = "user:1", request_id: str = "r1", claims: str = "{}") -> Iterator[Connection]:
        """A gateway's transaction with what its preamble sets."""
        with self.database.log_in(self._entry, "-c timezone=UTC") as session, session.transaction():
            session.execute(
                "select set_config('search_path', %s, true), set_config('request.jwt.claims', %s, true),"
                "set_config('kapok.actor', %s, true), set_config('kapok.request_id', %s, true),"
                "set_config('role', %s, true)",
                [f"{self.schema}, pg_temp", claims, actor, request_id, self.schema],
            )
            yield session
