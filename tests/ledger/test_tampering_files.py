"""The other files of a bundle: manifest, frontier, proofs and keys that were edited; processes that end."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kapok.ledger import bundle
from kapok.ledger.archive import BundleUnreadable
from kapok.ledger.checkpoints import sign
from kapok.ledger.entries import Entry
from kapok.ledger.manifest import manifest_text
from kapok.ledger.problems import Code, Outcome, Problem
from kapok.ledger.signing import LocalSigner, new_private_key
from kapok.ledger.verify import Expectations, verify
from tests.ledger.logs import (
    ORIGIN,
    Log,
    at,
    edit,
    edited_json,
    edited_lines,
    members,
)

#: The exported range; the log has checkpoints at 10, 25, 40 and 60 entries.
from tests.ledger.tampered import changed_value, check, codes, found

# --- the other files


def test_an_edited_manifest_no_longer_fits_its_signature(log: Log, path: Path) -> None:
    selection = edited_json(lambda manifest: manifest.update(selection={"tables": "all of them"}))
    edit(path, {bundle.MANIFEST: selection}, cover_up=False)
    assert codes(check(path, log)) == {Code.MANIFEST_CHANGED}


def test_a_manifest_signed_by_a_stranger_is_said(log: Log, path: Path, tmp_path: Path) -> None:
    text = manifest_text(ORIGIN, members(path)[bundle.MANIFEST])
    stranger = LocalSigner("kapok.test", new_private_key())
    edit(path, {bundle.MANIFEST_NOTE: lambda _: sign(text, [stranger]).encode()}, cover_up=False)
    result = check(path, log)
    assert result.outcome is Outcome.VERIFIED
    assert any("not signed by a trusted key" in notice for notice in result.notices)


def test_a_manifest_s_signature_that_is_forged(log: Log, path: Path) -> None:
    changed = edited_json(lambda manifest: manifest.update(createdAt="2020-01-01T00:00:00+00:00"))
    edit(path, {bundle.MANIFEST: changed}, cover_up=False)
    text = manifest_text(ORIGIN, members(path)[bundle.MANIFEST])

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
