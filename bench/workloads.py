"""What is asked of every subject.

In: the data set. Out: `WORKLOADS`, each with its random inputs and the right answer to each of them, worked out in
Python from the rows. The questions themselves are files: queries/<name>/<subject's dialect>.

A new workload is one entry in `WORKLOADS` and one folder in queries/.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from bench import data

QUERIES = Path(__file__).parent / "queries"

Variables = Mapping[str, int]

_TRACK_FIELDS = {
    "trackId": "track_id",
    "name": "name",
    "composer": "composer",
    "milliseconds": "milliseconds",
    "bytes": "bytes",
    "unitPrice": "unit_price",
}


_PLAY_FIELDS = {
    "playId": "play_id",
    "trackId": "track_id",
    "listener": "listener",
    "seconds": "seconds",
    "device": "device",
}
_DEVICE = "kitchen radio"


@dataclass(frozen=True, slots=True)
class Written:
    """The table a workload inserts into.

    fields: API name to column, the generated key `key` first. sources: each variable to the column it fills.
    """

    table: str
    key: str
    fields: Mapping[str, str]
    sources: Mapping[str, str]

    def variables(self, row: Mapping[str, Any]) -> Variables:
        """What a row of the table was made of."""
        return {name: row[column] for name, column in self.sources.items()}


@dataclass(frozen=True, slots=True)
class Workload:
    """ranges: the variables, each drawn evenly from its bounds (both included). expected: variables -> the `data`.

    written: what it inserts, None for a read; the generated key is not part of what is expected. turns: how many times
    as many runs it gets, each half as long.
    """

    name: str
    title: str
    ranges: Mapping[str, tuple[int, int]]
    expected: Callable[[Variables], Any]
    written: Written | None = None
    turns: int = 1

    def inputs(self, count: int) -> list[Variables]:
        """Random variables, the same in every run and for every subject."""
        draw = random.Random(self.name)
        return [{name: draw.randint(*bounds) for name, bounds in self.ranges.items()} for _ in range(count)]

    def extremes(self) -> list[Variables]:
        """All variables at their lower and at their upper bounds."""
        return [{name: bounds[end] for name, bounds in self.ranges.items()} for end in (0, 1)]

    def query(self, dialect: str) -> str:
        """The text of queries/<name>/<dialect>; one for each kind of subject."""
        return (QUERIES / self.name / dialect).read_text()


@cache
def _grouped(table: str, column: str) -> dict[int, list[dict[str, Any]]]:
    groups: dict[int, list[dict[str, Any]]] = {}
    for row in data.dataset()[table].records():
        groups.setdefault(row[column], []).append(row)
    return groups


def _pick(row: Mapping[str, Any], fields: Mapping[str, str]) -> dict[str, Any]:
    return {name: row[column] for name, column in fields.items()}


def _one_track(variables: Variables) -> Any:
    [track] = _grouped("track", "track_id")[variables["id"]]
    return {"track": _pick(track, _TRACK_FIELDS)}


def _long_tracks(variables: Variables) -> Any:
    long = [
        row for row in _grouped("track", "genre_id")[variables["genre"]] if row["milliseconds"] >= variables["minimum"]
    ]
    long.sort(key=lambda row: (-row["milliseconds"], row["track_id"]))
    return {"tracks": [_pick(row, _TRACK_FIELDS) for row in long[:20]]}


def _by_key(rows: Iterable[dict[str, Any]], key: str, limit: int) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda row: row[key])[:limit]


def _discographies(variables: Variables) -> Any:
    def tracks(album_id: int) -> list[dict[str, Any]]:
        found = _by_key(_grouped("track", "album_id").get(album_id, ()), "track_id", 12)
        return [{"trackId": row["track_id"], "name": row["name"], "milliseconds": row["milliseconds"]} for row in found]

    def albums(artist_id: int) -> list[dict[str, Any]]:
        found = _by_key(_grouped("album", "artist_id").get(artist_id, ()), "album_id", 3)
        return [{"albumId": row["album_id"], "title": row["title"], "tracks": tracks(row["album_id"])} for row in found]

    artists = (row for row in data.dataset()["artist"].records() if row["artist_id"] >= variables["from"])
    return {
        "artists": [
            {"artistId": row["artist_id"], "name": row["name"], "albums": albums(row["artist_id"])}
            for row in _by_key(artists, "artist_id", 10)
        ]
    }


def _play(variables: Variables) -> Any:
    """The row that is asked for; its key is the database's choice."""
    row = {"trackId": variables["track"], "listener": variables["listener"], "seconds": variables["seconds"]}
    return {"createPlay": row | {"device": _DEVICE}}


WORKLOADS = (
    Workload("by_key", "one row by key", {"id": (1, data.TRACKS)}, _one_track),
    Workload(
        "list",
        "20 filtered and ordered rows",
        {"genre": (1, data.LARGE_GENRES), "minimum": (60_000, 300_000)},
        _long_tracks,
    ),
    Workload("nested", "three levels nested", {"from": (1, data.ARTISTS - 15)}, _discographies),
    Workload(
        "insert",
        "one row inserted",
        {"track": (1, data.TRACKS), "listener": (1, 1_000_000), "seconds": (1, 600)},
        _play,
        Written("play", "playId", _PLAY_FIELDS, {"track": "track_id", "listener": "listener", "seconds": "seconds"}),
        # A disk that flushes slowly for some seconds must not decide.
        turns=3,
    ),
)
