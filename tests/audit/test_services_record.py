"""Every service leaves exactly the events it must, in its own transaction, and no secret in any of them.

The services are found, not listed: one without a case fails.
"""

from __future__ import annotations

import inspect
import pkgutil
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction

import apps
from apps.audit.context import coming_from
from apps.audit.tally import TALLY
from kapok.logs import log_context
from tests.audit import cases_log, cases_platform, cases_users
from tests.audit.world import Case, Told, World, events_of, last_position
from tests.identity.clock import calm_clock
from tests.tenant_database import real_database

__all__ = ["calm_clock", "real_database"]

pytestmark = pytest.mark.usefixtures("real_database", "calm_clock")

CASES: dict[str, Case] = {**cases_platform.CASES, **cases_users.CASES, **cases_log.CASES}
ADDRESS, REQUEST = "192.0.2.99", "request-of-the-test"


def services() -> set[str]:
    """Every do_* function of the apps, by its path below them."""
    found = set()
    for module in pkgutil.walk_packages(apps.__path__, "apps."):
        if ".migrations." in module.name or ".management." in module.name:
            continue
        for name, member in inspect.getmembers(import_module(module.name), inspect.isfunction):
            if name.startswith("do_") and member.__module__ == module.name:
                found.add(f"{module.name.removeprefix('apps.')}.{name}")
    return found


def told(world: World, case: Case, *, undo: bool) -> list[Told]:
    """The events of one run. undo: its transaction fails after it."""
    act = case.prepare(world)
    before = {word: last_position(log) for word, log in world.logs.items()}
    with log_context(request=REQUEST), coming_from(ADDRESS), transaction.atomic():
        act()
        if undo:
            assert [event for word, log in world.logs.items() for event in events_of(log, word, before[word])]
            transaction.set_rollback(True)
    return [event for word, log in world.logs.items() for event in events_of(log, word, before[word])]


def problem(world: World, name: str, case: Case) -> str | None:
    """What is wrong with a service, None when nothing is."""
    left = told(world, case, undo=True)
    if left:
        return f"{name}: its transaction failed, its events stayed: {[event.what for event in left]}"
    events = told(world, case, undo=False)
    if [event.what for event in events] != list(case.events):
        return f"{name}: left {[event.what for event in events]} instead of {list(case.events)}"
    for event in events:
        if event.outcome != "ok" or not event.actor.startswith(case.actor) or ":" not in event.target:
            return f"{name}: {event}"
        if ADDRESS not in event.row or REQUEST not in event.row:
            return f"{name}: the event does not say which request it belongs to: {event.row}"
    return None


def attempt(world: World, name: str, case: Case) -> str | None:
    """The same, where a service breaks."""
    try:
        return problem(world, name, case)
    except Exception as error:
        return f"{name}: {type(error).__name__}: {error}"


def test_every_service_has_a_case_and_every_case_a_service() -> None:
    assert services() == set(CASES)
    assert len(CASES) >= 70


@pytest.mark.timeout(300)
def test_every_service_leaves_its_events_in_its_transaction_and_no_secret(settings: Any, tmp_path: Path) -> None:
    settings.KAPOK_EXPORT_DIR = str(tmp_path)
    world = World.make()
    TALLY.take(everything=True)
    problems = [found for name, case in CASES.items() if (found := attempt(world, name, case))]
    assert not problems, "\n".join(problems)
    assert TALLY.take(everything=True) == []
    everything = "\n".join(event.row for word, log in world.logs.items() for event in events_of(log, word))
    assert len(world.secrets) > 50
    assert [secret for secret in world.secrets if secret in everything] == []
    assert "argon2" not in everything
