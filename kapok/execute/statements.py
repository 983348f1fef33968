"""The prepared statements of one connection: a small LRU.

In: a key (schema and template). Out: the name to execute, or None when it must be prepared first. A name counts as
prepared only once the server has confirmed it, and names are never used twice, so an error in between cannot leave a
wrong one behind. Where all slots are taken, a statement gets one when it is asked for the second time within as many
newcomers as there are slots: thousands of tenants asked at random would only push each other out.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable


class StatementCache:
    """Names of prepared statements by key, the least recently used first."""

    def __init__(self, slots: int) -> None:
        self._slots = slots
        self._names: OrderedDict[Hashable, bytes] = OrderedDict()
        self._newcomers: OrderedDict[Hashable, None] = OrderedDict()
        self._closing: list[bytes] = []
        self._count = 0

    def __len__(self) -> int:
        return len(self._names)

    def __contains__(self, key: Hashable) -> bool:
        return key in self._names

    def get(self, key: Hashable) -> bytes | None:
        """The confirmed name of a key, now the most recently used."""
        name = self._names.get(key)
        if name is not None:
            self._names.move_to_end(key)
        return name

    def admits(self, key: Hashable) -> bool:
        """Whether a statement without a name is worth one now."""
        if len(self._names) < self._slots or key in self._newcomers:
            self._newcomers.pop(key, None)
            return True
        self._newcomers[key] = None
        if len(self._newcomers) > self._slots:
            self._newcomers.popitem(last=False)
        return False

    def new_name(self) -> bytes:
        """A name never used before on this connection."""
        self._count += 1
        return b"k%d" % self._count

    def confirm(self, key: Hashable, name: bytes) -> None:
        """The server has prepared `name`; what it replaces or pushes out is to be closed."""
        replaced = self._names.pop(key, None)
        if replaced is not None:
            self._closing.append(replaced)
        self._names[key] = name
        if len(self._names) > self._slots:
            _, evicted = self._names.popitem(last=False)
            self._closing.append(evicted)

    def take_closing(self) -> list[bytes]:
        """Names to close with the next segment; empty afterwards."""
        if not self._closing:
            return []
        closing, self._closing = self._closing, []
        return closing
