"""Random writes under random rules on real Postgres: what is in the tables afterwards, or that it was refused, equals
what a naive interpreter makes of the same rows and rules (tests/db/write_worlds.py)."""

from __future__ import annotations

import os
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from apps.graphql_api.document import DocumentInvalid
from kapok.errors import KapokError
from kapok.model import naming
from kapok.permissions.rules import parse_permissions
from tests.db.actors import Actor, stage
from tests.db.rule_strategies import values, worlds
from tests.db.rule_worlds import Row, World, ddl, links
from tests.db.write_worlds import FIRST_ID, Interpreter, Refused, Write, api, permissions, write_rules
from tests.writes import writer

# Not shrunk: each example makes a schema of its own, and a failure says all there is to say.
EXAMPLES = settings(
    max_examples=25,
    deadline=None,
    phases=(Phase.generate,),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
VERBS = ("create", "updateOne", "updateWhere", "deleteOne", "deleteWhere", "upsert")


@st.composite
def writes(draw: st.DrawFn, world: World) -> Write:
    """One root field."""
    table = draw(st.sampled_from(list(world.tables)))
    joins = world.tables[table].joins
    verb = draw(st.sampled_from([v for v in VERBS if not joins or v in ("create", "deleteWhere")]))
    key = draw(keys(world, table))
    match verb:
        case "create":
            rows = tuple(draw(st.lists(rows_of(world, table), min_size=1, max_size=3)))
            children = draw(children_of(world, table, only_new=True)) if len(rows) == 1 else {}
            return Write(verb, table, rows, children=children)
        case "updateOne":
            row = draw(rows_of(world, table, identity=False))
            return Write(verb, table, (row,), key, children=draw(children_of(world, table, only_new=False)))
        case "upsert":
            row = {**draw(rows_of(world, table, identity=False)), "id": key}
            names = [name for name in row if name != "id"]
            update = draw(st.lists(st.sampled_from(names), unique=True)) if names else []
            return Write(verb, table, (row,), update=tuple(update))
        case "deleteOne":
            return Write(verb, table, key=key)
        case _:
            where = None
            columns = [name for name, type_ in world.tables[table].columns.items() if type_ != "text[]"]
            if columns and draw(st.booleans()):
                column = draw(st.sampled_from(columns))
                there = [row[column] for row in world.rows[table] if row[column] is not None]
                other = values(world.tables[table].columns[column], api=False)
                where = (column, draw(st.sampled_from(there) | other if there else other))
            row = draw(rows_of(world, table, identity=False)) if verb == "updateWhere" else {}
            return Write(verb, table, (row,), where=where)


def keys(world: World, table: str) -> st.SearchStrategy[int]:
    """Mostly of rows that are there."""
    there = [row["id"] for row in world.rows[table] if "id" in row]
    return st.sampled_from([*there * 2, 5, 9])


@st.composite
def rows_of(draw: st.DrawFn, world: World, table: str, *, identity: bool = True) -> Row:
    """Some columns of a row."""
    of = world.tables[table]
    row: Row = {}
    for name, type_ in of.columns.items():
        if draw(st.booleans()):
            row[name] = draw(st.none() | values(type_, api=False) | values(type_, api=False))
    for name in of.links:
        if of.joins or draw(st.booleans()):
            row[name] = draw(st.sampled_from([1, 2, 3, 9] if of.joins else [None, 1, 2, 3, 9]))
    if identity and not of.joins and draw(st.booleans()):
        row["id"] = draw(st.integers(1, 12))
    return row


@st.composite
def children_of(draw: st.DrawFn, world: World, table: str, *, only_new: bool) -> dict[str, dict[str, Any]]:
    """What is done to rows that refer to the row."""
    found: dict[str, dict[str, Any]] = {}
    for name, link in links(world, table).items():
        if link.one or link.junction is not None or draw(st.booleans()):
            continue
        verbs: dict[str, Any] = {}
        refers = next(column for column, target in world.tables[name].links.items() if target == table)
        for verb in ("create", "connect") if only_new else ("delete", "update", "connect", "create"):
            if draw(st.integers(0, 2)):
                continue
            child = {k: v for k, v in draw(rows_of(world, name, identity=False)).items() if k != refers}
            match verb:
                case "create":
                    verbs[verb] = [child, {**child}] if draw(st.booleans()) else [child]
                case "update":
                    verbs[verb] = (draw(keys(world, name)), child)
                case _:
                    verbs[verb] = draw(keys(world, name))
        if verbs:
            found[name] = verbs
    return found


def document(actor: Actor, world: World, write: Write) -> tuple[str, dict[str, Any]]:
    """The document of a write and its variables."""
    table = next(item for item in actor.model.tables if item.name == write.table)
    one, many = table.api_type, table.api_list[0].upper() + table.api_list[1:]
    key_column = any(column.name == "id" for column in table.columns)
    read = " { id }" if key_column else " { __typename }" if table.columns else ""
    rows = [{**api(world, write.table, row), **_children(world, write)} for row in write.rows]
    where = {} if write.where is None else {naming.camel(write.where[0]): {"eq": _filtered(world, write)}}
    match write.verb:
        case "create":
            return f"mutation ($i: [Create{one}Input!]!) {{ done: create{many}(input: $i){read} }}", {"i": rows}
        case "updateOne":
            text = f"mutation ($k: ID!, $i: Update{one}Input!) {{ done: update{one}(id: $k, input: $i){read} }}"
            return text, {"k": str(write.key), "i": rows[0]}
        case "updateWhere":
            given_ = f"$f: {one}Filter!, $i: Update{one}Input!"
            text = f"mutation ({given_}) {{ done: update{many}(filter: $f, input: $i){read} }}"
            return text, {"f": where, "i": rows[0]}
        case "deleteOne":
            return f"mutation ($k: ID!) {{ done: delete{one}(id: $k) }}", {"k": str(write.key)}
        case "deleteWhere":
            return f"mutation ($f: {one}Filter!) {{ done: delete{many}(filter: $f) }}", {"f": where}
        case _:
            names = ", ".join(naming.upper(naming.camel(name)) for name in write.update)
            given_ = f"input: $i, onConflict: ID, update: [{names}]"
            text = f"mutation ($i: Create{one}Input!) {{ done: upsert{one}({given_}){read} }}"
            return text, {"i": rows[0]}


def _filtered(world: World, write: Write) -> Any:
    assert write.where is not None
    return next(iter(api(world, write.table, {write.where[0]: write.where[1]}).values()))


def _children(world: World, write: Write) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for table, verbs in write.children.items():
        made: dict[str, Any] = {}
        for verb, given_ in verbs.items():
            match verb:
                case "create":
                    made[verb] = [api(world, table, row) for row in given_]
                case "update":
                    made[verb] = [{"key": {"id": str(given_[0])}, "input": api(world, table, given_[1])}]
                case _:
                    made[verb] = [{"id": str(given_)}]
        found[table] = made
    return found


def state(rows: dict[str, list[Row]]) -> dict[str, list[str]]:
    """Rows without an order."""
    return {name: sorted(str(sorted(row.items())) for row in found) for name, found in rows.items()}


@EXAMPLES
@given(world=worlds(), data=st.data())
def test_a_write_changes_what_the_rules_say(world: World, data: st.DataObject) -> None:
    rules = data.draw(write_rules(world))
    role = data.draw(st.sampled_from(list(world.roles)))
    text = permissions(world, rules)
    lineage = list(parse_permissions(text).lineage(role))
    tables = (
        ddl(world)
        + f"; create sequence ids minvalue {FIRST_ID};"
        + "".join(
            f"alter table {name} alter id set default nextval('ids');"
            for name, t in world.tables.items()
            if not t.joins
        )
    )
    interpreter = Interpreter(world, rules, role, lineage)
    with (
        writer(os.environ["DATABASE_URL"], tables, f"alter sequence ids restart {FIRST_ID}") as found,
        stage(found) as place,
    ):
        actor = place.actor(text, role, **world.claims)
        for write in data.draw(st.lists(writes(world), min_size=4, max_size=8)):
            found.refill()
            _compare(place, actor, interpreter, write)


def _compare(place: Any, actor: Actor, interpreter: Interpreter, write: Write) -> None:
    if all(table.name != write.table for table in actor.model.tables):
        return
    text, variables = document(actor, interpreter.world, write)
    try:
        actor.compile(text, variables)
    except DocumentInvalid:
        return  # the role's schema does not offer it
    except KapokError as error:
        if error.code == "BAD_USER_INPUT":
            return  # nor the inputs of its variables
    try:
        interpreter.run(write)
        expected = "done"
    except Refused as refused:
        expected = str(refused)
    try:
        actor.data(text, variables)
        answer = "done"
    except KapokError as error:
        answer = f"{error.code} {error.message} {error.__cause__}"
    assert (answer == "done") == (expected == "done"), (expected, answer, text, variables)
    assert state(place.writer.rows()) == state(interpreter.world.rows), (text, variables, answer)
