"""A bounded map for what the data plane keeps. In: keys. Out: what was kept last under them, or None."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


@dataclass(slots=True)
class Lru(Generic[K, V]):
    """A bounded map, the least recently used first out. size: most weight kept. weigh: how much of it an item takes,
    so that a caller cannot fill the memory with few large ones; 1 each when left out."""

    size: int
    weigh: Callable[[K, V], int] = lambda key, value: 1
    _items: OrderedDict[K, V] = field(default_factory=OrderedDict)
    _weight: int = 0

    def get(self, key: K) -> V | None:
        """The value, now the most recently used, or None."""
        value = self._items.get(key)
        if value is None:
            return None
        self._items.move_to_end(key)
        return value

    def put(self, key: K, value: V) -> None:
        """Keep a value."""
        replaced = self._items.pop(key, None)
        if replaced is not None:
            self._weight -= self.weigh(key, replaced)
        self._items[key] = value
        self._weight += self.weigh(key, value)
        while self._weight > self.size:
            self._weight -= self.weigh(*self._items.popitem(last=False))

    def __len__(self) -> int:
        return len(self._items)
