"""Fixtures of the audit trail's tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.audit.sealed_log import SealedLog


@pytest.fixture
def sealed(db: None, tmp_path: Path) -> Iterator[SealedLog]:
    """A log of its own; what is done to it is committed, and gone afterwards."""
    log = SealedLog(tmp_path / "anchors")
    yield log
    log.close()
