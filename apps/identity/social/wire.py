"""HTTP to an identity provider: no redirects, no private network, little time, little memory.

In: a URL an operator or a provider named. Out: decoded JSON objects. Raises PROVIDER_UNAVAILABLE when the provider does
not answer as it should, PROVIDER_REFUSED when it refuses.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import orjson
from django.conf import settings

from kapok.errors import KapokError
from kapok.outbound import OutsideUnavailableError, call


def get_json(url: str, *, bearer: str | None = None) -> dict[str, Any]:
    """GET a JSON object. Not on an event loop: it waits."""
    return _json("GET", url, headers={"authorization": f"Bearer {bearer}"} if bearer else None)


def post_form(url: str, form: Mapping[str, str], *, basic: tuple[str, str] | None = None) -> dict[str, Any]:
    """POST a form and read the JSON object of the answer. basic: user name and password."""
    return _json("POST", url, form=form, basic=basic)


def _json(method: str, url: str, **more: Any) -> dict[str, Any]:
    try:
        status, body = asyncio.run(call(method, url, private=settings.KAPOK_PRIVATE_ISSUERS, **more))
    except OutsideUnavailableError as exc:
        raise KapokError("PROVIDER_UNAVAILABLE") from exc
    if 400 <= status < 500:
        raise KapokError("PROVIDER_REFUSED") from ValueError(f"{status} {body[:500]!r}")
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError as exc:
        raise KapokError("PROVIDER_UNAVAILABLE") from exc
    if status != 200 or not isinstance(content, dict):
        raise KapokError("PROVIDER_UNAVAILABLE") from ValueError(f"{status} {body[:500]!r}")
    return content
