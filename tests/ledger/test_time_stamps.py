"""Time stamps in bundles: what a real authority's prove, and what is said of those that prove nothing."""

from __future__ import annotations

import base64
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest

from kapok.ledger import bundle
from kapok.ledger.checkpoints import Checkpoint, sign
from kapok.ledger.entries import time_text
from kapok.ledger.problems import Code, Outcome
from kapok.ledger.time_stamps import (
    AuthorityUnknownError,
    TimeStampError,
    prove_stamp,
    read_stamp,
    request_for,
)
from kapok.ledger.verify import Expectations, Verification, verify
from tests.ledger.command import Run
from tests.ledger.logs import ORIGIN, Log, change, edit, edited_lines
from tests.time_authority import POLICY, TimeAuthority


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> TimeAuthority:
    return TimeAuthority(tmp_path_factory.mktemp("tsa") / "tsa", "Notary")


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> TimeAuthority:
    """An authority that nobody here has heard of."""
    return TimeAuthority(tmp_path_factory.mktemp("tsa") / "other", "Somebody")


@pytest.fixture(scope="module")
def log() -> Log:
    """Three checkpoints: of 4, 8 and 12 entries."""
    made = Log()
    for begin in (0, 4, 8):
        made.seal(change(number) for number in range(begin, begin + 4))
    return made


@pytest.fixture(scope="module")
def stamps(log: Log, authority: TimeAuthority) -> dict[int, bytes]:
    """Two of them are stamped."""
    return {size: authority.answer(request_for(log.notes[size]).content) for size in (4, 12)}


def looked_at(path: Path, log: Log, *authorities: TimeAuthority) -> Verification:
    """What the verifier says, with these authorities trusted."""
    certificates = [certificate for one in authorities for certificate in one.certificates]
    return verify(path, Expectations([log.signer.key], authorities=certificates), processes=1)


def stamped(log: Log, stamps: dict[int, bytes], tmp_path: Path) -> Path:
    return log.bundle(tmp_path / "b.zip", stamps=stamps)


def test_stamps_are_checked_where_the_authority_is_trusted(
    log: Log, stamps: dict[int, bytes], authority: TimeAuthority, other: TimeAuthority, tmp_path: Path
) -> None:
    path = stamped(log, stamps, tmp_path)
    unchecked = looked_at(path, log)
    assert (unchecked.outcome, unchecked.stamps.count, unchecked.stamps.proven) == (Outcome.VERIFIED, 2, False)
    assert unchecked.stamps.authorities == ("CN=Notary",)
    checked = looked_at(path, log, other, authority)
    assert (checked.outcome, checked.stamps.proven, checked.stamps.last_size) == (Outcome.VERIFIED, True, 12)
    assert abs(datetime.fromisoformat(checked.stamps.last_at or "") - datetime.now(UTC)) < timedelta(hours=1)
    stranger = looked_at(path, log, other)
    assert stranger.outcome is Outcome.UNKNOWN_KEY and not stranger.stamps.proven
    assert {problem.code for problem in stranger.problems} == {Code.TIME_STAMP_UNKNOWN}
    assert "CN=Notary is not vouched for" in stranger.problems[0].message


def moved(stamps: dict[int, bytes]) -> dict[int, bytes]:
    """The stamp of one checkpoint beside another."""
    return {8: stamps[4], 12: stamps[12]}


def flipped(stamps: dict[int, bytes]) -> dict[int, bytes]:
    """One bit of the signature's last byte."""
    return {4: stamps[4], 12: stamps[12][:-1] + bytes([stamps[12][-1] ^ 1])}


def cut(stamps: dict[int, bytes]) -> dict[int, bytes]:
    return {4: stamps[4][:-40], 12: stamps[12]}


def empty(stamps: dict[int, bytes]) -> dict[int, bytes]:
    return {4: b"", 12: stamps[12]}


@pytest.mark.parametrize(
    ("change_it", "size", "without_certificates"),
    [(moved, 8, True), (flipped, 12, False), (cut, 4, True), (empty, 4, True)],
)
def test_stamps_that_were_tampered_with_are_named(
    log: Log, stamps: dict[int, bytes], authority: TimeAuthority, tmp_path: Path,
    change_it: Callable[[dict[int, bytes]], dict[int, bytes]], size: int, without_certificates: bool,
) -> None:  # fmt: skip
    path = stamped(log, change_it(stamps), tmp_path)
    found = looked_at(path, log, authority)
    assert found.outcome is Outcome.TAMPERED and not found.stamps.proven
    [problem] = found.problems
    assert problem.code is Code.TIME_STAMP_INVALID and f"of the checkpoint of {size} entries" in problem.message
    assert (looked_at(path, log).outcome is Outcome.TAMPERED) == without_certificates


def test_a_stamp_that_is_changed_in_the_file(
    log: Log, stamps: dict[int, bytes], authority: TimeAuthority, tmp_path: Path
) -> None:
    """The manifest does not fit any more, and where that is covered up its signature is gone."""

    def change_it(lines: list[bytes]) -> list[bytes]:
        read = orjson.loads(lines[0])
        answer = bytearray(base64.b64decode(read["timeStamp"]))
        answer[-1] ^= 1
        return [orjson.dumps(read | {"timeStamp": base64.b64encode(answer).decode()}), *lines[1:]]

    path = edit(stamped(log, stamps, tmp_path), {bundle.CHECKPOINTS: edited_lines(change_it)}, cover_up=False)
    assert {problem.code for problem in looked_at(path, log).problems} == {Code.FILE_CHANGED}
    covered = edit(path, {})
    assert looked_at(covered, log).outcome is Outcome.VERIFIED and not looked_at(covered, log).signed_manifest
    assert [problem.code for problem in looked_at(covered, log, authority).problems] == [Code.TIME_STAMP_INVALID]


def test_a_stamp_from_before_the_checkpoint(log: Log, authority: TimeAuthority) -> None:
    """The signer's clock was ahead, or the checkpoint was made later than it says."""
    late = time_text(datetime.now(UTC) + timedelta(hours=1))
    note = sign(Checkpoint(ORIGIN, 4, bytes(32), late).text, [log.signer])
    with pytest.raises(TimeStampError, match="and the checkpoint was signed at"):
        read_stamp(authority.answer(request_for(note).content), note)


def test_answers(log: Log, authority: TimeAuthority, other: TimeAuthority) -> None:
    request = request_for(log.notes[4])
    answer = authority.answer(request.content)
    proven = prove_stamp(answer, log.notes[4], authority.certificates, request.nonce)
    assert (proven.authority, proven.policy) == ("CN=Notary", POLICY)
    with pytest.raises(TimeStampError, match="another request"):
        read_stamp(answer, log.notes[4], request.nonce + 1)
    with pytest.raises(TimeStampError, match="another note"):
        prove_stamp(answer, log.notes[8], authority.certificates)
    with pytest.raises(AuthorityUnknownError):
        prove_stamp(answer, log.notes[4], other.certificates)
    with pytest.raises(TimeStampError, match="not granted"):
        read_stamp(authority.answer(b"no request"), log.notes[4])


def test_an_authority_whose_name_is_no_text(log: Log, stamps: dict[int, bytes]) -> None:
    name = bytes([0x0C, len("Notary")]) + b"Notary"
    assert name in stamps[4]
    with pytest.raises(TimeStampError, match="not of the form"):
        read_stamp(stamps[4].replace(name, b"\x09" + name[1:], 1), log.notes[4])


def test_nonsense_is_no_stamp_and_nothing_worse(log: Log, stamps: dict[int, bytes], authority: TimeAuthority) -> None:
    """Bytes are changed at random: it is a stamp of this note all the same, or a TimeStampError."""
    rng, certificates = random.Random(3161), authority.certificates
    refused = 0
    for _ in range(300):
        answer = bytearray(stamps[4])
        for _ in range(rng.choice((1, 2, 8))):
            answer[rng.randrange(len(answer))] = rng.randrange(256)
        try:
            prove_stamp(
                bytes(answer[: rng.choice((len(answer), rng.randrange(len(answer))))]), log.notes[4], certificates
            )
        except TimeStampError:
            refused += 1
    assert refused > 250


def test_the_command(
    kapok: Run, log: Log, stamps: dict[int, bytes], authority: TimeAuthority, other: TimeAuthority, tmp_path: Path
) -> None:
    given = (stamped(log, stamps, tmp_path), "-k", log.signer.key.text)
    plain = kapok(*given)
    assert plain.code == 0, plain.out
    assert "Time stamps  2 by CN=Notary; the last, of 12 entries, at " in plain.out
    assert "(not checked: --tsa-certificate)" in plain.out
    assert "Manifest     signed, made" in plain.out
    checked = kapok(*given, "--tsa-certificate", str(authority.root))
    assert checked.code == 0 and "(checked)" in checked.out
    facts = orjson.loads(kapok(*given, "--tsa-certificate", str(authority.root), "-o", "json").out)
    assert facts["timeStamps"]["proven"] is True and facts["timeStamps"]["authorities"] == ["CN=Notary"]
    assert facts["manifestSigned"] is True
    unknown = kapok(*given, "--tsa-certificate", str(other.root))
    assert unknown.code == 3 and "TIME_STAMP_UNKNOWN" in unknown.out and "(not proven)" in unknown.out
    (tmp_path / "none.pem").write_text("nothing")
    assert kapok(*given, "--tsa-certificate", str(tmp_path / "none.pem")).code == 2
