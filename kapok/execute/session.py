"""The one transaction preamble: everything a statement may depend on, set anew for every segment.

In: the tenant, the principal and the request id. Out: the parameters of PREAMBLE, sent in the same pipeline segment
as the statement (one round trip, one implicit transaction). Every setting is local to that transaction, so nothing a
project's own function left behind on the connection can matter to the next segment.
"""

from __future__ import annotations

import orjson

from kapok.principal import Principal
from kapok.tenancy import TenantRef

# `role` comes last: what follows runs with the tenant's rights only. The gateway's login must have statement_timeout 0,
# or the clock would start before this sets it (the server does not restart a running clock).
PREAMBLE = (
    "select set_config('statement_timeout',$2,true),set_config('search_path',$3,true),"
    "set_config('request.jwt.claims',$4,true),set_config('kapok.actor',$5,true),"
    "set_config('kapok.request_id',$6,true),set_config('timezone','UTC',true),"
    "set_config('client_encoding','UTF8',true),set_config('datestyle','ISO',true),"
    "set_config('intervalstyle','iso_8601',true),set_config('extra_float_digits','1',true),set_config('bytea_output','hex',true),"
    "set_config('transaction_read_only','on',true),set_config('role',$1,true)"
)


def preamble_parameters(tenant: TenantRef, principal: Principal, request_id: str) -> list[bytes]:
    """Text-format parameters of PREAMBLE."""
    schema = tenant.schema.encode()
    return [
        schema,
        b"%d" % tenant.limits.statement_ms,
        # Named last, so that a temporary table cannot stand in for the tenant's.
        schema + b", pg_temp",
        claims_json(principal),
        principal.actor.encode(),
        request_id.encode(),
    ]


def claims_json(principal: Principal) -> bytes:
    """What `current_setting('request.jwt.claims')` holds: the claims, with the role."""
    return orjson.dumps({**principal.claims, "role": principal.role})
