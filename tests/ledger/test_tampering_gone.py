"""Rows that are gone are missing, but for those of which the log says that their time was over."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kapok.ledger import bundle, expiry
from kapok.ledger.checkpoints import Checkpoint, sign
from kapok.ledger.lines import decode, encode, encode_gone
from kapok.ledger.merkle import root_of
from kapok.ledger.problems import Code, Outcome
from kapok.ledger.signing import LocalSigner, new_private_key
from tests.ledger.logs import (
    ORIGIN,
    Log,
    at,
    change,
    edit,
    edited_json,
    event,
)

#: The exported range; the log has checkpoints at 10, 25, 40 and 60 entries.
from tests.ledger.tampered import Lines, check, found, made_log

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
