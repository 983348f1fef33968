"""A project's own SQL runs in the sessions in which reads are recorded: it can neither forge a record nor suppress one,
and no query changes data for being recorded."""

from __future__ import annotations

import os
from collections.abc import Iterator

import psycopg
import pytest

from kapok.errors import KapokError
from tests.recorded import ROWS, TABLES, Ward, ward

FORGED = "'{\"tables\": [\"patients\"], \"role\": \"doctor\"}', 'tenant:x', '', 'mutation'"
ATTACKS = """
    create function call_it() returns text volatile language plpgsql as
        $$ begin perform kapok_read(FORGED); return 'forged'; end $$;
    create function swallow() returns text volatile language plpgsql as
        $$ begin perform kapok_read(FORGED); return 'forged'; exception when others then return sqlstate; end $$;
    create function quote_it() returns text volatile language plpgsql as $$ begin
        execute format('select %I."kapok_read"($1::jsonb,$2::text,$3::text,$4::text)', current_schema)
            using FORGED;
        return 'forged'; exception when others then return sqlstate; end $$;
    create function insert_it() returns text volatile language plpgsql as $$ begin
        insert into kapok_event (action, details) values (821, '{}'); return 'forged';
        exception when others then return sqlstate; end $$;
    create function pretend() returns text stable language plpgsql as $$ begin
        perform set_config('kapok.actor', 'end_user:somebody', true), set_config('kapok.request_id', 'x', true),
            set_config('kapok.rows_read', '{"rows": 0, "keys": []}', true), set_config('search_path', 'pg_temp', true),
            set_config('statement_timeout', '0', true), set_config('role', 'none', true);
        return 'pretended'; end $$;
    create function forbid() returns text stable language plpgsql as
        $$ begin perform set_config('transaction_read_only', 'on', true); return 'forbidden'; end $$;
    create function mark(row_of patients) returns text stable language plpgsql as $$ begin
        perform set_config('kapok.rows_read', '{"rows": 0, "keys": []}', true);
        return chr(1) || '["patients", "99"]' || chr(2); end $$;
    create function change_it() returns int volatile language plpgsql as
        $$ begin insert into rooms values (99, 'made by a query') on conflict do nothing; return 1; end $$;
    create view changes as select name, change_it() as n from patients;
    create function change_and_hide() returns int volatile language plpgsql as $$ begin
        begin insert into rooms values (98, 'x'); raise exception 'undone'; exception when others then null; end;
        return 1; end $$;
    create function jsonb_build_array(text, text) returns jsonb immutable language sql as
        $$ select '["patients", "99"]'::jsonb $$;
    create function jsonb_build_object(text, bigint, text, jsonb) returns jsonb immutable language sql as
        $$ select '{"rows": 0, "keys": []}'::jsonb $$;
    create view hides as select name, change_and_hide() as n from patients;
""".replace("FORGED", FORGED)
REFUSED = "42501"  # insufficient_privilege


@pytest.fixture(scope="module")
def made() -> Iterator[Ward]:
    wanted = {"patients": "keys", "visits": "keys"}
    with ward(os.environ["DATABASE_URL"], TABLES + ATTACKS, ROWS, wanted, "") as opened:
        yield opened


@pytest.fixture
def hospital(made: Ward) -> Ward:
    """With the rows it begins with, and no events."""
    made.execute(ROWS)
    made.events()
    return made


def test_no_statement_of_a_project_writes_a_record(hospital: Ward) -> None:
    with pytest.raises(KapokError) as caught:
        hospital.data("mutation { callIt }")
    assert caught.value.code == "FORBIDDEN"
    for name in ("swallow", "quoteIt", "insertIt"):
        assert hospital.data(f"mutation {{ {name} }}") == {name: REFUSED}
    assert hospital.events() == []


def test_the_text_alone_writes_none(hospital: Ward) -> None:
    """As anybody who is no gateway, even a superuser."""
    text = f'select "{hospital.tenant.schema}"."kapok_read"($1::jsonb,$2::text,$3::text,$4::text)'
    with hospital.session() as session, pytest.raises(psycopg.errors.InsufficientPrivilege):
        psycopg.RawCursor(session).execute(text, ["{}", "", "", "mutation"])
    assert hospital.events() == []


def test_what_a_function_pretends_does_not_reach_the_record(hospital: Ward) -> None:
    assert hospital.data("{ pretend patient(id: 2) { name } }") == {"pretend": "pretended", "patient": {"name": "Bo"}}
    [event] = hospital.events()
    assert (event["actor"], event["request_id"]) == ("key:service-1", "request-1")
    assert (event["details"]["rows"], event["details"]["keys"]) == (1, [["patients", "2"]])


def test_a_function_cannot_change_which_rows_were_given_out(hospital: Ward) -> None:
    [row] = hospital.data('{ patients(filter: {id: {eq: "1"}}) { mark id } }')["patients"]
    assert row == {"mark": '\x01["patients", "99"]\x02', "id": "1"}
    [event] = hospital.events()
    assert event["details"]["keys"] == [["patients", "1"]]


def test_a_function_that_forbids_writing_gets_no_answer(hospital: Ward) -> None:
    with pytest.raises(KapokError) as caught:
        hospital.data("{ forbid patients { name } }")
    assert caught.value.code == "FORBIDDEN"
    assert hospital.events() == []


@pytest.mark.parametrize("view", ["changes", "hides"])
def test_a_recorded_query_changes_nothing(hospital: Ward, view: str) -> None:
    with pytest.raises(KapokError) as caught:
        hospital.data(f"{{ {view} {{ name n }} }}")
    assert (caught.value.code, caught.value.message) == ("FORBIDDEN", "A query may not change data.")
    assert hospital.events() == []
    assert hospital.data("{ rooms { id } }") == {"rooms": [{"id": "1"}, {"id": "2"}]}


KEYS = [
    ("{ patients { name } }", 3, [["patients", "1"], ["patients", "2"], ["patients", "3"]]),
    ("{ patient(id: 3) { diagnosis } a: patient(id: 99) { id } }", 1, [["patients", "3"]]),
    ("{ patientsConnection(last: 1) { nodes { name } pageInfo { hasPreviousPage } } }", 1, [["patients", "3"]]),
    ("{ patientsConnection(first: 1) { edges { cursor node { name } } } }", 1, [["patients", "1"]]),
    (
        "{ doctors { patients { name visits { at patient { name } } } } }",
        2,
        [["patients", "1"], ["visits", "1"]],
    ),
    ("{ known { name } }", 3, [["patients", "1"], ["patients", "2"], ["patients", "3"]]),
    ("{ patientsConnection(first: 1) { totalCount } patientsAggregate { count } names { name } }", None, None),
    ('{ doctors(filter: {patients: {some: {ward: {eq: "a"}}}}) { id } }', None, None),
]


@pytest.mark.parametrize(("text", "rows", "keys"), KEYS)
def test_the_keys_of_rows_that_are_given_out(
    hospital: Ward, text: str, rows: int | None, keys: list[list[str]] | None
) -> None:
    assert "\x01" not in str(hospital.data(text))
    [event] = hospital.events()
    assert "patients" in event["details"]["tables"]
    assert event["details"].get("rows") == rows
    found = event["details"].get("keys")
    assert (found if found is None else sorted(found)) == keys


def test_keys_have_an_end_and_values_may_hold_anything(hospital: Ward) -> None:
    hospital.execute(
        "insert into patients select n, n::text || chr(1) || '[]' || chr(2) from generate_series(10, 159) n"
    )
    names = [row["name"] for row in hospital.data("{ patients(limit: 1000) { name } }")["patients"]]
    assert "10\x01[]\x02" in names and len(names) == 153
    [event] = hospital.events()
    assert event["details"]["rows"] == 153 and len(event["details"]["keys"]) == 100


def test_a_mutation_tells_tables_only(hospital: Ward) -> None:
    assert hospital.data('mutation { updatePatient(id: 1, input: {ward: "c"}) { name } }')
    [event] = hospital.events()
    assert set(event["details"]) == {"tables", "role", "document"}
