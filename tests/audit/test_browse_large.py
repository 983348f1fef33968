"""However much a row holds, a page does not: Postgres cuts it, and each value can be had whole."""

from __future__ import annotations

import json
from functools import partial
from random import Random

import orjson
import pytest

from apps.audit.browse import EntryView, Filter, find_entries, get_entry, get_piece, history_of_row, pieces
from apps.audit.browse.columns import PREVIEW
from apps.audit.search_index import index_all
from apps.control.api.audit_entries import entry_facts
from kapok.errors import KapokError
from tests.audit.sealed_log import SealedLog, committed

LONG = "x" * 2**20
#: As large, and not to be compressed.
NOISE = Random(7).randbytes(2**19).hex()
_CHANGE = """
    insert into {schema}.kapok_change (table_name, op, key, before, after, actor, request_id, source)
    values ('guests', 'update', '{"id": 1}', %s, %s, %s, 'r', 'owner')
"""


def changed(log: SealedLog, before: object, after: object, actor: str = "end_user:ada") -> None:
    log.sql(_CHANGE, [json.dumps({"id": 1, **before}), json.dumps({"id": 1, **after}), actor])  # type: ignore[dict-item]


def page(log: SealedLog) -> list[EntryView]:
    found = committed(partial(find_entries, log.log, Filter(tables=("guests",))))
    return [*found.waiting, *found.entries]


def size(view: EntryView) -> int:
    """Bytes of what the API answers."""
    return len(orjson.dumps(entry_facts(view)))


def entry(log: SealedLog, index: int) -> EntryView:
    return committed(partial(get_entry, log.log, index))


def test_a_page_has_room_for_so_much_of_each_entry(sealed: SealedLog) -> None:
    changed(sealed, {"body": LONG, "note": "a"}, {"body": LONG, "note": "b"})
    changed(sealed, {"body": LONG, "note": "a"}, {"body": LONG + "!", "note": "a"})
    changed(sealed, {"body": NOISE}, {"body": NOISE + "!"})
    changed(sealed, {f"c{number:04}": "y" * 50 for number in range(1000)}, {"note": "a"})
    changed(sealed, {}, {"note": "z"}, actor="a" * 2**20)
    waiting = page(sealed)
    sealed.seal()
    index_all(sealed.session, sealed.log)
    views = page(sealed)
    assert [size(view) < PREVIEW.values + 20_000 for view in (*views, *waiting)] == [True] * 10
    assert [view.cut for view in views] == [view.cut for view in waiting]
    named, many, noise, differs, same = views
    assert set(same.cut) == set(differs.cut) == {"before.body", "after.body"}
    assert (same.changed, differs.changed, same.key_text) == (("note",), ("body",), "id=1")
    assert str(same.value("after.body")) == "[cut]" and same.intact is None
    # What is as large compressed is not even opened.
    assert set(noise.cut) == {"before.*", "after.*"} and (noise.changed, noise.key, noise.is_unread) == (
        (),
        {"id": "1"},
        True,
    )
    # Where the room ends, short values and the key's have been before.
    assert 300 < len(many.cut) < 900 and many.after == {"id": "1", "note": '"a"'} and len(many.differences) == 1002
    assert set(named.cut) == {"actor"} and len(named.who) == 2001
    assert committed(partial(history_of_row, sealed.log, "guests", {"id": 1})).entries == tuple(views)
    for index in range(4):
        whole = entry(sealed, index)
        assert (whole.cut, whole.intact) == ({}, True), index
    assert entry(sealed, 2).value("after.body").text == json.dumps(NOISE + "!")
    assert entry(sealed, 0).changed == ("note",)


def test_a_row_that_is_too_large_for_lists_is_followed_to_its_other_keys(sealed: SealedLog) -> None:
    changed(sealed, {"body": NOISE}, {"body": NOISE, "note": "a"})
    changed(sealed, {"body": NOISE}, {"id": 2, "body": NOISE})
    sealed.seal()
    index_all(sealed.session, sealed.log)
    history = committed(partial(history_of_row, sealed.log, "guests", {"id": 2})).entries
    assert [(view.index, view.is_unread) for view in history] == [(1, True), (0, True)]


def test_a_value_that_is_too_large_for_its_entrys_page_comes_in_pieces(
    sealed: SealedLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed(sealed, {"body": "short"}, {"body": "ü" * (3 * 2**20)})
    sealed.event(reason="why")
    sealed.seal()
    view = entry(sealed, 0)
    assert set(view.cut) == {"after.body"} and view.value("before.body").text == '"short"' and view.changed == ("body",)
    assert view.cut["after.body"].characters == 3 * 2**20 + 2
    monkeypatch.setattr(pieces, "PIECE", 2**20)
    found = [committed(partial(get_piece, sealed.log, 0, "after.body", number)) for number in (1, 2, 3, 4)]
    assert {(one.pieces, one.characters) for one in found} == {(4, 3 * 2**20 + 2)}
    assert "".join(one.text for one in found) == json.dumps("ü" * (3 * 2**20), ensure_ascii=False)
    assert committed(partial(get_piece, sealed.log, 1, "details.reason")).text == '"why"'
    assert committed(partial(get_piece, sealed.log, 0, "actor")).text == '"end_user:ada"'
    for index, path, number, code in (
        (0, "after.body", 5, "VALIDATION_FAILED"), (0, "after.body", 0, "VALIDATION_FAILED"),
        (0, "after.none", 1, "NOT_FOUND"), (0, "xid", 1, "NOT_FOUND"), (9, "after.body", 1, "NOT_FOUND"),
        (10**30, "after.body", 1, "NOT_FOUND"),
    ):  # fmt: skip
        with pytest.raises(KapokError) as caught:
            committed(partial(get_piece, sealed.log, index, path, number))
        assert caught.value.code == code, (index, path, number)
