"""HTTP to an identity provider: no redirects, little time, little memory.

In: a URL an operator or a provider named. Out: decoded JSON objects. Raises PROVIDER_UNAVAILABLE when the provider does
not answer as it should, PROVIDER_REFUSED when it refuses.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx
import orjson

from kapok.errors import KapokError

#: Seconds.
TIMEOUT = httpx.Timeout(5.0, connect=3.0)
MAX_BYTES = 1_000_000


def get_json(url: str, *, bearer: str | None = None) -> dict[str, Any]:
    """GET a JSON object."""
    headers = {"authorization": f"Bearer {bearer}"} if bearer else {}
    return _json("GET", url, headers=headers)


def post_form(url: str, form: Mapping[str, str], *, basic: tuple[str, str] | None = None) -> dict[str, Any]:
    """POST a form and read the JSON object of the answer. basic: user name and password."""
    return _json("POST", url, data=dict(form), auth=httpx.BasicAuth(*basic) if basic else None)


def _json(method: str, url: str, **arguments: Any) -> dict[str, Any]:
    arguments["headers"] = {"accept": "application/json", **arguments.get("headers", {})}
    try:
        with (
            httpx.Client(timeout=TIMEOUT, follow_redirects=False, trust_env=False) as client,
            client.stream(method, url, **arguments) as response,
        ):
            body = _body(response)
    except httpx.HTTPError as exc:
        raise KapokError("PROVIDER_UNAVAILABLE") from exc
    if 400 <= response.status_code < 500:
        raise KapokError("PROVIDER_REFUSED") from ValueError(f"{response.status_code} {body[:500]!r}")
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError as exc:
        raise KapokError("PROVIDER_UNAVAILABLE") from exc
    if response.status_code != httpx.codes.OK or not isinstance(content, dict):
        raise KapokError("PROVIDER_UNAVAILABLE") from ValueError(f"{response.status_code} {body[:500]!r}")
    return content


def _body(response: httpx.Response) -> bytes:
    body = b""
    for chunk in response.iter_bytes():
        body += chunk
        if len(body) > MAX_BYTES:
            raise KapokError("PROVIDER_UNAVAILABLE") from ValueError("the answer is too long")
    return body
