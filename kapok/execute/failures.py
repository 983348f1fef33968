"""What a failed statement means to a caller: the one table of SQLSTATEs.

In: the SQLSTATE and the server's message. Out: a KapokError that names no SQL, no constraint of another tenant and no
value; the server's message is chained as a `StatementFailed` for the log.
Source: PostgreSQL manual, Appendix A (error codes).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from kapok.errors import KapokError


@dataclass(frozen=True, slots=True)
class Diagnostics:
    """What the server names in an error, "" where it names nothing. detail: of Kapok's own refusals only, the others
    hold values. datatype: the domain that refuses a value."""

    table: str = ""
    column: str = ""
    constraint: str = ""
    detail: str = ""
    datatype: str = ""


#: invalid_argument_for_sql_json_datetime_function. Postgres calls it a feature that is not there, as it calls a plan
#: that is stale; only the first names a type with a time zone, in whatever language.
_JSON_TIME = "22031"
_ZONED = re.compile(r"\btime(?:stamp)?tz\b")


class StatementFailed(Exception):
    """What the server said, for the log only."""

    def __init__(self, sqlstate: str, message: str, diagnostics: Diagnostics | None = None) -> None:
        if sqlstate.startswith("22") or sqlstate == "42601":
            message = message.partition(' "')[0]  # what follows is the caller's value
        super().__init__(f"{sqlstate}: {message}")
        self.sqlstate = _JSON_TIME if sqlstate == "0A000" and _ZONED.search(message) else sqlstate
        self.diagnostics = diagnostics or Diagnostics()


class ConnectionLost(Exception):
    """The connection broke while a segment was under way; whether it ran is not known."""


class NotRun(ConnectionLost):
    """The connection is of no use any more, and nothing of the segment has been committed."""


class StalePlan(Exception):
    """The schema is not the one the plan was compiled for."""


#: The schema is not what the plan was compiled for: read it anew and try once more.
STALE_PLAN = frozenset({"42703", "42P01", "42883", "42704", "3F000", "0A000", "42804", "42P18"})
#: The connection is of no use any more, and the statement has not run: the server restarts, or a project's function has
#: deallocated our prepared statements.
SERVER_GOES_AWAY = frozenset({"57P01", "57P02", "57P03", "26000"})

#: What a read's record fails with that callers are told as of any statement: time-outs, and a query that changes data.
_TOLD = frozenset({"57014", "55P03", "25006"})

_BY_STATE = {
    "57014": ("TIMEOUT", None),
    "55P03": ("TIMEOUT", "A lock could not be had in time."),
    "53300": ("OVERLOADED", None),
    "54001": ("QUERY_TOO_COMPLEX", None),
    "54011": ("QUERY_TOO_COMPLEX", None),
    "42501": ("FORBIDDEN", "The tenant's database role may not read this."),
    "21000": ("DATABASE_ERROR", "A function or view returned more than one row where one was expected."),
    "23502": ("BAD_USER_INPUT", "A value is missing: it must not be null."),
    "23514": ("BAD_USER_INPUT", "A value is not one that its type allows."),
    "25006": ("FORBIDDEN", "A query may not change data."),
    _JSON_TIME: ("BAD_USER_INPUT", "A JSON path compares a time that has a time zone with one that has none."),
    "2201B": ("BAD_USER_INPUT", "The regular expression is not valid."),
    "22012": ("BAD_USER_INPUT", "Division by zero."),
    # Kapok's own SQL is valid; this is a caller's jsonpath, or a function's own text.
    "42601": ("BAD_USER_INPUT", "A value, such as a JSON path, does not follow its syntax."),
    "P0001": ("DATABASE_ERROR", "A function of this project raised an error."),
}
_BY_CLASS = {
    "08": ("DATABASE_UNAVAILABLE", None),
    "22": ("BAD_USER_INPUT", "A value does not fit the type of its column."),
    "23": ("CONFLICT", None),
    "40": ("CONFLICT", "The operation met a concurrent one; try again."),
    "53": ("DATABASE_UNAVAILABLE", "The database is out of resources."),
}


def public_error(sqlstate: str) -> KapokError:
    """The KapokError for an SQLSTATE of five characters."""
    code, message = _BY_STATE.get(sqlstate) or _BY_CLASS.get(sqlstate[:2]) or ("DATABASE_ERROR", None)
    return KapokError(code, message)


def record_error(sqlstate: str) -> KapokError:
    """The KapokError where a read could not be recorded."""
    return public_error(sqlstate) if sqlstate in _TOLD else KapokError("READ_NOT_RECORDED")
