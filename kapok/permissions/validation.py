"""What in the rules does not fit a model: names it does not have, conditions that cannot be read, wrong values.

In: permissions and a whole model. Out: `Problem`s, each with its place and line. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from kapok.model.types import Column, Model, Table, TableKind
from kapok.permissions.document import did_you_mean
from kapok.permissions.predicates import RuleProblem, predicate, preset
from kapok.permissions.rules import InsertRule, Permissions, SelectRule, TableRules, UpdateRule

#: Kinds of tables that can be written.
_WRITABLE = frozenset({TableKind.TABLE, TableKind.PARTITIONED})


@dataclass(frozen=True, slots=True)
class Problem:
    """A rule that does not fit the model. path: `tables.posts.anon.select.columns`."""

    path: str
    message: str
    line: int | None = None


def validate(permissions: Permissions, model: Model) -> list[Problem]:
    """All that does not fit, in the order of the rules."""
    tables = {table.name: table for table in model.tables}
    found: list[tuple[str, str]] = []
    for (name, role), entry in permissions.rules.items():
        if name in tables:
            found += _of_entry(model, tables[name], f"tables.{name}.{role}", entry)
        else:
            found.append((f"tables.{name}", _unknown("table", name, tables)))
    functions = {function.name for function in (*model.functions, *[f for t in model.tables for f in t.computed])}
    found += [
        (f"functions.{name}", _unknown("function", name, functions))
        for name in permissions.functions
        if name not in functions
    ]
    return [Problem(path, message, permissions.line_of(path)) for path, message in dict.fromkeys(found)]


def _of_entry(model: Model, table: Table, path: str, entry: TableRules) -> Iterator[tuple[str, str]]:
    columns = {column.name: column for column in table.columns}
    for operation in ("select", "insert", "update", "delete"):
        rule = getattr(entry, operation)
        if rule is None:
            continue
        place = f"{path}.{operation}"
        if operation != "select" and table.kind not in _WRITABLE:
            yield place, f"`{table.name}` is a {table.kind.replace('_', ' ')}: it can only be read."
            continue
        if isinstance(rule, SelectRule | InsertRule | UpdateRule):
            yield from _of_columns(columns, place, rule)
        for part in ("where", "check"):
            data = getattr(rule, part, None)
            if data is not None:
                yield from _of_reading(f"{place}.{part}", partial(predicate, model, table, data))


def _of_columns(
    columns: dict[str, Column], place: str, rule: SelectRule | InsertRule | UpdateRule
) -> Iterator[tuple[str, str]]:
    for name in sorted(rule.columns or ()):
        if name not in columns:
            yield f"{place}.columns", _unknown("column", name, columns)
        elif not isinstance(rule, SelectRule) and columns[name].read_only:
            yield f"{place}.columns", f"`{name}` is made by the database and cannot be given."
    for name, data in ({} if isinstance(rule, SelectRule) else rule.presets).items():
        at = f"{place}.set.{name}"
        if name not in columns:
            yield at, _unknown("column", name, columns)
        elif columns[name].read_only:
            yield at, f"`{name}` is made by the database and cannot be set."
        else:
            yield from _of_reading(at, partial(preset, columns[name], data))


def _of_reading(place: str, read: Callable[[str], Any]) -> Iterator[tuple[str, str]]:
    try:
        read(place)
    except RuleProblem as problem:
        yield problem.place or place, problem.problem[:1].upper() + problem.problem[1:]


def _unknown(what: str, name: str, known: Collection[str]) -> str:
    return f"There is no {what} `{name}`.{did_you_mean(name, known)}"
