"""Rules in words, for tables people read. In: conditions as data, grants. Out: one line each."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from kapok.permissions.matrix import Grant, needed

#: Columns named in a short cell; of more, only their number is told.
MOST_COLUMNS = 4


def as_text(condition: Any) -> str:
    """A condition much as it is written: {status: {eq: PUBLISHED}}."""
    if isinstance(condition, dict):
        return "{" + ", ".join(f"{key}: {as_text(value)}" for key, value in condition.items()) + "}"
    if isinstance(condition, list | tuple):
        return "[" + ", ".join(as_text(item) for item in condition) + "]"
    return condition if isinstance(condition, str) else json.dumps(condition)


def columns_text(columns: frozenset[str] | None, most: int = MOST_COLUMNS) -> str:
    """`*`, `id, title`, `9 columns`."""
    if columns is None:
        return "*"
    return ", ".join(sorted(columns)) if len(columns) <= most else f"{len(columns)} columns"


def grants_text(grants: Sequence[Grant], *, deletes: bool = False, width: int = 0) -> str:
    """What the grants of one place allow, `or` between them; cut to `width` characters a grant (0: whole)."""
    return " or ".join(dict.fromkeys(_cut(_grant_text(grant, deletes), width) for grant in needed(grants)))


def _grant_text(grant: Grant, deletes: bool) -> str:
    parts = ["rows" if deletes else columns_text(grant.columns)]
    if grant.where is not None:
        parts.append(f"where {as_text(grant.where)}")
    if grant.check is not None:
        parts.append(f"check {as_text(grant.check)}")
    if grant.presets:
        parts.append(f"set {as_text(dict(grant.presets))}")
    if grant.limit is not None:
        parts.append(f"limit {grant.limit}")
    if not grant.aggregate:
        parts.append("no aggregates")
    return " ".join(parts)


def _cut(text: str, width: int) -> str:
    return text if not width or len(text) <= width else text[: width - 1] + "…"
