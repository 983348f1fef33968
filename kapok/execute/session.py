"""The one transaction preamble: everything a statement may depend on, set or checked anew for every segment.

In: the tenant, the principal and, where it writes, the request id. Out: the parameters of PREAMBLE or WRITE_PREAMBLE,
sent in the same pipeline segment as the statement (one round trip, one implicit transaction). What differs by request
is set, local to that transaction; what is always the same is only compared, which costs a fraction: a project's own
function may have changed it for the session. Of most such settings the server tells by itself (REPORTED), and a
connection where one has changed is dropped; the rest is compared with SESSION_STATE, and where that differs the segment
fails and runs on another connection.
"""

from __future__ import annotations

from functools import partial, reduce

from kapok.principal import Principal
from kapok.tenancy import TenantRef

#: A session's settings as it logs in. statement_timeout is 0, or the clock would start before the preamble sets it (the
#: server does not restart a running clock).
LOGIN_OPTIONS = (
    "-c timezone=UTC -c datestyle=ISO,MDY -c intervalstyle=iso_8601 -c client_encoding=UTF8 -c extra_float_digits=1 "
    "-c bytea_output=hex -c statement_timeout=0 -c jit=off"
)
#: Frees a megabyte once, so that the backend keeps two. Without it, a backend whose heap happens to end with what a
#: statement needs gives that back to the system after each statement and takes it again for the next, page by page:
#: a fifth of a nested read. Source: mallopt(3), M_MMAP_THRESHOLD, "dynamic"; other C libraries take no notice.
KEEP_MEMORY = b"select pg_catalog.octet_length(pg_catalog.repeat('x', 1000000))"
#: Settings of which the server tells each change at the end of the segment that made it, as they are at the login.
#: Source: protocol manual, "Asynchronous Operations" (ParameterStatus).
REPORTED = {b"TimeZone": b"UTC", b"DateStyle": b"ISO, MDY", b"IntervalStyle": b"iso_8601", b"client_encoding": b"UTF8"}
_COMPARED = ("extra_float_digits", "bytea_output", "statement_timeout")
#: What the others must be, joined.
SESSION_STATE = "1hex0"
#: What a segment fails with on a session whose settings were changed: nothing may even begin there.
CHANGED_SESSION = "22012"  # division_by_zero


def _call(function: str, *arguments: str) -> str:
    """Functions are named with their schema: a project's own may have changed the session's search path."""
    return f"pg_catalog.{function}({','.join(arguments)})"


def _set(name: str, value: str) -> str:
    return _call("set_config", f"'{name}'", value, "true")


_STATE = reduce(partial(_call, "textcat"), (_call("current_setting", f"'{name}'") for name in _COMPARED))
_UNCHANGED = _call("int4div", "1", _call("texteq", _STATE, f"'{SESSION_STATE}'") + "::pg_catalog.int4")
_TIMEOUT, _READ_ONLY, _ROLE = (
    _set("statement_timeout", "$2"),
    _set("transaction_read_only", "'on'"),
    _set("role", "$1"),
)
_SETTINGS = (_set("search_path", "$3"), _set("request.jwt.claims", "$4"))
#: Who acts, for what is written down of it.
_ACTOR = (_set("kapok.actor", "$5"), _set("kapok.request_id", "$6"))
#: What is left of it, at least 1 ms.
_TIME_LEFT = _set(
    "statement_timeout",
    "greatest(1,$2::pg_catalog.int4 operator(pg_catalog.-) (extract(epoch from pg_catalog.clock_timestamp() "
    "operator(pg_catalog.-) pg_catalog.transaction_timestamp()) operator(pg_catalog.*) 1000)::pg_catalog.int4)"
    "::pg_catalog.text",
)
# The arguments of a call are evaluated from left to right: the state is read before the time-out is set, and `role`
# comes last, so that what follows runs with the tenant's rights only. One number is given back, because each column of
# a result costs both sides something, and claims are long.
PREAMBLE = "select " + _call("num_nulls", _UNCHANGED, _TIMEOUT, *_SETTINGS, _READ_ONLY, _ROLE)
#: Of a transaction that writes.
WRITE_PREAMBLE = "select " + _call("num_nulls", _UNCHANGED, _TIMEOUT, *_SETTINGS, *_ACTOR, _ROLE)
#: Before each further statement of a transaction: a trigger may have changed what the preamble set, and the time-out is
#: for all statements together.
AGAIN = "select " + _call("num_nulls", _TIME_LEFT, *_SETTINGS, *_ACTOR, _ROLE)


def preamble_parameters(tenant: TenantRef, principal: Principal) -> list[bytes]:
    """Text-format parameters of PREAMBLE."""
    return [*tenant.settings, principal.claims_json]


def write_preamble_parameters(tenant: TenantRef, principal: Principal, request_id: str) -> list[bytes]:
    """Text-format parameters of WRITE_PREAMBLE and AGAIN."""
    return [*tenant.settings, *principal.settings, request_id.encode()]
