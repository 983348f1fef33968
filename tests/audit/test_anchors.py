"""Anchors: what they keep they keep, and a database that was rolled back or forked is not signed."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import pytest

from apps.audit.anchoring import bring_to_anchors
from apps.audit.anchors import MARKER, AnchorAwayError, AnchorForkedError, DirectoryAnchor
from apps.audit.begin_anew import do_begin_anew
from apps.audit.logs import log_of
from apps.audit.sealing import Sealer
from apps.audit.self_check import check_log
from kapok.ledger.checkpoints import Checkpoint, sign
from kapok.ledger.signing import LocalSigner, new_private_key
from tests.audit.sealed_log import SealedLog, committed
from tests.tenant_database import platform_conninfo

ORIGIN = "kapok.example.com/log/t_1"
SIGNER = LocalSigner("kapok-audit", new_private_key())
#: The tables that a restore of an older backup brings back as they were.
RESTORED = ("kapok_change", "kapok_event", "kapok_entry", "kapok_tile", "kapok_checkpoint", "kapok_log")


def note(size: int, root: bytes = bytes(32), at: str = "2026-01-01T00:00:00.000000Z") -> str:
    """A signed checkpoint."""
    return sign(Checkpoint(ORIGIN, size, root, at).text, [SIGNER])


def test_a_directory_keeps_what_it_has(tmp_path: Path) -> None:
    anchor = DirectoryAnchor(tmp_path / "new")
    assert anchor.latest(ORIGIN) is None and list(anchor.sizes(ORIGIN)) == []
    anchor.put(ORIGIN, 9, note(9))
    anchor.put(ORIGIN, 10, note(10))
    anchor.put(ORIGIN, 10, note(10))
    anchor.put(ORIGIN, 10, note(10, at="2027-01-01T00:00:00.000000Z"))  # signed again: the same state
    assert anchor.get(ORIGIN, 10) == anchor.latest(ORIGIN) == note(10)
    with pytest.raises(AnchorForkedError, match="another checkpoint of size 9"):
        anchor.put(ORIGIN, 9, note(9, b"x" * 32))
    assert DirectoryAnchor(tmp_path / "new").latest(ORIGIN) == note(10)
    assert list(anchor.sizes(ORIGIN)) == [9, 10] and anchor.get(ORIGIN, 9) == note(9)
    [folder] = (tmp_path / "new").iterdir()
    files = sorted(folder.iterdir())
    assert [file.name for file in files] == [f"{size:019d}.checkpoint" for size in (9, 10)]
    assert {file.stat().st_mode & 0o777 for file in files} == {0o444}


@pytest.mark.parametrize("origin", ["..", ".", "../x", "/etc", "a/../../b", "ä b"])
def test_an_origin_leads_nowhere_else(tmp_path: Path, origin: str) -> None:
    anchor = DirectoryAnchor(tmp_path / "anchors")
    anchor.put(origin, 1, "x")
    assert [path.parent.parent for path in tmp_path.rglob("*.checkpoint")] == [tmp_path / "anchors"]
    assert list(DirectoryAnchor(tmp_path / "anchors").sizes(origin)) == [1]


def test_what_was_interrupted_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk is full: no file, or a whole one."""
    anchor = DirectoryAnchor(tmp_path)

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    said = f"{tmp_path} cannot be written to: No space"
    with monkeypatch.context() as patch, pytest.raises(AnchorAwayError, match=said):
        patch.setattr(os, "fsync", full)
        anchor.put(ORIGIN, 3, note(3))
    assert anchor.get(ORIGIN, 3) is None and not list(tmp_path.rglob("*.checkpoint"))
    assert not list(tmp_path.rglob(".unfinished*"))
    anchor.put(ORIGIN, 3, note(3))
    assert anchor.latest(ORIGIN) == note(3)


def test_an_anchor_that_was_away_gets_everything(sealed: SealedLog) -> None:
    away = DirectoryAnchor(Path("/proc/nothing/can/be/made/here"))
    for _ in range(3):
        sealed.fill(1)
        sealed.seal()
        sealed.sign()
        with pytest.raises(OSError):
            sealed.sql("update {schema}.kapok_log set anchored_size = 0")
            bring_to_anchors(sealed.session, sealed.log, [away])
    again = DirectoryAnchor(sealed.anchor_path.parent / "again")
    assert bring_to_anchors(sealed.session, sealed.log, [again]) == 3
    assert list(again.sizes(sealed.log.origin)) == [1, 2, 3]
    assert bring_to_anchors(sealed.session, sealed.log, [again]) == 0


@pytest.mark.parametrize("new_process", [False, True])
def test_a_database_that_was_rolled_back_is_not_signed(sealed: SealedLog, new_process: bool) -> None:
    """An older backup is restored and goes on; in the same process, or in one that has only the anchor."""
    sealed.fill(4)
    sealed.seal()
    sealed.sign()
    for table in RESTORED:
        sealed.sql(f"create temp table backup_{table} as select * from {{schema}}.{table}")
    sealed.fill(4)
    sealed.seal()
    sealed.sign()
    sealed.tamper("select 1")
    for table in RESTORED[2:]:
        sealed.sql(f"truncate {{schema}}.{table}")
        sealed.sql(f"insert into {{schema}}.{table} select * from backup_{table}")
    sealed.sql("delete from {schema}.kapok_change where position > 4")
    if new_process:
        sealed.anchor = DirectoryAnchor(sealed.anchor_path)
    sealed.fill(2)
    sealed.seal()
    assert not sealed.sign()
    assert "has a checkpoint of 8 entries, the database has 6" in sealed.problem
    assert "the log was rolled back" in sealed.check().problem
    sealed.fill(5)  # it grows beyond what the anchor knows, and is another log
    sealed.seal()
    assert not sealed.sign()
    assert "its first 8 entries are not those of the anchor" in sealed.problem
    assert sealed.value("select max(size) from {schema}.kapok_checkpoint") == 4
    assert sealed.value("select count(*) from {schema}.kapok_event where action = 904") == 2


def test_a_log_that_was_written_anew_is_not_signed(sealed: SealedLog) -> None:
    """A row is changed and the tiles are made to fit it: the last checkpoint in the database does not."""
    sealed.fill(4)
    sealed.seal()
    sealed.sign()
    sealed.tamper("update {schema}.kapok_change set actor = 'nobody' where position = 2")
    sealed.rebuild()
    sealed.fill(1)
    sealed.seal()
    assert not sealed.sign() and "its first 4 entries are not those of the last checkpoint" in sealed.problem
    sealed.sql("delete from {schema}.kapok_checkpoint")
    assert not sealed.sign() and "its first 4 entries are not those of the anchor" in sealed.problem


def test_a_forged_last_checkpoint_is_not_extended(sealed: SealedLog) -> None:
    sealed.fill(4)
    sealed.seal()
    sealed.sign()
    sealed.fill(1)
    sealed.seal()
    sealed.tamper("update {schema}.kapok_checkpoint set note = replace(note, 'time 2', 'time 3')")
    assert not sealed.sign() and "forged" in sealed.problem


def test_an_emptied_log_is_noticed(sealed: SealedLog) -> None:
    sealed.fill(4)
    sealed.seal()
    sealed.sign()
    sealed.tamper("select 1")
    for table in RESTORED:
        sealed.sql(f"truncate {{schema}}.{table}")
    sealed.seal()
    assert not sealed.sign() and "the database has 0" in sealed.problem


def test_another_checkpoint_of_the_same_size(sealed: SealedLog) -> None:
    """The anchor got one from a fork of this log."""
    sealed.fill(4)
    sealed.seal()
    forked = Checkpoint(sealed.log.origin, 4, bytes(32), "2026-01-01T00:00:00.000000Z")
    sealed.anchor.put(sealed.log.origin, 4, sign(forked.text, [sealed.keyring.current]))
    assert not sealed.sign() and "its first 4 entries are not those of the anchor" in sealed.problem


def test_a_log_begins_anew(sealed: SealedLog) -> None:
    """What the anchor knows is lost for good: everything there is is sealed under another name, and says so."""
    sealed.fill(4)
    sealed.seal()
    sealed.sign()
    sealed.tamper("delete from {schema}.kapok_change where position > 2")
    sealed.sql("truncate {schema}.kapok_entry, {schema}.kapok_tile, {schema}.kapok_checkpoint")
    sealed.sql("update {schema}.kapok_log set size = 0, horizon = '0', after_kind = '', after_position = 0")
    sealed.seal()
    assert not sealed.sign() and "rolled back" in sealed.problem
    former = sealed.log.origin
    new = committed(partial(do_begin_anew, sealed.log, actor="operator:1", reason="the disk was lost"))
    assert new == f"{former}/again-2"
    sealed.seal()
    assert sealed.sign() and sealed.problem == "" and sealed.check().problem == ""
    details = sealed.value("select details from {schema}.kapok_event where action = 910")
    assert (details["formerOrigin"], details["formerSize"], details["reason"]) == (former, 2, "the disk was lost")
    assert list(sealed.anchor.sizes(new)) == [sealed.size] and list(sealed.anchor.sizes(former)) == [4]
    again = committed(partial(do_begin_anew, sealed.log, actor="operator:1", reason="and again"))
    assert again == f"{former}/again-3"


class Mount:
    """A directory that can be taken away, as a file system is unmounted: its empty mount point stays."""

    def __init__(self, path: Path) -> None:
        self.path, self._elsewhere = path, path.with_name("unmounted")

    def off(self) -> None:
        self.path.rename(self._elsewhere)
        self.path.mkdir()

    def on(self) -> None:
        self.path.rmdir()  # nothing was put into the empty place
        self._elsewhere.rename(self.path)


def events_are_sealed(sealed: SealedLog, sealer: Sealer) -> None:
    """Something new in the log and in the control plane's."""
    sealed.sql(
        "insert into public.kapok_event (action, outcome, actor, target, request_id, address, details)"
        " values (203, 'ok', 'operator:7', '', '', '', '{}')"
    )
    sealed.fill(1)
    for _ in range(2):
        sealer.round()


@pytest.mark.parametrize("new_process", [False, True])
def test_an_anchor_that_is_not_mounted_is_not_taken_for_a_new_one(
    transactional_db: None, sealed: SealedLog, new_process: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing is signed while it is away, by the same process or by another; it goes on once it is back."""

    def signed() -> int:
        return sealed.value("select coalesce(max(size), 0) from {schema}.kapok_checkpoint")

    mount = Mount(sealed.anchor_path)
    sealer = Sealer(platform_conninfo(), sealed.keyring, [DirectoryAnchor(mount.path)])
    events_are_sealed(sealed, sealer)
    assert signed() == 1 and sealed.value("select anchored_size from public.kapok_log") == 1
    mount.off()
    if new_process:
        sealer.close()
        sealer = Sealer(platform_conninfo(), sealed.keyring, [DirectoryAnchor(mount.path)])
    events_are_sealed(sealed, sealer)
    assert sealed.size == 2 and signed() == 1, "sealed, and under no checkpoint: the watch raises an alert"
    assert "is it mounted?" in caplog.text
    with pytest.raises(AnchorAwayError, match="is it mounted"):
        check_log(sealed.session, sealed.log, [DirectoryAnchor(mount.path)], sealed.keyring.public)
    mount.on()
    events_are_sealed(sealed, sealer)
    sealer.close()
    assert signed() == 3 and list(DirectoryAnchor(mount.path).sizes(log_of(sealed.schema).origin)) == [1, 3]
    assert sealed.check().problem == ""


def test_an_anchor_without_a_marker_is_adopted_if_it_has_the_checkpoints(
    transactional_db: None, sealed: SealedLog, tmp_path: Path
) -> None:
    """It was begun before there were markers; a new one beside it gets one by hand."""
    sealer = Sealer(platform_conninfo(), sealed.keyring, [sealed.anchor])
    events_are_sealed(sealed, sealer)
    sealer.close()
    marker = sealed.anchor_path / MARKER
    assert marker.stat().st_mode & 0o777 == 0o444
    marker.unlink()
    assert sealed.check().problem == "" and not marker.exists()
    second = DirectoryAnchor(tmp_path / "second")
    sealer = Sealer(platform_conninfo(), sealed.keyring, [DirectoryAnchor(sealed.anchor_path), second])
    events_are_sealed(sealed, sealer)
    assert marker.exists() and list(second.sizes(log_of(sealed.schema).origin)) == []
    (tmp_path / "second").mkdir()
    (tmp_path / "second" / MARKER).touch()
    events_are_sealed(sealed, sealer)
    sealer.close()
    assert list(second.sizes(log_of(sealed.schema).origin)) == [3]
    assert sealed.value("select anchored_size from {schema}.kapok_log") == 3
