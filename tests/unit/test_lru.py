"""The data plane's bounded map."""

from __future__ import annotations

from kapok.lru import Lru


def test_the_least_recently_used_goes_first() -> None:
    cache: Lru[str, int] = Lru(2)
    cache.put("a", 1)
    cache.put("b", 2)
    assert cache.get("a") == 1
    cache.put("c", 3)
    assert [cache.get(key) for key in "abc"] == [1, None, 3]


def test_weight_is_bounded_not_only_the_number() -> None:
    cache: Lru[str, str] = Lru(100, lambda key, value: len(value))
    for number in range(1000):
        cache.put(str(number), "x" * 40)
    assert len(cache) == 2
    cache.put("999", "x" * 10)  # replaces: its old weight no longer counts
    cache.put("small", "x" * 50)
    assert [len(cache.get(key) or "") for key in ("998", "999", "small")] == [40, 10, 50]
    cache.put("huge", "x" * 101)
    assert len(cache) == 0
    cache.put("a", "x" * 100)
    assert len(cache) == 1
