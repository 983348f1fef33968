"""What the catalog knows of reads that no statement names: of views, policies, functions, partitions and children."""

from __future__ import annotations

from kapok.catalog.introspect import introspect
from kapok.catalog.parse import parse
from kapok.model.build import build
from tests.db.schemas import Connection, Schemas

TABLES = """
    create table patients (id int primary key, name text);
    create table visits (id int, patient int references patients, at date, primary key (id, at))
        partition by range (at);
    create table visits_2026 partition of visits for values from ('2026-01-01') to ('2027-01-01');
    create table people (id int primary key);
    create table employees (badge text) inherits (people);
    create view names as select name from patients;
    create view initials as select left(name, 1) as initial from names;
    create materialized view counted as select count(*) as n from initials;
    create function known() returns setof patients stable begin atomic select * from patients; end;
    create function hidden() returns bigint stable language sql as 'select count(*) from patients';
    create view through_function as select count(*) as n from known();
    create function visited(row_of patients) returns boolean stable begin atomic
        select exists (select from visits v where v.patient = row_of.id); end;
    create table notes (id int primary key, patient int);
    alter table notes enable row level security;
    create policy own on notes using (exists (select from patients p where p.id = patient));
    create table rooms (id int primary key);
    create policy idle on rooms using (exists (select from patients));
"""
READS = {
    "names": ("patients",),
    "initials": ("names",),
    "counted": ("initials",),
    "known()": ("patients",),
    "through_function": ("known()",),
    "visited()": ("patients", "visits"),
    "notes": ("patients",),
    "people": ("employees",),
    "visits": ("visits_2026",),
    "visits_2026": ("visits",),
}


def test_what_is_read_beside_what_is_named(connection: Connection, schemas: Schemas) -> None:
    schema, other = schemas.make(TABLES), schemas.make(TABLES)
    catalog = parse(introspect(connection, schema))
    assert dict(catalog.reads) == READS
    model = build(catalog)
    assert model.reads == catalog.reads
    assert model.shape == build(parse(introspect(connection, other))).shape, "schemas made alike have one shape"
    connection.execute(f"create or replace view {other}.names as select 'x'::text as name")
    assert build(parse(introspect(connection, other))).shape != model.shape, "what a view reads is part of the shape"
