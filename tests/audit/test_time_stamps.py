"""Checkpoints that a real authority stamps: when it is asked, what is kept, and what of its answers is refused."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest
from click.testing import CliRunner

from apps.audit import time_stamps
from apps.audit.anchors import Anchor, DirectoryAnchor
from apps.audit.sealing import Sealer
from apps.audit.time_stamps import Authority, AuthorityAwayError, Stamping
from config import sealing_process
from config.env import read
from kapok.ledger.checkpoints import Checkpoint, sign
from kapok.ledger.signing import new_private_key
from kapok.ledger.time_stamps import MAX_STAMP_BYTES
from kapok.ledger.verify import Expectations, verify
from tests.audit.exported import export
from tests.audit.sealed_log import SealedLog, committed
from tests.tenant_database import platform_conninfo
from tests.time_authority import POLICY, Answer, TimeAuthority, served

STAMPED = "select size from {schema}.kapok_checkpoint where time_stamp is not null order by size"
DAY = 86_400.0


@pytest.fixture(scope="module")
def notary(tmp_path_factory: pytest.TempPathFactory) -> TimeAuthority:
    return TimeAuthority(tmp_path_factory.mktemp("tsa") / "tsa", "Notary")


class Asked:
    """A notary behind HTTP. requests: what it was asked. answer: may be another way to answer."""

    def __init__(self, notary: TimeAuthority) -> None:
        self.requests: list[bytes] = []
        self.answer: Answer = notary.answer

    def __call__(self, request: bytes) -> bytes:
        self.requests.append(request)
        return self.answer(request)


@pytest.fixture
def asked(notary: TimeAuthority) -> Asked:
    return Asked(notary)


@pytest.fixture
def url(asked: Asked) -> Iterator[str]:
    with served(asked) as address:
        yield address


@contextmanager
def sealer(
    sealed: SealedLog, authority: Authority, every: float = DAY, anchors: tuple[Anchor, ...] = ()
) -> Iterator[Sealer]:
    """One that has checkpoints stamped."""
    stamping = Stamping(platform_conninfo(), authority, every, anchors)
    made = Sealer(platform_conninfo(), sealed.keyring, anchors, stamping)
    try:
        yield made
    finally:
        made.close()


def note_of(sealed: SealedLog) -> str:
    """Some checkpoint's."""
    checkpoint = Checkpoint(sealed.log.origin, 1, bytes(32), "2026-01-01T00:00:00.000000Z")
    return sign(checkpoint.text, [sealed.keyring.current])


def grown(sealed: SealedLog, by: Sealer) -> None:
    """The log has a new checkpoint, and whatever is due is done."""
    sealed.fill(1)
    sealed.seal()
    by.round()
    assert by.drain(60)


def stamped(sealed: SealedLog) -> list[int]:
    return [size for (size,) in sealed.sql(STAMPED)]


def test_the_newest_checkpoint_is_stamped_now_and_then(
    sealed: SealedLog, asked: Asked, url: str, notary: TimeAuthority, tmp_path: Path
) -> None:
    """It is in the database, in the anchor, and in the bundle, where it proves the time to who trusts the authority."""
    anchor = DirectoryAnchor(sealed.anchor_path)
    authority = Authority(url, notary.certificates, POLICY)
    with sealer(sealed, authority, anchors=(anchor,)) as first:
        for _ in range(3):
            grown(sealed, first)
    assert stamped(sealed) == [1] and len(asked.requests) == 1
    with sealer(sealed, authority, anchors=(anchor,)) as again:  # a new process asks no more often
        grown(sealed, again)
    assert stamped(sealed) == [1] and len(asked.requests) == 1
    with sealer(sealed, authority, every=0.0, anchors=(anchor,)) as often:
        grown(sealed, often)
        grown(sealed, often)
    assert stamped(sealed) == [1, 5, 6] and len(asked.requests) == 3
    kept = sorted(path for path in sealed.anchor_path.rglob("*.tsr"))
    assert [int(path.stem) for path in kept] == [1, 5, 6]
    assert all(notary.holds(path, path.with_suffix(".checkpoint")) for path in kept)
    assert list(anchor.sizes(sealed.log.origin)) == [1, 2, 3, 4, 5, 6]

    assert sealed.check().problem == ""
    path = tmp_path / "b.zip"
    export(sealed, path)
    found = verify(path, Expectations(sealed.keyring.public, authorities=notary.certificates), processes=1)
    assert (found.outcome, found.stamps.count, found.stamps.proven) == ("verified", 3, True)
    assert found.stamps.last_size == 6
    sealed.tamper(
        "update {schema}.kapok_checkpoint set time_stamp = "
        "(select time_stamp from {schema}.kapok_checkpoint where size = 1) where size = 5"
    )
    assert "the time stamp of the checkpoint of 5 entries was changed: it is of another note" in sealed.check().problem
    export(sealed, path)
    found = verify(path, Expectations(sealed.keyring.public), processes=1)
    assert [problem.code for problem in found.problems] == ["TIME_STAMP_INVALID"]
    assert "of the checkpoint of 5 entries" in found.problems[0].message
    sealed.sql("update {schema}.kapok_checkpoint set time_stamp = %s where size = 5", [bytes(MAX_STAMP_BYTES + 1)])
    export(sealed, path)
    assert verify(path, Expectations(sealed.keyring.public), processes=1).stamps.count == 2


def test_more_stamps_than_a_bundle_has(
    sealed: SealedLog, asked: Asked, url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("apps.audit.exports.evidence.MAX_TIME_STAMPS", 2)
    monkeypatch.setattr("apps.audit.exports.evidence.MAX_CHECKPOINTS", 4)
    with sealer(sealed, Authority(url), every=0.0) as often:
        for _ in range(5):
            grown(sealed, often)
    assert stamped(sealed) == [1, 2, 3, 4, 5]
    export(sealed, tmp_path / "b.zip")
    with zipfile.ZipFile(tmp_path / "b.zip") as bundle:
        lines = [orjson.loads(line) for line in bundle.read("checkpoints.jsonl").splitlines()]
    assert len(lines) == 2
    found = verify(tmp_path / "b.zip", Expectations(sealed.keyring.public), processes=1)
    assert (found.outcome, found.stamps.count, found.stamps.last_size) == ("verified", 2, 5)


def test_an_authority_that_is_away_delays_nothing(
    sealed: SealedLog, asked: Asked, notary: TimeAuthority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time_stamps, "AWAY_SECONDS", 0.0)
    with sealer(sealed, Authority("http://127.0.0.1:9/tsr"), every=0.0) as alone:
        grown(sealed, alone)
        grown(sealed, alone)
    assert sealed.value("select max(size) from {schema}.kapok_checkpoint") == 2 and sealed.problem == ""
    assert stamped(sealed) == []
    with served(asked) as url, sealer(sealed, Authority(url, notary.certificates)) as back:
        grown(sealed, back)
    assert stamped(sealed) == [3]


def test_answers_that_are_not_kept(
    notary: TimeAuthority, asked: Asked, url: str, tmp_path: Path, sealed: SealedLog
) -> None:
    """And who answers so is left alone for a while."""
    note = note_of(sealed)
    assert Authority(url, notary.certificates, POLICY).stamp(note)
    replayed, other = notary.answer(asked.requests[0]), TimeAuthority(tmp_path / "other", "Somebody")
    known = notary.certificates
    refused: list[tuple[Authority, Answer, str]] = [
        (Authority(url, known), lambda request: replayed, "another request"),
        (Authority(url), lambda request: replayed, "another request"),
        (Authority(url, known), other.answer, "CN=Somebody is not vouched for"),
        (Authority(url, known, "1.2.3"), notary.answer, f"its policy is {POLICY}"),
        (Authority(url, known), lambda request: notary.answer(b"nonsense"), "not granted"),
        (Authority(url, known), lambda request: b"nonsense", "not of the form"),
        (Authority(url, known), lambda request: bytes(MAX_STAMP_BYTES + 1), "more than"),
    ]
    for authority, answer, why in refused:
        asked.answer, before = answer, len(asked.requests)
        for _ in range(3):
            with pytest.raises(AuthorityAwayError, match=why):
                authority.stamp(note)
        assert len(asked.requests) == before + 1


def test_a_password_in_the_url_is_told_to_nobody(
    notary: TimeAuthority, url: str, sealed: SealedLog, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    assert Authority(url.replace("http://", "http://somebody:hunter2@")).stamp(note_of(sealed))
    with pytest.raises(AuthorityAwayError) as refused:
        Authority("http://somebody:hunter2@127.0.0.1:9/tsr").stamp(note_of(sealed))
    assert "hunter2" not in str(refused.value) and "hunter2" not in caplog.text


def test_the_process_has_checkpoints_stamped(
    sealed: SealedLog, url: str, notary: TimeAuthority, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settings: dict[str, Any] = {
        "DATABASE_URL": platform_conninfo(),
        "KAPOK_AUDIT_KEY": new_private_key(),
        "KAPOK_AUDIT_TSA_URL": url,
        "KAPOK_AUDIT_TSA_CERTIFICATE": str(notary.root),
    }
    sealed.fill(2)
    monkeypatch.setattr(sealing_process, "ENV", read(settings))
    done = committed(lambda: CliRunner().invoke(sealing_process.main, ["--once"]))
    assert done.exit_code == 0, done.exception
    assert stamped(sealed) == [2]
    monkeypatch.setattr(sealing_process, "ENV", read({**settings, "KAPOK_AUDIT_TSA_CERTIFICATE": str(tmp_path)}))
    refused = committed(lambda: CliRunner().invoke(sealing_process.main, ["--once"]))
    assert "KAPOK_AUDIT_TSA_CERTIFICATE is not a file" in str(refused.exception)
