"""Whatever is done to the entries of a bundle is found and named; erasing and withholding are not held against it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from kapok.ledger import bundle
from kapok.ledger.lines import encode, encode_gone, withhold
from kapok.ledger.problems import Code, Outcome
from tests.ledger.logs import (
    ORIGIN,
    Log,
    at,
    change,
    edit,
    edited_json,
    edited_lines,
    renumbered,
)

#: The exported range; the log has checkpoints at 10, 25, 40 and 60 entries.
from tests.ledger.tampered import FIRST, Lines, changed_value, check, codes, found, made_log, moved_border

# --- what is in order


@pytest.mark.parametrize(("first", "last"), [(0, 60), (0, 10), (10, 60), (25, 40), (40, 40), (60, 60), (0, 25)])
def test_a_bundle_is_verified(log: Log, tmp_path: Path, first: int, last: int) -> None:
    result = check(log.bundle(tmp_path / "b.zip", first, last), log)
    assert result.outcome is Outcome.VERIFIED, result.problems
    assert (result.entries, result.withheld, result.erased, result.gone) == (last - first, 0, 0, 0)
    assert result.keys == [log.signer.key]
    assert result.last_at == at(last - 1)
    assert result.notices == []


def test_an_empty_log_is_verified(tmp_path: Path) -> None:
    log = Log()
    log.sign(at(0))
    assert check(log.bundle(tmp_path / "b.zip"), log).outcome is Outcome.VERIFIED


def test_nothing_happened_and_a_later_checkpoint_says_so(tmp_path: Path) -> None:
    log = made_log()
    early = log.notes[60]
    log.sign(at(5000))
    path = log.bundle(tmp_path / "b.zip", 40, until=at(4000))
    edit(
        path, {bundle.CHECKPOINTS: edited_lines(lambda lines: [*lines[:1], orjson.dumps({"note": early}), *lines[1:]])}
    )
    result = check(path, log)
    assert (result.outcome, result.checkpoints) == (Outcome.VERIFIED, 3)


def test_erased_and_withheld_entries_still_verify(log: Log, tmp_path: Path) -> None:
    lines = [encode(index, log.sealed[index]) for index in range(60)]
    lines[3] = encode(3, log.sealed[3].erase(["after.note", "actor"]))
    lines[4] = encode(4, withhold(log.sealed[4]))
    lines[5] = encode(5, withhold(log.sealed[5].erase(["actor"])))
    result = check(log.bundle(tmp_path / "b.zip", lines=lines), log)
    assert (result.outcome, result.withheld, result.erased) == (Outcome.VERIFIED, 2, 2)


def test_an_erased_value_that_is_made_up_is_found(log: Log, tmp_path: Path) -> None:
    erased = log.sealed[3].erase(["after.note"])
    forged = replace(erased, erased={"after.note": "00" * 32})
    lines = [encode(index, log.sealed[index]) for index in range(60)]
    lines[3] = encode(3, forged)
    assert found(log.bundle(tmp_path / "b.zip", lines=lines), log).code is Code.ENTRY_CHANGED


# --- entries


def changed_field(**fields: Any) -> Callable[[bytes], bytes]:
    def change_it(line: bytes) -> bytes:
        return orjson.dumps(orjson.loads(line) | fields, option=orjson.OPT_SORT_KEYS)

    return change_it


@pytest.mark.parametrize(
    "change_it",
    [
        changed_value,
        changed_field(at=at(0)),
        changed_field(kind="event"),
        changed_field(position=999),
        changed_field(public={"table": "payments", "op": "delete", "source": "api", "requestId": "r30"}),
        changed_field(private={"actor": '"user:1"'}),
        changed_field(seed="00" * 32),
    ],
)
def test_a_changed_entry_is_named(log: Log, path: Path, change_it: Callable[[bytes], bytes]) -> None:
    edit(path, {bundle.ENTRIES: edited_lines(lambda lines: [*lines[:20], change_it(lines[20]), *lines[21:]])})
    problem = found(path, log)
    assert (problem.code, problem.index) == (Code.ENTRY_CHANGED, 30)
    assert "30" in problem.message
    assert len(check(path, log).problems) == 1


def test_the_named_entry_has_its_table_and_time(log: Log, path: Path) -> None:
    edit(path, {bundle.ENTRIES: lambda content: content.replace(b'"10.50","after.note"', b'"10.5","after.note"', 1)})
    problem = found(path, log)
    assert (problem.index, problem.table, problem.at) == (10, "payments", at(10))
    assert problem.message == f"Entry 10 (payments, insert, {at(10)}) is not what was sealed."


def strange(index: int) -> bytes:
    return encode(index, change(1000))


def swapped(lines: Lines) -> Lines:
    return [*lines[:5], lines[6], lines[5], *lines[7:]]


@pytest.mark.parametrize(
    ("change_them", "code", "index"),
    [
        (lambda lines: lines[:5] + lines[6:], Code.ENTRY_MISSING, 15),
        (lambda lines: renumbered(lines[:5] + lines[6:], FIRST), Code.ENTRY_MISSING, 15),
        (lambda lines: lines[1:], Code.ENTRY_MISSING, 10),
        (lambda lines: [*lines[:5], strange(15), *lines[5:]], Code.ENTRY_CHANGED, 15),
        (lambda lines: [*lines[:6], strange(15), *lines[6:]], Code.ENTRY_INSERTED, 15),
        (lambda lines: renumbered([*lines[:5], strange(0), *lines[5:]], FIRST), Code.ENTRY_INSERTED, 15),
        (lambda lines: [*lines[:6], lines[5], *lines[6:]], Code.ENTRY_INSERTED, 15),
        (swapped, Code.ENTRIES_SWAPPED, 15),
        (lambda lines: renumbered(swapped(lines), FIRST), Code.ENTRIES_SWAPPED, 15),
        (lambda lines: renumbered(lines[::-1], FIRST), Code.ENTRY_CHANGED, 10),
        (lambda lines: lines[:30], Code.ENTRIES_CUT_OFF, 40),
        (lambda lines: [], Code.ENTRIES_CUT_OFF, 10),
        (lambda lines: [*lines, strange(60)], Code.ENTRIES_ADDED, 60),
        (lambda lines: [*lines, b"nonsense"], Code.ENTRIES_ADDED, 60),
        (lambda lines: [*lines[:5], b"nonsense", *lines[6:]], Code.ENTRY_MALFORMED, 15),
        (lambda lines: [*lines[:5], b"", *lines[5:]], Code.ENTRY_MALFORMED, 15),
        (lambda lines: [*lines[:5], moved_border(lines[5]), *lines[6:]], Code.ENTRY_MALFORMED, 15),
        (lambda lines: [*lines[:5], encode_gone(15, bytes(32)), *lines[6:]], Code.ENTRY_CHANGED, 15),
    ],
)
def test_lines_that_were_edited(
    log: Log, path: Path, change_them: Callable[[Lines], Lines], code: Code, index: int
) -> None:
    edit(path, {bundle.ENTRIES: edited_lines(change_them)})
    problem = found(path, log)
    assert (problem.code, problem.index) == (code, index)


def test_an_entry_and_its_leaf_hash(log: Log, path: Path) -> None:
    """Who changes both is found by the next signed root."""
    forged = change(1000)

    def leaf(content: bytes) -> bytes:
        return content[: 20 * 32] + forged.leaf_hash(ORIGIN) + content[21 * 32 :]

    edit(
        path,
        {
            bundle.ENTRIES: edited_lines(lambda lines: [*lines[:20], encode(30, forged), *lines[21:]]),
            bundle.LEAF_HASHES: leaf,
        },
    )
    result = check(path, log)
    [problem] = result.problems
    assert (problem.code, problem.index) == (Code.ROOT_MISMATCH, 25)
    assert "25 to 39" in problem.message


def test_a_leaf_hash_alone(log: Log, path: Path) -> None:
    edit(path, {bundle.LEAF_HASHES: lambda content: content[: 20 * 32] + bytes(32) + content[21 * 32 :]})
    result = check(path, log)
    assert codes(result) == {Code.ENTRY_CHANGED, Code.ROOT_MISMATCH}
    assert result.problems[0].index == 30


@pytest.mark.parametrize("begin", [b"", b"x"])
@pytest.mark.parametrize("cut", [0, 31, 32, 33, 49 * 32 + 31])
def test_leaf_hashes_that_were_cut_off(log: Log, path: Path, cut: int, begin: bytes) -> None:
    edit(path, {bundle.LEAF_HASHES: lambda content: (begin + content)[:cut]})
    assert Code.LEAF_HASHES_CHANGED in codes(check(path, log))
    assert check(path, log).outcome is Outcome.TAMPERED


def test_an_entry_of_another_log(log: Log, tmp_path: Path) -> None:
    """The same rows in two tenants: an entry of one does not pass for that of the other."""
    other = made_log(log.signer, "kapok.test/tenants/globex")
    lines = [encode(index, log.sealed[index]) for index in range(60)]
    lines[7] = encode(7, other.sealed[7])
    problem = found(log.bundle(tmp_path / "b.zip", lines=lines), log)
    assert (problem.code, problem.index) == (Code.ENTRY_CHANGED, 7)


def test_two_logs_swapped(log: Log, tmp_path: Path) -> None:
    other = made_log(log.signer, "kapok.test/tenants/globex")
    theirs = other.bundle(tmp_path / "b.zip")
    assert check(theirs, log).outcome is Outcome.VERIFIED
    problem = found(theirs, log, origin=ORIGIN)
    assert problem.code is Code.WRONG_LOG
    edit(theirs, {bundle.MANIFEST: edited_json(lambda manifest: manifest.update(origin=ORIGIN))})
    assert codes(check(theirs, log, origin=ORIGIN)) >= {Code.ENTRY_CHANGED, Code.WRONG_LOG}
