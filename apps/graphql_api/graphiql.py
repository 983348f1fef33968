"""The GraphiQL page and the files it loads, all from memory and from our own origin.

In: a tenant's endpoint and a nonce. Out: HTML under a strict Content-Security-Policy, and replies for the files that
web/graphiql builds into static/graphiql/ (script and style sheet are named by their content and cached for good).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import NamedTuple

import orjson

from apps.graphql_api.http import JSON
from apps.graphql_api.responses import Header, Reply, error_reply
from kapok.errors import KapokError

#: Where the files are served.
ASSETS_PATH = "/_kapok/graphiql/"

_DIRECTORY = Path(__file__).with_name("static") / "graphiql"
_CONTENT_TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
}
_NO_SNIFFING: Header = (b"x-content-type-options", b"nosniff")


class Asset(NamedTuple):
    """A file of the page. etag: quoted, of its content."""

    body: bytes
    content_type: str
    etag: str


def _load() -> dict[str, Asset]:
    files = {path.name: path.read_bytes() for path in _DIRECTORY.iterdir() if path.suffix in _CONTENT_TYPES}
    return {
        name: Asset(body, _CONTENT_TYPES[Path(name).suffix], f'"{hashlib.sha256(body).hexdigest()[:32]}"')
        for name, body in files.items()
    }


#: The files by name: the script, the style sheet, and the licences of what they contain.
ASSETS: Mapping[str, Asset] = _load()
_ENTRY: Mapping[str, str] = orjson.loads((_DIRECTORY / "manifest.json").read_bytes())

_PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>{tenant} · GraphiQL</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="{assets}{style}">
<script type="module" nonce="{nonce}" src="{assets}{script}"></script>
</head>
<body>
<div id="graphiql" data-endpoint="{endpoint}" data-tenant="{tenant}"></div>
<noscript>This page needs JavaScript. The API itself answers POST requests at {endpoint}.</noscript>
</body>
</html>
"""


def page(*, endpoint: str, tenant: str, nonce: str, assets: str) -> bytes:
    """The HTML page. endpoint: path that answers GraphQL; tenant: its name; nonce: fresh for each response, the same
    as in `page_headers`; assets: path of the files, ending in a slash."""
    values = {"endpoint": endpoint, "tenant": tenant, "nonce": nonce, "assets": assets}
    return _PAGE.format(**{name: escape(value) for name, value in values.items()}, **_ENTRY).encode()


def page_headers(nonce: str) -> list[Header]:
    """The headers that belong to `page`: nothing runs or loads but our own files, and nobody may frame the page."""
    policy = (
        "default-src 'none'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; "
        f"frame-ancestors 'none'; script-src 'nonce-{nonce}'; style-src 'self' 'nonce-{nonce}'"
    )
    return [
        (b"content-type", b"text/html; charset=utf-8"),
        (b"content-security-policy", policy.encode()),
        (b"cache-control", b"no-store"),
        # The same address answers JSON to those who ask for JSON.
        (b"vary", b"accept"),
        (b"referrer-policy", b"no-referrer"),
        (b"cross-origin-opener-policy", b"same-origin"),
        _NO_SNIFFING,
    ]


def asset(path: str, if_none_match: bytes) -> Reply:
    """The reply for a file under ASSETS_PATH: 200, 304 when the caller has it already, 404."""
    name = path.removeprefix(ASSETS_PATH)
    found = ASSETS.get(name)
    if found is None:
        return error_reply(KapokError("NOT_FOUND"), JSON, "", draft=False)
    headers: list[Header] = [
        (b"etag", found.etag.encode()),
        (b"cache-control", b"public, max-age=31536000, immutable" if name in _ENTRY.values() else b"no-cache"),
        _NO_SNIFFING,
    ]
    if found.etag.encode() in if_none_match or if_none_match.strip() == b"*":
        return Reply(304, b"", headers)
    return Reply(200, found.body, [(b"content-type", found.content_type.encode()), *headers])
