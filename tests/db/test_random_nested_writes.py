"""Random nested writes under random rules on real Postgres: what is in the tables afterwards, or that it was refused,
equals what a naive interpreter makes of it (tests/db/nested_writes.py)."""

from __future__ import annotations

import os
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, event, given, settings
from hypothesis import strategies as st

from apps.graphql_api.document import DocumentInvalid
from kapok.errors import KapokError
from kapok.permissions.rules import parse_permissions
from tests.db.actors import Actor, stage
from tests.db.nested_writes import Ambiguous, NestedInterpreter, Tree, trees, written
from tests.db.rule_strategies import conditions, worlds
from tests.db.rule_worlds import World, ddl
from tests.db.test_random_writes import state
from tests.db.write_worlds import FIRST_ID, Refused, Rules, permissions, write_rules
from tests.writes import writer

# Not shrunk: each example makes a schema of its own, and a failure says all there is to say.
EXAMPLES = settings(
    max_examples=12,
    deadline=None,
    phases=(Phase.generate,),
    suppress_health_check=list(HealthCheck),
)
DEPTH = 3


@st.composite
def open_rules(draw: st.DrawFn, world: World) -> Rules:
    """Random rules, and one that allows much for most tables, so that deep writes get somewhere."""
    rules = draw(write_rules(world))
    for table in world.tables:
        for role in world.roles:
            world.rules[table, role] = {"columns": "*"}
            if draw(st.integers(0, 5)) == 0:
                world.rules[table, role]["where"] = conditions(draw, world, table, 1)
            for verb in ("insert", "update", "delete"):
                if draw(st.integers(0, 3)):
                    rules[table, role][verb] = {"columns": "*"} if verb != "delete" else {}
                    if verb != "insert" and draw(st.integers(0, 4)) == 0:
                        rules[table, role][verb]["where"] = conditions(draw, world, table, 1)
                    if verb != "delete" and draw(st.integers(0, 4)) == 0:
                        rules[table, role][verb]["check"] = conditions(draw, world, table, 1)
    return rules


@EXAMPLES
@given(world=worlds(), data=st.data())
def test_a_nested_write_changes_what_the_rules_say(world: World, data: st.DataObject) -> None:
    rules = data.draw(open_rules(world))
    role = data.draw(st.sampled_from(list(world.roles)))
    text = permissions(world, rules)
    interpreter = NestedInterpreter(world, rules, role, list(parse_permissions(text).lineage(role)))
    own = [name for name, table in world.tables.items() if not table.joins]
    counted = [f"alter table {name} alter id set default nextval('ids');" for name in own]
    tables = f"{ddl(world)}; create sequence ids minvalue {FIRST_ID};{''.join(counted)}"
    with (
        writer(os.environ["DATABASE_URL"], tables, f"alter sequence ids restart {FIRST_ID}") as found,
        stage(found) as place,
    ):
        actor = place.actor(text, role, **world.claims)
        for _ in range(8):
            table = data.draw(st.sampled_from(own))
            key = data.draw(st.none() | st.sampled_from([*[row["id"] for row in world.rows[table]] * 2, 9]))
            tree = data.draw(trees(interpreter.world, table, new=key is None, depth=DEPTH))
            found.refill()
            event(_compare(place, actor, interpreter, table, key, tree))


def _compare(place: Any, actor: Actor, interpreter: NestedInterpreter, table: str, key: int | None, tree: Tree) -> str:
    of = next((item for item in actor.model.tables if item.name == table), None)
    if of is None:
        return "no table"
    one, many = of.api_type, of.api_list[0].upper() + of.api_list[1:]
    text = f"mutation ($k: ID!, $i: Update{one}Input!) {{ done: update{one}(id: $k, input: $i) {{ id }} }}"
    if key is None:
        text = f"mutation ($i: [Create{one}Input!]!) {{ done: create{many}(input: $i) {{ id }} }}"
    given_ = written(interpreter.world, table, tree)
    variables = {"i": [given_]} if key is None else {"k": str(key), "i": given_}
    try:
        actor.compile(text, variables)
    except DocumentInvalid:
        return "not offered"
    except KapokError as error:
        if error.code == "BAD_USER_INPUT":
            return "input not offered"
    try:
        if key is None:
            interpreter.create(table, [tree])
        else:
            interpreter.update(table, key, tree)
        expected = "done"
    except Refused as refused:
        expected = str(refused)
    except Ambiguous:
        return "ambiguous"
    try:
        actor.data(text, variables)
        answer = "done"
    except KapokError as error:
        answer = f"{error.code} {error.message} {error.__cause__}"
    if (answer == "done") != (expected == "done"):
        pytest.fail(f"{expected} | {answer} | {text} | {variables}")
    real, naive = state(place.writer.rows()), state(interpreter.world.rows)
    if real != naive:
        pytest.fail(f"{real} | {naive} | {answer} | {text} | {variables}")
    return f"{expected}, depth {depth(tree)}"


def depth(tree: Tree) -> int:
    """Rows within rows."""
    inner: list[Tree] = []
    for verbs in tree.related.values():
        for items in [[verbs[1]]] if isinstance(verbs, tuple) else verbs.values():
            inner += [item[1] if isinstance(item, tuple) else item for item in items]
    return max((1 + depth(item) for item in inner if isinstance(item, Tree)), default=0)
