"""What is made searchable: exactly once, whatever stops it; and no longer once it is erased, expired or begun anew."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import psycopg
import pytest
from django.db import connection

from apps.audit.begin_anew import do_begin_anew
from apps.audit.browse import Filter, find_entries, get_entry, history_of_row
from apps.audit.erasure import Selection, do_erase
from apps.audit.search_index import forget_expired, index_all, index_anew, index_batch
from tests.audit.sealed_log import SealedLog, committed

_ALL = "select index, at, who, object, moved_to, request, facet from {schema}.kapok_search order by index"


def indexed(log: SealedLog) -> tuple[int, list[int]]:
    """How far the log says it is searchable, and which entries are."""
    return log.value("select indexed_size from {schema}.kapok_log"), [row[0] for row in log.sql(_ALL)]


def find(log: SealedLog, **wanted: Any) -> list[int | None]:
    """The entries that are found."""
    return [view.index for view in committed(partial(find_entries, log.log, Filter(**wanted))).entries]


def test_an_indexer_that_is_killed_leaves_no_gap_and_no_double(sealed: SealedLog) -> None:
    """Its session is ended before it commits, again and again; others go on where it was."""
    sealed.fill(60, 60)
    sealed.seal()
    draw = random.Random(7)
    for round_ in range(12):
        with sealed.connect() as session:
            session.execute("begin")
            index_batch(session, sealed.log, draw.randint(1, 15))
            if round_ % 2:
                sealed.session.execute("select pg_terminate_backend(%s)", [session.info.backend_pid])
                with pytest.raises(psycopg.OperationalError):
                    session.execute("commit")
                session.close()
            else:
                session.execute("commit")
        size, entries = indexed(sealed)
        assert entries == list(range(size)) and size > 0
    index_all(sealed.session, sealed.log)
    assert indexed(sealed) == (120, list(range(120)))


def test_one_at_a_time_and_nothing_while_an_erasure_runs(sealed: SealedLog) -> None:
    """Whoever has the log's row keeps the indexer out, and is not waited for."""
    sealed.fill(2)
    sealed.seal()
    with sealed.connect() as session, session.transaction():
        sealed.sql("select from {schema}.kapok_log for update", session=session)
        assert not index_batch(sealed.session, sealed.log)
        assert indexed(sealed) == (0, [])
    index_all(sealed.session, sealed.log)
    assert indexed(sealed) == (2, [0, 1])


def test_all_of_it_can_be_made_again(sealed: SealedLog) -> None:
    sealed.fill(3, 2)
    sealed.seal()
    index_all(sealed.session, sealed.log)
    made = sealed.sql(_ALL)
    sealed.sql(
        "update {schema}.kapok_search set who = 1, object = 2; delete from {schema}.kapok_search where index = 3"
    )
    assert index_anew(sealed.session, sealed.log) == 5
    assert sealed.sql(_ALL) == made


def test_nonsense_in_rows_is_searchable_all_the_same(sealed: SealedLog) -> None:
    """What is no object where an object belongs; a table without a key; a change of no table."""
    for key, after in (("[1]", "[1]"), ("7", '"x"'), (None, '{"id": 1}'), ('{"id": 1}', "[2]"), ("{}", "{}")):
        sealed.sql(
            "insert into {schema}.kapok_change (table_name, op, key, after, source) "
            "values (nullif(%s, '[1]'), 'update', %s, %s, 'api')",
            [key, key, after],
        )
    sealed.event(reason="r")
    sealed.seal()
    index_all(sealed.session, sealed.log)
    assert indexed(sealed) == (6, [0, 1, 2, 3, 4, 5])
    assert find(sealed) == [5, 4, 3, 2, 1, 0]


def test_what_is_erased_is_found_no_more(sealed: SealedLog) -> None:
    """Nor does a hash tell what it was; what is left is found as before, and shown as erased."""
    sealed.change(id=1)
    sealed.change(id=2, actor="end_user:grace")
    sealed.event(target="user:ada")
    sealed.seal()
    sealed.sign()
    index_all(sealed.session, sealed.log)
    before = sealed.sql(_ALL)
    everything = ("*",)
    for selection in (
        Selection(actor="end_user:ada"),
        Selection(target="user:ada"),
        Selection(table="bookings", key={"id": 2}, paths=everything),
    ):
        committed(partial(do_erase, sealed.log, selection, actor="a", reason="r"))
    assert find(sealed, who="end_user:ada") == find(sealed, target="user:ada") == []
    assert find(sealed, tables=("bookings",), key={"id": 2}) == []
    assert find(sealed, tables=("bookings",), key={"id": 1}) == [0]
    assert [row[2:4] for row in sealed.sql(_ALL)] == [(None, before[0][3]), (None, None), (None, None)]
    shown = committed(partial(get_entry, sealed.log, 1))
    assert str(shown.value("after.guest")) == str(shown.value("actor")) == "[erased]"
    assert shown.who == "" and shown.key is None and shown.intact and shown.what == "insert bookings"
    assert {one.column for one in shown.differences} == {"id", "guest", "price", "note"}
    index_anew(sealed.session, sealed.log)
    assert [row[2:4] for row in sealed.sql(_ALL)][:3] == [(None, before[0][3]), (None, None), (None, None)]


def test_what_retention_removed_is_found_no_more(sealed: SealedLog) -> None:
    """One entry is still told of, as expired; a row that is gone without that is missing."""
    sealed.fill(4, 1)
    sealed.seal()
    index_all(sealed.session, sealed.log)
    until = sealed.value("select max(at) from {schema}.kapok_change where position <= 3")
    sealed.tamper("delete from {schema}.kapok_change where position <= 3 or position = 4")
    before = (until + timedelta(microseconds=1)).astimezone(UTC)
    details = {"table": "kapok_change", "before": before.isoformat().replace("+00:00", "Z"), "rows": 3}
    sealed.sql(
        "insert into {schema}.kapok_event (action, outcome, actor, target, request_id, address, details) "
        "values (907, 'ok', 'system', 't', '', '', %s)",
        [json.dumps(details)],
    )
    states = {index: committed(partial(get_entry, sealed.log, index)) for index in (0, 2, 3, 4)}
    assert {index: (view.expired, view.missing) for index, view in states.items()} == {
        0: (True, False), 2: (True, False), 3: (True, False), 4: (False, True),
    }  # fmt: skip

    def forget() -> list[bool]:
        with connection.cursor() as cursor:
            return [forget_expired(cursor, sealed.log, before, 2) for _ in range(2)]

    assert committed(forget) == [True, False]
    assert indexed(sealed) == (5, [1, 4])
    assert find(sealed, tables=("bookings",), key={"id": 0}) == []
    assert datetime.now(UTC) > states[0].at


def test_a_log_begun_anew_is_searchable_anew(sealed: SealedLog) -> None:
    sealed.fill(3)
    sealed.seal()
    sealed.sign()
    index_all(sealed.session, sealed.log)
    committed(partial(do_begin_anew, sealed.log, actor="operator:1", reason="lost"))
    assert indexed(sealed) == (0, [])
    sealed.seal()
    index_all(sealed.session, sealed.log)
    assert indexed(sealed) == (4, [0, 1, 2, 3])
    assert find(sealed, actions=("audit.begun_anew",)) == [3]


def test_a_forged_search_table_hides_at_most(sealed: SealedLog) -> None:
    """Whoever rules the database cannot make the browser show what no row says, or what does not fit a filter."""
    sealed.change(id=1)
    sealed.change(id=2, actor="end_user:grace")
    sealed.event(target="user:ada")
    sealed.seal()
    index_all(sealed.session, sealed.log)
    sealed.sql(
        "update {schema}.kapok_search s set who = t.who, object = t.object, facet = t.facet, request = t.request,"
        " moved_to = t.object, at = '2020-01-01' from {schema}.kapok_search t where t.index = 0"
    )
    assert find(sealed, who="end_user:ada") == [0]
    assert find(sealed, tables=("bookings",), key={"id": 1}) == [0]
    assert find(sealed, request_id="r1") == [1, 0]
    assert find(sealed, until=datetime(2021, 1, 1, tzinfo=UTC)) == []
    history = committed(partial(history_of_row, sealed.log, "bookings", {"id": 1}))
    assert [view.index for view in history.entries] == [0]
    sealed.tamper("update {schema}.kapok_change set actor = 'end_user:ada' where position = 2")
    page = committed(partial(find_entries, sealed.log, Filter(who="end_user:ada")))
    assert [(view.index, view.intact) for view in page.entries] == [(1, False), (0, True)]
