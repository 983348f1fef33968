"""A log and a bundle for tests to tamper with, and the command that verifies one."""

import os
import sys
from pathlib import Path

import pytest

from kapok.cli import main
from tests.ledger.command import Ran, Run
from tests.ledger.logs import Log
from tests.ledger.tampered import FIRST, LAST, made_log


@pytest.fixture(scope="module")
def log() -> Log:
    return made_log()


@pytest.fixture
def path(log: Log, tmp_path: Path) -> Path:
    return log.bundle(tmp_path / "bundle.zip", FIRST, LAST)


@pytest.fixture
def kapok(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command line in a directory without settings."""
    for name in [name for name in os.environ if name.startswith("KAPOK_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)

    def run(*arguments: object) -> Ran:
        monkeypatch.setattr(sys, "argv", ["kapok", "audit", "verify", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main.main()
        captured = capsys.readouterr()
        assert isinstance(ended.value.code, int)
        return Ran(ended.value.code, captured.out, captured.err)

    return run
