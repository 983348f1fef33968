"""The self-check finds what somebody who rules the database did, and names it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from apps.audit import self_check
from apps.audit.anchoring import bring_to_anchors
from apps.audit.checkpointing import checkpoint
from apps.audit.exports.content import items
from apps.audit.keys import keyring_of
from apps.audit.self_check import check_log, check_slice
from apps.audit.tasks import check_logs
from config.celery import app
from kapok.ledger.checkpoints import Checkpoint, sign
from kapok.ledger.entries import salt_of
from kapok.ledger.signing import new_private_key
from tests.audit.sealed_log import TABLES, SealedLog
from tests.audit.tampering import TAMPERED


@pytest.fixture
def checked(sealed: SealedLog) -> SealedLog:
    """Ten entries under two checkpoints, of 6 and of 10; the self-check finds nothing."""
    sealed.fill(3, 3)
    sealed.seal()
    sealed.sign()
    sealed.fill(2, 2)
    sealed.seal()
    sealed.sign()
    checked = sealed.check()
    assert (checked.entries, checked.ended, checked.problem) == (10, True, "")
    assert sealed.value("select last_checked_at is not null and last_problem = '' from {schema}.kapok_log")
    return sealed


def test_every_kind_of_tampering_is_found_and_named(checked: SealedLog) -> None:
    """Each is done, found, and undone again."""
    kept: dict[str, list[str]] = {}
    for table in TABLES:
        checked.sql(f"create temp table kept_{table} as select * from {{schema}}.{table}")
        columns = "select attname from pg_attribute where attrelid = %s::regclass and attnum > 0"
        kept[table] = [name for (name,) in checked.sql(columns, [f"kept_{table}"])]
    checked.tamper("select 1")  # triggers are off from here on
    for statement, problem, index in TAMPERED:
        checked.sql(statement)
        found = checked.check()
        assert found.problem.startswith(problem), (statement, found)
        assert found.index == index and found.ended, statement
        assert checked.value("select last_problem from {schema}.kapok_log") == found.problem
        event = "select details ->> 'problem' from {schema}.kapok_event where action = 903 order by position desc"
        assert checked.value(event) == found.problem, statement
        for table in kept:
            checked.sql(f"truncate {{schema}}.{table}")
            names = ", ".join(kept[table])
            checked.sql(
                f"insert into {{schema}}.{table} ({names}) overriding system value select {names} from kept_{table}"
            )
    assert checked.check().problem == ""


def test_a_salt_that_has_taken_a_part_of_the_value(checked: SealedLog) -> None:
    """10.5 becomes 0.5, and its salt longer by the 1: what is hashed is the same."""
    with checked.session.transaction():
        (item,) = items(checked.session, checked.log, 4, 5)
    assert item.entry is not None and item.entry.seed is not None
    salts = {path: salt_of(item.entry.seed, path) for path in item.entry.private}
    salts["after.price"] += b"1"
    text = json.dumps({path: salt.hex() for path, salt in salts.items()})
    checked.tamper("update {schema}.kapok_entry set seed = null, salts = %s where index = 4", [text])
    checked.sql("update {schema}.kapok_change set after = after || '{\"price\": 0.5}' where position = 3")
    problem = "entry 4 (kapok_change, position 3): the row is not what was sealed: the salt of 'after.price' does not"
    assert checked.check().problem.startswith(problem)


def test_a_row_and_everything_in_the_database_that_speaks_of_it(checked: SealedLog) -> None:
    """Row, entry and tile are changed so that they fit: the checkpoint does not, and the database cannot sign one."""
    checked.tamper("update {schema}.kapok_change set after = '{\"id\": 2}' where position = 2")
    assert checked.rebuild() == 10
    found = checked.check()
    assert found.problem == "the entries from 0 to 5 are not those that were signed" and found.index == 0


def test_signed_again_with_another_key(checked: SealedLog) -> None:
    """The whole log is written anew and signed with a key of the forger's, which kapok_log then names."""
    checked.tamper("update {schema}.kapok_change set after = '{\"id\": 2}' where position = 2")
    forger = keyring_of(new_private_key())
    checked.sql("truncate {schema}.kapok_checkpoint")
    checked.rebuild()
    root = checked.root(10)
    note = sign(Checkpoint(checked.log.origin, 10, root, "2026-01-01T00:00:00.000000Z").text, [forger.current])
    key = forger.current.key
    checked.sql("insert into {schema}.kapok_checkpoint values (10, %s, now(), %s, %s)", [root, note, key.id])
    checked.sql("update {schema}.kapok_log set key = %s", [key.text])
    assert checked.check().problem == "the checkpoint of 10 entries is not signed by a key of this log"
    checked.keyring = forger  # somebody who trusts what the database says
    assert "has another checkpoint of 10 entries" in checked.check().problem


def test_a_round_goes_on_where_it_stopped(sealed: SealedLog) -> None:
    """Slices, the last of them incomplete; what is wrong in a later one is found there."""
    sealed.sql(
        "insert into {schema}.kapok_change (xid, at, table_name, op, key, after, source) "
        "select pg_current_xact_id(), now(), 't', 'insert', jsonb_build_object('id', i), '{}', 'api' "
        "from generate_series(1, 700) i"
    )
    sealed.seal()
    sealed.sign()
    for expected in (256, 512):
        slice_ = check_slice(sealed.session, sealed.log, [sealed.anchor], limit=256)
        assert (slice_.entries, slice_.ended) == (expected, False)
    sealed.fill(1)
    sealed.seal()
    sealed.sign()
    slice_ = check_slice(sealed.session, sealed.log, [sealed.anchor], limit=256)
    assert (slice_.entries, slice_.ended, slice_.problem) == (701, True, "")
    sealed.tamper("update {schema}.kapok_tile set hashes = overlay(hashes placing sha256('x') from 33) where level = 1")
    assert not check_slice(sealed.session, sealed.log, [], limit=256).problem
    slice_ = check_slice(sealed.session, sealed.log, [], limit=256)
    assert (slice_.problem, slice_.index) == ("a tile of level 1 was changed, over the entries from 256", 256)
    assert sealed.value("select checked_size from {schema}.kapok_log") == 0


def test_rows_that_may_be_gone(sealed: SealedLog) -> None:
    """Changes older than the project keeps them are removed, and an event says until when."""
    sealed.fill(3)
    sealed.seal()
    sealed.sign()
    sealed.tamper("delete from {schema}.kapok_change where position = 1")
    assert "position 1): the row is gone" in sealed.check().problem
    sealed.sql(
        "insert into {schema}.kapok_event (action, outcome, actor, target, request_id, address, details) "
        "select 907, 'ok', 'system', '', '', '', jsonb_build_object('table', 'kapok_change', 'before', at) "
        "from {schema}.kapok_change where position = 2"
    )
    sealed.seal()
    sealed.sign()
    assert sealed.check().problem == ""
    sealed.tamper("delete from {schema}.kapok_change where position = 2")
    assert "position 2): the row is gone" in sealed.check().problem


def test_the_beat_checks_every_log(transactional_db: None, checked: SealedLog, settings: Any) -> None:
    """What is due, with the anchors and the keys of the settings; not again before its time."""
    entry = app.conf.beat_schedule["check the logs"]
    assert app.tasks[entry["task"]].name == check_logs.name
    settings.KAPOK_AUDIT_ANCHORS = [checked.anchor.name]
    settings.KAPOK_AUDIT_TRUSTED_KEYS = [checked.keyring.current.key.text]
    checked.tamper("update {schema}.kapok_change set actor = 'nobody' where position = 1")
    check_logs()
    problem = "select last_problem from {schema}.kapok_log"
    assert checked.value(problem) == ""  # it was checked a moment ago
    checked.sql("update {schema}.kapok_log set last_checked_at = now() - interval '25 hours'")
    check_logs()
    assert checked.value(problem).startswith("entry 0 (kapok_change, position 1)")
    checked.sql("update {schema}.kapok_log set last_checked_at = null")
    checked.tamper("update {schema}.kapok_change set actor = 'end_user:ada' where position = 1")
    check_logs()
    assert checked.value(problem) == ""
    settings.KAPOK_AUDIT_TRUSTED_KEYS = [keyring_of(new_private_key()).current.key.text]
    checked.sql("update {schema}.kapok_log set last_checked_at = null")
    check_logs()
    assert "is not signed by a key of this log" in checked.value(problem)


def test_what_is_sealed_meanwhile_is_no_rollback(checked: SealedLog, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sealer signs and anchors while the check has its snapshot already."""
    look = self_check.check_entries

    def sealed_meanwhile(*arguments: Any) -> list[bytes]:
        monkeypatch.setattr(self_check, "check_entries", look)
        with checked.connect() as other:
            checked.change(session=other)
            checked.seal(session=other)
            assert checkpoint(other, checked.log, checked.keyring, [checked.anchor])
            assert bring_to_anchors(other, checked.log, [checked.anchor]) == 1
        return look(*arguments)

    monkeypatch.setattr(self_check, "check_entries", sealed_meanwhile)
    assert check_log(checked.session, checked.log, [checked.anchor], checked.keyring.public).problem == ""
    assert self_check.check_entries is look
    assert checked.check().problem == ""
