"""Merkle tree hashing of RFC 6962 / RFC 9162 section 2.1, SHA-256.

In: leaves and the hashes of leaves, in order. Out: roots. `CompactRange` is a log's whole state for appending: one hash
for each bit set in its size.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256

HASH_BYTES = 32
#: The root of a log without entries.
EMPTY_ROOT = sha256(b"").digest()

#: (level, index) -> hash of the perfect subtree over the leaves [index << level, (index + 1) << level).
NodeReader = Callable[[int, int], bytes]


def leaf_hash(leaf: bytes) -> bytes:
    """SHA-256(0x00 || leaf)."""
    return sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 || left || right)."""
    return sha256(b"\x01" + left + right).digest()


def fold(hashes: Sequence[bytes]) -> bytes:
    """The root over neighbouring perfect subtrees, largest first: RFC 9162's split, read from the right."""
    if not hashes:
        return EMPTY_ROOT
    root = hashes[-1]
    for left in reversed(hashes[:-1]):
        root = node_hash(left, root)
    return root


class CompactRange:
    """A log's first `size` leaves as the roots of its perfect subtrees, largest first."""

    __slots__ = ("_hashes", "_size")

    def __init__(self) -> None:
        self._hashes: list[bytes] = []
        self._size = 0

    @classmethod
    def from_frontier(cls, size: int, hashes: Sequence[bytes]) -> CompactRange:
        """Go on with a log of `size` leaves. Raises ValueError when there is not one hash for each bit of the size."""
        if size < 0 or len(hashes) != size.bit_count():
            raise ValueError(f"a log of {size} leaves has another number of hashes than {len(hashes)}")
        if any(len(one) != HASH_BYTES for one in hashes):
            raise ValueError(f"a hash has {HASH_BYTES} bytes")
        made = cls()
        made._hashes, made._size = list(hashes), size
        return made

    @property
    def size(self) -> int:
        """How many leaves there are."""
        return self._size

    @property
    def frontier(self) -> list[bytes]:
        """The hashes to go on from, largest subtree first."""
        return list(self._hashes)

    @property
    def root(self) -> bytes:
        """The root over all leaves so far."""
        return fold(self._hashes)

    def append(self, leaf: bytes) -> None:
        """Add the hash of the next leaf."""
        hashes, size = self._hashes, self._size
        while size & 1:
            leaf = sha256(b"\x01" + hashes.pop() + leaf).digest()
            size >>= 1
        hashes.append(leaf)
        self._size += 1

    def extend(self, leaves: Iterable[bytes]) -> None:
        """Add the hashes of the next leaves."""
        for leaf in leaves:
            self.append(leaf)


def root_of(leaves: Iterable[bytes]) -> bytes:
    """The root over the hashes of leaves."""
    made = CompactRange()
    made.extend(leaves)
    return made.root


def subtrees(begin: int, end: int) -> list[tuple[int, int]]:
    """(level, index) of the perfect subtrees that make up the leaves [begin, end), from left to right.

    begin must be a multiple of the largest power of two below `end - begin`, as it is for every part of a proof.
    """
    found = []
    while begin < end:
        level = (end - begin).bit_length() - 1
        found.append((level, begin >> level))
        begin += 1 << level
    return found


def range_root(node: NodeReader, begin: int, end: int) -> bytes:
    """MTH(D[begin:end]): the root over leaves [begin, end) of a subtree that begins at `begin`."""
    return fold([node(level, index) for level, index in subtrees(begin, end)])


def frontier_of(node: NodeReader, size: int) -> CompactRange:
    """The compact range of a log's first `size` leaves."""
    return CompactRange.from_frontier(size, [node(level, index) for level, index in subtrees(0, size)])
