"""A sequencer that is killed two hundred times, at any point, while others write: no gap, no double."""

from __future__ import annotations

import random
import subprocess
import sys
import threading

import psycopg

from tests.audit.sealed_log import SealedLog
from tests.tenant_database import platform_conninfo

ROUNDS = 200
WRITERS = 2


def write(log: SealedLog, number: int, stop: threading.Event, committed: list[int]) -> None:
    """Transactions of some rows; a part of them is rolled back, and they overlap with those of others."""
    chance = random.Random(number)
    with log.connect() as session:
        while not stop.is_set():
            rows = chance.randint(1, 6)
            session.execute("begin")
            for _ in range(rows):
                log.change(session=session) if chance.random() < 0.7 else log.event(session=session)
                stop.wait(chance.uniform(0, 0.004))
            if chance.random() < 0.2:
                session.execute("rollback")
            else:
                session.execute("commit")
                committed.append(rows)


def test_killed_two_hundred_times(sealed: SealedLog) -> None:
    stop = threading.Event()
    committed: list[int] = []
    writers = [threading.Thread(target=write, args=(sealed, number, stop, committed)) for number in range(WRITERS)]
    for writer in writers:
        writer.start()
    try:
        command = [
            sys.executable,
            "-m",
            "tests.audit.sealing_child",
            platform_conninfo(),
            sealed.schema,
            "1",
            str(ROUNDS),
        ]
        child = subprocess.run(command, capture_output=True, text=True, timeout=100, check=True)
    finally:
        stop.set()
        for writer in writers:
            writer.join()
    assert child.stdout.strip() == str(ROUNDS)
    in_between = sealed.size
    assert in_between > 0  # some of them came far enough
    while _locked(sealed):
        pass
    sealed.seal()
    rows = sum(committed)
    assert rows > 100 and in_between < rows + 1
    assert sealed.sql("select min(index), max(index), count(*) from {schema}.kapok_entry") == [(0, rows - 1, rows)]
    found = "select kind, position from {schema}.kapok_entry order by 1, 2"
    written = """
        select 'change', position from {schema}.kapok_change
        union all select 'event', position from {schema}.kapok_event order by 1, 2
    """
    assert sealed.sql(found) == sealed.sql(written)
    in_order = "select kind, position, xid::text::bigint from {schema}.kapok_entry order by index"
    places = [(xid, kind, position) for kind, position, xid in sealed.sql(in_order)]
    assert places == sorted(places)
    assert sealed.sign() and sealed.check().problem == ""


def _locked(log: SealedLog) -> bool:
    """Whether the server has not noticed yet that the last one it talked to is gone."""
    try:
        log.sql("select from {schema}.kapok_log for update nowait")
    except psycopg.errors.LockNotAvailable:
        return True
    return False
