"""Reading a zip that somebody may have made to do harm.

In: a path. Out: the bytes of members, read as a stream or up to a limit. Refused with one sentence and with little
memory: too many members, odd or repeated names, encryption, other compressions, directories too large, bombs.
"""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from kapok.ledger.manifest import MAX_MEMBERS

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_MAX_DIRECTORY_BYTES = 64 * 1024
_END, _LOCATOR, _END64 = struct.Struct("<4s4H2LH"), struct.Struct("<4sLQL"), struct.Struct("<4sQ2H2L4Q")
_ENCRYPTED = 0x1
_CHUNK_BYTES = 2**20


class BundleUnreadable(Exception):
    """The file cannot be read as a bundle; the message says why."""


class Archive:
    """The members of a zip, by name."""

    def __init__(self, path: Path) -> None:
        """Open it. Raises BundleUnreadable."""
        self._members: dict[str, zipfile.ZipInfo] = {}
        with ExitStack() as opened, _refusing("the file"):
            self._file = opened.enter_context(path.open("rb"))
            _check_directory(self._file)
            self._zip = zipfile.ZipFile(self._file)
            for info in self._zip.infolist():
                self._add(info)
            if min((info.header_offset for info in self._members.values()), default=0):
                # Who reads a zip from its beginning would see other files than who reads it from its end.
                raise BundleUnreadable("there is something in front of its files")
            opened.pop_all()

    def __enter__(self) -> Archive:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._zip.close()
        # Not the zip's business: it would wait for members that are still being read.
        self._file.close()

    @property
    def names(self) -> frozenset[str]:
        """The members' names."""
        return frozenset(self._members)

    def size(self, name: str) -> int:
        """The bytes that a member says it has. Raises BundleUnreadable when there is no such member."""
        return self._info(name).file_size

    def read(self, name: str, limit: int) -> bytes:
        """A whole member of at most `limit` bytes. Raises BundleUnreadable."""
        if self.size(name) > limit:
            raise BundleUnreadable(f"{name} is too large: {self.size(name)} bytes, at most {limit}")
        return b"".join(self.chunks(name))

    def chunks(self, name: str, size: int = _CHUNK_BYTES) -> Iterator[bytes]:
        """A member in pieces of `size` bytes (the last one may be shorter). Raises BundleUnreadable."""
        with _refusing(name), self._zip.open(self._info(name)) as stream:
            while chunk := stream.read(size):
                yield chunk

    def blocks(self, name: str, longest: int, size: int = _CHUNK_BYTES) -> Iterator[bytes]:
        """A member of lines in pieces of about `size` bytes, each of whole lines.

        Raises BundleUnreadable, also for a line of more than `longest` bytes and a last line without its end.
        """
        rest: list[bytes] = []
        length = 0
        for chunk in self.chunks(name, size):
            cut = chunk.rfind(b"\n") + 1
            if cut:
                yield b"".join((*rest, chunk[:cut]))
                rest, length = [], 0
            rest.append(chunk[cut:])
            length += len(rest[-1])
            if length > longest:
                raise BundleUnreadable(f"{name} has a line that is longer than {longest} bytes")
        if length:
            raise BundleUnreadable(f"{name} ends in the middle of a line")

    def _info(self, name: str) -> zipfile.ZipInfo:
        if name not in self._members:
            raise BundleUnreadable(f"there is no {name} in it")
        return self._members[name]

    def _add(self, info: zipfile.ZipInfo) -> None:
        name = info.orig_filename
        if not _NAME.fullmatch(name) or info.filename != name:
            raise BundleUnreadable("it has a member with a name that no bundle has")
        if name in self._members:
            raise BundleUnreadable(f"it has {name} twice")
        if info.comment:
            # It could hold the next members' entries of the directory.
            raise BundleUnreadable(f"{name} has a comment")
        if info.flag_bits & _ENCRYPTED:
            raise BundleUnreadable(f"{name} is encrypted")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise BundleUnreadable(f"{name} is compressed in another way than bundles are")
        self._members[name] = info


@contextmanager
def _refusing(what: str) -> Iterator[None]:
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, EOFError, struct.error, NotImplementedError, RuntimeError) as exc:
        raise BundleUnreadable(f"{what} is damaged or not a zip") from exc
    except (ValueError, OverflowError) as exc:
        raise BundleUnreadable(f"{what} is damaged") from exc
    except OSError as exc:
        raise BundleUnreadable(f"{what} cannot be read: {exc.strerror or 'input and output failed'}") from exc


def _check_directory(stream: IO[bytes]) -> None:
    """Look at the zip's end before zipfile does: it would read a directory of any size into memory."""
    end = stream.seek(0, 2)
    if end < _END.size:
        raise BundleUnreadable("the file is not a zip, or was cut off")
    signature, _, _, _, count, size, _, comment = _read(stream, end - _END.size, _END)
    if signature != b"PK\x05\x06" or comment:
        raise BundleUnreadable("the file is not a zip, or was cut off")
    locator = end - _END.size - _LOCATOR.size
    if locator >= _END64.size:
        signature, _, place, _ = _read(stream, locator, _LOCATOR)
        if signature == b"PK\x06\x07":
            if place != locator - _END64.size:
                raise BundleUnreadable("the zip's end is not where it says")
            _, _, _, _, _, _, _, count, size, _ = _read(stream, place, _END64)
    if count > MAX_MEMBERS or size > _MAX_DIRECTORY_BYTES:
        raise BundleUnreadable("it has more members than a bundle has")


def _read(stream: IO[bytes], place: int, form: struct.Struct) -> tuple[Any, ...]:
    stream.seek(place)
    return form.unpack(stream.read(form.size))
