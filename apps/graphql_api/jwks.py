"""The public keys of a tenant's tokens, for whoever verifies them elsewhere.

In: a request for /.well-known/jwks.json at a tenant's address. Out: a JWKS (RFC 7517) that any origin
may read and cache.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from apps.graphql_api.http import JSON
from apps.graphql_api.responses import Header, Reply, error_reply
from apps.tenants.directory import Entry, admit
from apps.tenants.trust import TokenTrust
from kapok.bearer.form import JWKS_CACHE_SECONDS
from kapok.errors import KapokError

_HEADERS: tuple[Header, ...] = (
    (b"content-type", b"application/json"),
    (b"cache-control", b"public, max-age=%d" % JWKS_CACHE_SECONDS),
    (b"access-control-allow-origin", b"*"),
)


async def key_set(method: str, resolve: Callable[[], Awaitable[Entry]], tokens: TokenTrust) -> Reply:
    """The answer. resolve: gives the tenant, or raises why there is none."""
    try:
        entry = await resolve()
        admit(entry)
        if method not in ("GET", "HEAD"):
            raise KapokError("METHOD_NOT_ALLOWED", details={"allow": "GET, HEAD"})
        return Reply(200, await tokens.jwks(entry.tenant), [*_HEADERS])
    except KapokError as error:
        return error_reply(error, JSON, "", draft=False)
