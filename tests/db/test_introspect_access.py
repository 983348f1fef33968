"""The introspection query on a real Postgres: privileges, extensions, collations, traps in the path, its plan."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg import sql

from kapok.catalog.introspect import SQL, introspect
from kapok.catalog.parse import parse
from kapok.catalog.types import Catalog, RawTableKind
from kapok.identifiers import QualifiedName
from kapok.model.build import build
from kapok.model.types import TypeKind
from tests.db.schemas import Connection, Schemas, column_names, read, relation_names
from tests.waiting import once_within


def test_an_index_of_another_collation(connection: Connection, schemas: Schemas) -> None:
    name = schemas.make('create table a (x text, y text); create unique index on a (x collate "C", y)')
    [table] = read(connection, name).tables
    assert [key.columns for key in table.unique_keys] == [("x", "y")]


def test_an_index_that_keeps_apart_what_the_column_takes_for_one_is_no_key(
    connection: Connection, schemas: Schemas
) -> None:
    """A look-up by it could find two rows."""
    try:
        name = schemas.make("create collation ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false)")
    except psycopg.errors.FeatureNotSupported as exc:
        pytest.skip(str(exc))
    connection.execute(
        f"create table {name}.a (x text collate {name}.ci, y text collate {name}.ci);"
        f'create unique index on {name}.a (x collate "C"); create unique index on {name}.a (y);'
        f"insert into {name}.a values ('a', 1), ('A', 2); grant select on {name}.a to {name}"
    )
    [table] = read(connection, name).tables
    assert [key.columns for key in table.unique_keys] == [("y",)]


def test_a_role_sees_what_it_may_select(connection: Connection, schemas: Schemas) -> None:
    name = schemas.make(
        "create table a (id int primary key, x int unique, y int);"
        "create table b (id int primary key, a_id int references a, a_x int references a (x));"
        "create table c (id int primary key);"
        "create function f() returns int stable language sql as 'select 1';"
        "create function g(a) returns int stable language sql as 'select 1'"
    )
    assert {table.name for table in read(connection, name).tables} == {"a", "b", "c"}
    connection.execute(
        f"revoke all on all tables in schema {name} from {name};"
        f"revoke execute on all functions in schema {name} from public;"
        f"grant select (id, y) on {name}.a to {name}; grant select on {name}.b to {name};"
        f"grant insert on {name}.c to {name};"
        f"grant execute on function {name}.g to {name}"
    )
    limited = read(connection, name)
    assert {table.name: column_names(limited, table.name) for table in limited.tables} == {
        "a": ["id", "y"],
        "b": ["id", "a_id", "a_x"],
    }
    assert limited.table("a").unique_keys == ()
    assert relation_names(limited, "b") == {"a"}
    assert [item.name for item in limited.table("a").computed] == ["g"]
    assert limited.functions == ()
    assert {table.name for table in read(connection, name, connection.info.user).tables} >= {"a", "b", "c"}


def test_an_unknown_role_is_an_error_and_an_unknown_schema_is_empty(connection: Connection, zoo: str) -> None:
    with pytest.raises(psycopg.errors.UndefinedObject):
        introspect(connection, zoo, "nobody_of_this_name")
    for schema in ("t_nothing", "", "'; drop schema public; --", '"', "t_%"):
        assert parse(introspect(connection, schema, connection.info.user)) == Catalog()


def test_what_an_extension_brings_is_not_the_projects(connection: Connection, schemas: Schemas) -> None:
    """Its tables and functions are left out, its types can be used. So is what depends on a schema from outside."""
    name = schemas.make(
        "create extension pg_trgm; create extension hstore; create extension citext;"
        "create table a (id int primary key, b citext, c hstore, d citext[]);"
        "create foreign data wrapper nothing; create server nothing foreign data wrapper nothing;"
        "create foreign table far (id int not null, x text) server nothing"
    )
    outside = schemas.make(
        f"create function elsewhere() returns regnamespace stable begin atomic select '{name}'::regnamespace; end;"
        f"create view twice as select '{name}'::regnamespace as a"
    )
    catalog = parse(introspect(connection, name))
    assert [(table.name, table.kind) for table in catalog.tables] == [
        ("a", RawTableKind.TABLE),
        ("far", RawTableKind.FOREIGN),
    ]
    assert catalog.functions == ()
    model = build(catalog)
    assert [(c.type.name, c.type.scalar) for c in model.table("a").columns[1:3]] == [
        (QualifiedName(None, "citext"), "String"),
        (QualifiedName(None, "hstore"), "String"),
    ]
    assert [item.name for item in read(connection, outside).functions] == ["elsewhere"]
    connection.execute(
        f"drop foreign table {name}.far; drop server nothing; drop foreign data wrapper nothing; drop table {name}.a;"
        "drop extension citext; drop extension hstore; drop extension pg_trgm"
    )


def test_types_of_other_schemas(connection: Connection, schemas: Schemas) -> None:
    other = schemas.make("create type mood as enum ('ok'); create domain price as numeric not null")
    name = schemas.make(f"create type mood as enum ('sad'); create table a (x mood, y {other}.mood, z {other}.price[])")
    [table] = read(connection, name).tables
    x, y, z = [column.type for column in table.columns]
    assert (x.name, x.scalar, y.name, y.scalar) == (
        QualifiedName(None, "mood"),
        "Mood",
        QualifiedName(other, "mood"),
        "Mood_2",
    )
    assert z.element is not None
    assert (z.element.kind, z.element.name, z.scalar) == (TypeKind.DOMAIN, QualifiedName(other, "price"), "Decimal")


def test_a_search_path_cannot_change_what_is_read(connection: Connection, schemas: Schemas) -> None:
    """A tenant's owner may make functions, operators and tables that look like the catalog's."""
    trap = "returns {} language plpgsql as $$ begin raise exception 'caught'; end $$"
    functions = ["has_any_column_privilege(name, oid, text)", "starts_with(name, text)", "cardinality(int2[])"]
    operands = [
        ("oid", "regclass"),
        ("oid", "regtype"),
        ("oid", "int4"),
        ("name", "text"),
        ("name", "name"),
        ("text", "text"),
    ]
    name = schemas.make(
        "create table a (id int primary key, b int references a, c text unique);"
        "create view pg_class as select 1 as oid; create table pg_depend (x int);"
        "create function one(a) returns int stable language sql as 'select 1'",
        *[f"create function {function} {trap.format('bool')}" for function in functions],
        *[
            f"create function equal({left}, {right}) {trap.format('bool')};"
            f"create operator = (function = equal, leftarg = {left}, rightarg = {right})"
            for left, right in operands
        ],
        f"create function arrow(jsonb, jsonb) {trap.format('text')};"
        "create operator ->> (function = arrow, leftarg = jsonb, rightarg = jsonb);"
        "create domain oid as int; create domain name as int; create domain text as int",
    )
    expected = introspect(connection, name)
    assert len(parse(expected).functions) == 1 + len(functions) + len(operands) + 1
    with psycopg.connect(os.environ["DATABASE_URL"], options=f"-c search_path={name}") as other:
        assert introspect(other, name) == expected
    assert {table.name for table in parse(expected).tables} == {"a", "pg_class", "pg_depend"}


def test_the_shape_depends_on_nothing_around(connection: Connection, schemas: Schemas) -> None:
    """Not on the schema's name, the order in which things were made, the search path or the settings of a session."""
    enums = ["create type a_mood as enum ('x')", "create type z_mood as enum ('x')"]
    functions = [
        f"create function f(a {type_name}) returns int stable language sql as 'select 1'"
        for type_name in ("text", "a_mood", "int", "z_mood", "timestamptz")
    ]
    tables = ["create table b (id int primary key)", "create table a (id int primary key, m a_mood, n z_mood)"]
    one = schemas.make(*enums, *functions, *tables)
    other = schemas.make(*enums[::-1], *tables[::-1], *functions[::-1])
    shape = read(connection, one).shape
    assert read(connection, other).shape == shape
    options = f"-c search_path={other} -c lc_messages=C -c DateStyle=German -c standard_conforming_strings=off"
    with psycopg.connect(os.environ["DATABASE_URL"], options=options) as elsewhere:
        assert read(elsewhere, other).shape == shape
        assert introspect(elsewhere, other) == introspect(connection, other)


def _plan(connection: Connection, schema: str) -> dict[str, Any]:
    statement = sql.SQL("explain (format json) execute introspection ({}, {})").format(schema, schema)
    connection.execute("prepare introspection (text, text) as " + SQL)  # type: ignore[arg-type]
    try:
        row = connection.execute(statement).fetchone()
    finally:
        connection.execute("deallocate introspection")
    assert row is not None
    plan: dict[str, Any] = row[0][0]["Plan"]
    return plan


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", []):
        yield from _nodes(part)


def test_the_plan_looks_up_and_scans_nothing_that_grows(connection: Connection, zoo: str) -> None:
    plan = _plan(connection, zoo)
    scanned = {node["Relation Name"] for node in _nodes(plan) if node["Node Type"] == "Seq Scan"}
    grow = {
        "pg_class",
        "pg_attribute",
        "pg_type",
        "pg_proc",
        "pg_depend",
        "pg_description",
        "pg_index",
        "pg_constraint",
        "pg_rewrite",
    }
    assert scanned.isdisjoint(grow)
    assert any(node.get("Index Name") == "pg_depend_reference_index" for node in _nodes(plan))
    # Below jit_above_cost, whose default is 100,000: compiling takes longer than the query.
    assert plan["Total Cost"] < 100_000


def test_thirty_tables_take_milliseconds(connection: Connection, schemas: Schemas) -> None:
    columns = "name text not null, slug text unique, n int default 1, at timestamptz, tags text[], data jsonb"
    name = schemas.make(
        f"create table t0 (id int primary key, {columns});",
        *[
            f"create table t{n} (id int primary key, p int references t{n - 1}, q int references t{n // 2}, {columns});"
            f"comment on column t{n}.name is 'x'"
            for n in range(1, 30)
        ],
    )
    assert len(parse(introspect(connection, name)).tables) == 30

    def look() -> float:
        started = time.perf_counter()
        introspect(connection, name)
        return time.perf_counter() - started

    # 8 ms alone on a 2-core machine; room for a busy one.
    once_within(0.05, look, attempts=50)


def test_what_postgres_18_adds(connection: Connection, schemas: Schemas) -> None:
    """Constraints that promise less than their older kin, and virtual columns."""
    if connection.info.server_version < 180000:
        pytest.skip("PostgreSQL 18 or later")
    name = schemas.make(
        "create table a (id int primary key, x int, y int generated always as (id * 2) virtual);"
        "insert into a (id) values (1); alter table a add constraint late not null x not valid;"
        "create table b (id int primary key, a_id int not null references a not enforced);"
        "create table rooms (id int4range, during daterange, primary key (id, during without overlaps));"
        "create table stays (id int primary key, room int4range, during daterange,"
        " foreign key (room, period during) references rooms (id, period during))"
    )
    model = read(connection, name)
    assert [(c.name, c.nullable, c.read_only) for c in model.table("a").columns] == [
        *(("id", False, False), ("x", True, False), ("y", True, True))
    ]
    [relation] = model.table("b").relations
    assert relation.nullable
    rooms = model.table("rooms").primary_key
    assert rooms is not None
    assert rooms.columns == ("id", "during")
    assert model.table("stays").relations == ()
