"""The sequencer and the checkpoints: everything that is committed is sealed once, in order, and signed."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from apps.audit import sealing
from apps.audit.keys import Keyring, keyring_of
from apps.audit.sealing import Sealer, seal_up_to_now
from apps.audit.sealing_problems import refuse_sealing
from apps.audit.self_check import check_log
from apps.audit.sequencer import SealingError, seal_batch
from kapok.ledger.checkpoints import Checkpoint, Note
from kapok.ledger.entries import Entry
from kapok.ledger.rotation import announced_key, note_of
from kapok.ledger.signing import new_private_key
from tests.audit.sealed_log import SealedLog
from tests.tenant_database import platform_conninfo

ENTRIES = "select index, kind, position from {schema}.kapok_entry order by index"


def test_the_leaf_holds_what_the_row_says(sealed: SealedLog) -> None:
    """Written down by hand, from the decisions and not from the code that reads rows."""
    sealed.change(guest='Ada "the" Ä', nested={"b": [1, 2], "a": None})
    sealed.event(reason="")
    assert sealed.seal() == 2
    rows = sealed.sql("select leaf_hash, seed, to_char(at at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') "
                      "from {schema}.kapok_entry order by index")  # fmt: skip
    change = Entry(
        "change", rows[0][2], 1, {"table": "bookings", "op": "insert", "source": "api", "requestId": "r1"},
        {
            "actor": '"end_user:ada"', "sessionId": '"session 1"', "key.id": "1",
            "after.id": "1", "after.guest": '"Ada \\"the\\" Ä"', "after.price": "10.5", "after.note": "null",
            "after.nested": '{"a": null, "b": [1, 2]}',
        },
        rows[0][1],
    )  # fmt: skip
    event = Entry(
        "event", rows[1][2], 1, {"action": 203, "name": "tenant.suspended", "requestId": "r2", "outcome": "ok"},
        {
            "actor": '"operator:7"', "target": '"tenant:1"', "address": '"192.0.2.1"',
            "details.slug": '"acme"', "details.reason": '""',
        },
        rows[1][1],
    )  # fmt: skip
    assert [row[0] for row in rows] == [entry.leaf_hash(sealed.log.origin) for entry in (change, event)]


def test_a_number_keeps_its_zeros(sealed: SealedLog) -> None:
    sealed.sql("""
        insert into {schema}.kapok_change (xid, at, table_name, op, key, after, source)
        values (pg_current_xact_id(), now(), 't', 'insert', '{"id": 1}',
                '{"price": 10.50, "big": 12345678901234567890.10}', 'api')
    """)  # fmt: skip
    sealed.seal()
    at, seed, leaf_hash = sealed.sql(
        "select to_char(at at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'), seed, leaf_hash "
        "from {schema}.kapok_entry"
    )[0]
    public = {"table": "t", "op": "insert", "source": "api", "requestId": None}
    private = {"key.id": "1", "after.price": "10.50", "after.big": "12345678901234567890.10"}
    assert Entry("change", at, 1, public, private, seed).leaf_hash(sealed.log.origin) == leaf_hash


def test_nothing_that_commits_late_is_lost(sealed: SealedLog) -> None:
    """A transaction that began first commits after others with later positions; another one never commits."""
    with sealed.connect() as early, sealed.connect() as never:
        early.execute("begin")
        sealed.change(id=1, session=early)
        never.execute("begin")
        sealed.change(id=2, session=never)
        sealed.change(id=3)
        sealed.event()
        assert sealed.seal() == 0  # nobody knows yet what comes before them
        never.execute("rollback")
        assert sealed.seal() == 0
        early.execute("commit")
    assert sealed.seal() == 3
    assert sealed.sql(ENTRIES) == [(0, "change", 1), (1, "change", 3), (2, "event", 1)]


def test_the_order_is_that_of_transaction_ids(sealed: SealedLog) -> None:
    """Who got its id first comes first, also when its position is the later one."""
    with sealed.connect() as first:
        first.execute("begin")
        first.execute("select pg_current_xact_id()")
        sealed.change(id=1)
        sealed.event()
        sealed.change(id=2, session=first)
        first.execute("commit")
    assert sealed.seal() == 3
    assert sealed.sql(ENTRIES) == [(0, "change", 2), (1, "change", 1), (2, "event", 1)]


@pytest.mark.parametrize("limit", [1, 7, 34, 35, 36])
def test_a_transaction_larger_than_a_batch(sealed: SealedLog, limit: int) -> None:
    """It is sealed in parts that end inside it, and rows of both kinds of the same transaction keep their order."""
    with sealed.session.transaction():
        for number in range(25):
            sealed.change(id=number)
        for _ in range(10):
            sealed.event()
    sealed.change(id=99)
    assert sealed.seal(limit) == 36
    expected = [("change", n) for n in range(1, 26)] + [("event", n) for n in range(1, 11)] + [("change", 26)]
    assert [row[1:] for row in sealed.sql(ENTRIES)] == expected
    assert sealed.sign() and sealed.check().problem == ""


def test_tiles_do_not_depend_on_the_batches(sealed: SealedLog) -> None:
    with sealed.session.transaction():
        sealed.sql(
            "insert into {schema}.kapok_change (xid, at, table_name, op, key, after, source) "
            "select pg_current_xact_id(), now(), 't', 'insert', jsonb_build_object('id', i), '{}', 'api' "
            "from generate_series(1, 600) i"
        )
    sealed.seal(97)
    assert sealed.sql("select level, index, length(hashes) / 32 from {schema}.kapok_tile order by 1, 2") == [
        (0, 0, 256), (0, 1, 256), (0, 2, 88), (1, 0, 2),
    ]  # fmt: skip
    assert sealed.sign() and sealed.check().problem == ""


def test_only_one_seals_a_log(sealed: SealedLog) -> None:
    sealed.fill(3)
    sealed.seal()
    sealed.change(id=4)
    with sealed.connect() as other, other.transaction():
        sealed.sql("select from {schema}.kapok_log for update", session=other)
        assert seal_batch(sealed.session, sealed.log) is None
        assert not sealed.sign()
    assert sealed.seal() == 1 and sealed.sign()


def test_an_action_that_is_not_known_waits(sealed: SealedLog) -> None:
    """A newer Kapok recorded it: its name belongs into the leaf."""
    sealed.sql(
        "insert into {schema}.kapok_event (action, outcome, actor, target, request_id, address, details) "
        "values (999999, 'ok', '', '', '', '', '{}')"
    )
    with pytest.raises(SealingError, match="event 1 has an action"):
        sealed.seal()
    assert sealed.size == 0


def test_a_row_is_not_sealed_twice(sealed: SealedLog) -> None:
    """Somebody sets the horizon back: it is refused, and nothing is added."""
    sealed.fill(3)
    sealed.seal()
    sealed.tamper("update {schema}.kapok_log set horizon = '0', after_kind = '', after_position = 0")
    with pytest.raises(SealingError, match="sealed already"):
        sealed.seal()
    assert sealed.size == 3


def test_after_a_restore_into_another_cluster(sealed: SealedLog, monkeypatch: pytest.MonkeyPatch) -> None:
    """Transaction ids begin anew: old rows have ids of the future, new ones ids of the past."""
    monkeypatch.setattr("apps.audit.sealing_restore.LOCK_TIMEOUT", "10ms")
    sealed.fill(3, 2)
    sealed.seal()
    sealed.sign()
    sealed.fill(2, 1)  # committed, not sealed, in the dump
    sealed.tamper("update {schema}.kapok_log set cluster = 'another', horizon = '9000000000'")
    for table in ("kapok_change", "kapok_entry"):
        sealed.tamper(
            f"update {{schema}}.{table} set xid = (xid::text::bigint + 8000000000)::text::xid8 "
            "where to_jsonb(kapok_X) ->> 'kind' is distinct from 'event'".replace("kapok_X", table)
        )
    sealed.change(id=7)
    with sealed.connect() as running:
        running.execute("begin")
        sealed.event(session=running)  # its transaction is older than the log's coming here
        with pytest.raises(Exception, match="lock timeout"):
            sealed.seal()
        running.execute("commit")
    assert sealed.seal() == 5
    sealed.change(id=8)
    assert sealed.seal() == 1
    assert sealed.size == 11 and sealed.sign()
    assert sealed.check().problem == ""


def test_a_log_that_begins_with_rows_of_another_cluster(sealed: SealedLog) -> None:
    sealed.fill(2)
    sealed.tamper("update {schema}.kapok_change set xid = '9000000000'")
    sealed.change(id=3)
    assert sealed.seal() == 3
    assert sealed.sign() and sealed.check().problem == ""


def test_checkpoints_say_what_the_log_is(sealed: SealedLog) -> None:
    sealed.fill(3)
    sealed.seal()
    assert sealed.sign() and not sealed.sign()
    sealed.fill(2)
    sealed.seal()
    assert sealed.sign()
    rows = sealed.sql("select size, root, note, key_id from {schema}.kapok_checkpoint order by size")
    assert [row[0] for row in rows] == [3, 5]
    for size, root, note, key_id in rows:
        parsed = Note.parse(note)
        checkpoint = Checkpoint.parse(parsed.text)
        assert (checkpoint.origin, checkpoint.size, checkpoint.root) == (sealed.log.origin, size, root)
        assert parsed.signed_by(sealed.keyring.public) == [sealed.keyring.current.key]
        assert key_id == sealed.keyring.current.key.id
        assert sealed.anchor.get(sealed.log.origin, size) == note


def test_a_key_follows_another(transactional_db: None, sealed: SealedLog) -> None:
    """The log says so, the former key seals that, and only then the new one signs."""
    sealed.fill(2)
    sealed.seal()
    sealed.sign()
    former = sealed.keyring.current
    both = Keyring(keyring_of(new_private_key()).current, former)
    sealer = Sealer(platform_conninfo(), both, [sealed.anchor])
    sealer.round()
    sealer.round()
    sealed.change(id=5)
    sealer.round()
    sealer.close()
    signers = sealed.sql("select size, key_id from {schema}.kapok_checkpoint order by size")
    assert signers == [(2, former.key.id), (3, former.key.id), (4, both.current.key.id)]
    details = sealed.value("select details from {schema}.kapok_event where action = 901")
    announced = Entry("event", "", 1, {"name": "audit.key_rotated"}, {"details.note": json.dumps(details["note"])})
    note = note_of(announced)
    assert note is not None and note.signed_by([former.key]) == [former.key]
    assert announced_key(sealed.log.origin, note) == both.current.key
    sealed.keyring = both
    assert sealed.check().problem == ""


def test_without_the_former_key_nothing_is_signed(sealed: SealedLog) -> None:
    sealed.fill(2)
    sealed.seal()
    sealed.sign()
    sealed.change(id=5)
    sealed.seal()
    other = keyring_of(new_private_key())
    assert not sealed.sign(other)
    assert sealed.keyring.current.key.id in sealed.problem and other.current.key.id in sealed.problem
    assert sealed.value("select count(*) from {schema}.kapok_checkpoint") == 1
    assert sealed.sign() and sealed.problem == ""


@pytest.mark.parametrize("sealed_before", [True, False])
def test_a_refusal_is_said_once(sealed: SealedLog, caplog: pytest.LogCaptureFixture, sealed_before: bool) -> None:
    sealed.fill(1)
    if sealed_before:
        sealed.seal()
    for _ in range(3):
        refuse_sealing(sealed.session, sealed.log, "the log was changed", 1)
    assert sealed.value("select count(*) from {schema}.kapok_event where action = 904") == 1
    assert [record.levelname for record in caplog.records if record.name == "kapok.audit"] == ["ERROR"]
    assert sealed.problem == "the log was changed"
    assert sealed.seal() == 2 - sealed_before and sealed.sign() and sealed.problem == ""


def test_rounds_find_what_is_new(transactional_db: None, sealed: SealedLog) -> None:
    """A running transaction keeps a log waiting; a tenant that is deleted meanwhile stops nobody."""
    sealer = Sealer(platform_conninfo(), sealed.keyring, [])
    sealer.round()
    sealer.round()
    with sealed.connect() as running:
        running.execute("begin")
        sealed.change(id=1, session=running)
        sealed.change(id=2)
        sealer.round()
        running.execute("commit")
    sealer.round()
    assert sealed.size == 2
    assert sealed.value("select max(size) from {schema}.kapok_checkpoint") == 2
    sealed.change(id=3)
    sealed.sql("alter table {schema}.kapok_entry rename to gone")
    sealer.round()
    sealed.sql("alter table {schema}.gone rename to kapok_entry")
    sealer._discovered = float("-inf")
    sealed.change(id=4)
    sealer.round()
    sealer.close()
    assert sealed.size == 4


def test_a_connection_is_renewed_now_and_then(
    transactional_db: None, sealed: SealedLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between two steps, never within one; nothing is lost by it."""
    monkeypatch.setattr(sealing, "SESSION_SECONDS", 0.0)
    sealer = Sealer(platform_conninfo(), sealed.keyring, [])
    used = set()
    for number in range(3):
        sealed.change(id=number)
        sealer.round()
        sealer.index()
        used.add(sealer._session)
    sealer.close()
    assert (sealed.size, len(used)) == (3, 3)
    assert all(session is not None and session.closed for session in used)


def test_one_log_that_cannot_be_read_stops_no_other(transactional_db: None, sealed: SealedLog, tmp_path: Path) -> None:
    """Somebody put nonsense into kapok_log: it is said there, and the next log is sealed."""
    other = SealedLog(tmp_path / "other")
    for log in (sealed, other):
        log.fill(1)
        log.seal()
        log.fill(1)
    sealed.tamper("update {schema}.kapok_log set key = 'x'")
    sealer = Sealer(platform_conninfo(), sealed.keyring, [])
    sealer.round()
    sealer.close()
    assert (sealed.size, other.size) == (1, 2) and "the key is not of the form" in sealed.problem
    assert other.problem == ""
    sealed.sql("update {schema}.kapok_log set key = '', former_keys = '[1]'")
    assert check_log(sealed.session, sealed.log).problem.startswith("kapok_log was changed")
    other.close()


def test_sealing_up_to_now(sealed: SealedLog) -> None:
    sealed.fill(3, 1)
    assert seal_up_to_now(sealed.session, sealed.log, sealed.keyring)
    assert sealed.value("select max(size) from {schema}.kapok_checkpoint") == 4
    with sealed.connect() as running:
        running.execute("begin")
        sealed.change(id=9, session=running)
        assert not seal_up_to_now(sealed.session, sealed.log, sealed.keyring)


def test_the_origin_stays(sealed: SealedLog) -> None:
    """The platform gets another name; the log keeps its own."""
    sealed.fill(1)
    sealed.seal()
    before = sealed.log
    sealed.log = replace(sealed.log, origin="elsewhere/log")
    sealed.fill(1)
    sealed.seal()
    assert sealed.sign() and sealed.check().problem == ""
    note = sealed.value("select note from {schema}.kapok_checkpoint")
    assert note.startswith(before.origin + "\n")
