"""Are a bundle's lines the entries whose leaf hashes it has?

In: the archive and its contents. Out: the first entry that is not, by name, and what was seen on the way. Lines are
hashed in other processes when there are many; memory does not grow with their number.
"""

from __future__ import annotations

import multiprocessing
import signal
from collections import deque
from collections.abc import Callable, Generator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field

from kapok.ledger.archive import Archive, BundleUnreadable
from kapok.ledger.bundle import ENTRIES, LEAF_HASHES
from kapok.ledger.contents import Contents
from kapok.ledger.entries import Entry
from kapok.ledger.lines import LATEST, MAX_LINE_BYTES, HashedLines, LineError, decode, hash_lines, index_of
from kapok.ledger.merkle import HASH_BYTES
from kapok.ledger.problems import Code, Problem
from kapok.ledger.tiles import hashes_of

#: Fewer bytes of lines than this are hashed where they are: starting processes would take longer.
_WORTH_PROCESSES = 24 * 2**20
_BLOCK_BYTES = 2**19
_MAX_TELLING = 10_000

Progress = Callable[[int, int], None]


@dataclass(slots=True)
class Entries:
    """What the lines are. count: how many are what was sealed, before the problem if there is one.

    gone: (first, end) of entries that only their hash is left of. oldest: the smallest time of each kind of the others
    that do not stay for good.
    telling: the lines of events to go by, in order.
    """

    count: int = 0
    withheld: int = 0
    erased: int = 0
    gone: list[tuple[int, int]] = field(default_factory=list)
    oldest: dict[str, str] = field(default_factory=dict)
    telling: list[bytes] = field(default_factory=list)
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class _Block:
    first: int
    lines: bytes
    hashed: HashedLines


def check_entries(archive: Archive, contents: Contents, processes: int, progress: Progress) -> Entries:
    """Compare every line with its leaf hash, up to the first that differs. Raises BundleUnreadable.

    progress: given the entries done and all there are.
    """
    found, stored = Entries(), _Stored(archive)
    first, last = contents.part.first_size, contents.part.last_size
    blocks = _hashed(archive, contents, processes)
    try:
        for block in blocks:
            lines = block.lines.count(b"\n")
            expected = stored.take(min(lines, last - block.first))
            found.problem = _difference(block, expected) or _surplus(block, lines, last)
            if found.problem:
                return found
            _add(found, block.hashed)
            found.count += lines
            progress(found.count, last - first)
    finally:
        blocks.close()
    if first + found.count < last:
        message = f"The entries {first + found.count} to {last - 1} are missing: the file was cut off."
        found.problem = Problem(Code.ENTRIES_CUT_OFF, message, index=first + found.count)
    return found


def _hashed(archive: Archive, contents: Contents, processes: int) -> Generator[_Block, None, None]:
    origin, first = contents.part.origin, contents.part.first_size
    blocks = archive.blocks(ENTRIES, MAX_LINE_BYTES, _BLOCK_BYTES)
    if processes < 2 or archive.size(ENTRIES) < _WORTH_PROCESSES:
        for lines in blocks:
            yield _Block(first, lines, hash_lines(origin, first, lines))
            first += lines.count(b"\n")
        return
    # Not forked: the caller may have threads.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(processes, mp_context=context, initializer=_leave_interrupts_to_the_parent)
    under_way: deque[tuple[int, bytes, Future[HashedLines]]] = deque()
    try:
        for lines in blocks:
            under_way.append((first, lines, pool.submit(hash_lines, origin, first, lines)))
            first += lines.count(b"\n")
            if len(under_way) > 2 * processes:
                yield _finished(under_way)
        while under_way:
            yield _finished(under_way)
    except BrokenProcessPool as exc:
        raise BundleUnreadable("a process that read its entries was ended, for want of memory perhaps") from exc
    finally:
        pool.shutdown(cancel_futures=True)


def _finished(under_way: deque[tuple[int, bytes, Future[HashedLines]]]) -> _Block:
    first, lines, future = under_way.popleft()
    return _Block(first, lines, future.result())


def _leave_interrupts_to_the_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


class _Stored:
    """The bundle's leaf hashes, taken piece by piece."""

    def __init__(self, archive: Archive) -> None:
        self._chunks, self._rest = archive.chunks(LEAF_HASHES), b""

    def take(self, count: int) -> bytes:
        """The next `count` hashes, joined; fewer at the end. A part of one is none."""
        length = max(count, 0) * HASH_BYTES
        while len(self._rest) < length and (chunk := next(self._chunks, b"")):
            self._rest += chunk
        length = min(length, len(self._rest)) // HASH_BYTES * HASH_BYTES
        taken, self._rest = self._rest[:length], self._rest[length:]
        return taken


def _add(found: Entries, hashed: HashedLines) -> None:
    found.withheld += hashed.withheld
    found.erased += hashed.erased
    found.telling += hashed.telling[: _MAX_TELLING - len(found.telling)]
    for kind, at in hashed.oldest.items():
        found.oldest[kind] = min(at, found.oldest.get(kind, LATEST))
    for index in hashed.gone:
        if found.gone and found.gone[-1][1] == index:
            found.gone[-1] = (found.gone[-1][0], index + 1)
        else:
            found.gone.append((index, index + 1))


def _surplus(block: _Block, lines: int, last: int) -> Problem | None:
    if block.first + lines <= last:
        return None
    entry = _entry(block.lines.split(b"\n")[max(last - block.first, 0)])
    return Problem.of_entry(Code.ENTRIES_ADDED, max(last, block.first), entry, "is behind the end of the range.")


def _difference(block: _Block, expected: bytes) -> Problem | None:
    """What is wrong with the first line whose hash is not the expected one; lines beyond these hashes are let be."""
    if block.hashed.hashes[: len(expected)] == expected:
        return None
    computed, stored = hashes_of(block.hashed.hashes), hashes_of(expected)
    pairs = enumerate(zip(computed, stored, strict=False))
    place = next((number for number, (one, other) in pairs if one != other), len(computed))
    lines = block.lines.split(b"\n")[:-1]
    if place == len(computed):
        return _no_entry(block, lines[place : place + 2], block.first + place)
    return _another_entry(computed[place : place + 2], stored[place : place + 2], lines[place], block.first + place)


def _no_entry(block: _Block, lines: list[bytes], index: int) -> Problem:
    """The line at `index` is none, or is that of another index. lines: it and the one after it."""
    there, *after = (index_of(line) for line in lines)
    entry = _entry(lines[0])
    if there is None or there == index:
        return Problem.of_entry(Code.ENTRY_MALFORMED, index, entry, f"cannot be read: {block.hashed.problem}.")
    if there < index:
        return Problem.of_entry(Code.ENTRY_INSERTED, there, entry, f"was inserted where entry {index} should be.")
    if after == [index]:
        return Problem.of_entry(Code.ENTRIES_SWAPPED, index, _entry(lines[1]), f"stands behind entry {there}.")
    return Problem.of_entry(Code.ENTRY_MISSING, index, None, f"is missing: entry {there} follows.")


def _another_entry(computed: list[bytes], stored: list[bytes], line: bytes, index: int) -> Problem:
    """The line at `index` has another hash. computed, stored: its hash and that after it, as far as there are any."""
    entry = _entry(line)
    early = len(stored) == 2 and computed[0] == stored[1]
    late = len(computed) == 2 and computed[1] == stored[0]
    if early and late:
        return Problem.of_entry(Code.ENTRIES_SWAPPED, index, entry, f"was swapped with entry {index + 1}.")
    if early:
        return Problem.of_entry(Code.ENTRY_MISSING, index, None, "is missing: what stands there is the one after it.")
    if late:
        return Problem.of_entry(Code.ENTRY_INSERTED, index, entry, "was inserted: what was sealed follows it.")
    return Problem.of_entry(Code.ENTRY_CHANGED, index, entry, "is not what was sealed.")


def _entry(line: bytes) -> Entry | None:
    try:
        return decode(line)[1]
    except LineError:
        return None
