"""A project of its own for tests that write: two tenants, each with a key for every role, and all of their rows as the
database has them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from tests.live import Live, LiveTenant

FILES = Path(__file__).with_name("shop")
TABLES = ("customers", "orders", "items", "tags", "order_tags", "feedback")
ROWS = """
insert into customers (id, email, name, credit) values
  ('00000000-0000-0000-0000-000000000001', 'ann@example.com', 'Ann', 10),
  ('00000000-0000-0000-0000-000000000002', 'bo@example.com', 'Bo', 0);
insert into orders (number, customer_id, status) values
  ('A-1', '00000000-0000-0000-0000-000000000001', 'draft'),
  ('A-2', '00000000-0000-0000-0000-000000000001', 'placed'),
  ('A-3', '00000000-0000-0000-0000-000000000002', 'shipped');
insert into items (order_id, product, quantity, price) values (1, 'tea', 2, 3.50), (3, 'mug', 1, 9);
insert into tags (name) values ('gift'), ('rush');
"""
ANN, BO = "00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000002"


@dataclass
class Shop:
    """A tenant. service, clerk, anon: its keys. rows(): every row of every table."""

    tenant: LiveTenant
    service: str
    clerk: str
    anon: str
    schema: str
    database_url: str

    def run(self, statement: str) -> None:
        """Plain SQL, as the superuser."""
        with psycopg.connect(self.database_url, autocommit=True) as session:
            session.execute(sql.SQL("set search_path = {}").format(sql.Identifier(self.schema)))
            session.execute(statement)  # type: ignore[call-overload]

    def refill(self) -> None:
        """The rows tests begin with."""
        self.run(f"truncate {', '.join(TABLES)} restart identity; {ROWS}")

    def rows(self) -> dict[str, list[Any]]:
        """Each table's rows as JSON, in a fixed order; equal exactly where nothing was written."""
        found: dict[str, list[Any]] = {}
        with psycopg.connect(self.database_url) as session:
            for table in TABLES:
                name = sql.Identifier(self.schema, table)
                query = sql.SQL("select to_jsonb(t) from {} t order by to_jsonb(t)::text").format(name)
                found[table] = [row[0] for row in session.execute(query)]
        return found

    @contextmanager
    def untouched(self) -> Iterator[None]:
        """Fails where the block has written anything."""
        before = self.rows()
        yield
        assert self.rows() == before


def make_shops(live: Live, folder: Path) -> tuple[Shop, Shop]:
    """The project `shop` with its tenants `north` and `south`."""
    live.cli("init", str(folder), "--template", "blank")
    shutil.copy(FILES / "shop.sql", folder / "migrations" / "0002_shop.sql")
    shutil.copy(FILES / "permissions.yaml", folder / "permissions.yaml")
    live.cli("migrate", "up", cwd=folder)
    live.cli("permissions", "apply", cwd=folder)
    north, south = (_shop(live, folder, slug) for slug in ("north", "south"))
    return north, south


def _shop(live: Live, folder: Path, slug: str) -> Shop:
    live.cli("tenant", "create", slug, cwd=folder)
    keys = {
        role: live.cli("keys", "create", slug, "--kind", kind, "--role", role)["key"]
        for role, kind in (("service", "secret"), ("clerk", "secret"), ("anon", "publishable"))
    }
    with psycopg.connect(live.database_url) as session:
        row = session.execute("select id::text, schema_name from tenants_tenant where slug = %s", (slug,)).fetchone()
    assert row is not None
    tenant = LiveTenant(slug, row[0], f"{live.base_url}/t/{slug}/graphql", keys["anon"], keys["service"])
    shop = Shop(tenant, keys["service"], keys["clerk"], keys["anon"], row[1], live.database_url)
    shop.refill()
    return shop
