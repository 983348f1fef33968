"""Signed manifests: what the sealer signs for exports, and what it does not, whoever writes it into the database."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from apps.audit.exports.writing import Wanted, write_export
from apps.audit.keys import keyring_of
from apps.audit.manifests import SEALER, ask_for_signature, sign_manifests
from apps.audit.reports.profiles import profile_named
from kapok.ledger.checkpoints import Checkpoint, Note, NoteError, sign
from kapok.ledger.manifest import Manifest, Range, manifest_text
from kapok.ledger.problems import Outcome
from kapok.ledger.rotation import announced_key
from kapok.ledger.signing import new_private_key
from tests.audit.exported import EVERYTHING, verified
from tests.audit.sealed_log import SealedLog
from tests.audit.signing_sealer import signing_sealer

FILES = {"keys.json": (2, "0" * 64)}


def now(**later: float) -> str:
    """A time, as manifests have it."""
    return (datetime.now(UTC) + timedelta(**later)).isoformat(timespec="seconds")


@pytest.fixture
def checked(sealed: SealedLog) -> SealedLog:
    """A log with checkpoints of 3 and of 5 entries."""
    for changes in (3, 2):
        sealed.fill(changes)
        sealed.seal()
        assert sealed.sign()
    return sealed


def manifest(checked: SealedLog, first: int = 3, last: int = 5, **changes: Any) -> Manifest:
    """One that may be signed."""
    return replace(Manifest(Range(checked.log.origin, first, last), now(), FILES), **changes)


def signed(checked: SealedLog, content: bytes, schema: str = "", **sealer: Any) -> tuple[str | None, str | None]:
    """What the sealer answers to a request: the note, or why there is none."""
    [(number,)] = checked.sql(
        "insert into public.kapok_manifest_request (schema_name, manifest) values (%s, %s) returning id",
        [schema or checked.schema, content],
    )
    answer = {"keyring": checked.keyring, "schemas": {checked.schema}, **sealer}
    assert sign_manifests(checked.session, **answer) == 1
    [found] = checked.sql("delete from public.kapok_manifest_request where id = %s returning note, refused", [number])
    note, refused = found
    return note, refused


def events(checked: SealedLog) -> list[Any]:
    """What the log says was signed."""
    return [row[0] for row in checked.sql("select details from {schema}.kapok_event where action = 917")]


def test_a_manifest_is_signed_and_the_log_says_so(checked: SealedLog) -> None:
    for first in (0, 3):
        content = manifest(checked, first).encoded
        note, refused = signed(checked, content)
        assert refused is None and note is not None
        parsed = Note.parse(note)
        assert parsed.text == manifest_text(checked.log.origin, content)
        assert parsed.signed_by(checked.keyring.public) == [checked.keyring.current.key]
        assert events(checked)[-1] == {"sha256": sha256(content).hexdigest(), "first": first, "last": 5}


def test_the_signature_can_be_taken_for_nothing_else(checked: SealedLog) -> None:
    """Neither for a checkpoint nor for a change of keys, whatever the manifest says."""
    note, _ = signed(checked, manifest(checked).encoded)
    text = Note.parse(note or "").text
    with pytest.raises(NoteError):
        Checkpoint.parse(text)
    assert announced_key(checked.log.origin, Note.parse(note or "")) is None


REFUSED: dict[str, tuple[Callable[[SealedLog], bytes], str]] = {
    "nothing": (lambda log: b"", "not JSON"),
    "a checkpoint": (lambda log: log.value("select note from {schema}.kapok_checkpoint limit 1").encode(), "not JSON"),
    "other JSON": (lambda log: b"[1]", "not of the form"),
    "more than a manifest": (lambda log: manifest(log).encoded[:-2] + b',\n  "x": 1\n}', "not spelled"),
    "another spelling": (lambda log: manifest(log).encoded.replace(b"\n", b""), "not spelled"),
    "another log": (lambda log: manifest(log, part=Range("tests/log/other", 3, 5)).encoded, "of another log"),
    "lines in the origin": (lambda log: manifest(log, part=Range("5\nx", 3, 5)).encoded, "of another log"),
    "no checkpoint at its end": (lambda log: manifest(log, 3, 4).encoded, "no such checkpoint"),
    "no checkpoint at its beginning": (lambda log: manifest(log, 2, 5).encoded, "no such checkpoint"),
    "the future": (lambda log: manifest(log, 3, 50).encoded, "no such checkpoint"),
    "an old date": (lambda log: manifest(log, created_at=now(days=-2)).encoded, "says that it was made at"),
    "a date to come": (lambda log: manifest(log, created_at=now(hours=1)).encoded, "says that it was made at"),
    "no date": (lambda log: manifest(log, created_at="soon").encoded, "Invalid isoformat"),
    "no time zone": (lambda log: manifest(log, created_at=now()[:19]).encoded, "says that it was made at"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_no_manifest_of_this_log_is_not_signed(checked: SealedLog, what: str) -> None:
    content, why = REFUSED[what]
    note, refused = signed(checked, content(checked))
    assert note is None and why in (refused or ""), refused
    assert events(checked) == []


def test_what_the_database_says_of_checkpoints_is_not_enough(checked: SealedLog) -> None:
    """Who rules it makes a checkpoint: unsigned, of a key of their own, or with tiles that fit."""
    theirs = keyring_of(new_private_key()).current
    forged = Checkpoint(checked.log.origin, 4, bytes(32), "2026-01-01T00:00:00.000000Z")
    for number, note in enumerate((sign(forged.text, [theirs]), "nonsense")):
        checked.tamper("delete from {schema}.kapok_checkpoint where size = 4")
        checked.sql(
            "insert into {schema}.kapok_checkpoint (size, root, at, note, key_id) values (4, '', now(), %s, '')", [note]
        )
        why = ("not one of this log", "is forged")[number]
        assert why in (signed(checked, manifest(checked, 3, 4).encoded)[1] or "")
        assert why in (signed(checked, manifest(checked, 4, 5).encoded)[1] or "")
    checked.tamper("delete from {schema}.kapok_checkpoint where size = 5")
    checked.sql("update {schema}.kapok_checkpoint set note = %s where size = 4", [sign(forged.text, [theirs])])
    assert "not signed by a key of this process" in (signed(checked, manifest(checked, 0, 3).encoded)[1] or "")
    assert events(checked) == []


def test_other_logs_and_logs_that_are_not_sealed(checked: SealedLog) -> None:
    content = manifest(checked).encoded
    assert signed(checked, content, "pg_catalog") == (None, "there is no such log")
    assert signed(checked, content, 'x"; drop table y; --') == (None, "there is no such log")
    assert signed(checked, content, "t_nothing", schemas={"t_nothing"}) == (None, "the log could not be read")
    stranger = keyring_of(new_private_key())
    assert "not signed by a key of this process" in (signed(checked, content, keyring=stranger)[1] or "")
    checked.sql("update {schema}.kapok_log set sealing_problem = 'the log was changed'")
    assert signed(checked, content) == (None, "the log is not signed itself")
    assert events(checked) == []


def test_an_export_is_signed_where_a_sealer_is_at_work(checked: SealedLog, tmp_path: Path) -> None:
    wanted = Wanted(EVERYTHING, profile_named("general"), "acme", "auditor@example.com")
    found = []
    with checked.connect() as session, checked.connect() as asking:
        write = partial(write_export, session, checked.log, wanted)
        sign_it = partial(ask_for_signature, asking, checked.log)
        for path in (tmp_path / "alone.zip", tmp_path / "signed.zip"):
            if path.name == "signed.zip":
                with signing_sealer(checked.keyring, checked.schema):
                    write(path, lambda done, total: None, sign_it)
            else:
                write(path, lambda done, total: None, sign_it)
            found.append(verified(checked, path))
    alone, with_it = found
    assert (alone.outcome, alone.signed_manifest, len(alone.notices)) == (Outcome.VERIFIED, False, 1)
    assert (with_it.outcome, with_it.signed_manifest, with_it.notices) == (Outcome.VERIFIED, True, [])
    assert checked.sql("select count(*) from public.kapok_manifest_request") == [(0,)]


def test_a_sealer_that_does_not_answer_is_waited_for_so_long(checked: SealedLog) -> None:
    with checked.connect() as asking:
        asking.execute("select set_config('application_name', %s, false)", [SEALER])
        assert ask_for_signature(asking, checked.log, manifest(checked).encoded, 0.3) is None
    assert checked.sql("select count(*) from public.kapok_manifest_request") == [(0,)]
