"""The root fields of a mutation: each becomes statements of a script, one of which gives its JSON.

In: a root field's write. Out: where its result is. Rows are read in the statement that writes them where that tells the
same as reading them afterwards, else by their keys, in a statement that sees all that was written.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from kapok.errors import KapokError
from kapok.model.types import Table
from kapok.query.codegen_rows import select
from kapok.query.draft import WRITTEN, Draft, Script
from kapok.query.fragments import column, join, sql
from kapok.query.guard import GuardedTable
from kapok.query.kept import Kept, whole_of
from kapok.query.plan import Call, Drawn, ListRead, OneRead, RowFields, ValueRead, VersionRead
from kapok.query.refusals import Refusal
from kapok.query.source import call_sql
from kapok.query.write_change import Changes, delete, refuse_stale
from kapok.query.write_existing import keep_as_it_is, upsert_as_it_is
from kapok.query.write_insert import Batch, Conflict
from kapok.query.write_nested import Found, change, hangs, place, prepare
from kapok.query.write_operation import Origin, Result
from kapok.query.write_read import columns_read, read_back, read_list, read_one, readable_at_once
from kapok.query.write_rows import batches, columns_of_rows, insert_batch, insert_rows, keep
from kapok.query.write_rows import change as change_target
from kapok.query.write_rules import delete_rule
from kapok.query.write_target import Target
from kapok.query.writes import (
    CallWrite,
    Change,
    CreateMany,
    CreateOne,
    DeleteOne,
    DeleteWhere,
    NewRow,
    NewRows,
    RootWrite,
    RowChange,
    UpdateMany,
    UpdateOne,
    UpdateWhere,
    Upsert,
    Write,
)


def root(script: Script, item: RootWrite) -> Result:
    """Write one root field."""
    result = _root(script, item.write)
    script.settle()
    return result


def _root(script: Script, write: Write) -> Result:
    match write:
        case CreateOne():
            return _Creation(script, write.table, write.fields, one=True, required=write.required).write((write.row,))
        case CreateMany():
            return _Creation(script, write.table, write.fields).write(write.rows)
        case Upsert():
            conflict = Conflict(write.conflict, tuple(column.name for column in write.update))
            creation = _Creation(script, write.table, write.fields, one=write.one, required=write.required)
            return creation.write(write.rows, conflict)
        case UpdateOne():
            return _update_one(script, write)
        case UpdateMany():
            return _update_many(script, write)
        case UpdateWhere():
            return _update_where(script, write)
        case DeleteOne() | DeleteWhere():
            return _delete(script, write)
        case CallWrite():
            return _call(script, write)


# --- new rows -------------------------------------------------------------------------------------------------------


class _Creation:
    """Rows that are inserted and read back. one: the result is the one row. required: it must be visible."""

    def __init__(
        self, script: Script, table: Table, fields: RowFields | None, *, one: bool = False, required: bool = False
    ) -> None:
        self._script = script
        self._table = table
        self._fields = fields
        self._one = one
        self._required = required and isinstance(table, GuardedTable)  # of any other table everything is visible
        self._at_once = readable_at_once(table, fields) or whole_of(table).primary_key is None

    def write(self, rows: Sequence[NewRow] | NewRows, conflict: Conflict | None = None) -> Result:
        """The rows' statements."""
        as_it_is = conflict is not None and not conflict.update
        if isinstance(rows, NewRows):
            return self._uniform(rows, conflict, as_it_is=as_it_is)
        origin = Origin(tuple(row.path for row in rows) or ((),))
        incoming = prepare(self._script, rows)
        groups = list(batches(self._table, incoming, conflict))
        if self._at_once and len(groups) == 1 and not as_it_is and not any(hangs(row.nested) for row in rows):
            return self._read_at_once(groups[0], origin)
        if self._at_once and len(groups) > 1 and whole_of(self._table).primary_key is None:
            problem = f"{self._table.api_type} has no primary key, so all rows of one list must give the same fields."
            raise KapokError("BAD_USER_INPUT", problem)
        needs_key(self._table)
        insert = upsert_as_it_is if as_it_is else insert_rows
        write = partial(insert, self._script, self._table, incoming, conflict=conflict)
        kept = place(self._script, self._table, rows, write)
        return self._read_back(kept, origin)

    def _uniform(self, rows: NewRows, conflict: Conflict | None, *, as_it_is: bool) -> Result:
        origin = Origin((rows.path,), counted=True)
        values = tuple((given.column, (given.value,)) for given in rows.values)
        batch = Batch(self._table, values, None, conflict=conflict)
        if self._at_once and not as_it_is:
            return self._read_at_once(batch, origin)
        needs_key(self._table)
        kept = self._script.keep(self._table, (), many=True, sure=True)
        if as_it_is:
            keep_as_it_is(self._script, batch, kept, origin)
        else:
            draft = Draft(origin, self._table.name)
            insert_batch(self._script, draft, batch, kept)
            self._script.add(draft)
        return self._read_back(kept, origin)

    def _read_at_once(self, batch: Batch, origin: Origin) -> Result:
        draft = Draft(origin, self._table.name)
        columns = list(columns_read(self._table, self._fields))
        # One row of a table without rules is read if it was written: nothing else has to be asked.
        plain = self._one and self._fields is not None and not isinstance(self._table, GuardedTable)
        sure = plain and batch.conflict is None
        insert_batch(self._script, draft, batch, None, columns=columns, counted=not sure)
        read = read_one if self._one else read_list
        value = read(draft, self._table, self._fields)
        if sure or self._required:
            reason = Refusal.SKIPPED if sure else Refusal.HIDDEN
            value = sql("coalesce(", value, ", ", draft.refusal(reason, sql("1")), ")")
        result = draft.result(value)
        return Result(self._script.add(draft), draft.column(result))

    def _read_back(self, kept: Kept, origin: Origin) -> Result:
        one, required = self._one, self._required
        return read_back(self._script, kept, self._table, self._fields, origin, one=one, required=required)


# --- rows that are there --------------------------------------------------------------------------------------------


def _update_one(script: Script, write: UpdateOne) -> Result:
    row, table = write.row, write.table
    origin = Origin((row.change.path,))
    if row.change.nested or not (readable_at_once(table, write.fields) or whole_of(table).primary_key is None):
        needs_key(table)
        kept = change(script, table, [_found(row)], required=False)
        return read_back(script, kept, table, write.fields, origin, one=True)
    draft = Draft(origin, table.name)
    versions = () if row.if_version is None else (row.if_version,)
    target = Target(table, (1,), (row.key,), versions=versions)
    columns = list(columns_read(table, write.fields))
    change_target(script, draft, target, _changes(row.change), None, columns=columns)
    result = draft.result(read_one(draft, table, write.fields))
    return Result(script.add(draft), draft.column(result))


def _found(row: RowChange) -> Found:
    return Found(row.change, row.key, version=row.if_version)


def _changes(change: Change) -> Changes:
    return Changes(columns_of_rows([change.values]))


def _update_many(script: Script, write: UpdateMany) -> Result:
    needs_key(write.table)
    origin = Origin(tuple(row.change.path for row in write.rows) or ((),))
    kept = change(script, write.table, [_found(row) for row in write.rows], required=False)
    return read_back(script, kept, write.table, write.fields, origin, one=False)


def _update_where(script: Script, write: UpdateWhere) -> Result:
    table, origin = write.table, Origin((write.change.path,))
    key = whole_of(table).primary_key
    draft = Draft(origin, table.name)
    target = Target(table, (1,), where=write.where)
    if readable_at_once(table, write.fields) or key is None:
        ordered_by = table.primary_key.columns if table.primary_key is not None else ()
        columns = [*columns_read(table, write.fields), *ordered_by]
        change_target(script, draft, target, _changes(write.change), None, columns=columns)
        result = draft.result(read_list(draft, table, write.fields, ordered=True))
        return Result(script.add(draft), draft.column(result))
    kept = script.keep(table, (), many=True, sure=False)
    change_target(script, draft, target, _changes(write.change), None, columns=key.columns)
    order = join(", ", (column(WRITTEN, name) for name in key.columns))
    draft.result(keep(kept, WRITTEN, position=sql("row_number() over (order by ", order, ")")))
    script.add(draft)
    return read_back(script, kept, table, write.fields, origin, one=False, capped=True)


def _delete(script: Script, write: DeleteOne | DeleteWhere) -> Result:
    if isinstance(write, DeleteOne):
        draft = Draft(Origin((write.key.path,)), write.table.name, deletes=True)
        versions = () if write.if_version is None else (write.if_version,)
        target = Target(write.table, (1,), (write.key,), versions=versions)
        value = sql("(exists (select from ", WRITTEN, "))::text")
    else:
        draft = Draft(Origin(((),)), write.table.name, deletes=True)
        target = Target(write.table, (1,), where=write.where)
        value = sql("(select count(*)::text from ", WRITTEN, ")")
    rule = delete_rule(write.table)
    feed = delete(draft, target, rule)
    refuse_stale(draft, feed, target, rule)
    result = draft.result(value)
    return Result(script.add(draft), draft.column(result))


def needs_key(table: Table) -> None:
    """Raises BAD_USER_INPUT for a table whose rows could not be found again."""
    if whole_of(table).primary_key is None:
        raise KapokError(
            "BAD_USER_INPUT", f"{table.api_type} has no primary key, so only its own fields can be written and read."
        )


# --- functions ------------------------------------------------------------------------------------------------------


def _call(script: Script, write: CallWrite) -> Result:
    read = write.read
    draft = Draft(Origin(((),)))
    if isinstance(read, Call):  # it returns nothing: a row of it is that it has run
        value = sql("(select 'true' from ", call_sql(read, None, draft.aliases), " limit 1)")
        result = draft.result(value)
        return Result(script.add(draft), draft.column(result))
    if isinstance(read, ValueRead) or _is_all_given(read):
        result = draft.result(sql("(", select(read, None, draft.aliases), ")"))
        return Result(script.add(draft), draft.column(result))
    call = read.rows.call
    assert call is not None  # rows of a function
    kept, row = script.keep_rows(read.rows.table), draft.aliases.new()
    # A function that returns null gives one row of nulls.
    present = f" where not ({row} is null)" if isinstance(read, OneRead) else ""
    draft.result(kept.keep(sql("select ", row, " from ", call_sql(call, None, draft.aliases), f" {row}", present)))
    script.add(draft)
    draft = Draft(Origin(((),)))
    again = replace(read, rows=replace(read.rows, call=None, drawn=Drawn(kept.rows(), typed=True)))
    result = draft.result(sql("(", select(again, None, draft.aliases), ")"))
    return Result(script.add(draft), draft.column(result))


def _is_all_given(read: OneRead | ListRead) -> bool:
    """Whether all that is read of a function's rows is in them: their versions are the table's."""
    versions = any(isinstance(field.read, VersionRead) for field in read.fields)
    return not versions and readable_at_once(read.rows.table, read.fields)
