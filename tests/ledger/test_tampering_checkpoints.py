"""Checkpoints and signatures: forks, rollbacks, forgeries and swapped keys are found, by anchors too."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from kapok.ledger import bundle
from kapok.ledger.checkpoints import Checkpoint
from kapok.ledger.problems import Code, Outcome
from kapok.ledger.signing import LocalSigner, new_private_key
from kapok.ledger.verify import Expectations, verify
from tests.ledger.logs import (
    ORIGIN,
    Log,
    at,
    change,
    edit,
    edited_json,
    edited_lines,
    note_of,
    signed_again,
    state_of,
)

#: The exported range; the log has checkpoints at 10, 25, 40 and 60 entries.
from tests.ledger.tampered import FIRST, changed_value, check, codes, found, made_log

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
    assert (result.outcome, result.anchors, result.notices) == (Outcome.VERIFIED, 4, [])
    nothing = check(path, log, anchors=anchors[-2:])
    assert (nothing.outcome, nothing.anchors) == (Outcome.VERIFIED, 0)
    assert nothing.notices == ["None of the 2 anchors is of this log and this range: nothing was compared."]


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
