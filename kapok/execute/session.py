"""The one transaction preamble: everything a statement may depend on, set or checked anew for every segment.

In: the tenant, the principal and the request id. Out: the parameters of PREAMBLE, sent in the same pipeline segment
as the statement (one round trip, one implicit transaction). What differs by request is set, local to that transaction;
what is always the same is compared with SESSION_STATE, which costs a fraction: a project's own function may have
changed it for the session, and then the connection is dropped and the read runs on another.
"""

from __future__ import annotations

from kapok.principal import Principal
from kapok.tenancy import TenantRef

#: A session's settings as it logs in. statement_timeout is 0, or the clock would start before the preamble sets it (the
#: server does not restart a running clock).
LOGIN_OPTIONS = (
    "-c timezone=UTC -c datestyle=ISO,MDY -c intervalstyle=iso_8601 -c client_encoding=UTF8 -c extra_float_digits=1 "
    "-c bytea_output=hex -c statement_timeout=0 -c jit=off"
)
#: What the first column of the preamble must say.
SESSION_STATE = b"UTC|ISO, MDY|iso_8601|UTF8|1|hex|0"
_STATE = (
    "concat_ws('|',current_setting('timezone'),current_setting('datestyle'),current_setting('intervalstyle'),"
    "current_setting('client_encoding'),current_setting('extra_float_digits'),current_setting('bytea_output'),"
    "current_setting('statement_timeout'))"
)
_SETTINGS = (
    "set_config('search_path',$3,true),set_config('request.jwt.claims',$4,true),set_config('kapok.actor',$5,true),"
    "set_config('kapok.request_id',$6,true)"
)
# The target list is evaluated from left to right: the state is read before the time-out is set, and `role` comes last,
# so that what follows runs with the tenant's rights only.
PREAMBLE = (
    f"select {_STATE},set_config('statement_timeout',$2,true),{_SETTINGS},"
    "set_config('transaction_read_only','on',true),set_config('role',$1,true)"
)
#: Of a transaction that writes: it must not even begin on a session whose settings were changed, so the cast fails.
WRITE_PREAMBLE = (
    f"select case when s.state <> '{SESSION_STATE.decode()}' then s.state::int4 end,"  # noqa: S608 - of constants
    f"set_config('statement_timeout',$2,true),{_SETTINGS},set_config('role',$1,true) from (select {_STATE} offset 0) "
    "s(state)"
)
#: Before each further statement of a transaction: a trigger may have changed what the preamble set, and the time-out is
#: for all statements together.
AGAIN = (
    "select set_config('statement_timeout',greatest(1,$2::int4-(extract(epoch from clock_timestamp()-"  # noqa: S608
    f"transaction_timestamp())*1000)::int4)::text,true),{_SETTINGS},set_config('role',$1,true)"
)


def preamble_parameters(tenant: TenantRef, principal: Principal, request_id: str) -> list[bytes]:
    """Text-format parameters of PREAMBLE, WRITE_PREAMBLE and AGAIN."""
    schema = tenant.schema.encode()
    return [
        schema,
        b"%d" % tenant.limits.statement_ms,
        # Named last, so that a temporary table cannot stand in for the tenant's.
        schema + b", pg_temp",
        principal.claims_json,
        principal.actor.encode(),
        request_id.encode(),
    ]
