"""Random filters against a naive evaluation in Python over all rows, with SQL's three-valued logic.

`None` is SQL's unknown: a comparison with null is unknown, and only rows for which a filter is true are given.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.reads import Reader, reader

TABLES = """
create type mood as enum ('sad', 'ok', 'happy');
create table owners (id int primary key, name text, boss_id int references owners);
create table things (
  id int primary key, whole int, long bigint, exact numeric, name text, mood mood, flag boolean, tags text[],
  owner_id int references owners
);
create table labels (id int primary key, name text);
create table thing_labels (
  thing_id int references things, label_id int references labels, primary key (thing_id, label_id)
);
insert into owners values (1, 'Ann', null), (2, 'bob', 1), (3, null, 1), (4, 'a%b_c\\', 2);
insert into things select n, nullif(n % 5, 0), n * 4503599627370496, nullif(n % 4, 1) / 8.0,
  (array['Ann', 'ann', '', null, 'a%b_c\\', 'Zoë'])[1 + n % 6], (array['sad', 'ok', 'happy', null]::mood[])[1 + n % 4],
  (array[true, false, null])[1 + n % 3],
  case when n % 7 > 0 then (array['{}', '{a}', '{a,b}', '{b,b,c}'])[1 + n % 4]::text[] end, nullif(n % 5, 0)
  from generate_series(1, 30) n;
insert into labels values (1, 'x'), (2, null), (3, 'y');
insert into thing_labels
  select n, 1 + n % 3 from generate_series(1, 20) n union select n, 1 from generate_series(1, 10) n;
"""
DOCUMENT = "query ($filter: ThingFilter) { things(filter: $filter) { id } }"
MOODS = ("SAD", "OK", "HAPPY")
TEXTS = ("Ann", "ann", "", "a%b_c\\", "Zoë", "a", "b", "%", "_", "nobody's")
Truth = bool | None
Row = dict[str, Any]

# ---------------------------------------------------------------------------------------------- a naive evaluation


def negate(value: Truth) -> Truth:
    return None if value is None else not value


def all_of(values: list[Truth]) -> Truth:
    return False if False in values else None if None in values else True


def any_of(values: list[Truth]) -> Truth:
    return True if True in values else None if None in values else False


def like(pattern: str, *, ignore_case: bool = False) -> re.Pattern[str]:
    """A LIKE pattern: % any text, _ any character, backslash takes the next one as it is."""
    found = re.sub(
        r"\\(.)|(%)|(_)|(.)",
        lambda m: ".*" if m[2] else "." if m[3] else re.escape(m[1] or m[4]),
        pattern,
        flags=re.S,
    )
    return re.compile(found, re.S | (re.I if ignore_case else 0))


OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "gt": lambda a, b: a > b,
    "gte": lambda a, b: a >= b,
    "lt": lambda a, b: a < b,
    "lte": lambda a, b: a <= b,
    "in": lambda a, b: a in b,
    "notIn": lambda a, b: a not in b,
    "like": lambda a, b: like(b).fullmatch(a) is not None,
    "notLike": lambda a, b: like(b).fullmatch(a) is None,
    "ilike": lambda a, b: like(b, ignore_case=True).fullmatch(a) is not None,
    "startsWith": lambda a, b: a.startswith(b),
    "endsWith": lambda a, b: a.endswith(b),
    "contains": lambda a, b: b in a if isinstance(a, str) else set(b) <= set(a),
    "icontains": lambda a, b: b.lower() in a.lower(),
    "istartsWith": lambda a, b: a.lower().startswith(b.lower()),
    "iendsWith": lambda a, b: a.lower().endswith(b.lower()),
    "has": lambda a, b: b in a,
    "containedBy": lambda a, b: set(a) <= set(b),
    "overlaps": lambda a, b: bool(set(a) & set(b)),
}


def compare(operator: str, mine: Any, argument: Any, read: Callable[[Any], Any]) -> Truth:
    if operator == "isNull":
        return (mine is None) == argument
    if operator == "distinctFrom":
        return mine != (None if argument is None else read(argument))
    if operator == "notDistinctFrom":
        return mine == (None if argument is None else read(argument))
    if operator == "length":
        return all_of([compare(inner, None if mine is None else len(mine), v, int) for inner, v in argument.items()])
    if mine is None:  # x = any('{}') is false, x <> all('{}') is true, whatever x is
        return operator == "notIn" if argument == [] and operator in ("in", "notIn") else None
    return OPERATORS[operator](
        mine, [read(item) for item in argument] if isinstance(argument, list) else read(argument)
    )


READERS: dict[str, Callable[[Any], Any]] = {"long": int, "exact": Decimal, "mood": MOODS.index, "id": int}


def holds(filter_: Any, row: Row, world: dict[str, Any]) -> Truth:
    found: list[Truth] = []
    for key, value in filter_.items():
        match key:
            case "and":
                found.append(all_of([holds(item, row, world) for item in value]))
            case "or":
                found.append(any_of([holds(item, row, world) for item in value]))
            case "not":
                found.append(negate(holds(value, row, world)))
            case "owner" | "boss":
                related = world["owners"].get(row["owner_id" if key == "owner" else "boss_id"])
                found.append(related is not None and holds(value, related, world) is True)
            case "labels" | "things":
                found += [quantified(name, inner, world[key](row), world) for name, inner in value.items()]
            case column:
                read = READERS.get(column, lambda same: same)
                found.append(all_of([compare(name, row[column], v, read) for name, v in value.items()]))
    return all_of(found)


def quantified(name: str, filter_: Any, related: list[Row], world: dict[str, Any]) -> bool:
    truths = [holds(filter_, row, world) for row in related]
    return {"some": True in truths, "none": True not in truths, "every": all(truth is True for truth in truths)}[name]


# -------------------------------------------------------------------------------------------------- random filters


def operators(values: st.SearchStrategy[Any], *names: str) -> st.SearchStrategy[Any]:
    found = {
        name: values for name in ("eq", "ne", "gt", "gte", "lt", "lte") if "order" in names or name in ("eq", "ne")
    }
    found |= {"in": st.lists(values, max_size=3), "notIn": st.lists(values, max_size=3), "isNull": st.booleans()}
    found |= dict.fromkeys(("distinctFrom", "notDistinctFrom"), st.none() | values)
    return some_of(found)


def some_of(entries: dict[str, st.SearchStrategy[Any]], most: int = 2) -> st.SearchStrategy[Any]:
    """An object with up to `most` of the entries."""
    keys = st.lists(st.sampled_from(sorted(entries)), max_size=most, unique=True)
    return keys.flatmap(lambda chosen: st.fixed_dictionaries({key: entries[key] for key in chosen}))


texts = st.sampled_from(TEXTS)
lengths = some_of({name: st.integers(0, 6) for name in ("eq", "gt", "lte")})
patterns = dict.fromkeys(
    ("like", "notLike", "ilike"), st.sampled_from(("%", "a%", "_nn", "%\\%%", "A_N", "", "%c\\\\"))
)
parts = ("startsWith", "endsWith", "contains", "icontains", "istartsWith", "iendsWith")
# Texts are compared for equality and parts only: their order is the database's collation.
text_filters = operators(texts) | some_of({**patterns, **dict.fromkeys(parts, texts), "length": lengths})
tag_lists = st.lists(st.sampled_from("abcd"), max_size=3)
tag_filters = some_of(
    {
        **dict.fromkeys(("contains", "containedBy", "overlaps", "eq", "ne"), tag_lists),
        "has": st.sampled_from("abcd"),
        "length": lengths,
        "isNull": st.booleans(),
    }
)
columns = {
    "whole": operators(st.integers(0, 6), "order"),
    "long": operators(st.integers(0, 31).map(lambda n: str(n * 4503599627370496)), "order"),
    "exact": operators(st.sampled_from(["0", "0.25", "0.250", "0.375", "1e3"]), "order"),
    "name": text_filters,
    "mood": operators(st.sampled_from(MOODS), "order"),
    "flag": operators(st.booleans()),
    "tags": tag_filters,
}
owner_filters = st.recursive(
    some_of({"name": text_filters, "id": operators(st.integers(1, 5).map(str), "order")}),
    lambda inner: some_of({"name": text_filters, "boss": inner, "not": inner, "or": st.lists(inner, max_size=2)}),
    max_leaves=3,
)
label_filters = some_of({"name": operators(st.sampled_from(["x", "y", "z"])), "id": operators(st.sampled_from("123"))})
quantifiers = some_of(dict.fromkeys(("some", "none", "every"), label_filters))
filters = st.recursive(
    some_of({**columns, "owner": owner_filters, "labels": quantifiers}),
    lambda inner: some_of(
        {"and": st.lists(inner, max_size=3), "or": st.lists(inner, max_size=3), "not": inner, **columns}, most=3
    ),
    max_leaves=6,
)


@pytest.fixture(scope="module")
def things() -> Iterator[Reader]:
    with reader(os.environ["DATABASE_URL"], TABLES) as found:
        yield found


@pytest.fixture(scope="module")
def world(things: Reader) -> dict[str, Any]:
    """All rows as Python sees them, by plain SQL."""
    names = ("id", "whole", "long", "exact", "name", "mood", "flag", "tags", "owner_id")
    rows = [dict(zip(names, row, strict=True)) for row in things.rows(f"select {', '.join(names)} from things")]
    for row in rows:
        row["mood"] = None if row["mood"] is None else ("sad", "ok", "happy").index(row["mood"])
    owners = [dict(zip(("id", "name", "boss_id"), row, strict=True)) for row in things.rows("select * from owners")]
    labels = {row[0]: {"id": row[0], "name": row[1]} for row in things.rows("select * from labels")}
    links = things.rows("select thing_id, label_id from thing_labels")
    return {
        "rows": rows,
        "owners": {owner["id"]: owner for owner in owners},
        "labels": lambda row: [labels[label] for thing, label in links if thing == row["id"]],
    }


@settings(max_examples=400, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(filter_=filters)
def test_a_filter_means_what_it_says(things: Reader, world: dict[str, Any], filter_: Any) -> None:
    expected = {str(row["id"]) for row in world["rows"] if holds(filter_, row, world) is True}
    assert {row["id"] for row in things.data(DOCUMENT, {"filter": filter_})["things"]} == expected


def test_the_filters_tell_rows_apart(things: Reader, world: dict[str, Any]) -> None:
    """The naive evaluation itself, on filters whose answers are known."""
    for filter_, count in [
        ({}, 30),
        ({"whole": {"eq": 1}}, 6),
        ({"not": {"whole": {"eq": 1}}}, 18),
        ({"labels": {"every": {"id": {"eq": "1"}}}}, 10 + 3 + 3),
        ({"owner": {"boss": {"name": {"eq": "Ann"}}}}, 12),
    ]:
        assert len([row for row in world["rows"] if holds(filter_, row, world) is True]) == count, filter_
