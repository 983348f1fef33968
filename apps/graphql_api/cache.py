"""What the data plane keeps compiled: API schemas, documents and operations.

In: model, permissions, role, document text, variables' structure. Out: `ApiSchema`, `Document`, `Operation`. Keyed by
shape, never by tenant: tenants of one shape share everything here. Each cache has one key function, used by both get
and put.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class SchemaKey:
    """What an API schema depends on. permissions: digest of the permissions' text."""

    shape: str
    permissions: bytes
    role: str


@dataclass(slots=True)
class Lru(Generic[K, V]):
    """A bounded map, the least recently used first out. Counts hits and misses for the metrics."""

    size: int
    hits: int = 0
    misses: int = 0
    _items: OrderedDict[K, V] = field(default_factory=OrderedDict)

    def get(self, key: K) -> V | None:
        """The value, now the most recently used, or None."""
        value = self._items.get(key)
        if value is None:
            self.misses += 1
            return None
        self.hits += 1
        self._items.move_to_end(key)
        return value

    def put(self, key: K, value: V) -> None:
        """Keep a value."""
        self._items[key] = value
        self._items.move_to_end(key)
        if len(self._items) > self.size:
            self._items.popitem(last=False)

    def __len__(self) -> int:
        return len(self._items)
