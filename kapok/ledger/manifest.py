"""A bundle's manifest: which part of which log it is, when it was made, and the hashes of its smaller files.

In: these facts, or the bytes of manifest.json. Out: its bytes, in the one spelling that is signed, or `Manifest`.
Nothing is proven here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import orjson

from kapok.ledger.checkpoints import is_time, sign
from kapok.ledger.keys import Signer

FORMAT, VERSION = "kapok-audit-bundle", 1
#: Longest manifest that is read, in bytes, and most files that it may list.
MAX_MANIFEST_BYTES, MAX_MEMBERS = 2**20, 32

_TITLE = "kapok: an audit bundle"
_MAX_SIZE = 2**63 - 1
_HASH = re.compile(r"[0-9a-f]{64}", re.ASCII)

#: Gives the signed note over a manifest's bytes, or None where nobody signs it.
ManifestSigner = Callable[[bytes], str | None]


class ManifestError(ValueError):
    """The bytes are no manifest of a bundle; the message says why."""


@dataclass(frozen=True, slots=True)
class Range:
    """Which part of which log: the entries [first_size, last_size), and the times that were asked for (or None).

    selection: what was asked for besides, in words (`{"tables": "payments, invoices"}`); nothing proves it.
    """

    origin: str
    first_size: int
    last_size: int
    since: str | None = None
    until: str | None = None
    selection: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a manifest says. created_at: ISO 8601. files: name -> (bytes, SHA-256 in hex)."""

    part: Range
    created_at: str
    files: Mapping[str, tuple[int, str]]

    @property
    def encoded(self) -> bytes:
        """The one spelling that Kapok writes and signs."""
        return orjson.dumps(
            {
                "createdAt": self.created_at,
                "files": {name: {"bytes": size, "sha256": digest} for name, (size, digest) in self.files.items()},
                "firstSize": self.part.first_size,
                "format": FORMAT,
                "from": self.part.since,
                "lastSize": self.part.last_size,
                "origin": self.part.origin,
                "selection": dict(self.part.selection),
                "to": self.part.until,
                "version": VERSION,
            },
            option=orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2,
        )

    @classmethod
    def parse(cls, content: bytes) -> Manifest:
        """Read manifest.json, in any spelling. Raises ManifestError."""
        try:
            manifest = orjson.loads(content)
        except orjson.JSONDecodeError as exc:
            raise ManifestError("manifest.json is not JSON") from exc
        try:
            return cls(_range(manifest), _text(manifest["createdAt"]), _files(manifest["files"]))
        except (KeyError, TypeError, AttributeError) as exc:
            raise ManifestError("manifest.json is not of the form it should have") from exc


def manifest_text(origin: str, manifest: bytes) -> str:
    """What a manifest's signature is over. It cannot be read as a checkpoint: its second line is no size."""
    return f"{_TITLE}\n{origin}\n{sha256(manifest).hexdigest()}\n"


def manifest_signer(origin: str, signers: Sequence[Signer]) -> ManifestSigner:
    """Who has the keys signs by itself."""
    return lambda manifest: sign(manifest_text(origin, manifest), signers)


def _range(manifest: Any) -> Range:
    if manifest["format"] != FORMAT:
        raise ManifestError("its manifest is not that of an audit bundle")
    if manifest["version"] != VERSION:
        raise ManifestError(f"it is of version {manifest['version']!r} of the format, not of {VERSION}")
    first, last = _size(manifest["firstSize"]), _size(manifest["lastSize"])
    if first > last:
        raise ManifestError("its range ends before it begins")
    selection = {_text(name): _text(value) for name, value in manifest["selection"].items()}
    return Range(_text(manifest["origin"]), first, last, _time(manifest["from"]), _time(manifest["to"]), selection)


def _files(files: Any) -> dict[str, tuple[int, str]]:
    found = {name: (_size(facts["bytes"]), _text(facts["sha256"])) for name, facts in files.items()}
    if len(found) > MAX_MEMBERS or not all(_HASH.fullmatch(digest) for _, digest in found.values()):
        raise ManifestError("the files' hashes are not what they should be")
    return found


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("a text was expected")
    return value


def _time(value: Any) -> str | None:
    if value is not None and not is_time(value):
        raise ManifestError("a time was expected")
    return _text(value) if value is not None else None


def _size(value: Any) -> int:
    if type(value) is not int or not 0 <= value <= _MAX_SIZE:
        raise TypeError("a number was expected")
    return value
