"""A clock for tests of one-time codes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from kapok.totp import PERIOD_SECONDS


@pytest.fixture
def calm_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Django's clock, moved to the middle of a step of TOTP: codes do not change while a test runs."""
    now: Callable[[], datetime] = timezone.now
    moved = timedelta(seconds=PERIOD_SECONDS / 2 - now().timestamp() % PERIOD_SECONDS)
    monkeypatch.setattr(timezone, "now", lambda: now() + moved)
