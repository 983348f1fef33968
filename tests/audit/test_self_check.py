"""The self-check finds what somebody who rules the database did, and names it."""

from __future__ import annotations

import pytest

from apps.audit.keys import keyring_of
from apps.audit.self_check import check_slice
from kapok.ledger.checkpoints import Checkpoint, sign
from kapok.ledger.signing import new_private_key
from tests.audit.sealed_log import SealedLog

#: What a superuser does, and what the check says of it. Entries 0, 2, 4 ... are changes 1, 2, 3 ..., the others events.
TAMPERED = [
    ("update {schema}.kapok_change set after = after || '{\"price\": 1}' where position = 3", "entry 4 (kapok_change, position 3): the row is not", 4),
    ("update {schema}.kapok_change set actor = 'nobody' where position = 1", "entry 0 (kapok_change, position 1): the row is not", 0),
    ("update {schema}.kapok_change set table_name = 'x' where position = 2", "entry 2 (kapok_change, position 2): the row is not", 2),
    ("update {schema}.kapok_change set after = '[1]' where position = 2", "entry 2 (kapok_change, position 2): the row is not", 2),
    ("delete from {schema}.kapok_change where position = 4", "entry 6 (kapok_change, position 4): the row is gone", 6),
    ("update {schema}.kapok_change set position = 7 - position where position in (3, 4)", "entry 4 (kapok_change, position 3): the row is gone", 4),
    ("update {schema}.kapok_change a set after = b.after, key = b.key from {schema}.kapok_change b where (a.position, b.position) in ((2, 3), (3, 2))", "entry 2 (kapok_change, position 2): the row is not", 2),
    ("truncate {schema}.kapok_change", "entry 0 (kapok_change, position 1): the row is gone", 0),
    ("update {schema}.kapok_event set details = '{}' where position = 2", "entry 3 (kapok_event, position 2): the row is not", 3),
    ("update {schema}.kapok_event set outcome = 'failed' where position = 2", "entry 3 (kapok_event, position 2): the row is not", 3),
    ("update {schema}.kapok_event set action = 999999 where position = 2", "entry 3 (kapok_event, position 2): the row is not", 3),
    ("update {schema}.kapok_event set at = at - interval '1 day' where position = 2", "entry 3 (kapok_event, position 2): the row is gone", 3),
    ("delete from {schema}.kapok_event where position = 1", "entry 1 (kapok_event, position 1): the row is gone", 1),
    ("update {schema}.kapok_entry set leaf_hash = sha256('x') where index = 5", "entry 5 (kapok_event, position 3): its hash in kapok_entry", 5),
    ("update {schema}.kapok_entry set seed = sha256('x') where index = 5", "entry 5 (kapok_event, position 3): the row is not", 5),
    ("update {schema}.kapok_entry set seed = null where index = 5", "entry 5 (kapok_event, position 3): the row is not", 5),
    ("delete from {schema}.kapok_entry where index = 5", "entry 5 is gone from kapok_entry", 5),
    ("delete from {schema}.kapok_entry where index = 9", "entry 9 is gone from kapok_entry", 9),
    ("update {schema}.kapok_entry set index = -index where index = 3", "entry 3 is gone from kapok_entry", 3),
    ("insert into {schema}.kapok_entry select 10, kind, 99, xid, at, leaf_hash, seed from {schema}.kapok_entry where index = 9", "entry 10 is beyond the log's 10 entries", 10),
    ("update {schema}.kapok_tile set hashes = overlay(hashes placing sha256('x') from 1 + 32 * 7)", "entry 7 (kapok_event, position 4): its hash in kapok_tile", 7),
    ("update {schema}.kapok_tile set hashes = substr(hashes, 1, 33)", "tile 0/0 is not made of hashes", 0),
    ("update {schema}.kapok_tile set hashes = hashes || sha256('x')", "tile 0/0 is not of a log of 10 entries", None),
    ("delete from {schema}.kapok_tile", "tile 0/0 is gone", 0),
    ("insert into {schema}.kapok_tile values (1, 0, sha256('x'))", "tile 1/0 is not of a log of 10 entries", None),
    ("update {schema}.kapok_checkpoint set root = sha256('x') where size = 6", "the root of the checkpoint of 6 entries was changed", None),
    ("update {schema}.kapok_checkpoint set note = replace(note, 'time 20', 'time 21') where size = 6", "the checkpoint of 6 entries is forged", None),
    ("update {schema}.kapok_checkpoint set note = 'x' where size = 6", "the checkpoint of 6 entries is forged", None),
    ("update {schema}.kapok_checkpoint set key_id = '00000000' where size = 6", "the checkpoint of 6 entries is not what its note says", None),
    ("update {schema}.kapok_checkpoint set size = 5 where size = 6", "the checkpoint of 5 entries is not what its note says", None),
    ("delete from {schema}.kapok_checkpoint where size = 6", "the log has lost a checkpoint", None),
    ("update {schema}.kapok_checkpoint set size = 20 where size = 10", "there is a checkpoint of 20 entries", None),
    ("update {schema}.kapok_log set size = 8", "entry 8 is beyond the log's 8 entries", 8),
    ("update {schema}.kapok_log set size = 12", "entry 10 is gone from kapok_entry", 10),
    ("insert into {schema}.kapok_change (xid, at, table_name, op, key, source) values ('3', now(), 't', 'insert', '{}', 'api')", "kapok_change has a row (position 6) that was put there", None),
    ("insert into {schema}.kapok_event (xid, at, action, outcome, actor, target, request_id, address, details) values ('3', now(), 203, 'ok', '', '', '', '', '{}')", "kapok_event has a row (position 6) that was put there", None),
]  # fmt: skip


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
    kept = {
        table: checked.sql(f"create temp table kept_{table} as select * from {{schema}}.{table}")
        for table in ("kapok_change", "kapok_event", "kapok_entry", "kapok_tile", "kapok_checkpoint", "kapok_log")
    }
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
            columns = ", ".join(
                name for (name,) in checked.sql(f"select attname from pg_attribute where attrelid = 'kept_{table}'::regclass and attnum > 0 order by attnum")
            )  # fmt: skip
            checked.sql(
                f"insert into {{schema}}.{table} ({columns}) overriding system value select {columns} from kept_{table}"
            )
    assert checked.check().problem == ""


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
