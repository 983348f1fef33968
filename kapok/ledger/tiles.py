"""Tiles: how a tree's hashes are stored, 256 neighbours of every eighth level together (C2SP tlog-tiles).

In: a log's size, the hashes of leaves to append, a reader of stored tiles. Out: the tiles that are then new or longer,
and any hash of the tree. Tile (level, index) holds the hashes of the tree's level 8 * level from 256 * index on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from kapok.ledger.merkle import HASH_BYTES, NodeReader, root_of

HEIGHT = 8
WIDTH = 1 << HEIGHT
#: Bytes of a full tile.
TILE_BYTES = WIDTH * HASH_BYTES


@dataclass(frozen=True, slots=True)
class Tile:
    """Which tile, and how many hashes are in it (1 to 256)."""

    level: int
    index: int
    width: int


#: (level, index) -> the tile's hashes, joined; it may be asked for the same tile again and again.
TileReader = Callable[[int, int], bytes]


def changed_tiles(before: int, after: int) -> list[Tile]:
    """The tiles that are new or longer once a log of `before` leaves has `after`, lowest level first."""
    changed, level = [], 0
    while after:
        for index in range(before // WIDTH, -(-after // WIDTH)) if before < after else ():
            changed.append(Tile(level, index, min(WIDTH, after - index * WIDTH)))
        before, after, level = before // WIDTH, after // WIDTH, level + 1
    return changed


def grow(before: int, leaves: Iterable[bytes], read_tile: TileReader) -> dict[tuple[int, int], bytes]:
    """The content of every tile that changes when leaves are appended to a log of `before` leaves.

    leaves: their hashes. read_tile is asked only for the last, unfinished tile of a level. The result is by
    (level, index).
    """
    grown: dict[tuple[int, int], bytes] = {}
    added, level = list(leaves), 0
    while added:
        index, kept = divmod(before, WIDTH)
        content = (read_tile(level, index)[: kept * HASH_BYTES] if kept else b"") + b"".join(added)
        if len(content) != (kept + len(added)) * HASH_BYTES:
            raise ValueError(f"tile {level}/{index} is shorter than a log of this size has it")
        added = []
        for start in range(0, len(content), TILE_BYTES):
            tile = content[start : start + TILE_BYTES]
            grown[level, index] = tile
            if len(tile) == TILE_BYTES:
                added.append(root_of(hashes_of(tile)))
            index += 1
        before, level = before // WIDTH, level + 1
    return grown


def node_reader(read_tile: TileReader) -> NodeReader:
    """A reader of any hash of the tree. It raises ValueError where the tile is too short to hold it."""

    def node(level: int, index: int) -> bytes:
        tile_level, height = divmod(level, HEIGHT)
        first = index << height
        tile_index, offset = divmod(first, WIDTH)
        hashes = hashes_of(read_tile(tile_level, tile_index))[offset : offset + (1 << height)]
        if len(hashes) != 1 << height:
            raise ValueError(f"tile {tile_level}/{tile_index} does not reach to node {level}/{index}")
        return root_of(hashes)

    return node


def hashes_of(tile: bytes) -> list[bytes]:
    """The hashes joined in a tile. Raises ValueError when it is not made of whole hashes."""
    if len(tile) % HASH_BYTES:
        raise ValueError(f"a tile is made of hashes of {HASH_BYTES} bytes")
    return [tile[start : start + HASH_BYTES] for start in range(0, len(tile), HASH_BYTES)]
