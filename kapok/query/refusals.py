"""Why a mutation refuses inside Postgres, and the SQL that says so.

`kapok.refuse(state, detail)` (apps/tenants/sql/refusals.sql) raises an error of SQLSTATE class KP, which rolls the
whole transaction back. detail is `site:position`: which of the statement's sites, and which of the rows it is about
(from 1).
"""

from __future__ import annotations

from enum import StrEnum

from kapok.identifiers import QualifiedName
from kapok.query.fragments import Sql, literal, sql

_REFUSE = QualifiedName("kapok", "refuse")


class Refusal(StrEnum):
    """The SQLSTATE of each reason."""

    #: The new row does not meet the check of any grant.
    CHECK = "KP001"
    #: The row a caller names is not there, or hidden.
    NOT_FOUND = "KP002"
    #: The row has changed since the caller's ifVersion.
    VERSION = "KP003"
    #: The row that was written may not be seen, and the field cannot be null.
    HIDDEN = "KP004"
    #: A trigger kept the row from being written.
    SKIPPED = "KP005"
    #: An upsert met a row that is hidden or may not be updated.
    TAKEN = "KP006"
    #: The same row is named twice.
    TWICE = "KP007"


def refuse(reason: Refusal, site: int, position: Sql) -> Sql:
    """A text expression that never has a value. position: an int4 expression."""
    detail = sql(literal(f"{site}:"), " || ", position)
    return sql(_REFUSE, "(", literal(reason.value), ", ", detail, ")")
