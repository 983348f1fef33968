"""Anchors in S3, against a real server with object lock: what they keep they keep, whoever has the credentials."""

from __future__ import annotations

import socket
import threading
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from apps.audit import anchors_s3
from apps.audit.anchoring import bring_to_anchors
from apps.audit.anchors import AnchorAwayError, AnchorForkedError, AnchorMisconfiguredError
from apps.audit.anchors_named import anchors_named
from apps.audit.anchors_s3 import Place, S3Anchor
from apps.audit.checkpointing import checkpoint
from apps.audit.sealing import Sealer
from apps.audit.self_check import check_log
from tests.audit.s3_server import SECRET_KEY, Server, s3_server
from tests.audit.sealed_log import SealedLog
from tests.audit.test_anchors import ORIGIN, note
from tests.tenant_database import platform_conninfo
from tests.waiting import until


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The server of these tests."""
    with s3_server(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture(scope="module")
def bucket(s3: Server) -> str:
    """Where all of them put something: a bucket costs the server more than an object."""
    return s3.bucket()


@pytest.fixture
def prefix() -> str:
    """A test's own part of it."""
    return f"of/{uuid.uuid4().hex}"


def opened(url: str) -> S3Anchor:
    """The anchor, as another process opens it."""
    [anchor] = anchors_named([url])
    assert isinstance(anchor, S3Anchor)
    return anchor


def test_a_bucket_keeps_what_it_has(s3: Server, bucket: str, prefix: str) -> None:
    anchor = opened(s3.anchor(bucket, prefix))
    anchor.check()
    assert not anchor.knows(ORIGIN)
    assert anchor.latest(ORIGIN) is None and list(anchor.sizes(ORIGIN)) == [] and anchor.get(ORIGIN, 9) is None
    assert anchor.knows(ORIGIN)
    anchor.put(ORIGIN, 9, note(9))
    anchor.put(ORIGIN, 10, note(10))
    anchor.put(ORIGIN, 10, note(10))
    anchor.put(ORIGIN, 10, note(10, at="2027-01-01T00:00:00.000000Z"))  # signed again: the same state
    anchor.put_stamp(ORIGIN, 10, b"a time stamp")
    anchor.put_stamp(ORIGIN, 10, b"another one")
    with pytest.raises(AnchorForkedError, match="another checkpoint"):
        anchor.put(ORIGIN, 9, note(9, b"x" * 32))
    again = opened(s3.anchor(bucket, prefix))
    assert again.latest(ORIGIN) == note(10) and again.latest_size(ORIGIN) == 10
    assert list(again.sizes(ORIGIN)) == [9, 10] and again.get(ORIGIN, 9) == note(9)
    assert again.latest("kapok.example.com/log/t_2") is None
    newest, stamp, older = s3.keys(bucket, prefix)
    assert newest.endswith("-10.checkpoint") and stamp.endswith("-10.tsr") and older.endswith("-9.checkpoint")
    assert newest.startswith(f"{prefix}/kapok.example.com%2Flog%2Ft_1/")
    assert s3.client.get_object(Bucket=bucket, Key=stamp)["Body"].read() == b"a time stamp"
    for key in (newest, stamp):
        lock = s3.client.get_object_retention(Bucket=bucket, Key=key)["Retention"]
        assert lock["Mode"] == "COMPLIANCE"
        assert lock["RetainUntilDate"] > datetime.now(UTC) + timedelta(hours=23)


def test_who_has_the_credentials_changes_nothing(s3: Server, bucket: str, prefix: str) -> None:
    """Versions are put over a checkpoint, it is deleted, its versions are deleted: the first one is what counts."""
    anchor = opened(s3.anchor(bucket, prefix))
    anchor.put(ORIGIN, 3, note(3))
    anchor.put(ORIGIN, 4, note(4))
    [newest, older] = s3.keys(bucket, prefix)
    [first] = s3.client.list_object_versions(Bucket=bucket, Prefix=newest)["Versions"]
    for _ in range(5):
        s3.client.put_object(Bucket=bucket, Key=newest, Body=note(4, b"x" * 32).encode())
    for one in (newest, older):
        s3.client.delete_object(Bucket=bucket, Key=one)
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.client.delete_object(
            Bucket=bucket, Key=newest, VersionId=first["VersionId"], BypassGovernanceRetention=True
        )  # fmt: skip
    assert s3.keys(bucket, prefix) == []
    again = opened(s3.anchor(bucket, prefix))
    assert again.latest(ORIGIN) == note(4) and list(again.sizes(ORIGIN)) == [3, 4]
    again.put(ORIGIN, 4, note(4))
    with pytest.raises(AnchorForkedError):
        again.put(ORIGIN, 3, note(3, b"x" * 32))  # what was deleted is put anew, with another root
    assert opened(s3.anchor(bucket, prefix)).get(ORIGIN, 3) == note(3)


def test_what_somebody_else_put_there_is_no_checkpoint(s3: Server, bucket: str, prefix: str) -> None:
    folder = f"{prefix}/kapok.example.com%2Flog%2Ft_1/"
    for name in ("0-x", f"{0:019d}-7.checkpoint", "z", f"{10**19 - 1 - 5}-5.checkpoint.old", "a/b.checkpoint"):
        s3.client.put_object(Bucket=bucket, Key=folder + name, Body=b"nothing")
    anchor = opened(s3.anchor(bucket, prefix))
    assert anchor.latest(ORIGIN) is None
    anchor.put(ORIGIN, 5, note(5))
    assert list(opened(s3.anchor(bucket, prefix)).sizes(ORIGIN)) == [5]


def test_many_checkpoints_are_listed_by_pages(
    s3: Server, bucket: str, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(anchors_s3, "_PAGE", 3)
    anchor = opened(s3.anchor(bucket, prefix))
    for size in range(1, 9):
        anchor.put(ORIGIN, size, note(size))
    again = opened(s3.anchor(bucket, prefix))
    assert list(again.sizes(ORIGIN)) == list(range(1, 9)) and again.latest(ORIGIN) == note(8)


def test_a_bucket_that_keeps_nothing_is_refused(s3: Server, bucket: str, prefix: str) -> None:
    """And nothing is put there."""
    plain = s3.bucket(locked=False)
    refused = [
        (s3.anchor(plain, prefix), "no object lock|keeps no versions"),
        (s3.anchor("no-such-bucket-here", prefix), "there is no bucket"),
        (s3.anchor(bucket, prefix, retain=""), "no default retention: say retain=3650d"),
    ]
    for url, why in refused:
        with pytest.raises(AnchorMisconfiguredError, match=why):
            opened(url).check()
        with pytest.raises(AnchorMisconfiguredError, match=why):
            opened(url).put(ORIGIN, 1, note(1))
    assert s3.keys(plain) == [] and s3.keys(bucket, prefix) == []


def test_credentials_that_are_none(s3: Server, bucket: str, prefix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("AWS_SECRET_ACCESS_KEY", "another secret")
        anchors_s3.session.cache_clear()
        stranger = opened(s3.anchor(bucket, prefix))
        with pytest.raises(OSError) as refused:
            stranger.check()
    anchors_s3.session.cache_clear()
    assert "another secret" not in str(refused.value) and SECRET_KEY not in str(refused.value)
    assert str(refused.value).startswith("the anchor s3://")


@pytest.mark.parametrize(
    "url",
    [
        "s3://key:secret@bucket/x",
        "s3://bucket/x?endpoint=https://key:secret@s3.example.com",
        "s3://bucket/x?retain=forever",
        "s3://bucket/x?retain=0d",
        "s3://bucket/x?mode=none&retain=1d",
        "s3://bucket/x?mode=compliance",
        "s3://bucket/x?secret=secret",
        "s3://bucket/x?endpoint=s3.example.com",
        "s3:///x",
    ],
)
def test_urls_that_say_nothing_one_can_use(url: str) -> None:
    with pytest.raises(AnchorMisconfiguredError) as refused:
        Place.parse(url)
    assert "secret" not in str(refused.value).replace("AWS_SECRET", "")


def test_a_url_says_it_all() -> None:
    url = "s3://bucket/a/b/?endpoint=https://s3.example.com:9000&region=eu-1&retain=3650d&mode=governance&every=300s"
    expected = Place("bucket", "a/b", "https://s3.example.com:9000", "eu-1", timedelta(days=3650), "GOVERNANCE", 300)
    assert Place.parse(url) == expected
    assert Place.parse("s3://bucket") == Place("bucket", "")


class Hanging:
    """A server that takes connections and says nothing."""

    def __init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self.asked = 0
        self._connections: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                self._connections.append(self._listening.accept()[0])
            except OSError:
                return
            self.asked += 1

    def close(self) -> None:
        self._listening.close()
        for connection in self._connections:
            connection.close()


@pytest.fixture
def hanging() -> Iterator[Hanging]:
    server = Hanging()
    yield server
    server.close()


def test_a_server_that_hangs_is_left_alone(
    s3: Server, hanging: Hanging, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It is asked once, then nothing is sent for a while; it is said once, without a secret."""
    monkeypatch.setattr(anchors_s3, "READ_SECONDS", 0.2)
    monkeypatch.setattr(anchors_s3, "AWAY_SECONDS", 1000.0)
    anchor = opened(f"s3://bucket/x?endpoint={hanging.url}&region=r&retain=1d")
    for _ in range(50):
        with pytest.raises(AnchorAwayError, match="is away: ReadTimeoutError"):
            anchor.latest(ORIGIN)
    until(lambda: hanging.asked)
    assert hanging.asked == 1
    [said] = [record.getMessage() for record in caplog.records if record.name == "kapok.audit"]
    assert "s3://bucket/x is away" in said and SECRET_KEY not in said


def test_sealing_goes_on_while_the_anchor_is_away(
    s3: Server, bucket: str, prefix: str, sealed: SealedLog, hanging: Hanging, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sealer that has been to the anchor signs on when it hangs, and brings the newest checkpoint when it is back.
    One that has not been there yet seals, and signs nothing: it does not know what the log has to extend."""
    monkeypatch.setattr(anchors_s3, "AWAY_SECONDS", 0.1)
    monkeypatch.setattr("apps.audit.background.RETRY_SECONDS", 0.2)
    anchor = opened(s3.anchor(bucket, prefix))
    anchor.every = 0.0
    monkeypatch.setattr(anchors_s3, "READ_SECONDS", 0.3)
    sealer = Sealer(platform_conninfo(), sealed.keyring, [anchor])
    try:
        sealed.fill(2)
        sealed.seal()
        until(lambda: sealer.round() is not None and _brought(anchor, sealed) == 2)
        there, anchor._s3 = anchor._s3, opened(f"s3://{bucket}/{prefix}?endpoint={hanging.url}&region=r&retain=1d")._s3
        for changes in (3, 4):
            sealed.fill(1)
            until(lambda: sealer.round() is not None and _signed(sealed) == changes)  # noqa: B023
        until(lambda: hanging.asked)
        assert sealed.problem == "" and sealed.value("select anchored_size from {schema}.kapok_log") == 2
        newcomer = Sealer(
            platform_conninfo(), sealed.keyring, anchors_named([f"s3://b/x?endpoint={hanging.url}&region=r&retain=1d"])
        )
        sealed.fill(1)
        until(lambda: newcomer.round() is not None and sealed.size == 5)
        assert _signed(sealed) == 4
        newcomer.close()
        anchor._s3 = there
        until(lambda: sealer.round() is not None and _brought(anchor, sealed) == 5)
        until(lambda: sealed.value("select anchored_size from {schema}.kapok_log") == 5)
    finally:
        sealer.close()
    # Of what was signed while it was away, it has the newest: that one vouches for those before.
    sizes = list(opened(s3.anchor(bucket, prefix)).sizes(sealed.log.origin))
    assert sizes[0] == 2 and sizes[-1] == 5


def _brought(anchor: S3Anchor, sealed: SealedLog) -> int:
    return anchor.knows(sealed.log.origin) and anchor.latest_size(sealed.log.origin)


def _signed(sealed: SealedLog) -> Any:
    return sealed.value("select max(size) from {schema}.kapok_checkpoint")


def test_a_round_does_not_wait_for_it(sealed: SealedLog, hanging: Hanging, monkeypatch: pytest.MonkeyPatch) -> None:
    """However long the server may take: no request is made by the thread that seals."""
    asked_by: list[str] = []
    asking = S3Anchor._asking

    def noted(anchor: S3Anchor) -> Any:
        asked_by.append(threading.current_thread().name)
        return asking(anchor)

    monkeypatch.setattr(S3Anchor, "_asking", noted)
    anchors = anchors_named([f"s3://bucket/x?endpoint={hanging.url}&region=r&retain=1d"])
    sealer = Sealer(platform_conninfo(), sealed.keyring, anchors)
    sealed.fill(3)
    until(lambda: sealer.round() is not None and sealed.size == 3)
    until(lambda: asked_by)
    for _ in range(3):
        sealer.round()
    assert set(asked_by) == {"kapok anchors"}
    hanging.close()
    sealer.close()


def test_a_database_that_was_rolled_back(s3: Server, bucket: str, prefix: str, sealed: SealedLog) -> None:
    """The bucket knows more than the database: nothing is signed, and the self-check says it."""
    url = s3.anchor(bucket, prefix)
    for _ in range(2):
        sealed.fill(3)
        sealed.seal()
        assert checkpoint(sealed.session, sealed.log, sealed.keyring, anchors_named([url]))
        assert bring_to_anchors(sealed.session, sealed.log, anchors_named([url])) == 1
    assert check_log(sealed.session, sealed.log, anchors_named([url]), sealed.keyring.public).problem == ""
    sealed.tamper("delete from {schema}.kapok_checkpoint where size > 3")
    found = check_log(sealed.session, sealed.log, anchors_named([url]), sealed.keyring.public)
    assert f"has lost a checkpoint: the anchor s3://{bucket}/{prefix} has one of 6 entries" in found.problem
    sealed.tamper("update {schema}.kapok_change set actor = 'nobody' where position = 5")
    sealed.rebuild()
    sealed.fill(1)
    sealed.seal()
    assert not checkpoint(sealed.session, sealed.log, sealed.keyring, anchors_named([url]))
    assert f"its first 6 entries are not those of the anchor s3://{bucket}/{prefix}" in sealed.problem
