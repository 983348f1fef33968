"""What the catalog says of writing: privileges of tables and columns, and keys that ON CONFLICT can name."""

from __future__ import annotations

from tests.db.schemas import Connection, Schemas, read


def test_privileges_of_tables_and_columns(connection: Connection, schemas: Schemas) -> None:
    name = schemas.make("create table a (x int, y int, z int); create table b (x int)")
    [a, b] = read(connection, name).tables
    assert not any(column.insertable or column.updatable for column in (*a.columns, *b.columns))
    assert not (a.deletable or b.deletable)
    connection.execute(
        f"grant insert (x), update (y) on {name}.a to {name}; grant insert, update, delete on {name}.b to {name}"
    )
    [a, b] = read(connection, name).tables
    assert [(column.insertable, column.updatable) for column in a.columns] == [
        (True, False),
        (False, True),
        (False, False),
    ]
    assert [(column.insertable, column.updatable) for column in b.columns] == [(True, True)]
    assert (a.deletable, b.deletable) == (False, True)


def test_keys_that_on_conflict_can_name(connection: Connection, schemas: Schemas) -> None:
    name = schemas.make(
        "create table a (id int primary key deferrable, p int unique, q int, r int, s int,"
        " constraint late unique (q) deferrable initially deferred);"
        "create unique index on a (r); create unique index on a (s) where r > 0; create unique index on a (abs(s));"
        "comment on table a is '@unique (s)'"
    )
    [table] = read(connection, name).tables
    assert table.primary_key is not None
    assert not table.primary_key.arbiter
    assert {key.columns: key.arbiter for key in table.unique_keys} == {
        ("p",): True,
        ("q",): False,
        ("r",): True,
        ("s",): False,
    }


def test_row_security_is_told(connection: Connection, schemas: Schemas) -> None:
    name = schemas.make("create table a (x int); create table b (x int); alter table b enable row level security")
    assert [table.row_security for table in read(connection, name).tables] == [False, True]
