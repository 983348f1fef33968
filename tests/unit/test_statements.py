"""The slots for prepared statements of a connection."""

from __future__ import annotations

from kapok.execute.statements import StatementCache


def _full(slots: int) -> StatementCache:
    cache = StatementCache(slots)
    for key in range(slots):
        assert cache.admits(key)
        cache.confirm(key, cache.new_name())
    return cache


def test_a_statement_asked_for_once_takes_no_slot_from_one_in_use() -> None:
    cache = _full(3)
    for newcomer in ("a", "b", "c", "d"):
        assert not cache.admits(newcomer)
    assert [cache.get(key) for key in range(3)] == [b"k1", b"k2", b"k3"]
    assert cache.take_closing() == []


def test_the_second_time_it_takes_the_slot_used_longest_ago() -> None:
    cache = _full(2)
    cache.get(0)
    assert not cache.admits("new")
    assert cache.admits("new")
    cache.confirm("new", cache.new_name())
    assert cache.take_closing() == [b"k2"]
    assert cache.get(0) == b"k1"
    assert cache.get(1) is None


def test_newcomers_are_forgotten_after_as_many_others_as_there_are_slots() -> None:
    cache = _full(2)
    for newcomer in ("a", "b", "c"):
        assert not cache.admits(newcomer)
    assert not cache.admits("a")
