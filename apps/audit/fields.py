"""Columns Django has no field for. In: Python values. Out: PostgreSQL's xid8 (a 64-bit transaction id) as an int."""

from __future__ import annotations

from typing import Any

from django.db import models


class XidField(models.Field):
    """A transaction id that never wraps round (PostgreSQL manual, 8.19: xid8)."""

    def db_type(self, connection: Any) -> str:
        """The column's type."""
        return "xid8"

    def get_prep_value(self, value: Any) -> str | None:
        """PostgreSQL has no cast from bigint, only from text."""
        return None if value is None else str(int(value))

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> int | None:
        """The id as a number."""
        return None if value is None else int(value)


class CurrentXid(models.Func):
    """The id of the transaction that writes."""

    function = "pg_current_xact_id"
    arity = 0
    output_field = XidField()


class ClockTimestamp(models.Func):
    """The time of the statement, not of its transaction's beginning."""

    function = "clock_timestamp"
    arity = 0
    output_field = models.DateTimeField()
