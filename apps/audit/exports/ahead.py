"""Items fetched ahead, so that the database works while what it gave is written.

In: an iterator. Out: the same items in the same order, taken from it by a thread of its own, in batches.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

T = TypeVar("T")


def ahead(items: Iterator[T], batch: int) -> Iterator[T]:
    """Two batches are in memory at most. Raises what the iterator raises. Nobody else may use its connection
    meanwhile."""

    def take() -> list[T]:
        return list(islice(items, batch))

    with ThreadPoolExecutor(1, thread_name_prefix="kapok export") as pool:
        coming = pool.submit(take)
        while found := coming.result():
            coming = pool.submit(take)
            yield from found
