"""Anchors: places outside the database that keep every checkpoint, so that who rules the database cannot rewrite it.

In: a log's origin and the notes of its checkpoints. Out: the same notes later, or `AnchorForkedError` where an anchor
has another one of the same size. What an anchor has it never gives away and never overwrites.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

from kapok.ledger.checkpoints import Checkpoint, Note, NoteError

_SUFFIX = ".checkpoint"
#: The file by which a directory that is there is told from the empty place where it would be mounted.
MARKER = ".kapok-anchor"
_MARKER_TEXT = (
    "Kapok keeps signed checkpoints of its audit logs here. Without this file, it takes them to be elsewhere.\n"
)
#: Digits of a size in a file's name, so that names sort as sizes do.
_DIGITS = 19


class AnchorForkedError(Exception):
    """An anchor has another checkpoint of the same size: there are two histories of one log."""


class AnchorAwayError(OSError):
    """An anchor does not answer, or refuses; the message says which. It is tried again later."""


class AnchorMisconfiguredError(OSError):
    """An anchor is not one: its URL, its bucket or its rights are not what they should be; the message says what."""


class Anchor(Protocol):
    """A place that keeps checkpoints. Methods raise OSError while it cannot be reached.

    far: it takes a network to ask, so nobody who has no time may; and it gets the newest checkpoint only, a log's at
    most `every` seconds."""

    name: str
    far: bool
    every: float

    def check(self) -> None:
        """Is it fit to be an anchor? Raises AnchorMisconfiguredError."""

    def begun(self) -> bool:
        """Whether it says of itself that it is the one."""

    def begin(self) -> None:
        """Have it say so from now on."""

    def put(self, origin: str, size: int, note: str) -> None:
        """Keep a note. One that is there already is left; raises AnchorForkedError where it says something else."""

    def put_stamp(self, origin: str, size: int, answer: bytes) -> None:
        """Keep the time stamp (RFC 3161) of a note beside it; the first one stays."""

    def get(self, origin: str, size: int) -> str | None:
        """The note of this size."""

    def knows(self, origin: str) -> bool:
        """Whether `latest` answers at once."""

    def latest(self, origin: str) -> str | None:
        """The note of the largest size."""

    def latest_size(self, origin: str) -> int:
        """Its size; 0 for none."""

    def sizes(self, origin: str) -> Iterator[int]:
        """Every size there is a note of, ascending."""


class DirectoryAnchor:
    """A directory, best of a file system that others run: `<origin>/<size>.checkpoint`, one file a checkpoint, made at
    once and read-only."""

    far, every = False, 0.0

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        self._path = path
        # Listing a directory of a million files for every checkpoint would take longer than all else.
        self._latest: dict[str, int] = {}

    def check(self) -> None:
        """It is made when it is needed."""

    def begun(self) -> bool:
        """Whether it has its marker."""
        return (self._path / MARKER).is_file()

    def begin(self) -> None:
        """Put the marker there."""
        self._keep(self._path / MARKER, _MARKER_TEXT.encode())

    def put(self, origin: str, size: int, note: str) -> None:
        """Keep a note: a file that is complete and on the disk, or none."""
        self._keep(self._file(origin, size), note.encode())
        self._refuse_fork(origin, size, note)
        self._latest[origin] = max(size, self._latest.get(origin, 0))

    def put_stamp(self, origin: str, size: int, answer: bytes) -> None:
        """Keep a time stamp, in the form that `openssl ts` reads."""
        self._keep(self._file(origin, size).with_suffix(".tsr"), answer)

    def get(self, origin: str, size: int) -> str | None:
        """The note of this size."""
        try:
            return self._file(origin, size).read_text(encoding="utf-8")
        except FileNotFoundError:
            return None

    def knows(self, origin: str) -> bool:
        """A directory answers at once."""
        return True

    def latest(self, origin: str) -> str | None:
        """The note of the largest size that was there at the first look, or was put there by this object since."""
        return self.get(origin, self.latest_size(origin))

    def latest_size(self, origin: str) -> int:
        """Its size; 0 for none."""
        if origin not in self._latest:
            self._latest[origin] = max(self.sizes(origin), default=0)
        return self._latest[origin]

    def sizes(self, origin: str) -> Iterator[int]:
        """Every size there is a note of, ascending."""
        try:
            names = sorted(entry.name for entry in os.scandir(self._folder(origin)))
        except FileNotFoundError:
            return
        for name in names:
            size = name.removesuffix(_SUFFIX)
            if name.endswith(_SUFFIX) and size.isascii() and size.isdigit():
                yield int(size)

    def _keep(self, path: Path, content: bytes) -> None:
        try:
            self._write(path, content)
        except OSError as exc:
            # What the system says of a full disk names no file.
            raise AnchorAwayError(f"the anchor {self.name} cannot be written to: {exc.strerror}") from exc

    def _write(self, path: Path, content: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, unfinished = tempfile.mkstemp(prefix=".unfinished-", dir=path.parent)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fchmod(file.fileno(), 0o444)
                os.fsync(file.fileno())
            # A link is never made over a file that is there.
            with suppress(FileExistsError):
                os.link(unfinished, path)
        finally:
            Path(unfinished).unlink()
        _sync(path.parent)

    def _refuse_fork(self, origin: str, size: int, note: str) -> None:
        kept = self.get(origin, size)
        if kept != note and (kept is None or not says_the_same(kept, note)):
            raise AnchorForkedError(f"the anchor {self.name} has another checkpoint of size {size}")

    def _folder(self, origin: str) -> Path:
        name = quote(origin, safe="")
        return self._path / (f"%2E{name[1:]}" if name.startswith(".") else name)

    def _file(self, origin: str, size: int) -> Path:
        return self._folder(origin) / f"{size:0{_DIGITS}d}{_SUFFIX}"


def says_the_same(one: str, other: str) -> bool:
    """Whether two notes speak of the same log, size and root: the time and the signatures may differ."""
    try:
        left, right = (Checkpoint.parse(Note.parse(note).text) for note in (one, other))
    except NoteError:
        return False
    return (left.origin, left.size, left.root) == (right.origin, right.size, right.root)


def _sync(folder: Path) -> None:
    """Names are on the disk once their directory is."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
