"""What a log's entry is, and the bytes a leaf commits to (docs/adr/0012-what-a-leaf-holds.md).

In: an entry's public fields and its private values. Out: the leaf, its hash, and entries with values erased or withheld
whose leaf is the same. Each private value is committed to by itself, salted, so that any of them can go for good.
"""

from __future__ import annotations

import hmac
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import sha256

import orjson

SEED_BYTES = 32
SALT_BYTES = 16
#: The version of the leaf's form.
VERSION = 1
CHANGE, EVENT = "change", "event"

Public = Mapping[str, str | int | None]
_SALT = re.compile(rf"[0-9a-f]{{{2 * SALT_BYTES}}}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry. Private values are their JSON texts, by path (`after.name`, `details.reason`).

    at: `time_text` of when it happened. position: that of the change or event in its table.
    Either seed (nothing erased yet) or salts (path -> hex, for the private values that are left) is given.
    erased, withheld: path -> digest in hex of values that are gone for good, or left out of one bundle.
    """

    kind: str
    at: str
    position: int
    public: Public
    private: Mapping[str, str] = field(default_factory=dict)
    seed: bytes | None = None
    salts: Mapping[str, str] | None = None
    erased: Mapping[str, str] = field(default_factory=dict)
    withheld: Mapping[str, str] = field(default_factory=dict)

    def digests(self) -> dict[str, str]:
        """The digest of every private value, in hex, by path.

        Raises ValueError when a value's salt is missing or not one, or when a value is both there and erased or
        withheld: its text would be shown without having been looked at.
        """
        found = _digests_of_seed(self.seed, self.private) if self.seed is not None else self._digests_of_salts()
        if self.erased or self.withheld:
            found.update(self.erased)
            found.update(self.withheld)
            if len(found) != len(self.private) + len(self.erased) + len(self.withheld):
                raise ValueError("a value is given twice")
        return found

    def leaf(self, origin: str) -> bytes:
        """The bytes that the log `origin` commits to: canonical JSON."""
        return leaf_bytes(origin, self.kind, self.at, self.position, self.public, self.digests())

    def leaf_hash(self, origin: str) -> bytes:
        """SHA-256(0x00 || leaf)."""
        return sha256(b"\x00" + self.leaf(origin)).digest()

    def erase(self, paths: Iterable[str]) -> Entry:
        """Without these values, for good: their digests stay, the seed goes. Raises ValueError for an unknown path."""
        kept, gone = self._without(paths)
        return replace(kept, erased={**self.erased, **gone})

    def withhold(self, paths: Iterable[str]) -> Entry:
        """For a bundle that is not to show these values: as erase(), but told apart. Raises ValueError as well."""
        kept, gone = self._without(paths)
        return replace(kept, withheld={**self.withheld, **gone})

    def _without(self, paths: Iterable[str]) -> tuple[Entry, dict[str, str]]:
        going = set(paths)
        unknown = going - self.private.keys() - self.erased.keys() - self.withheld.keys()
        if unknown:
            raise ValueError(f"the entry has no value {sorted(unknown)[0]!r}")
        going &= self.private.keys()
        if not going:
            return self, {}
        digests = self.digests()
        left = {path: text for path, text in self.private.items() if path not in going}
        salts = {path: self._salt(path).hex() for path in left}
        return replace(self, private=left, seed=None, salts=salts), {path: digests[path] for path in going}

    def _salt(self, path: str) -> bytes:
        if self.seed is not None:
            return salt_of(self.seed, path)
        text = self.salts.get(path) if isinstance(self.salts, Mapping) else None
        if text is None:
            raise ValueError(f"the salt of {path!r} is missing")
        if not is_salt(text):
            raise ValueError(f"the salt of {path!r} does not have {SALT_BYTES} bytes")
        return bytes.fromhex(text)

    def _digests_of_salts(self) -> dict[str, str]:
        return {path: digest_of(self._salt(path), text) for path, text in self.private.items()}


def new_seed() -> bytes:
    """32 random bytes, for one entry."""
    return os.urandom(SEED_BYTES)


def is_salt(text: object) -> bool:
    """Whether it is 16 bytes in hex. With one that is longer by a value's first characters, the rest of the value has
    the same digest as the whole."""
    return isinstance(text, str) and _SALT.fullmatch(text) is not None


def salt_of(seed: bytes, path: str) -> bytes:
    """The first 16 bytes of HMAC-SHA256(seed, UTF-8 of the path)."""
    return hmac.digest(seed, path.encode(), "sha256")[:SALT_BYTES]


def digest_of(salt: bytes, text: str) -> str:
    """SHA-256(0x02 || salt || UTF-8 of the text), in hex."""
    return sha256(b"\x02" + salt + text.encode()).hexdigest()


def leaf_bytes(origin: str, kind: str, at: str, position: int, public: Public, digests: Mapping[str, str]) -> bytes:
    """Canonical JSON: keys in the order of their code points, no spaces, UTF-8; strings, integers and null."""
    leaf = {
        "at": at, "kind": kind, "log": origin, "position": position,
        "private": digests, "public": public, "v": VERSION,
    }  # fmt: skip
    return orjson.dumps(leaf, option=orjson.OPT_SORT_KEYS)


def time_text(at: datetime) -> str:
    """`2026-11-21T16:05:09.123456Z`: RFC 3339 in UTC with microseconds. at: with its time zone."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")[:-6] + "Z"


def _digests_of_seed(seed: bytes, private: Mapping[str, str]) -> dict[str, str]:
    # The loop that sealing and verifying spend their time in: salt_of and digest_of, written out.
    found, digest, sha = {}, hmac.digest, sha256
    for path, text in private.items():
        salt = digest(seed, path.encode(), "sha256")[:SALT_BYTES]
        found[path] = sha(b"\x02" + salt + text.encode()).hexdigest()
    return found
