"""Do a bundle's leaf hashes give the roots that were signed?

In: the archive and its contents. Out: the roots at the sizes asked for, and problems: of the frontier, of the leaf
hashes, of the checkpoints' order and of the proofs between them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise

from kapok.ledger.archive import Archive
from kapok.ledger.bundle import LEAF_HASHES
from kapok.ledger.checkpoints import Checkpoint
from kapok.ledger.contents import Contents
from kapok.ledger.merkle import HASH_BYTES, CompactRange
from kapok.ledger.problems import Code, Problem
from kapok.ledger.proofs import verify_consistency, verify_inclusion
from kapok.ledger.tiles import hashes_of


def check_checkpoints(contents: Contents) -> Iterator[Problem]:
    """Are the checkpoints of this log, in order, from the range's beginning to its end?"""
    part, checkpoints = contents.part, [signed.checkpoint for signed in contents.checkpoints]
    for checkpoint in checkpoints:
        if checkpoint.origin != part.origin:
            yield Problem(
                Code.WRONG_LOG,
                f"The checkpoint of {checkpoint.size} entries is of log {checkpoint.origin!r}, not {part.origin!r}.",
            )
            return
    for old, new in pairwise(checkpoints):
        if old.size == new.size and old.root != new.root:
            yield forked(old.size)
        elif old.size > new.size or old.at > new.at:
            message = f"The checkpoint of {new.size} entries at {new.at} follows that of {old.size} at {old.at}."
            yield Problem(Code.CHECKPOINTS_OUT_OF_ORDER, message)
    if not checkpoints or checkpoints[-1].size != part.last_size:
        yield Problem(Code.CHECKPOINT_MISSING, f"There is no checkpoint of the range's end ({part.last_size} entries).")
    elif part.first_size and checkpoints[0].size != part.first_size:
        message = f"There is no checkpoint of the range's beginning ({part.first_size} entries)."
        yield Problem(Code.CHECKPOINT_MISSING, message)
    else:
        yield from check_cover(part.since, part.until, part.first_size, checkpoints)


def check_cover(
    since: str | None, until: str | None, first_size: int, checkpoints: list[Checkpoint]
) -> Iterator[Problem]:
    """Was the first checkpoint signed before the time `since`, and the last one after `until`? None asks nothing."""
    if since and first_size and checkpoints[0].at > since:
        message = f"The range begins at {since}, but its first checkpoint was signed later, at {checkpoints[0].at}."
        yield Problem(Code.RANGE_NOT_COVERED, message)
    if until and checkpoints[-1].at < until:
        message = f"The range ends at {until}, but its last checkpoint was signed before, at {checkpoints[-1].at}."
        yield Problem(Code.RANGE_NOT_COVERED, message)


def computed_roots(
    archive: Archive, contents: Contents, sizes: Iterable[int]
) -> tuple[dict[int, bytes], list[Problem]]:
    """The roots that the frontier and the leaf hashes give at these sizes (those of the range), and what is wrong."""
    part = contents.part
    try:
        tree = CompactRange.from_frontier(contents.frontier_size, contents.frontier)
    except ValueError:
        return {}, [_frontier_problem()]
    first_roots = {one.checkpoint.root for one in contents.checkpoints if one.checkpoint.size == part.first_size}
    if tree.size != part.first_size or (first_roots and tree.root not in first_roots):
        return {}, [_frontier_problem()]
    leaves, bytes_there = part.last_size - part.first_size, archive.size(LEAF_HASHES)
    if bytes_there != leaves * HASH_BYTES:
        message = f"{LEAF_HASHES} has {bytes_there} bytes, but the range has {leaves} entries."
        return {}, [Problem(Code.LEAF_HASHES_CHANGED, message)]
    wanted = sorted({size for size in sizes if part.first_size <= size <= part.last_size}, reverse=True)
    return _walk(archive, tree, wanted), []


def _walk(archive: Archive, tree: CompactRange, wanted: list[int]) -> dict[int, bytes]:
    """wanted: sizes, largest first."""
    roots = {}
    for chunk in archive.chunks(LEAF_HASHES):
        hashes, start = hashes_of(chunk), 0
        while wanted and wanted[-1] <= tree.size + len(hashes) - start:
            stop = start + wanted[-1] - tree.size
            tree.extend(hashes[start:stop])
            start = stop
            roots[wanted.pop()] = tree.root
        tree.extend(hashes[start:])
    for size in wanted:
        if size == tree.size:
            roots[size] = tree.root
    return roots


def check_roots(contents: Contents, roots: dict[int, bytes]) -> Iterator[Problem]:
    """The first checkpoint whose root is not that of the leaf hashes, by the range it closes."""
    good = contents.part.first_size
    for signed in contents.checkpoints:
        size = signed.checkpoint.size
        if roots.get(size) != signed.checkpoint.root:
            message = (
                f"The entries {good} to {size - 1} do not give the root that was signed at {signed.checkpoint.at}: "
                f"one or more of them were changed together with their leaf hashes, or the checkpoint was."
            )
            yield Problem(Code.ROOT_MISMATCH, message, index=good)
            return
        good = size


def check_proofs(archive: Archive, contents: Contents) -> Iterator[Problem]:
    """Do the consistency and inclusion proofs hold, and is none missing?"""
    roots = {one.checkpoint.size: one.checkpoint.root for one in contents.checkpoints}
    proven = set()
    for one in contents.consistency:
        ends = roots.get(one.first), roots.get(one.second)
        if ends[0] and ends[1] and verify_consistency(one.first, one.second, ends[0], ends[1], one.proof):
            proven.add((one.first, one.second))
    for pair in pairwise(sorted(roots)):
        if pair not in proven:
            message = (
                f"The proof that the log of {pair[0]} entries is the beginning of that of {pair[1]} does not hold."
            )
            yield Problem(Code.PROOF_INVALID, message)
    if len(proven) != len(contents.consistency):
        yield Problem(Code.PROOF_INVALID, "There are consistency proofs that do not hold or belong to no checkpoints.")
    yield from _check_inclusion(archive, contents, roots.get(contents.part.last_size))


def _check_inclusion(archive: Archive, contents: Contents, root: bytes | None) -> Iterator[Problem]:
    first, last = contents.part.first_size, contents.part.last_size
    leaves = dict(_ends(archive, first, last)) if first < last else {}
    proven = {
        one.index
        for one in contents.inclusion
        if root and one.size == last and one.index in leaves
        and verify_inclusion(leaves[one.index], one.index, last, one.proof, root)
    }  # fmt: skip
    if proven != set(leaves) or len(contents.inclusion) != len(leaves):
        yield Problem(
            Code.PROOF_INVALID, "The proof that the range's first and last entries are in the log does not hold."
        )


def _ends(archive: Archive, first: int, last: int) -> Iterator[tuple[int, bytes]]:
    previous = b""
    for number, chunk in enumerate(archive.chunks(LEAF_HASHES)):
        if number == 0:
            yield first, chunk[:HASH_BYTES]
        previous = chunk
    yield last - 1, previous[-HASH_BYTES:]


def forked(size: int) -> Problem:
    """Two signed states of one size that differ."""
    message = f"Two different logs of {size} entries were signed: the log was forked."
    return Problem(Code.FORKED, message, index=size)


def _frontier_problem() -> Problem:
    return Problem(Code.FRONTIER_CHANGED, "frontier.json is not the log's state at the range's first checkpoint.")
