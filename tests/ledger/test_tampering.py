"""Whatever is done to a bundle is found and named; erasing, withholding and expiry are not held against it."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from kapok.ledger import bundle, expiry, rotation
from kapok.ledger.archive import BundleUnreadable
from kapok.ledger.checkpoints import Checkpoint, sign
from kapok.ledger.entries import Entry
from kapok.ledger.lines import decode, encode, encode_gone, withhold
from kapok.ledger.merkle import root_of
from kapok.ledger.problems import Code, Outcome, Problem
from kapok.ledger.signing import LocalSigner, new_private_key
from kapok.ledger.verify import Expectations, Verification, verify
from tests.ledger.logs import (
    ORIGIN,
    Log,
    at,
    change,
    edit,
    edited_json,
    edited_lines,
    event,
    members,
    note_of,
    renumbered,
    signed_again,
    state_of,
)

#: The exported range; the log has checkpoints at 10, 25, 40 and 60 entries.
FIRST, LAST = 10, 60
Lines = list[bytes]


def made_log(signer: LocalSigner | None = None, origin: str = ORIGIN) -> Log:
    log = Log(origin, signer)
    for begin, end in ((0, 10), (10, 25), (25, 40), (40, 60)):
        log.seal(change(number) for number in range(begin, end))
    return log


@pytest.fixture(scope="module")
def log() -> Log:
    return made_log()


@pytest.fixture
def path(log: Log, tmp_path: Path) -> Path:
    return log.bundle(tmp_path / "bundle.zip", FIRST, LAST)


def check(path: Path, log: Log, **expected: Any) -> Verification:
    return verify(path, Expectations(**{"trusted": [log.signer.key], **expected}), processes=1)


def found(path: Path, log: Log, **expected: Any) -> Problem:
    """The first problem of a bundle that was tampered with."""
    result = check(path, log, **expected)
    assert result.outcome is Outcome.TAMPERED
    return result.problems[0]


def codes(result: Verification) -> set[Code]:
    return {problem.code for problem in result.problems}


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


def changed_value(line: bytes) -> bytes:
    return line.replace(b"10.50", b"99.50")


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


@pytest.mark.parametrize("cut", [0, 32, 33, 49 * 32])
def test_leaf_hashes_that_were_cut_off(log: Log, path: Path, cut: int) -> None:
    edit(path, {bundle.LEAF_HASHES: lambda content: content[:cut]})
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


# --- checkpoints and keys


def notes(change_them: Callable[[list[str]], list[str]]) -> Callable[[bytes], bytes]:
    def edited(content: bytes) -> bytes:
        read = [orjson.loads(line)["note"] for line in content.splitlines()]
        return b"".join(orjson.dumps({"note": note}) + b"\n" for note in change_them(read))

    return edited


def test_a_fork(log: Log, path: Path) -> None:
    forked = signed_again(log.notes[40], log.signer, root=bytes(32))
    edit(path, {bundle.CHECKPOINTS: notes(lambda all_: [*all_[:3], forked, *all_[3:]])})
    result = check(path, log)
    assert Code.FORKED in codes(result)
    assert next(one for one in result.problems if one.code is Code.FORKED).index == 40


def test_a_fork_is_found_by_an_anchor(log: Log, tmp_path: Path) -> None:
    """The operator rewrote an entry, sealed all again with its own key, and exports a log that fits in itself."""
    other = Log(ORIGIN, log.signer)
    other.seal(change(number, **{"after.amount": "0.01"}) for number in range(60))
    path = other.bundle(tmp_path / "b.zip")
    assert check(path, log).outcome is Outcome.VERIFIED
    problem = found(path, log, anchors=[note_of(state_of(log.notes[40]), log.signer)])
    assert (problem.code, problem.index) == (Code.FORKED, 40)


def test_anchors_that_agree(log: Log, path: Path) -> None:
    later = Checkpoint(ORIGIN, 99, bytes(32), at(9999))
    elsewhere = Checkpoint("another log", 40, bytes(32), at(1))
    anchors = [note_of(state, log.signer) for state in (*map(state_of, log.notes.values()), later, elsewhere)]
    result = check(path, log, anchors=anchors)
    assert (result.outcome, result.anchors) == (Outcome.VERIFIED, 4)


def test_an_anchor_that_nobody_signed_accuses_nobody(log: Log, path: Path) -> None:
    stranger = LocalSigner("kapok.test", new_private_key())
    result = check(path, log, anchors=[note_of(replace(state_of(log.notes[40]), root=bytes(32)), stranger)])
    assert (result.outcome, result.anchors, len(result.notices)) == (Outcome.VERIFIED, 0, 1)


def test_a_rollback_to_an_old_checkpoint(log: Log, path: Path, tmp_path: Path) -> None:
    """An old state, true in itself: the times and the anchors tell."""
    old = log.bundle(tmp_path / "old.zip", FIRST, 40, until=at(59))
    assert found(old, log).code is Code.RANGE_NOT_COVERED
    old = log.bundle(tmp_path / "older.zip", FIRST, 40)
    assert check(old, log).outcome is Outcome.VERIFIED
    assert found(old, log, until=at(59)).code is Code.RANGE_NOT_COVERED


def test_a_log_that_was_rolled_back_and_goes_on(log: Log, tmp_path: Path) -> None:
    other = Log(ORIGIN, log.signer)
    other.sealed, other._tiles, other.notes = [], {}, {}
    other.seal(log.sealed[:40])
    other.sign(at(500))
    path = other.bundle(tmp_path / "b.zip")
    assert check(path, log).outcome is Outcome.VERIFIED
    problem = found(path, log, anchors=[note_of(state_of(log.notes[60]), log.signer)])
    assert problem.code is Code.ROLLED_BACK
    assert "60" in problem.message


def test_the_manifest_s_end_is_moved_to_an_old_checkpoint(log: Log, path: Path) -> None:
    """Entries, hashes and checkpoints are cut to size as well: only the manifest's signature is missing then."""

    def last_size(manifest: dict[str, Any]) -> None:
        manifest["lastSize"] = 40

    edits = {
        bundle.MANIFEST: edited_json(last_size),
        bundle.ENTRIES: edited_lines(lambda lines: lines[:30]),
        bundle.LEAF_HASHES: lambda content: content[: 30 * 32],
        bundle.CHECKPOINTS: notes(lambda all_: all_[:3]),
    }
    edit(path, edits)
    assert codes(check(path, log)) == {Code.PROOF_INVALID}


@pytest.mark.parametrize("change_them", [lambda all_: all_[:-1], lambda all_: all_[1:], lambda all_: []])
def test_checkpoints_that_are_missing(log: Log, path: Path, change_them: Callable[[list[str]], list[str]]) -> None:
    edit(path, {bundle.CHECKPOINTS: notes(change_them)})
    assert Code.CHECKPOINT_MISSING in codes(check(path, log))


def test_checkpoints_out_of_order(log: Log, path: Path) -> None:
    edit(path, {bundle.CHECKPOINTS: notes(lambda all_: [all_[0], all_[2], all_[1], all_[3]])})
    assert Code.CHECKPOINTS_OUT_OF_ORDER in codes(check(path, log))


def test_a_clock_that_goes_backwards(log: Log, path: Path) -> None:
    earlier = signed_again(log.notes[40], log.signer, at=at(0))
    edit(path, {bundle.CHECKPOINTS: notes(lambda all_: [*all_[:2], earlier, all_[3]])})
    assert codes(check(path, log)) == {Code.CHECKPOINTS_OUT_OF_ORDER}


def test_a_forged_signature(log: Log, path: Path) -> None:
    forged = log.notes[40].replace(at(39), at(38))
    edit(path, {bundle.CHECKPOINTS: notes(lambda all_: [*all_[:2], forged, all_[3]])})
    assert codes(check(path, log)) == {Code.SIGNATURE_FORGED}
    assert log.signer.key.id in found(path, log).message


def test_a_checkpoint_with_another_root(log: Log, path: Path) -> None:
    changed = signed_again(log.notes[40], log.signer, root=bytes(32))
    edit(path, {bundle.CHECKPOINTS: notes(lambda all_: [*all_[:2], changed, all_[3]])})
    assert Code.ROOT_MISMATCH in codes(check(path, log))


def test_a_swapped_key(log: Log, tmp_path: Path) -> None:
    """All is made anew and signed with another key, which the bundle itself names."""
    theirs = made_log()
    path = theirs.bundle(tmp_path / "b.zip")
    result = check(path, log)
    assert (result.outcome, codes(result)) == (Outcome.UNKNOWN_KEY, {Code.KEY_UNKNOWN})
    assert theirs.signer.key.text in result.problems[0].message
    assert any("manifest" in notice for notice in result.notices)


def test_a_swapped_key_and_a_forgery(log: Log, path: Path) -> None:
    stranger = LocalSigner("kapok.test", new_private_key())
    resigned = [signed_again(log.notes[size], stranger) for size in (10, 25, 40, 60)]
    edit(path, {bundle.CHECKPOINTS: notes(lambda _: resigned), bundle.ENTRIES: changed_value})
    assert codes(check(path, log)) == {Code.KEY_UNKNOWN, Code.ENTRY_CHANGED}
    assert check(path, log).outcome is Outcome.TAMPERED


def test_a_signature_of_another_key_under_the_id_of_a_trusted_one(log: Log, path: Path) -> None:
    text = state_of(log.notes[60]).text
    stranger = LocalSigner("kapok.test", new_private_key())
    value = bytes.fromhex(log.signer.key.id) + stranger.sign(text.encode())
    note = f"{text}\n— kapok.test {base64.b64encode(value).decode()}\n"
    edit(path, {bundle.CHECKPOINTS: notes(lambda all_: [*all_[:3], note])})
    assert codes(check(path, log)) == {Code.SIGNATURE_FORGED}


def test_nobody_is_trusted(log: Log, path: Path) -> None:
    result = verify(path, Expectations(), processes=1)
    assert (result.outcome, codes(result)) == (Outcome.UNKNOWN_KEY, {Code.KEY_UNKNOWN})
    edit(path, {bundle.ENTRIES: changed_value})
    assert verify(path, Expectations(), processes=1).outcome is Outcome.TAMPERED


# --- the change of a key


def rotated_log() -> tuple[Log, LocalSigner, LocalSigner]:
    """20 entries under the old key, the 20th its change, then 20 under the new one."""
    log = Log()
    old = log.signer
    log.seal(change(number) for number in range(19))
    new = log.rotate()
    log.seal(change(number) for number in range(20, 40))
    assert isinstance(old, LocalSigner)
    return log, old, new


@pytest.mark.parametrize("noted", [True, False])
def test_a_change_of_keys_is_followed(tmp_path: Path, noted: bool) -> None:
    log, old, new = rotated_log()
    path = log.bundle(tmp_path / "b.zip", keys=[old.key, new.key], rotations=noted)
    result = verify(path, Expectations([old.key]), processes=1)
    assert result.outcome is Outcome.VERIFIED, result.problems
    assert result.keys == [new.key]


def test_a_change_before_the_range_is_followed(tmp_path: Path) -> None:
    log, old, new = rotated_log()
    path = log.bundle(tmp_path / "b.zip", 20, keys=[old.key, new.key])
    assert verify(path, Expectations([old.key]), processes=1).outcome is Outcome.VERIFIED
    path = log.bundle(tmp_path / "b.zip", 20, keys=[old.key, new.key], rotations=False)
    # The checkpoint of 20 entries is signed by the old key.
    assert verify(path, Expectations([new.key]), processes=1).outcome is Outcome.UNKNOWN_KEY
    assert verify(path, Expectations([old.key, new.key]), processes=1).outcome is Outcome.VERIFIED
    log.seal([change(40)])
    path = log.bundle(tmp_path / "b.zip", 40, keys=[old.key, new.key], rotations=False)
    assert verify(path, Expectations([new.key]), processes=1).outcome is Outcome.VERIFIED
    assert verify(path, Expectations([old.key]), processes=1).outcome is Outcome.UNKNOWN_KEY


def test_a_withheld_change_of_keys_is_followed(tmp_path: Path) -> None:
    log, old, new = rotated_log()
    lines = [encode(index, withhold(entry)) for index, entry in enumerate(log.sealed)]
    path = log.bundle(tmp_path / "b.zip", lines=lines, keys=[old.key, new.key], rotations=False)
    result = verify(path, Expectations([old.key]), processes=1)
    assert (result.outcome, result.withheld) == (Outcome.VERIFIED, 40)


def test_a_replaced_key_signs_nothing_any_more(tmp_path: Path) -> None:
    log, old, new = rotated_log()
    log.seal([change(40)])
    log.signer = old
    log.seal([change(41)])
    path = log.bundle(tmp_path / "b.zip", keys=[old.key, new.key], signed=False)
    result = verify(path, Expectations([old.key]), processes=1)
    assert (result.outcome, codes(result)) == (Outcome.TAMPERED, {Code.KEY_RETIRED})
    assert old.key.text in result.problems[0].message


def test_a_change_that_the_old_key_did_not_sign(tmp_path: Path) -> None:
    """A superuser writes the event into the database; the sealer seals it; the new key is still nobody's."""
    log = Log()
    old, thief = log.signer, LocalSigner("kapok.test", new_private_key())
    note = rotation.announce(ORIGIN, thief.key, [thief])
    log.seal([*(change(number) for number in range(5)), event(5, rotation.NAME, {"note": note})])
    log.signer = thief
    log.seal([change(6)])
    log.rotations.append(note)
    path = log.bundle(tmp_path / "b.zip", keys=[old.key, thief.key])
    result = verify(path, Expectations([old.key]), processes=1)
    assert (result.outcome, codes(result)) == (Outcome.UNKNOWN_KEY, {Code.KEY_UNKNOWN})
    assert thief.key.text in result.problems[0].message


def test_a_change_of_keys_of_another_log(tmp_path: Path) -> None:
    log = Log()
    old, new = log.signer, LocalSigner("kapok.test", new_private_key())
    note = rotation.announce("another log", new.key, [old])
    log.seal([event(0, rotation.NAME, {"note": note})])
    log.signer = new
    log.seal([change(1)])
    log.rotations.append(note)
    path = log.bundle(tmp_path / "b.zip", keys=[old.key, new.key])
    assert verify(path, Expectations([old.key]), processes=1).outcome is Outcome.UNKNOWN_KEY


# --- rows that are gone


def with_gone(log: Log, gone: set[int]) -> Lines:
    hashes = log.leaf_hashes(0, len(log.sealed))
    return [
        encode_gone(index, hashes[index]) if index in gone else encode(index, entry)
        for index, entry in enumerate(log.sealed)
    ]


def test_rows_that_are_gone_are_missing(log: Log, tmp_path: Path) -> None:
    path = log.bundle(tmp_path / "b.zip", lines=with_gone(log, {3, 12, 13}))
    result = check(path, log)
    [problem] = result.problems
    assert (problem.code, problem.index, result.gone) == (Code.ENTRY_MISSING, 3, 3)
    assert "3, 12 to 13" in problem.message


def expiring_log(before: str, rows: int = 20) -> Log:
    log = made_log()
    log.seal([event(60, expiry.NAME, {"table": "kapok_change", "before": before, "rows": rows})])
    return log


def test_rows_that_expired_are_no_problem(tmp_path: Path) -> None:
    log = expiring_log(at(20))
    path = log.bundle(tmp_path / "b.zip", lines=with_gone(log, set(range(20))))
    result = check(path, log)
    assert (result.outcome, result.gone, result.expired) == (Outcome.VERIFIED, 20, at(20))
    path = log.bundle(tmp_path / "b.zip", 10, lines=with_gone(log, set(range(20)))[10:])
    result = check(path, log)
    assert (result.outcome, result.gone, result.expired) == (Outcome.VERIFIED, 10, at(20))


def test_rows_that_are_younger_did_not_expire(tmp_path: Path) -> None:
    log = expiring_log(at(20), 21)
    problem = found(log.bundle(tmp_path / "b.zip", lines=with_gone(log, {*range(20), 30})), log)
    assert (problem.code, problem.index) == (Code.ENTRY_MISSING, 30)


def test_rows_of_somebody_s_choice_did_not_expire(tmp_path: Path) -> None:
    """A superuser removes two rows and has the log say that rows expired."""
    log = expiring_log(at(20), 2)
    problem = found(log.bundle(tmp_path / "b.zip", lines=with_gone(log, {3, 4})), log)
    assert (problem.code, problem.index) == (Code.ENTRY_MISSING, 3)
    assert f"one of {at(0)} is there" in problem.message


def test_more_rows_are_gone_than_expired(tmp_path: Path) -> None:
    """An event among the changes that did expire is removed as well."""
    log = Log()
    log.seal([*(change(number) for number in range(5)), event(5, "user.deleted", {}), change(6)])
    log.seal([event(60, expiry.NAME, {"table": "kapok_change", "before": at(7), "rows": 6})])
    gone = {0, 1, 2, 3, 4, 6}
    assert check(log.bundle(tmp_path / "b.zip", lines=with_gone(log, gone)), log).outcome is Outcome.VERIFIED
    problem = found(log.bundle(tmp_path / "b.zip", lines=with_gone(log, {*gone, 5})), log)
    assert (problem.code, problem.index) == (Code.ENTRY_MISSING, 0)
    assert "7 entries are gone, but only 6 expired" in problem.message


def test_an_expiry_after_the_range_is_witnessed(tmp_path: Path) -> None:
    log = expiring_log(at(20))
    lines = with_gone(log, set(range(20)))[:40]
    path = log.bundle(tmp_path / "b.zip", 0, 40, lines=lines, witnesses=[log.witness(60)])
    assert check(path, log).outcome is Outcome.VERIFIED
    path = log.bundle(tmp_path / "c.zip", 0, 40, lines=lines)
    assert found(path, log).index == 0


def test_a_witness_that_is_in_the_range_counts_once(tmp_path: Path) -> None:
    log = expiring_log(at(20), 19)
    path = log.bundle(tmp_path / "b.zip", lines=with_gone(log, set(range(20))), witnesses=[log.witness(60)])
    assert "only 19 expired" in found(path, log).message


def forged_entry(witness: dict[str, Any], log: Log) -> None:
    forged = event(60, expiry.NAME, {"table": "kapok_change", "before": at(20), "rows": 99})
    witness["line"] = encode(60, forged).decode()


def another_signer(witness: dict[str, Any], log: Log) -> None:
    leaf = decode(witness["line"].encode())[1].leaf_hash(ORIGIN)
    thief = LocalSigner("kapok.test", new_private_key())
    witness["line"] = witness["line"].replace('"index":60', '"index":0')
    witness["note"] = sign(Checkpoint(ORIGIN, 1, root_of([leaf]), at(100)).text, [thief])
    witness["proof"] = []


def another_log(witness: dict[str, Any], log: Log) -> None:
    leaf = decode(witness["line"].encode())[1].leaf_hash(ORIGIN)
    witness["line"] = witness["line"].replace('"index":60', '"index":0')
    witness["note"] = sign(Checkpoint("another log", 1, root_of([leaf]), at(100)).text, [log.signer])
    witness["proof"] = []


@pytest.mark.parametrize("forge", [forged_entry, another_signer, another_log])
def test_a_witness_that_is_forged(tmp_path: Path, forge: Callable[[dict[str, Any], Log], None]) -> None:
    log = expiring_log(at(20))
    lines = with_gone(log, set(range(20)))[:40]
    path = log.bundle(tmp_path / "b.zip", 0, 40, lines=lines, witnesses=[log.witness(60)])
    assert check(path, log).outcome is Outcome.VERIFIED
    edit(path, {bundle.PROOFS: edited_json(lambda proofs: forge(proofs["witnesses"][0], log))})
    assert found(path, log).code is Code.ENTRY_MISSING


# --- the other files


def test_an_edited_manifest_no_longer_fits_its_signature(log: Log, path: Path) -> None:
    selection = edited_json(lambda manifest: manifest.update(selection={"tables": "all of them"}))
    edit(path, {bundle.MANIFEST: selection}, cover_up=False)
    assert codes(check(path, log)) == {Code.MANIFEST_CHANGED}


def test_a_manifest_signed_by_a_stranger_is_said(log: Log, path: Path, tmp_path: Path) -> None:
    text = bundle.manifest_text(ORIGIN, members(path)[bundle.MANIFEST])
    stranger = LocalSigner("kapok.test", new_private_key())
    edit(path, {bundle.MANIFEST_NOTE: lambda _: sign(text, [stranger]).encode()}, cover_up=False)
    result = check(path, log)
    assert result.outcome is Outcome.VERIFIED
    assert any("not signed by a trusted key" in notice for notice in result.notices)


def test_a_manifest_s_signature_that_is_forged(log: Log, path: Path) -> None:
    changed = edited_json(lambda manifest: manifest.update(createdAt="2020-01-01T00:00:00+00:00"))
    edit(path, {bundle.MANIFEST: changed}, cover_up=False)
    text = bundle.manifest_text(ORIGIN, members(path)[bundle.MANIFEST])

    def other_text(note: bytes) -> bytes:
        return text.encode() + b"\n" + note.split(b"\n\n")[1]

    edit(path, {bundle.MANIFEST_NOTE: other_text}, cover_up=False)
    assert codes(check(path, log)) == {Code.SIGNATURE_FORGED}


@pytest.mark.parametrize(
    ("name", "change_it"),
    [
        ("entries.csv", lambda content: content + b"1,invoices\n"),
        ("entries.csv", lambda content: None),
        ("report.html", lambda content: b"<p>All is well.</p>"),
        (bundle.KEYS, lambda content: content + b" "),
    ],
)
def test_a_file_that_the_manifest_does_not_describe(
    log: Log, path: Path, name: str, change_it: Callable[[bytes], bytes | None]
) -> None:
    edit(path, {name: change_it}, cover_up=False)
    problem = found(path, log)
    assert problem.code is Code.FILE_CHANGED
    assert name in problem.message


def test_a_range_that_the_checkpoints_do_not_cover(log: Log, path: Path) -> None:
    edit(path, {bundle.MANIFEST: edited_json(lambda manifest: manifest.update({"from": at(3)}))})
    assert found(path, log).code is Code.RANGE_NOT_COVERED
    edit(path, {bundle.MANIFEST: edited_json(lambda manifest: manifest.update({"from": at(30), "to": at(90)}))})
    assert found(path, log).code is Code.RANGE_NOT_COVERED
    edit(path, {bundle.MANIFEST: edited_json(lambda manifest: manifest.update({"from": at(30), "to": at(40)}))})
    assert check(path, log).outcome is Outcome.VERIFIED


def frontier(**changes: Any) -> Callable[[bytes], bytes]:
    return edited_json(lambda read: read.update(changes))


@pytest.mark.parametrize(
    "change_it",
    [
        frontier(size=12),
        frontier(size=11),
        frontier(hashes=[]),
        frontier(hashes=["00" * 32, "00" * 32]),
        edited_json(lambda read: read["hashes"].reverse()),
    ],
)
def test_an_edited_frontier(log: Log, path: Path, change_it: Callable[[bytes], bytes]) -> None:
    edit(path, {bundle.FRONTIER: change_it})
    assert codes(check(path, log)) == {Code.FRONTIER_CHANGED}


def first_proof(kind: str, **changes: Any) -> Callable[[bytes], bytes]:
    return edited_json(lambda proofs: proofs[kind][0].update(changes))


@pytest.mark.parametrize(
    "change_it",
    [
        first_proof("consistency", proof=[]),
        first_proof("consistency", first=11),
        first_proof("consistency", second=26),
        edited_json(lambda proofs: proofs["consistency"].pop()),
        edited_json(lambda proofs: proofs["consistency"].append({"first": 1, "second": 2, "proof": []})),
        edited_json(lambda proofs: proofs["consistency"].append(proofs["consistency"][0])),
        edited_json(lambda proofs: proofs["consistency"][0]["proof"].reverse()),
        first_proof("inclusion", proof=["00" * 32]),
        first_proof("inclusion", index=11),
        first_proof("inclusion", size=40),
        edited_json(lambda proofs: proofs["inclusion"].pop()),
        edited_json(lambda proofs: proofs["inclusion"].append(proofs["inclusion"][0])),
    ],
)
def test_edited_proofs(log: Log, path: Path, change_it: Callable[[bytes], bytes]) -> None:
    edit(path, {bundle.PROOFS: change_it})
    assert codes(check(path, log)) == {Code.PROOF_INVALID}


def test_keys_that_were_edited_do_not_matter_to_who_trusts_others(log: Log, path: Path) -> None:
    stranger = LocalSigner("kapok.test", new_private_key())
    edit(path, {bundle.KEYS: edited_json(lambda keys: keys.update(keys=[stranger.key.text]))})
    assert check(path, log).outcome is Outcome.VERIFIED
    result = verify(path, Expectations(), processes=1)
    assert result.outcome is Outcome.UNKNOWN_KEY
    assert all(problem.code is Code.KEY_UNKNOWN for problem in result.problems)


def test_a_selection_is_the_sender_s_word_without_a_signature(log: Log, tmp_path: Path) -> None:
    result = check(log.bundle(tmp_path / "b.zip", signed=False), log)
    assert result.outcome is Outcome.VERIFIED
    assert any("sender's word" in notice for notice in result.notices)


def test_entries_in_other_processes_are_the_same(log: Log, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kapok.ledger.entries_check._WORTH_PROCESSES", 0)
    monkeypatch.setattr("kapok.ledger.entries_check._BLOCK_BYTES", 1000)
    seen: list[tuple[int, int]] = []
    result = verify(path, Expectations([log.signer.key]), processes=2, progress=lambda *done: seen.append(done))
    assert (result.outcome, result.entries) == (Outcome.VERIFIED, 50)
    assert seen[-1] == (50, 50)
    assert len(seen) > 10
    assert seen == sorted(seen)
    edit(path, {bundle.ENTRIES: edited_lines(lambda lines: [*lines[:20], changed_value(lines[20]), *lines[21:]])})
    result = verify(path, Expectations([log.signer.key]), processes=2)
    assert (result.problems[0].code, result.problems[0].index) == (Code.ENTRY_CHANGED, 30)


def ended_at_once() -> None:
    """What a process does that is killed as it starts."""
    os._exit(9)


def test_a_process_that_is_ended_verifies_nothing(log: Log, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kapok.ledger.entries_check._WORTH_PROCESSES", 0)
    monkeypatch.setattr("kapok.ledger.entries_check._leave_interrupts_to_the_parent", ended_at_once)
    with pytest.raises(BundleUnreadable, match="was ended"):
        verify(path, Expectations([log.signer.key]), processes=2)


def test_every_bit_counts(log: Log, path: Path) -> None:
    """One bit anywhere in the entries: found, or the line is none any more."""
    content = members(path)[bundle.ENTRIES]
    for place in range(7, len(content), 211):
        changed = bytearray(content)
        changed[place] ^= 1
        edit(path, {bundle.ENTRIES: lambda _, now=bytes(changed): now})
        assert check(path, log).outcome is Outcome.TAMPERED, place


def test_an_entry_is_named_even_when_its_public_part_is_odd() -> None:
    odd = Entry("event", at(1), 1, {"table": 7, "name": None})
    assert Problem.of_entry(Code.ENTRY_CHANGED, 3, odd, "x").table == "7"
