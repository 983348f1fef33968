"""Reads that are recorded: each way of reading leaves one event with its answer, nothing else leaves any."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator

import pytest

from apps.graphql_api.document import DocumentInvalid
from kapok.errors import KapokError
from kapok.query.recorded import Recorded, names_in
from tests.recorded import ADDRESS, REQUEST, ROWS, TABLES, Ward, ward

PERMISSIONS = """
roles: {nurse: {}, clerk: {}}
tables:
  patients:
    nurse: {select: {columns: [id, ward], where: {ward: {eq: "a"}}}, insert: {columns: "*"}, update: {columns: [ward]}}
    clerk: {insert: {columns: "*"}}
  visits:
    nurse:
      select: {columns: [id, at], where: {patient: {ward: {eq: "a"}}}}
      insert: {columns: "*", check: {patient: {ward: {eq: "a"}}}}
    clerk: {select: {columns: [id, at]}, insert: {columns: "*"}}
  rooms: {clerk: {select: {columns: "*"}}}
"""
WANTED = {"patients": "true", "hidden()": "true"}


@pytest.fixture(scope="module")
def made() -> Iterator[Ward]:
    with ward(os.environ["DATABASE_URL"], TABLES, ROWS, WANTED, PERMISSIONS) as opened:
        yield opened


@pytest.fixture
def hospital(made: Ward) -> Ward:
    """With the rows it begins with, and no events."""
    made.execute(ROWS)
    made.events()
    return made


READS = [
    "{ patients { name } }",
    "{ patient(id: 1) { id } }",
    "{ patient(id: 99) { id } }",
    '{ patientByName(name: "Ann") { id } }',
    "{ patientsConnection(first: 1) { totalCount } }",
    "{ patientsAggregate { count } }",
    "{ visits { patient { name } } }",
    "{ visits { id patient { __typename } } }",
    '{ visits(filter: {patient: {diagnosis: {eq: "hiv"}}}) { id } }',
    "{ visits(orderBy: [{patient: {name: ASC}}]) { id } }",
    "{ doctors { patients { id } } }",
    '{ doctors(filter: {patients: {some: {ward: {eq: "a"}}}}) { id } }',
    "{ names { name } }",
    "{ initials { initial } }",
    "{ known { id } }",
    "{ rooms { oldest } }",
    "{ notes { id } }",
    "{ __schema { queryType { name } } patients { id } }",
    'mutation { createPatient(input: {id: 9, name: "Di"}) { id } }',
    'mutation { createPatients(input: [{id: 9, name: "Di"}]) { id } }',
    'mutation { updatePatient(id: 1, input: {ward: "c"}) { name } }',
    'mutation { updatePatients(filter: {ward: {eq: "b"}}, input: {}) { id } }',
    'mutation { deletePatients(filter: {diagnosis: {eq: "none"}}) }',
    "mutation { createVisit(input: {patient: {connect: {id: 1}}}) { id } }",
    "mutation { createVisit(input: {patientId: 1}) { id patient { name } } }",
]


@pytest.mark.parametrize("text", READS)
def test_each_way_of_reading_leaves_one_event(hospital: Ward, text: str) -> None:
    assert hospital.data(text)
    assert hospital.told() == [["patients"]]


@pytest.mark.parametrize(
    "text",
    [
        "{ __typename }",
        "{ __schema { queryType { name } } }",
        "{ visits { id patientId } }",
        "{ rooms { name free beds { id } } }",
        "{ unknown }",
        "mutation { createVisit(input: {patientId: 1}) { id } }",
        "mutation { deleteVisit(id: 1) }",
        'mutation { createPatient(input: {id: 9, name: "Di"}) { __typename } }',
    ],
)
def test_whatever_reads_nothing_of_it_leaves_none(hospital: Ward, text: str) -> None:
    assert hospital.data(text)
    assert hospital.told() == []


@pytest.mark.parametrize("role", ["service", "nurse", "clerk"])
def test_postgres_looks_into_nothing_that_is_not_told(hospital: Ward, role: str) -> None:
    """Every query above, with every table recorded, against the planner's own word for what it scans."""
    everything = Recorded([(table.name, "true") for table in hospital.model.tables], hospital.model)
    looked = 0
    for text in [*[text for text in READS if text.startswith("{ ")], "{ visits { id } }", "{ rooms { name } }"]:
        try:
            scanned = hospital.scanned(text, role)
        except DocumentInvalid:  # the role does not have the fields
            continue
        operation, _ = hospital.compile(text, role, {})
        assert scanned <= set(everything.read_by(operation)), text
        looked += len(scanned)
    assert looked > (20 if role == "service" else 0)


def test_functions_that_are_named_and_what_several_fields_read(hospital: Ward) -> None:
    assert hospital.data("{ hidden }") == {"hidden": "3"}
    hospital.data("{ hidden names { name } patients { id visits { id } } }")
    assert hospital.told() == [["hidden()"], ["hidden()", "patients"]]


def test_rules_that_look_at_it_count_as_reading(hospital: Ward) -> None:
    assert hospital.data("{ visits { id } }", "nurse") == {"visits": [{"id": "1"}]}
    assert hospital.told() == [["patients"]]
    assert hospital.data("{ visits { id } }", "clerk") == {"visits": [{"id": "1"}, {"id": "2"}]}
    assert hospital.told() == []
    hospital.data("mutation { createVisit(input: {patientId: 1}) { id } }", "nurse")
    assert hospital.told() == [["patients"]]


def test_a_row_that_may_not_be_read_back_is_not_read(hospital: Ward) -> None:
    assert hospital.data('mutation { createPatient(input: {id: 9, name: "Di"}) }', "clerk") == {"createPatient": True}
    assert hospital.told() == []


@pytest.mark.parametrize("role", ["service", "anon", "nurse", "clerk"])
def test_what_an_event_says(hospital: Ward, role: str) -> None:
    text = "query Look($id: ID!) { patient(id: $id) { id } }"
    if role in ("anon", "clerk"):  # they do not even have the field
        with pytest.raises(Exception, match="GRAPHQL_VALIDATION_FAILED"):
            hospital.data(text, role, id=1)
        assert hospital.events() == []
        return
    assert hospital.data(text, role, id=1) == {"patient": {"id": "1"}}
    [event] = hospital.events()
    who = {"service": "key:service-1", "nurse": "end_user:nurse-1"}[role]
    assert (event["action"], event["outcome"], event["actor"]) == (821, "ok", who)
    assert (event["target"], event["request_id"], event["address"]) == (
        f"tenant:{hospital.tenant.id}",
        REQUEST,
        ADDRESS,
    )
    digest = hashlib.sha256(text.encode()).hexdigest()
    assert event["details"] == {"tables": ["patients"], "role": role, "operation": "Look", "document": digest}


def test_what_could_not_be_recorded_is_not_given_out(hospital: Ward) -> None:
    """The event's table is taken away from the platform: a read, and a mutation that reads back."""
    hospital.execute("alter table kapok_event add constraint no_more check (action <> 821) not valid")
    try:
        for text in ("{ patients { name } }", 'mutation { createPatient(input: {id: 9, name: "Di"}) { name } }'):
            with pytest.raises(KapokError) as caught:
                hospital.data(text)
            assert caught.value.code == "READ_NOT_RECORDED"
    finally:
        hospital.execute("alter table kapok_event drop constraint no_more")
    assert hospital.data("{ patientsAggregate { count } }") == {"patientsAggregate": [{"count": 3}]}
    assert hospital.told() == [["patients"]]


def test_a_read_waits_for_its_record_no_longer_than_for_anything(hospital: Ward) -> None:
    with hospital.session() as session:
        session.execute("lock table kapok_event in access exclusive mode")
        with hospital.hurried(), pytest.raises(KapokError) as caught:
            hospital.data("{ patients { name } }")
        assert caught.value.code == "TIMEOUT"
        assert hospital.data("{ rooms { id } }"), "others are not held up"
    assert hospital.events() == []


def test_names_in_sql() -> None:
    text = 'insert into \x00schema\x00."in" as t0 select \x00schema\x00."f"(1), \x00schema\x00."a ""b""" from x."y"'
    assert names_in(text) == {"f()", 'a "b"'}
