"""Guards on real Postgres: indexes are used as without them, failing comparisons tell of shown rows only, and row-level
security that a project wrote itself is honoured besides."""

from __future__ import annotations

import os
from collections.abc import Iterator

import psycopg
import pytest

from kapok.catalog.introspect import introspect
from kapok.catalog.parse import parse
from kapok.errors import KapokError
from kapok.execute.session import PREAMBLE, preamble_parameters
from kapok.identifiers import bind_schema
from kapok.model.build import build
from kapok.principal import Principal, PrincipalKind
from tests.reads import Reader, reader

TABLES = """
create table people (id int primary key, name text not null);
create table notes (
  id int primary key, person_id int not null references people, public boolean not null, title text not null
);
create index on notes (person_id);
create index on notes (title);
create table stars (note_id int references notes, person_id int references people, primary key (note_id, person_id));
create index on stars (person_id);
insert into people select n, 'p' || n from generate_series(1, 2000) n;
insert into notes select n, 1 + n % 2000, n % 3 = 0, 'title ' || n from generate_series(1, 20000) n;
insert into stars select n, 1 + n % 2000 from generate_series(1, 20000) n;
create table papers (id int primary key, public boolean not null, meta jsonb, raw json);
insert into papers values
  (1, true, '{"at": 1}', '{}'), (2, false, '{"at": "2020-01-01", "pay": 5000}', '{"a": "\\u0000"}');
create table secrets (id int primary key, owner text not null, body text not null);
alter table secrets enable row level security;
create policy own on secrets using (owner = current_setting('request.jwt.claims')::json ->> 'sub');
insert into secrets values (1, 'ann', 'a'), (2, 'bob', 'b'), (3, 'ann', 'c');
analyze;
"""
RULES = """
roles: {guest: {}, member: {inherits: [guest]}, owner: {}}
tables:
  people:
    guest: {select: {columns: "*"}}
    owner: {select: {columns: "*"}}
  notes:
    guest: {select: {columns: [id, title, public], where: {public: {eq: true}}}}
    member: {select: {columns: "*", where: {or: [{public: {eq: true}}, {personId: {eq: $sub}}]}}}
    owner: {select: {columns: "*", where: {stars: {some: {personId: {eq: $sub}}}}}}
  stars:
    owner: {select: {columns: "*"}}
  papers:
    guest: {select: {columns: "*", where: {public: {eq: true}}}}
  secrets:
    guest: {select: {columns: "*", where: {id: {lt: 3}}}}
"""


@pytest.fixture(scope="module")
def full() -> Iterator[Reader]:
    with reader(os.environ["DATABASE_URL"], TABLES) as found:
        yield found


def plan_of(seen: Reader, document: str, *, generic: bool = False) -> str:
    """The plan as text."""
    operation, coerced = seen.compile(document)
    bound = operation.bind(coerced, 100, seen.claims)
    principal = Principal(PrincipalKind.END_USER, "1", seen.tenant.id, seen.role, seen.claims)
    with seen.connection.transaction():
        seen._execute(PREAMBLE, preamble_parameters(seen.tenant, principal))
        seen.connection.execute(f"set local plan_cache_mode = force_{'generic' if generic else 'custom'}_plan")
        text = "explain (costs off) " + bind_schema(operation.template, seen.tenant.schema)
        result = seen.connection.pgconn.exec_params(text.encode(), bound)
        assert result.ntuples, result.error_message.decode()
        return "\n".join((result.get_value(n, 0) or b"").decode() for n in range(result.ntuples))


@pytest.mark.parametrize("generic", [False, True])
@pytest.mark.parametrize(
    ("role", "document", "index"),
    [
        ("member", '{ note(id: "5") { title } }', "notes_pkey"),
        ("member", '{ notes(filter: {title: {eq: "title 7"}}) { id } }', "notes_title_idx"),
        ("member", "{ notes(orderBy: [{id: DESC}], limit: 3) { title } }", "notes_pkey"),
        ("member", '{ person(id: "3") { notes { title } } }', "notes_person_id_idx"),
        (
            "member",
            '{ people(filter: {id: {eq: "3"}, notes: {some: {title: {ne: ""}}}}) { id } }',
            "notes_person_id_idx",
        ),
        ("owner", '{ person(id: "3") { notes { title person { name } } } }', "notes_person_id_idx"),
        ("owner", "{ notes { title } }", "stars_person_id_idx"),
        ("owner", "{ notesConnection(first: 2, orderBy: [{id: ASC}]) { nodes { id } } }", "notes_pkey"),
    ],
)
def test_indexes_serve_guarded_reads(full: Reader, role: str, document: str, index: str, generic: bool) -> None:
    plan = plan_of(full.as_role(RULES, role, {"sub": 7}), document, generic=generic)
    assert index in plan
    assert "Seq Scan on notes" not in plan


def test_a_rule_without_conditions_costs_nothing(full: Reader) -> None:
    seen, every = full.as_role(RULES, "owner"), full
    document = '{ person(id: "3") { name } people(orderBy: [{id: ASC}]) { id name } }'
    assert seen.compile(document)[0].template == every.compile(document)[0].template


def test_a_regular_expression_sees_shown_rows_only(full: Reader) -> None:
    """A wrong one is refused while it is planned, or (under a generic plan) when the first shown row is looked at."""
    seen = full.as_role(RULES, "guest")
    full.connection.execute("set plan_cache_mode = force_generic_plan")
    try:
        for hidden in (1, 2, 4):
            document = f'{{ notes(filter: {{title: {{eq: "title {hidden}", regex: "["}}}}) {{ id }} }}'
            assert seen.data(document) == {"notes": []}
        with pytest.raises(psycopg.Error):
            seen.data('{ notes(filter: {title: {eq: "title 3", regex: "["}}) { id } }')
    finally:
        full.connection.execute("reset plan_cache_mode")


def test_what_json_holds_is_no_secret_to_an_error(full: Reader) -> None:
    """A path that needs a time zone fails even in @?, and json with NUL is no jsonb: only on rows that are shown."""
    seen = full.as_role(RULES, "guest")
    path = '$.at.datetime() ? (@ < \\"2020-06-01T00:00:00+00:00\\".datetime())'
    for operator in ("pathExists", "pathMatches"):
        document = f'{{ papers(filter: {{meta: {{{operator}: "{path}"}}}}) {{ id }} }}'
        assert seen.data(document) == {"papers": []}
        with pytest.raises(psycopg.errors.FeatureNotSupported):
            full.data(document)
    document = "{ papers(filter: {raw: {eq: {}}}) { id } }"
    assert seen.data(document) == {"papers": [{"id": "1"}]}
    with pytest.raises(psycopg.errors.UntranslatableCharacter):
        full.data(document)


def test_a_json_path_has_no_variables(full: Reader) -> None:
    for pay in (4000, 6000):
        document = f'{{ papers(filter: {{meta: {{pathExists: "$.pay ? (@ > {pay}) ? (@ == $x)"}}}}) {{ id }} }}'
        with pytest.raises(KapokError, match="no variables"):
            full.as_role(RULES, "guest").data(document)


def test_a_pattern_that_could_fail_is_refused_before(full: Reader) -> None:
    for title in ("title 1", "nobody's"):
        with pytest.raises(KapokError, match="backslash"):
            full.as_role(RULES, "guest").data(f'{{ notes(filter: {{title: {{like: "{title}\\\\"}}}}) {{ id }} }}')


def test_columns_the_project_keeps_from_requests(full: Reader) -> None:
    """They are no part of the model, and no guarded select asks for them."""
    table = f"{full.tenant.schema}.secrets"
    full.connection.execute(f"revoke select on {table} from {full.tenant.schema}")
    full.connection.execute(f"grant select (id, owner) on {table} to {full.tenant.schema}")
    try:
        kept = Reader(
            full.connection, full.tenant, full.api, build(parse(introspect(full.connection, full.tenant.schema)))
        )
        seen = kept.as_role(RULES, "guest", {"sub": "ann"})
        assert [column.name for column in seen.model.table("secrets").columns] == ["id", "owner"]
        assert seen.data("{ secrets { id owner } }") == {"secrets": [{"id": "1", "owner": "ann"}]}
    finally:
        full.connection.execute(f"grant select on {table} to {full.tenant.schema}")


def test_row_level_security_of_the_project_is_honoured(full: Reader) -> None:
    read = "{ secrets(orderBy: [{id: ASC}]) { id body } secretsAggregate { count } }"
    assert full.as_role(RULES, "guest", {"sub": "ann"}).data(read) == {
        "secrets": [{"id": "1", "body": "a"}],
        "secretsAggregate": [{"count": 1}],
    }
    assert full.as_role(RULES, "guest", {"sub": "bob"}).data(read)["secrets"] == [{"id": "2", "body": "b"}]
    assert full.as_role(RULES, "guest").data(read) == {"secrets": [], "secretsAggregate": [{"count": 0}]}
    # Without rules of Kapok's, too.
    service = Reader(full.connection, full.tenant, full.api, full.model, "service", {"sub": "ann"})
    assert [row["id"] for row in service.data(read)["secrets"]] == ["1", "3"]
