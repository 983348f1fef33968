"""What a new permissions.yaml changes: role by table by operation by column, and what of it lets somebody do more.

In: the rules before and after. Out: `Change`s. `widens` is certain only when False: where nothing shows that a new rule
is as strict as an old one, it counts as wider. A role's rules are compared with those of the same role; inherited ones
are included.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from kapok.permissions.implication import is_implied
from kapok.permissions.matrix import Grant, Operation, callable_functions, covers, is_stricter, matrix
from kapok.permissions.rules import Permissions
from kapok.permissions.wording import as_text

#: Stands for all columns, those of later migrations included.
ALL = "*"


@dataclass(frozen=True, slots=True)
class Change:
    """One role, one table (or function) and one operation ("call" for functions). kind: added, removed or changed.

    columns_added, columns_removed: what may be given or read; "*" for all. details: the rest in words. reasons: why it
    widens, in words; empty when it does not.
    """

    role: str
    subject: str
    operation: str
    kind: str
    columns_added: tuple[str, ...] = ()
    columns_removed: tuple[str, ...] = ()
    details: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()

    @property
    def widens(self) -> bool:
        """Whether somebody may do more than before, or may for all one can tell."""
        return bool(self.reasons)


def changes_between(before: Permissions, after: Permissions) -> list[Change]:
    """All changes, in the order of roles, tables and operations; functions last."""
    old, new = matrix(before), matrix(after)
    places = sorted({*old, *new}, key=lambda place: (place[0], place[1], list(Operation).index(place[2])))
    found = []
    for role, table, operation in places:
        place = (role, table, operation)
        change = _change(old.get(place, ()), new.get(place, ()), operation)
        if change is not None:
            found.append(replace(change, role=role, subject=table, operation=operation.value))
    return [*found, *_function_changes(before, after)]


def _change(old: Sequence[Grant], new: Sequence[Grant], operation: Operation) -> Change | None:
    if [_essence(grant) for grant in old] == [_essence(grant) for grant in new]:
        return None
    had, has = _columns(old), _columns(new)
    kind = "changed" if old and new else "added" if new else "removed"
    deletes = operation is Operation.DELETE
    return Change(
        role="",
        subject="",
        operation="",
        kind=kind,
        columns_added=() if deletes else tuple(sorted(has - had)),
        columns_removed=() if deletes else tuple(sorted(had - has)),
        details=tuple(_details(old, new)),
        reasons=tuple(dict.fromkeys(_reasons(old, new, operation))),
    )


def _essence(grant: Grant) -> Grant:
    """A grant without where it is written."""
    return replace(grant, role="", line=None, own=False)


def _columns(grants: Sequence[Grant]) -> set[str]:
    return {column for grant in grants for column in ({ALL} if grant.columns is None else grant.columns)}


def _details(old: Sequence[Grant], new: Sequence[Grant]) -> Iterator[str]:
    for name, read in (
        ("where", lambda grant: grant.where),
        ("check", lambda grant: grant.check),
        ("set", lambda grant: dict(grant.presets) or None),
        ("limit", lambda grant: grant.limit),
        ("aggregate", lambda grant: grant.aggregate),
    ):
        before, after = [read(grant) for grant in old], [read(grant) for grant in new]
        if before != after and not (name == "aggregate" and not (old and new)):
            yield f"{name}: {_side(before)} -> {_side(after)}"


def _side(values: Sequence[Any]) -> str:
    """The values of a place's grants: `A or B`, `none` for no condition, `-` where there is no grant."""
    texts = dict.fromkeys("none" if value is None else as_text(value) for value in values)
    return " or ".join(texts) or "-"


def _reasons(old: Sequence[Grant], new: Sequence[Grant], operation: Operation) -> Iterator[str]:
    for grant in new:
        if operation is Operation.SELECT:
            yield from _reading(old, grant)
        elif not any(covers(before, grant) for before in old):
            yield _writing(old, grant, operation)
    if operation is Operation.SELECT and old and new:
        yield from _counting(old, new)


def _reading(old: Sequence[Grant], grant: Grant) -> Iterator[str]:
    """Reads are covered column by column: a column one grant shows need not be shown by another."""
    if not old:
        yield f"rows can be read: {', '.join(sorted(_columns([grant])))}"
        return
    for column in sorted(_columns([grant])):
        showing = [before for before in old if before.columns is None or column in before.columns]
        what = "all columns, later ones too," if column == ALL else column
        if column == ALL:
            showing = [before for before in old if before.columns is None]
        if not showing:
            yield f"{what} can be read"
        elif not any(is_implied(before.where, grant.where) for before in showing):
            yield f"{what} of other rows: where {_condition(grant.where)}"


def _counting(old: Sequence[Grant], new: Sequence[Grant]) -> Iterator[str]:
    """Row limit and aggregates of several grants depend on all of them, so they are compared as a whole."""
    was, now = [grant.limit for grant in old], [grant.limit for grant in new]
    if was != now and not (None not in now and _least(now) <= _least(was)):
        yield f"lists may be longer: limit {_side(was)} -> {_side(now)}"
    if any(grant.aggregate for grant in new) and not all(grant.aggregate for grant in old):
        yield "aggregates may be asked for"


def _least(limits: Iterable[int | None]) -> float:
    return min((limit for limit in limits if limit is not None), default=float("inf"))


def _writing(old: Sequence[Grant], grant: Grant, operation: Operation) -> str:
    verb = {Operation.INSERT: "inserted", Operation.UPDATE: "updated", Operation.DELETE: "deleted"}[operation]
    if not old:
        return f"rows can be {verb}"
    if not any(is_stricter(before, grant) for before in old):
        conditions = [f"where {_condition(grant.where)}"] if operation is not Operation.INSERT else []
        conditions += [f"check {_condition(grant.check)}"] if operation is not Operation.DELETE else []
        return f"other rows can be {verb}: {', '.join(conditions)}"
    more = sorted(_columns([grant]) - _columns(old))
    return f"{', '.join(more)} can be given" if more else f"rows can be {verb} with other values"


def _condition(condition: Any) -> str:
    return "none" if condition is None else as_text(condition)


def _function_changes(before: Permissions, after: Permissions) -> Iterator[Change]:
    old, new = callable_functions(before), callable_functions(after)
    for role in sorted({*old, *new}):
        had, has = set(old.get(role, ())), set(new.get(role, ()))
        for name in sorted(has - had):
            yield Change(role, name, "call", "added", reasons=("it can be called",))
        for name in sorted(had - has):
            yield Change(role, name, "call", "removed")
