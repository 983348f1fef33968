"""A log and a bundle for tests to tamper with."""

from pathlib import Path

import pytest

from tests.ledger.logs import Log
from tests.ledger.tampered import FIRST, LAST, made_log


@pytest.fixture(scope="module")
def log() -> Log:
    return made_log()


@pytest.fixture
def path(log: Log, tmp_path: Path) -> Path:
    return log.bundle(tmp_path / "bundle.zip", FIRST, LAST)
