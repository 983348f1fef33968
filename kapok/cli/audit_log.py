"""What `kapok audit` commands are told: which log, and times. In: what was typed. Out: what the API takes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import click


def chosen_log(tenant: str | None, *, platform: bool) -> dict[str, Any]:
    """The parameters that name a log. Raises UsageError."""
    if bool(tenant) == platform:
        raise click.UsageError("Name a tenant, or say --platform.")
    return {"tenant": tenant} if tenant else {"platform": True}


def time_of(text: str | None) -> str | None:
    """The time with a time zone: UTC unless it has one. Raises UsageError."""
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError as exc:
        raise click.UsageError(f"{text!r} is not a time like 2026-01-01T00:00Z.") from exc
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).isoformat()
