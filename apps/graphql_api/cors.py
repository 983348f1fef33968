"""CORS, per project: which origins' pages may read a tenant's answers.

In: the project's origins and the request's headers. Out: response headers. Credentials are never allowed: keys travel
in headers, not in cookies. Source: Fetch standard, "CORS protocol".
"""

from __future__ import annotations

from collections.abc import Mapping

from apps.graphql_api.responses import Header, Reply
from kapok.tenancy import ProjectRef

_VARY: Header = (b"vary", b"Origin")
_EXPOSE: Header = (b"access-control-expose-headers", b"x-request-id, server-timing, retry-after")
_METHODS = b"GET, POST, OPTIONS"
_PREFLIGHT: tuple[Header, ...] = (
    (
        b"access-control-allow-headers",
        # By name what a wildcard does not cover (Authorization), and for browsers that know none; clients have headers
        # of their own, such as apollographql-client-name.
        b"accept, apikey, apollo-require-preflight, authorization, content-type, x-kapok-role, x-request-id, *",
    ),
    (b"access-control-max-age", b"7200"),
)


def cors_headers(project: ProjectRef, headers: Mapping[bytes, bytes]) -> list[Header]:
    """What to add to an answer: nothing where the project allows no origin."""
    if not project.cors_origins:
        return []
    origin = headers.get(b"origin", b"").decode("latin-1")
    if "*" in project.cors_origins:
        return [(b"access-control-allow-origin", b"*"), _EXPOSE]
    if origin and origin in project.cors_origins:
        return [(b"access-control-allow-origin", origin.encode("latin-1")), _VARY, _EXPOSE]
    return [_VARY]


def preflight(headers: Mapping[bytes, bytes], cors: list[Header], methods: bytes = _METHODS) -> Reply:
    """The answer to OPTIONS: 204, with what is allowed where the origin is."""
    allowed = any(name == b"access-control-allow-origin" for name, _ in cors)
    asked = b"access-control-request-method" in headers
    extra = ((b"access-control-allow-methods", methods), *_PREFLIGHT) if allowed and asked else ((b"allow", methods),)
    return Reply(204, b"", [*cors, *extra])
