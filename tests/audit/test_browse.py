"""Looking into a log: every filter against the same filter written plainly, pages, one entry, histories of rows."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from apps.audit.browse import (
    EntryView,
    Filter,
    Page,
    find_entries,
    get_entry,
    history_of_row,
    json_of,
    parse_key,
    search,
)
from apps.audit.search_index import index_all
from kapok.errors import KapokError
from tests.audit.sealed_log import SealedLog, committed

ACTORS = ("end_user:ada", "end_user:grace", "operator:7", "")
TABLES = ("guests", "rooms", 'odd "name" {x}')
_CHANGE = """
    insert into {schema}.kapok_change (table_name, op, key, before, after, actor, request_id, source, at)
    values (%s, %s, %s, %s, %s, nullif(%s, ''), %s, %s, clock_timestamp() + %s)
"""
_EVENT = """
    insert into {schema}.kapok_event (action, outcome, actor, target, request_id, address, details, at)
    values (%s, %s, %s, %s, %s, '', '{"reason": "x"}', clock_timestamp() + %s)
"""


def write(log: SealedLog, draw: random.Random, count: int) -> None:
    """Changes and events, now and then of the same moment, or of one long before."""
    for _ in range(count):
        at = timedelta(seconds=draw.choice((0, 0, 0, -60, -3600, 60)))
        actor, request = draw.choice(ACTORS), f"r{draw.randint(1, 9)}"
        if draw.random() < 0.3:
            action, outcome = draw.choice((203, 621, 622)), draw.choice(("ok", "ok", "refused"))
            log.sql(_EVENT, [action, outcome, actor, f"user:{draw.randint(1, 3)}", request, at])
            continue
        op = draw.choice(("insert", "update", "update", "delete", "truncate"))
        id_ = draw.randint(1, 6)
        new = id_ if draw.random() < 0.8 else draw.randint(1, 6)
        key = None if op == "truncate" else json.dumps({"id": id_})
        before = None if op in ("insert", "truncate") else json.dumps({"id": id_, "price": 10.50})
        after = None if op in ("delete", "truncate") else json.dumps({"id": new, "price": draw.randint(1, 9)})
        source = draw.choice(("api", "api", "owner"))
        log.sql(_CHANGE, [draw.choice(TABLES), op, key, before, after, actor, request, source, at])


def wanted_at_random(draw: random.Random, views: list[EntryView]) -> Filter:
    """One to four things at once, most of them things that there are."""

    def some(values: Any) -> tuple[Any, ...]:
        return tuple(draw.sample(values, draw.randint(1, 2)))

    like = draw.choice(views)
    fields = {
        "who": draw.choice(ACTORS[:3]),
        "tables": some(TABLES),
        "ops": some(("insert", "update", "delete", "truncate", "ddl")),
        "actions": some(("tenant.suspended", "user.signed_in", "user.sign_in_refused", "audit.erased")),
        "target": f"user:{draw.randint(1, 4)}",
        "since": like.at - timedelta(microseconds=draw.choice((0, 1))),
        "until": like.at + timedelta(microseconds=draw.choice((0, 1))),
        "outcomes": some(("ok", "refused", "failed")),
        "sources": some(("api", "owner", "platform")),
        "kinds": (draw.choice(("change", "event")),),
        "request_id": f"r{draw.randint(1, 10)}",
        "key": {"id": draw.choice((1, "2", 3, 99))},
    }
    chosen = draw.sample(sorted(fields), draw.randint(1, 4))
    picked = {name: fields[name] for name in chosen}
    if "key" in picked:
        picked["tables"] = (draw.choice(TABLES),)
    return Filter(**picked)


def fits_plainly(view: EntryView, wanted: Filter) -> bool:
    """The filter as its documentation says it, on what is shown."""
    of_changes = bool(wanted.tables or wanted.ops or wanted.sources or wanted.key)
    of_events = bool(wanted.actions or wanted.outcomes or wanted.target)
    mine, others = (of_changes, of_events) if view.kind == "change" else (of_events, of_changes)
    given = [
        not wanted.kinds or view.kind in wanted.kinds,
        mine or not others,
        not wanted.who or view.who == wanted.who,
        not wanted.since or view.at >= wanted.since,
        not wanted.until or view.at < wanted.until,
        not wanted.request_id or view.request_id == wanted.request_id,
    ]
    if view.kind == "event":
        given += [
            not wanted.actions or view.action in wanted.actions,
            not wanted.outcomes or view.outcome in wanted.outcomes,
            not wanted.target or view.target == wanted.target,
        ]
    else:
        ids = {str((view.key or {}).get("id"))} | (
            {str((view.after or {}).get("id"))} if view.op == "update" else set()
        )
        given += [
            not wanted.tables or view.table in wanted.tables,
            not wanted.ops or view.op in wanted.ops,
            not wanted.sources or view.source in wanted.sources,
            wanted.key is None or str(wanted.key["id"]) in ids,
        ]
    return all(given)


def pages(log: SealedLog, wanted: Filter, size: int) -> Iterator[Page]:
    page = find_entries(log.log, wanted, size=size)
    yield page
    while page.cursor:
        page = find_entries(log.log, wanted, size=size, cursor=page.cursor)
        yield page


@pytest.mark.parametrize("scan", [3, 400])
def test_every_filter_finds_what_it_says(sealed: SealedLog, monkeypatch: pytest.MonkeyPatch, scan: int) -> None:
    """In the order of time, page by page, none twice; also where work is bounded, and pages are cut short."""
    monkeypatch.setattr(search, "SCAN", scan)
    draw = random.Random(scan)
    write(sealed, draw, 100)
    sealed.seal()
    index_all(sealed.session, sealed.log)
    committed(partial(compare, sealed, draw))


def compare(log: SealedLog, draw: random.Random) -> None:
    """Fifty filters, each with what it says of all entries."""
    [everything] = pages(log, Filter(), 200)
    views = list(everything.entries)
    assert len(views) == 100 and views == sorted(views, key=lambda view: (view.at, view.index), reverse=True)
    for _ in range(50):
        wanted = wanted_at_random(draw, views)
        expected = [view.index for view in views if fits_plainly(view, wanted)]
        found = list(pages(log, wanted, draw.choice((3, 7, 200))))
        assert [view.index for page in found for view in page.entries] == expected, wanted
        assert not any(page.waiting for page in found)


def test_what_is_not_sealed_or_not_searchable_yet_stands_above(sealed: SealedLog) -> None:
    """Each row once: as waiting, or as an entry."""
    draw = random.Random(3)
    for step in ("index", "seal", "", ""):
        write(sealed, draw, 30)
        if step in ("seal", "index"):
            sealed.seal()
        if step == "index":
            index_all(sealed.session, sealed.log)
    page = committed(partial(find_entries, sealed.log, Filter(), size=200))
    assert (page.indexed, page.size, len(page.entries), len(page.waiting), page.waiting_more) == (30, 60, 30, 90, False)
    assert sorted(view.index for view in (*page.entries, *page.waiting) if view.index is not None) == list(range(60))
    assert len({(view.kind, view.position) for view in (*page.entries, *page.waiting)}) == 120
    wanted = Filter(who="end_user:ada")
    some = committed(partial(find_entries, sealed.log, wanted, size=1))
    assert list(some.waiting) == [view for view in page.waiting if view.who == "end_user:ada"]
    later = committed(partial(find_entries, sealed.log, wanted, size=1, cursor=some.cursor))
    assert later.waiting == ()


def test_a_row_is_followed_from_key_to_key(sealed: SealedLog) -> None:
    """Backwards and forwards, and not into the lives of other rows that had or got one of its keys."""
    for op, key, after in (
        ("insert", 1, 1), ("delete", 1, None),  # 0, 1: another row, whose key the row has later
        ("insert", 5, 5), ("update", 5, 5), ("update", 5, 1),  # 2, 3, 4: the row, until it becomes 1
        ("insert", 5, 5),  # 5: another row with the key that it had
        ("update", 1, 1), ("update", 1, 9), ("update", 9, 9), ("delete", 9, None),  # 6 to 9: the row
        ("insert", 9, 9), ("insert", 1, 1),  # 10, 11: others
    ):  # fmt: skip
        before = None if op == "insert" else json.dumps({"id": key})
        row = None if after is None else json.dumps({"id": after})
        sealed.sql(_CHANGE, ["guests", op, json.dumps({"id": key}), before, row, "a", "r", "api", timedelta()])
    sealed.sql(_CHANGE, ["rooms", "update", '{"id": 1}', '{"id": 1}', '{"id": 2}', "a", "r", "api", timedelta()])
    sealed.sql(_CHANGE, ["guests", "truncate", None, None, None, "a", "r", "api", timedelta()])
    sealed.seal()
    index_all(sealed.session, sealed.log)

    def history(key: Any, size: int = 200) -> list[int | None]:
        found, cursor = [], None
        while cursor is None or cursor:
            page = committed(partial(history_of_row, sealed.log, "guests", key, size=size, cursor=cursor or ""))
            found += [view.index for view in page.entries]
            cursor = page.cursor
        return found

    assert history({"id": 1}) == [13, 11, 9, 8, 7, 6, 4, 3, 2, 1, 0]
    assert history({"id": 5}) == [13, 9, 8, 7, 6, 5, 4, 3, 2]
    assert history({"id": "9"}) == [13, 10, 9, 8, 7, 6, 4, 3, 2]
    assert history({"id": 9}, size=2) == history({"id": 9})
    assert history({"id": 77}) == [13]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('{"id": 10.50}', '{"id": 11.00}'),
        ('{"id": 123456789012345678901234567890}', '{"id": 123456789012345678901234567891}'),
        ('{"id": ["a", "b c"], "é": 1}', '{"id": ["a", "b \\" c"], "é": 1}'),
        ('{"id": "[\\"a\\"]"}', '{"id": "10.50"}'),
        ('{"id": true}', '{"id": false}'),
    ],
)
def test_keys_of_any_type_are_found_and_followed(sealed: SealedLog, old: str, new: str) -> None:
    """As the pages link to them."""
    for op, of, before, after in (
        ("insert", old, None, old),
        ("update", old, old, new),
        ("delete", new, new, None),
    ):
        sealed.sql(_CHANGE, ["guests", op, of, before, after, "a", "r", "api", timedelta()])
    sealed.seal()
    index_all(sealed.session, sealed.log)
    views = [committed(partial(get_entry, sealed.log, index)) for index in (0, 2)]
    for text in (json_of(view.key or {}) for view in views):
        history = committed(partial(history_of_row, sealed.log, "guests", parse_key(text)))
        assert [view.index for view in history.entries] == [2, 1, 0], text
    found = [
        committed(partial(find_entries, sealed.log, Filter(tables=("guests",), key=parse_key(json_of(view.key or {})))))
        for view in views
    ]
    assert [[view.index for view in page.entries] for page in found] == [[1, 0], [2, 1]]


def test_a_rows_history_has_truncations_of_a_partition_of_its_table(sealed: SealedLog) -> None:
    for table, op, key, after in (
        ("visits", "insert", '{"id": 1}', '{"id": 1}'),
        ("visits_2020", "truncate", None, '{"partition of": "visits"}'),
        ("rooms", "truncate", None, None),
        ("rooms_2020", "truncate", None, '{"partition of": "rooms"}'),
        ("visits_2021", "truncate", None, '{"partition of": "rooms"}'),
        ("visits_2021", "truncate", None, '{"partition of": "visits"}'),
        ("visits", "truncate", None, None),
    ):
        sealed.sql(_CHANGE, [table, op, key, None, after, "a", "r", "api", timedelta()])
    sealed.seal()
    index_all(sealed.session, sealed.log)
    history = committed(partial(history_of_row, sealed.log, "visits", {"id": 1}))
    assert [(view.index, view.table) for view in history.entries] == [
        (6, "visits"), (5, "visits_2021"), (1, "visits_2020"), (0, "visits"),
    ]  # fmt: skip


def test_one_entry_shows_what_was_and_what_is(sealed: SealedLog) -> None:
    sealed.sql(
        _CHANGE,
        ["guests", "update", '{"id": 1}', '{"id": 1, "a": 10.50, "card": "[redacted]", "gone": null}',
         '{"id": 1, "a": 10.5, "card": "[redacted]", "new": {"x": [1]}}', "end_user:ada", "r", "api", timedelta()],
    )  # fmt: skip
    sealed.seal()
    view = committed(partial(get_entry, sealed.log, 0))
    shown = {one.column: (str(one.before), str(one.after), one.changed) for one in view.differences}
    assert shown == {
        "id": ("1", "1", False), "a": ("10.50", "10.5", True), "card": ("[redacted]", "[redacted]", False),
        "gone": ("null", "", True), "new": ("", '{"x": [1]}', True),
    }  # fmt: skip
    assert (view.what, view.key_text, view.changed, view.sealed) == (
        "update guests",
        "id=1",
        ("a", "gone", "new"),
        None,
    )
    sealed.sign()
    assert committed(partial(get_entry, sealed.log, 0)) == replace(view, sealed=1)
    with pytest.raises(KapokError, match="no entry 1"):
        committed(partial(get_entry, sealed.log, 1))


def test_keys_as_people_write_them() -> None:
    assert parse_key("id=7") == {"id": "7"} and parse_key(" a=1, b=x=y ") == {"a": "1", "b": "x=y"}
    assert parse_key('{"id": 7, "tags": ["a", 1]}') == {"id": "7", "tags": ["a", 1]}
    assert parse_key('{"price": 10.5000, "n": 123456789012345678901234567890, "b": true}') == {
        "price": "10.5000", "n": "123456789012345678901234567890", "b": True,
    }  # fmt: skip
    assert parse_key("name=Smith, John, a.b=8") == {"name": "Smith, John", "a.b": "8"}
    nested = '{"a": ' + "[" * 900 + "]" * 900 + "}"
    for text in ("", "7", "id", "=7", "{}", "[1]", '{"id"', "a=1, a=2", "x" * 3000, '{"a":' * 900, nested):
        with pytest.raises(KapokError) as caught:
            parse_key(text)
        assert caught.value.code == "VALIDATION_FAILED"
