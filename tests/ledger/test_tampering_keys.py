"""A change of keys is followed where the old key signed it, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest

from kapok.ledger import rotation
from kapok.ledger.lines import encode, withhold
from kapok.ledger.problems import Code, Outcome
from kapok.ledger.signing import LocalSigner, new_private_key
from kapok.ledger.verify import Expectations, verify
from tests.ledger.logs import (
    ORIGIN,
    Log,
    change,
    event,
)

#: The exported range; the log has checkpoints at 10, 25, 40 and 60 entries.
from tests.ledger.tampered import codes

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
