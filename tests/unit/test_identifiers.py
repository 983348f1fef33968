"""The only place that quotes."""

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kapok.identifiers import (
    SCHEMA_MARK,
    QualifiedName,
    bind_schema,
    checked_schema_name,
    gateway_role,
    owner_role,
    quote_identifier,
    schema_name,
)

NAMES = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), min_size=1, max_size=15)


@given(NAMES)
def test_quoting_can_be_undone_and_never_ends_early(name: str) -> None:
    quoted = quote_identifier(name)
    inside = quoted[1:-1]
    assert quoted[0] == quoted[-1] == '"'
    assert inside.replace('""', "") == name.replace('"', "")
    assert inside.replace('""', '"') == name


@pytest.mark.parametrize("name", ["", "a\x00b", "x" * 64, "é" * 32])
def test_what_postgres_could_not_hold_is_refused(name: str) -> None:
    with pytest.raises(ValueError):
        quote_identifier(name)


@given(st.uuids())
def test_schema_names_come_from_ids_and_are_distinct(tenant_id: uuid.UUID) -> None:
    name = schema_name(tenant_id)
    assert checked_schema_name(name) == name
    assert len(name) == 28
    assert owner_role(name) == name + "_owner"
    assert gateway_role(tenant_id) != name


@pytest.mark.parametrize(
    "name", ["public", "t_", "t_ABCDEFGHIJKLMNOPQRSTUVWXYZ", 't_a"; drop schema public; --', "t_" + "a" * 27]
)
def test_only_derived_names_bind(name: str) -> None:
    with pytest.raises(ValueError):
        bind_schema(f"select 1 from {SCHEMA_MARK}.x", name)


def test_binding_reaches_every_mark() -> None:
    schema = schema_name(uuid.uuid4())
    table = QualifiedName(None, 'o"dd').sql()
    assert bind_schema(f"select * from {table}, {table}", schema).count(f'"{schema}"."o""dd"') == 2
