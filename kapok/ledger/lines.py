"""One line of a bundle's entries.jsonl, and many of them hashed at once.

In: an entry and its index, or a line. Out: the line, or both again. A line has exactly one spelling (canonical JSON, no
field that the format does not know), so that two readers cannot see two different things in it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import orjson

from kapok.ledger import expiry, rotation
from kapok.ledger.entries import SEED_BYTES, VERSION, Entry, is_salt
from kapok.ledger.expiry import is_expiry
from kapok.ledger.merkle import HASH_BYTES
from kapok.ledger.rotation import is_rotation

#: The longest line of a bundle, without its newline.
MAX_LINE_BYTES = 64 * 2**20
#: The longest line of an event that a verifier goes by.
MAX_TELLING_BYTES = 64 * 2**10
#: The longest line that is read without a look at how many values it has, and most values of one: a table of 1,600
#: columns has an eighth of that.
UNCOUNTED_BYTES, MAX_VALUES = 2**20, 200_000
#: Behind every time.
LATEST = "~"
# One without an end goes to the line's: no text takes longer than its length.
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
_REQUIRED = ("at", "index", "kind", "position", "private", "public", "v")
_KEPT = frozenset({rotation.PATH, expiry.TABLE, expiry.BEFORE, expiry.ROWS})


class LineError(ValueError):
    """The line is not an entry; the message says why."""


@dataclass(slots=True)
class HashedLines:
    """Leaf hashes of a block's lines, joined, up to the first line that is not the entry it should be (`problem`).

    withheld, erased: how many lines have such values. gone: the indexes of entries that only their hash is left of.
    oldest: the smallest time of each kind of entries that are there and that may go. telling: the lines of events that
    a verifier goes by: keys that were changed, rows that expired.
    """

    hashes: bytes = b""
    problem: str | None = None
    withheld: int = 0
    erased: int = 0
    gone: list[int] = field(default_factory=list)
    oldest: dict[str, str] = field(default_factory=dict)
    telling: list[bytes] = field(default_factory=list)


def encode(index: int, entry: Entry) -> bytes:
    """The line, without its newline. Raises ValueError where a seed would give away what was erased or withheld."""
    if entry.seed is not None and (entry.erased or entry.withheld):
        raise ValueError("an entry with erased or withheld values has no seed")
    line: dict[str, Any] = {
        "at": entry.at,
        "index": index,
        "kind": entry.kind,
        "position": entry.position,
        "private": entry.private,
        "public": entry.public,
        "v": VERSION,
    }
    if entry.seed is not None:
        line["seed"] = entry.seed.hex()
    elif entry.salts:
        line["salts"] = entry.salts
    if entry.erased:
        line["erased"] = entry.erased
    if entry.withheld:
        line["withheld"] = entry.withheld
    return orjson.dumps(line, option=orjson.OPT_SORT_KEYS)


def encode_gone(index: int, leaf_hash: bytes) -> bytes:
    """The line of an entry whose row is no longer there."""
    return orjson.dumps({"gone": leaf_hash.hex(), "index": index, "v": VERSION})


def withhold(entry: Entry) -> Entry:
    """The entry as a bundle has it that is not to show it: without values, but for those that a verifier goes by."""
    return entry.withhold(path for path in entry.private if path not in _KEPT or not _is_telling(entry))


def fitting(entry: Entry) -> Entry:
    """The entry, with its values withheld when they are too long for a line."""
    # A character takes at most 6 bytes (\\u0000) there; whatever else a line has is short.
    too_long = sum(map(len, entry.private.values())) * 6 > MAX_LINE_BYTES - 2**20
    return entry.withhold(entry.private) if too_long else entry


def decode(line: bytes) -> tuple[int, Entry]:
    """The index and the entry. Raises LineError."""
    try:
        return _entry(_loaded(line), line)
    except (ValueError, TypeError, KeyError, AttributeError) as exc:
        raise exc if isinstance(exc, LineError) else LineError("it is not an entry in JSON") from exc


def index_of(line: bytes) -> int | None:
    """The index that a line says it has; None when it says none."""
    try:
        index = _loaded(line)["index"]
    except (ValueError, TypeError, KeyError):
        return None
    return index if type(index) is int else None


def hash_lines(origin: str, first: int, block: bytes) -> HashedLines:
    """Hash the leaves of lines (each ends in a newline) whose entries should have the indexes from `first` on."""
    found, hashes, expected = HashedLines(), [], first
    for line in block.split(b"\n")[:-1]:
        try:
            hashes.append(_hashed(origin, line, expected, found))
        except (ValueError, TypeError, KeyError, AttributeError) as exc:
            found.problem = str(exc) if isinstance(exc, LineError) else "it is not an entry in JSON"
            break
        expected += 1
    found.hashes = b"".join(hashes)
    return found


def _loaded(line: bytes) -> Any:
    """What the line says. Millions of values would take thirty times the line's length. Raises ValueError."""
    if len(line) > UNCOUNTED_BYTES and _has_too_many_values(line):
        raise LineError("it has more values than an entry has")
    return orjson.loads(line)


def _has_too_many_values(line: bytes) -> bool:
    count = end = 0
    for string in _STRING.finditer(line):
        count += 1 + line.count(b",", end, string.start())
        end = string.end()
        if count > MAX_VALUES:
            return True
    return count + line.count(b",", end) > MAX_VALUES


def _hashed(origin: str, line: bytes, expected: int, found: HashedLines) -> bytes:
    read = _loaded(line)
    if "gone" in read:
        index, gone = read["index"], bytes.fromhex(read["gone"])
        if encode_gone(index, gone) != line or len(gone) != HASH_BYTES or type(index) is not int:
            raise LineError("it is not in the one form that an entry has")
        found.gone.append(index)
    else:
        index, entry = _entry(read, line)
    if index != expected:
        raise LineError(f"entry {index} stands in its place")
    if "gone" in read:
        return gone
    found.withheld += bool(entry.withheld)
    found.erased += bool(entry.erased)
    if _is_telling(entry):
        # It stays, however old it is.
        if len(line) <= MAX_TELLING_BYTES:
            found.telling.append(line)
    elif entry.at < found.oldest.get(entry.kind, LATEST):
        found.oldest[entry.kind] = entry.at
    return entry.leaf_hash(origin)


def _entry(read: Any, line: bytes) -> tuple[int, Entry]:
    at, index, kind, position, private, public, _version = [read[name] for name in _REQUIRED]
    seed = bytes.fromhex(read["seed"]) if "seed" in read else None
    entry = Entry(
        kind, at, position, public, private, seed, read.get("salts"), read.get("erased", {}), read.get("withheld", {})
    )
    objects = (public, private, entry.erased, entry.withheld)
    if type(index) is not int or any(type(one) is not dict for one in objects):
        raise LineError("it is not an entry in JSON")
    salts = entry.salts
    if salts is not None and (salts.keys() != private.keys() or not all(map(is_salt, salts.values()))):
        raise LineError("its salts are not 16 bytes for each value that is there")
    if encode(index, entry) != line or (seed is not None and len(seed) != SEED_BYTES):
        raise LineError("it is not in the one form that an entry has")
    return index, entry


def _is_telling(entry: Entry) -> bool:
    return is_rotation(entry) or is_expiry(entry)
