"""What somebody who rules the database does to a log of ten entries, and what the self-check has to say of it.

In: the log of test_self_check.py. Out: statement, beginning of the problem, the entry that is named.
"""

from __future__ import annotations

#: Entries 0, 2, 4 ... are changes 1, 2, 3 ..., the others events.
TAMPERED: list[tuple[str, str, int | None]] = [
    (
        "update {schema}.kapok_change set after = after || '{\"price\": 1}' where position = 3",
        "entry 4 (kapok_change, position 3): the row is not",
        4,
    ),
    (
        "update {schema}.kapok_change set actor = 'nobody' where position = 1",
        "entry 0 (kapok_change, position 1): the row is not",
        0,
    ),
    (
        "update {schema}.kapok_change set table_name = 'x' where position = 2",
        "entry 2 (kapok_change, position 2): the row is not",
        2,
    ),
    (
        "update {schema}.kapok_change set after = '[1]' where position = 2",
        "entry 2 (kapok_change, position 2): the row is not",
        2,
    ),
    (
        "delete from {schema}.kapok_change where position = 4",
        "entry 6 (kapok_change, position 4): the row is gone",
        6,
    ),
    (
        "with gone as (delete from {schema}.kapok_change where position in (3, 4) returning *) insert into "
        "{schema}.kapok_change (position, xid, at, table_name, op, key, after, actor, session_id, "
        "request_id, source) overriding system value select 7 - position, xid, at, table_name, op, key, "
        "after, actor, session_id, request_id, source from gone",
        "entry 4 (kapok_change, position 3): the row is gone",
        4,
    ),
    (
        "update {schema}.kapok_change a set after = b.after, key = b.key from {schema}.kapok_change b where"
        " (a.position, b.position) in ((2, 3), (3, 2))",
        "entry 2 (kapok_change, position 2): the row is not",
        2,
    ),
    (
        "truncate {schema}.kapok_change",
        "entry 0 (kapok_change, position 1): the row is gone",
        0,
    ),
    (
        "update {schema}.kapok_event set details = '{}' where position = 2",
        "entry 3 (kapok_event, position 2): the row is not",
        3,
    ),
    (
        "update {schema}.kapok_event set outcome = 'failed' where position = 2",
        "entry 3 (kapok_event, position 2): the row is not",
        3,
    ),
    (
        "update {schema}.kapok_event set action = 999999 where position = 2",
        "entry 3 (kapok_event, position 2): the row is not",
        3,
    ),
    (
        "update {schema}.kapok_event set at = at - interval '1 day' where position = 2",
        "entry 3 (kapok_event, position 2): the row is gone",
        3,
    ),
    (
        "delete from {schema}.kapok_event where position = 1",
        "entry 1 (kapok_event, position 1): the row is gone",
        1,
    ),
    (
        "update {schema}.kapok_entry set leaf_hash = sha256('x') where index = 5",
        "entry 5 (kapok_event, position 3): its hash in kapok_entry",
        5,
    ),
    (
        "update {schema}.kapok_entry set seed = sha256('x') where index = 5",
        "entry 5 (kapok_event, position 3): the row is not",
        5,
    ),
    (
        "update {schema}.kapok_entry set seed = null where index = 5",
        "entry 5 (kapok_event, position 3): the row is not",
        5,
    ),
    (
        "update {schema}.kapok_entry set seed = null, salts = '{\"actor\": 7}' where index = 5",
        "entry 5 (kapok_event, position 3): the row is not",
        5,
    ),
    (
        "update {schema}.kapok_entry set erased = '{\"actor\": 1e30}' where index = 5",
        "entry 5 (kapok_event, position 3): a value that was erased",
        5,
    ),
    (
        "delete from {schema}.kapok_entry where index = 5",
        "entry 5 is gone from kapok_entry",
        5,
    ),
    (
        "delete from {schema}.kapok_entry where index = 9",
        "entry 9 is gone from kapok_entry",
        9,
    ),
    (
        "update {schema}.kapok_entry set index = -index where index = 3",
        "entry 3 is gone from kapok_entry",
        3,
    ),
    (
        "insert into {schema}.kapok_entry select 10, kind, 99, xid, at, leaf_hash, seed from "
        "{schema}.kapok_entry where index = 9",
        "entry 10 is beyond the log's 10 entries",
        10,
    ),
    (
        "update {schema}.kapok_tile set hashes = overlay(hashes placing sha256('x') from 1 + 32 * 7)",
        "entry 7 (kapok_event, position 4): its hash in kapok_tile",
        7,
    ),
    (
        "update {schema}.kapok_tile set hashes = substr(hashes, 1, 33)",
        "tile 0/0 is not made of hashes",
        0,
    ),
    (
        "update {schema}.kapok_tile set hashes = hashes || sha256('x')",
        "tile 0/0 is not of a log of 10 entries",
        None,
    ),
    (
        "delete from {schema}.kapok_tile",
        "tile 0/0 is gone",
        0,
    ),
    (
        "insert into {schema}.kapok_tile values (1, 0, sha256('x'))",
        "tile 1/0 is not of a log of 10 entries",
        None,
    ),
    (
        "update {schema}.kapok_checkpoint set root = sha256('x') where size = 6",
        "the root of the checkpoint of 6 entries was changed",
        None,
    ),
    (
        "update {schema}.kapok_checkpoint set note = replace(note, 'time 20', 'time 21') where size = 6",
        "the checkpoint of 6 entries is forged",
        None,
    ),
    (
        "update {schema}.kapok_checkpoint set note = 'x' where size = 6",
        "the checkpoint of 6 entries is forged",
        None,
    ),
    (
        "update {schema}.kapok_checkpoint set key_id = '00000000' where size = 6",
        "the checkpoint of 6 entries is not what its note says",
        None,
    ),
    (
        "update {schema}.kapok_checkpoint set size = 5 where size = 6",
        "the checkpoint of 5 entries is not what its note says",
        None,
    ),
    (
        "delete from {schema}.kapok_checkpoint where size = 6",
        "the log has lost a checkpoint",
        None,
    ),
    (
        "update {schema}.kapok_checkpoint set size = 20 where size = 10",
        "there is a checkpoint of 20 entries",
        None,
    ),
    (
        "update {schema}.kapok_log set key = 'x'",
        "kapok_log was changed: the key is not of the form",
        None,
    ),
    (
        "update {schema}.kapok_log set size = 8",
        "entry 8 is beyond the log's 8 entries",
        8,
    ),
    (
        "update {schema}.kapok_log set size = 12",
        "entry 10 is gone from kapok_entry",
        10,
    ),
    (
        "insert into {schema}.kapok_change (xid, at, table_name, op, key, source) values ('3', now(), 't', "
        "'insert', '{}', 'api')",
        "kapok_change has a row (position 6) that was put there",
        None,
    ),
    (
        "insert into {schema}.kapok_event (xid, at, action, outcome, actor, target, request_id, address, "
        "details) values ('3', now(), 203, 'ok', '', '', '', '', '{}')",
        "kapok_event has a row (position ",
        None,
    ),
]
