"""Where a page ended, as text for an address. In: a place and what was looked for. Out: the text; the place again."""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import NamedTuple

import orjson

from kapok.errors import KapokError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_LARGEST = 2**63 - 1


class Place(NamedTuple):
    """A place in the order in which entries are shown: by time, then by index (`entry`)."""

    at: datetime
    entry: int


def encode(place: Place, of: str) -> str:
    """The cursor. of: what was looked for; the cursor is good for nothing else."""
    text = orjson.dumps([(place.at - _EPOCH) // _MICROSECOND, place.entry, _mark(of)])
    return urlsafe_b64encode(text).decode().rstrip("=")


def decode(cursor: str, of: str) -> Place | None:
    """The place; None for "". Raises BAD_CURSOR."""
    if not cursor:
        return None
    try:
        at, index, mark = orjson.loads(urlsafe_b64decode(cursor[:200] + "=" * (-len(cursor) % 4)))
        if mark == _mark(of) and type(at) is int and type(index) is int and abs(index) <= _LARGEST:
            return Place(_EPOCH + at * _MICROSECOND, index)
    except (ValueError, TypeError, OverflowError, binascii.Error):
        pass
    raise KapokError("BAD_CURSOR", hint="A cursor goes on with the search it came from. Leave it out to begin.")


def _mark(of: str) -> str:
    return sha256(of.encode()).hexdigest()[:12]
