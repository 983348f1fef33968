"""Events whose time is over: their contents go, batch by batch, and everything that was proven still is."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import Error

from apps.audit import expiry
from apps.audit.browse import facets_of, get_entry
from apps.audit.search_index import index_all
from kapok.ledger.problems import Outcome
from tests.audit.exported import codes, export, verified
from tests.audit.sealed_log import SealedLog, committed

MAY = datetime(2021, 5, 1, tzinfo=UTC)


def happened(log: SealedLog, at: str, action: int = 203, session: Any = None, **details: Any) -> None:
    """An event of then."""
    log.sql(
        "insert into {schema}.kapok_event (at, action, outcome, actor, target, request_id, address, details) "
        "values (%s, %s, 'ok', 'operator:7', 'tenant:1', 'r2', '192.0.2.1', %s)",
        [at, action, json.dumps(details or {"slug": "acme"})],
        session,
    )


def expire(log: SealedLog, before: datetime = MAY, seconds: float = expiry.SECONDS) -> int:
    return committed(partial(expiry.expire_events, log.log, before, target="tenant:1", seconds=seconds))


def signed(log: SealedLog) -> None:
    log.seal()
    log.sign()
    index_all(log.session, log.log)


@pytest.fixture
def old(sealed: SealedLog) -> SealedLog:
    """Nine entries: seven events of five months, 2 an expiry that stays, 5 a change; 7 and 8 are young."""
    happened(sealed, "2021-01-01Z")
    happened(sealed, "2021-02-01Z", 202)
    happened(sealed, "2021-02-02Z", 907, table="kapok_change", before="2020-01-01T00:00:00Z", rows=0)
    happened(sealed, "2021-03-01Z")
    happened(sealed, "2021-04-01Z")
    sealed.change(id=1)
    happened(sealed, "2021-04-30 23:59:59.999999Z")
    happened(sealed, "2021-05-01Z")
    sealed.event(reason="young")
    signed(sealed)
    return sealed


def positions(log: SealedLog) -> list[tuple[int, int]]:
    return log.sql("select position, action from {schema}.kapok_event order by position")


def told(log: SealedLog) -> list[tuple[str, int]]:
    rows = log.sql("select details from {schema}.kapok_event where action = 907 and position > 8 order by position")
    return [(details["before"], details["rows"]) for (details,) in rows]


def searchable(log: SealedLog) -> list[int]:
    return [index for (index,) in log.sql("select index from {schema}.kapok_search order by index")]


def test_old_events_go_and_all_that_was_proven_still_is(old: SealedLog, tmp_path: Path) -> None:
    secret = old.sql("select leaf_hash from {schema}.kapok_entry order by index")
    assert expire(old) == 5
    assert positions(old)[:3] == [(3, 907), (7, 203), (8, 203)]
    assert told(old) == [("2021-05-01T00:00:00Z", 5)]
    assert searchable(old) == [2, 5, 7, 8]
    assert committed(partial(facets_of, old.log)).actions == ("audit.expired", "tenant.suspended")
    signed(old)
    assert old.sql("select leaf_hash from {schema}.kapok_entry order by index limit 9") == secret
    assert old.check().problem == ""
    written = export(old, tmp_path / "b.zip")
    result = verified(old, tmp_path / "b.zip")
    assert (result.outcome, result.problems, written.gone) == (Outcome.VERIFIED, [], 5)
    assert (result.gone, result.expired) == (5, "2021-05-01T00:00:00.000000Z")
    view = committed(partial(get_entry, old.log, 0))
    assert (view.expired, view.missing) == (True, False)
    assert expire(old) == 0


def test_one_that_somebody_removes_besides_is_found(old: SealedLog, tmp_path: Path) -> None:
    expire(old)
    old.tamper("delete from {schema}.kapok_event where position = 7")
    signed(old)
    assert "entry 7" in old.check().problem
    export(old, tmp_path / "b.zip")
    assert [code for code, _ in codes(verified(old, tmp_path / "b.zip"))] == ["ENTRY_MISSING"]


def test_each_batch_says_what_it_removed_and_the_next_call_goes_on(
    old: SealedLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expiry, "BATCH", 2)
    assert expire(old, seconds=0.0) == 0
    with pytest.MonkeyPatch.context() as killed:
        killed.setattr(expiry, "_expire_batch", once(expiry._expire_batch))
        assert expire(old) == 2
    assert told(old) == [("2021-03-01T00:00:00Z", 2)]
    signed(old)
    export(old, tmp_path / "between.zip")
    between = verified(old, tmp_path / "between.zip")
    assert (between.outcome, between.gone, between.expired) == (Outcome.VERIFIED, 2, "2021-03-01T00:00:00.000000Z")
    assert expire(old) == 3
    assert told(old)[1:] == [("2021-04-30T23:59:59.999999Z", 2), ("2021-05-01T00:00:00Z", 1)]
    signed(old)
    export(old, tmp_path / "b.zip")
    assert (verified(old, tmp_path / "b.zip").outcome, verified(old, tmp_path / "b.zip").gone) == (Outcome.VERIFIED, 5)


def once(act: Any) -> Any:
    """Does it the first time only."""
    done: list[bool] = []
    return lambda *given: 0 if done else (done.append(True), act(*given))[1]


def test_what_was_signed_late_is_left(old: SealedLog, tmp_path: Path) -> None:
    """Its place in the log does not say that it is so old: a bundle could not tell it from what somebody removed."""
    happened(old, "2021-03-15Z")
    assert expire(old, datetime(2021, 2, 15, tzinfo=UTC)) == 2
    assert expire(old) == 1  # 2021-03-01; not what is not sealed, nor what is younger than that
    assert told(old)[1:] == [("2021-03-15T00:00:00Z", 1)]
    signed(old)
    assert expire(old) == 0
    export(old, tmp_path / "b.zip")
    assert (verified(old, tmp_path / "b.zip").outcome, verified(old, tmp_path / "b.zip").gone) == (Outcome.VERIFIED, 3)


def test_nothing_goes_while_an_event_waits_to_be_committed(
    old: SealedLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expiry, "LOCK_TIMEOUT", "50ms")
    with old.connect() as session, session.transaction():
        happened(old, "2021-01-15Z", session=session)
        with pytest.raises(Error):
            expire(old)
        raise psycopg.Rollback
    assert len(positions(old)) == 8
    assert expire(old) == 5


def test_a_log_that_nothing_was_signed_of_keeps_everything(sealed: SealedLog) -> None:
    happened(sealed, "2021-01-01Z")
    assert expire(sealed) == 0
    sealed.seal()
    assert expire(sealed) == 0
    assert len(positions(sealed)) == 1


def test_months_begin_in_utc() -> None:
    assert expiry.month_of(datetime.fromisoformat("2026-03-01T01:00:00+02:00")) == datetime(2026, 2, 1, tzinfo=UTC)
