"""Upserts that leave a row as it is when it is there: an insert that may do nothing, then the rows by their key.

In: rows to insert and the key they may conflict with. Out: statements of a script that keep the rows, new or not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from kapok.errors import KapokError
from kapok.model.types import Table
from kapok.query.draft import WRITTEN, Draft, Script
from kapok.query.kept import Kept
from kapok.query.refusals import Refusal
from kapok.query.values import Value
from kapok.query.write_change import find, refuse_unfound
from kapok.query.write_insert import Batch, Conflict
from kapok.query.write_operation import Origin
from kapok.query.write_rows import Incoming, batches, insert_batch, keep
from kapok.query.write_rules import Rule, insert_rule, visible
from kapok.query.write_target import Target
from kapok.query.writes import RowKey


def upsert_as_it_is(
    script: Script, table: Table, rows: Sequence[Incoming], kept: Kept, conflict: Conflict | None
) -> None:
    """Insert the rows that are not there, and keep all."""
    origin = Origin(tuple(row.path for row in rows))
    for turn, batch in enumerate(batches(table, rows, conflict)):
        keep_as_it_is(script, batch, kept, origin, more=turn > 0)


def keep_as_it_is(script: Script, batch: Batch, kept: Kept, origin: Origin, *, more: bool = False) -> None:
    """Insert the rows of a batch that are not there, and keep all."""
    key = batch.conflict.key if batch.conflict is not None else None
    assert key is not None  # the key of an upsert
    presets = {preset.column.name: preset.value for preset in insert_rule(batch.table, batch.columns()).presets}
    values = {column.name: given for column, given in batch.values}
    if not values.keys() | presets.keys() >= set(key.columns):
        if set(key.columns).isdisjoint(batch.columns()):  # they get their defaults: there is nothing to conflict with
            batch = replace(batch, conflict=None)
            draft = Draft(origin, batch.table.name)
            insert_batch(script, draft, batch, kept, more=more)
            script.add(draft)
            return
        raise KapokError("BAD_USER_INPUT", "Give the columns of onConflict themselves, not through a relation.")
    draft = Draft(origin, batch.table.name)
    hides = visible(batch.table) is not None  # perhaps also what is inserted
    made = script.keep(batch.table, key.columns, many=True, sure=False) if hides else None
    insert_batch(script, draft, batch, made)
    script.add(draft)
    draft = Draft(origin, batch.table.name, key=key)
    count = 1 if batch.positions is None else len(batch.positions)
    given: list[tuple[Value, ...]] = [values.get(name) or (presets[name],) * count for name in key.columns]
    keys = tuple(RowKey(key, row, origin.path()) for row in zip(*given, strict=True))
    target = Target(batch.table, batch.positions, keys, known=made)
    feed = find(draft, target, Rule(), [column.name for column in kept.columns], lock=False)
    refuse_unfound(draft, feed, Refusal.TAKEN)
    draft.result(keep(kept, WRITTEN, more=more))
    script.add(draft)
