"""What a load balancer and Prometheus ask: /healthz, /readyz, /metrics.

In: the data plane's parts. Out: small HTTP replies. Ready means: the database answers, its tables are migrated and
changes are heard. Redis away is told but does not make the process unready, since reads go on without it; nor do alerts
about audit logs.
"""

from __future__ import annotations

import asyncio
import hmac
from contextlib import suppress

import orjson
import psycopg
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from apps.control.audit_probe import audit_hint, measure_audit
from apps.graphql_api.responses import Header, Reply
from apps.graphql_api.shapes import Shapes
from kapok.errors import KapokError
from kapok.execute.platform import Platform
from kapok.execute.shared_cache import SharedCache

CHECK_SECONDS = 3.0
_JSON: Header = (b"content-type", b"application/json; charset=utf-8")
_PLAIN: Header = (b"cache-control", b"no-store")


class Probes:
    """Answers the three addresses. metrics_token: what /metrics asks for as a Bearer token; "" for nothing."""

    PATHS = frozenset({"/healthz", "/readyz", "/metrics"})

    def __init__(self, platform: Platform, shared: SharedCache, shapes: Shapes, *, metrics_token: str = "") -> None:
        self._platform = platform
        self._shared = shared
        self._shapes = shapes
        self._metrics_token = metrics_token

    async def answer(self, path: str, authorization: bytes) -> Reply:
        """The reply for one of PATHS."""
        if path == "/healthz":
            return Reply(200, b'{"status":"ok"}', [_JSON, _PLAIN])
        if path == "/readyz":
            return await self._ready()
        expected = f"Bearer {self._metrics_token}".encode()
        if self._metrics_token and not hmac.compare_digest(authorization, expected):
            return Reply(401, b'{"status":"unauthorized"}', [_JSON, (b"www-authenticate", b"Bearer")])
        with suppress(KapokError, TimeoutError, psycopg.Error):
            async with asyncio.timeout(CHECK_SECONDS):
                await measure_audit(self._platform)
        return Reply(200, generate_latest(), [(b"content-type", CONTENT_TYPE_LATEST.encode())])

    async def _ready(self) -> Reply:
        database, redis, audit = await asyncio.gather(self._database(), self._shared.ping(), self._audit())
        checks = {
            "database": database,
            "changes": "ok" if self._platform.listening else "the listener is not connected yet",
            "redis": "ok" if redis else "Redis cannot be reached; jobs wait, reads go on",
            "ddl": "ok" if self._shapes.hears_ddl else "no event trigger: DDL changes are found by asking every second",
            "audit": audit,
        }
        ready = checks["database"] == "ok" and checks["changes"] == "ok"
        degraded = checks["redis"] != "ok" or checks["ddl"] != "ok"
        status = ("degraded" if degraded else "ready") if ready else "not ready"
        body = orjson.dumps({"status": status, "checks": checks})
        return Reply(200 if ready else 503, body, [_JSON, _PLAIN])

    async def _audit(self) -> str:
        """A hint: what is wrong with an audit log does not stop requests."""
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                return await audit_hint(self._platform)
        except (KapokError, TimeoutError, psycopg.Error):
            return "not known: the database cannot be asked"

    async def _database(self) -> str:
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                rows = await self._platform.fetch("select to_regclass('public.tenants_tenant') is not null")
        except (KapokError, TimeoutError):
            return "the database cannot be reached"
        return "ok" if rows[0][0] else "the platform's tables are missing: run `python manage.py migrate`"
