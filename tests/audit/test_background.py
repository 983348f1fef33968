"""Work beside sealing: each log in its turn, by one thread at a time, again where it failed."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from apps.audit import background
from apps.audit.background import Act, Background
from apps.audit.logs import LogRef, log_of
from apps.audit.sealing_state import Session
from tests.tenant_database import platform_conninfo
from tests.waiting import until

pytestmark = pytest.mark.usefixtures("db")


@contextmanager
def working(act: Act, threads: int = 3) -> Iterator[Background]:
    made = Background("tests", platform_conninfo(), act, threads)
    try:
        yield made
    finally:
        made.close()


def test_every_log_has_its_turn_and_none_two_at_once() -> None:
    lock, running, done, overlapped = threading.Lock(), Counter[str](), Counter[str](), []

    def act(session: Session, log: LogRef) -> float | None:
        with lock:
            running[log.schema] += 1
            overlapped.extend([log.schema] if running[log.schema] > 1 else [])
        session.execute("select 1")
        with lock:
            running[log.schema] -= 1
            done[log.schema] += 1
        return None

    with working(act) as work:
        for _ in range(3):
            for number in range(200):
                work.soon(log_of(f"t_{number}"))
        assert work.drain(60)
    assert len(done) == 200 and overlapped == []
    assert all(1 <= count <= 3 for count in done.values())


def test_who_asks_while_it_is_at_work_gets_a_turn_of_their_own() -> None:
    began, go_on, turns = threading.Event(), threading.Event(), []

    def act(session: Session, log: LogRef) -> float | None:
        turns.append(log.schema)
        began.set()
        assert go_on.wait(60)
        return None

    with working(act) as work:
        work.soon(log_of("t_1"))
        assert began.wait(60)
        for _ in range(5):
            work.soon(log_of("t_1"))
        assert turns == ["t_1"] and not work.drain(0)
        go_on.set()
        assert work.drain(60)
    assert turns == ["t_1", "t_1"]


def test_what_nobody_expected_ends_no_thread(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(background, "RETRY_SECONDS", 0.05)
    turns: list[str] = []

    def act(session: Session, log: LogRef) -> float | None:
        turns.append(log.schema)
        if log.schema == "t_fails" and turns.count("t_fails") < 3:
            raise KeyError("NextKeyMarker")
        return None

    with working(act, threads=1) as work:
        work.soon(log_of("t_fails"))
        work.soon(log_of("t_other"))
        until(lambda: turns.count("t_fails") == 3)
        assert work.drain(60)
    assert turns.count("t_other") == 1
    assert caplog.text.count("t_fails is tried again") == 2


def test_what_fails_is_tried_again_and_what_wants_to_rests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "RETRY_SECONDS", 0.05)
    turns: list[str] = []

    def act(session: Session, log: LogRef) -> float | None:
        turns.append(log.schema)
        if turns.count("t_fails") < 3 and log.schema == "t_fails":
            raise OSError("away")
        return 1000.0 if log.schema == "t_rests" else None

    with working(act) as work:
        for schema in ("t_fails", "t_rests", "t_other"):
            work.soon(log_of(schema))
        until(lambda: turns.count("t_fails") == 3)
        work.soon(log_of("t_rests"))  # its turn is to come anyway
        assert work.drain(60)
        assert Counter(turns) == {"t_fails": 3, "t_rests": 1, "t_other": 1}
        began = time.monotonic()
    assert time.monotonic() - began < 60  # what rests is not waited for
