"""One Postgres and one Redis for each process that runs tests, in DATABASE_URL and REDIS_URL; given ones are used.

They are started when this file is imported: the settings, which read the variables, and any conftest below come after.
"""

import gc
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import django
import hypothesis
import psycopg
import pytest
from django.db import connection
from django.test import TransactionTestCase
from pytest_django import DjangoDbBlocker
from xdist.scheduler import LoadFileScheduling

from kapok.roles import scram_verifier
from kapok.stack.stack import EmbeddedStack, from_environment
from tests.emptying import empty_database

# Nothing here has to survive a power cut.
POSTGRES_OPTIONS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    # Its transactions would hold the horizon of audit logs back while a test looks.
    "autovacuum": "off",
}
REDIS_OPTIONS = {"appendonly": "no"}

# The same examples in every run, however busy the machine is.
hypothesis.settings.register_profile(
    "kapok", derandomize=True, deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("kapok")

# Programs that tests start by the hundred read Kapok's bytecode; where it may not be written, each compiles all of it.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# What is imported and collected stays: the garbage collector need not go through it again and again.
gc.disable()

_BEFORE = {name: os.environ.get(name) for name in ("DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE")}

# In memory where that is roomy: tests make and delete files by the hundred thousand, and file systems look long for
# places that were not in use a moment ago.
_MEMORY = Path("/dev/shm")
_ROOMY = _MEMORY.is_dir() and os.access(_MEMORY, os.W_OK | os.X_OK) and shutil.disk_usage(_MEMORY).free > 8 * 2**30
_STATE_DIR = Path(tempfile.mkdtemp(prefix="kapok-tests-", dir=_MEMORY if _ROOMY else None))
_STACK = from_environment(
    _STATE_DIR, os.environ, postgres_options=POSTGRES_OPTIONS, redis_options=REDIS_OPTIONS, temporary=True
).start()
os.environ["DATABASE_URL"] = _STACK.database_url
os.environ["REDIS_URL"] = _STACK.redis_url
if any(process.name == "postgres" for process in _STACK.processes):
    # Signing in takes a third of the time: tests do it by the thousand, and the password is not to be guessed.
    with psycopg.connect(_STACK.database_url) as _session:
        _session.execute(f"alter role current_user password '{scram_verifier(_session.info.password)}'")
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings.test"
django.setup()

pytest_plugins = ["tests.live_fixtures"]

#: Where the running Kapok is used: all of it is for one worker, so that it is started once.
LIVE = (
    "tests/api/",
    "tests/audit/test_live_events.py",
    "tests/identity/test_attacks.py",
    "tests/identity/test_browser.py",
    "tests/identity/test_flows.py",
    "tests/identity/test_hook.py",
    "tests/identity/test_pre_hijacking.py",
    "tests/identity/test_sign_in_live.py",
    "tests/identity/test_tokens_end.py",
    "tests/identity/test_waiting.py",
    "tests/isolation/test_entry_points.py",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """One flag for every kind of golden file."""
    parser.addoption("--update-golden", action="store_true", help="write what came out into tests/golden")


@pytest.fixture(scope="session")
def update_golden(request: pytest.FixtureRequest) -> bool:
    """Whether golden files are to be written instead of compared."""
    return bool(request.config.getoption("--update-golden"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out tests marked `superuser` where DATABASE_URL's role is none, as with a managed service.

    What takes long comes first, so that none of several workers is left alone with it: the tests of the running Kapok,
    then files with tests marked `slow`. Raises UsageError for tests of the running Kapok that LIVE does not name.
    """
    if strays := {item.path.name for item in items if _is_live(item) and not item.nodeid.startswith(LIVE)}:
        raise pytest.UsageError(f"a second worker would start a Kapok too: add {', '.join(sorted(strays))} to LIVE")
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: (not item.nodeid.startswith(LIVE), item.path not in slow))
    with psycopg.connect(_STACK.database_url) as session:
        row = session.execute("select rolsuper from pg_roles where rolname = current_user").fetchone()
    if row != (True,):
        for item in items:
            if item.get_closest_marker("superuser"):
                item.add_marker(pytest.mark.skip("the platform's role is no superuser"))


def _is_live(item: pytest.Item) -> bool:
    """Whether it uses the running Kapok that is for all of a run; some have one of their own by that name."""
    found = item.session._fixturemanager.getfixturedefs("live", item) if "live" in item.fixturenames else None
    return bool(found) and found[-1].scope == "session"


def pytest_collection_finish() -> None:
    """The garbage collector works again, on what tests make; every 10,000 objects instead of every 700."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 10, 10)
    gc.enable()


class Scheduling(LoadFileScheduling):
    """Which tests stay together on a worker: those of a file, and those of the running Kapok."""

    def _split_scope(self, nodeid: str) -> str:
        return "live" if nodeid.startswith(LIVE) else str(super()._split_scope(nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadFileScheduling | None:
    """For `--dist loadfile`."""
    return Scheduling(config, log) if config.getvalue("dist") == "loadfile" else None


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes() -> None:
    """Before pytest-xdist starts its workers: each has servers of its own, and Django's settings are read only after
    those are there."""
    if _BEFORE["DATABASE_URL"] or _BEFORE["REDIS_URL"]:
        raise pytest.UsageError("workers would share DATABASE_URL and REDIS_URL: unset them, or run with WORKERS=0")
    _STACK.stop()
    for name, value in _BEFORE.items():
        if value is None:
            del os.environ[name]
        else:
            os.environ[name] = value


def pytest_unconfigure() -> None:
    """Stop what was started. After a crash the guards do that, and remove the state directory."""
    _STACK.stop()
    shutil.rmtree(_STATE_DIR, ignore_errors=True)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Emptying the tests' database between tests is quick (tests/emptying.py), and no tampering with its log."""
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute("alter table public.kapok_event disable trigger kapok_no_truncate")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", lambda test: empty_database())
        yield


@pytest.fixture(scope="session")
def stack() -> EmbeddedStack:
    """The servers of this run: `database_url` (a superuser's) and `redis_url`."""
    return _STACK
