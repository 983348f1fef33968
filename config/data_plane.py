"""The data plane, put together from the environment.

In: the settings of this process. Out: one `DataPlane` with everything the ASGI application needs, started and stopped
with the process.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import partial

from apps.audit.written_later import tell_refusal, write_down
from apps.control.probes import Probes
from apps.graphql_api import shapes as shapes_module
from apps.graphql_api.endpoint import GraphQLEndpoint
from apps.graphql_api.engine import Engine
from apps.graphql_api.hot_path import HotPath
from apps.graphql_api.persisted import PersistedDocuments
from apps.graphql_api.shapes import Shapes
from apps.tenants import directory as directory_module
from apps.tenants.addressing import Addressing
from apps.tenants.directory import Directory
from config.env import Environment
from kapok.access_log import AccessLog
from kapok.errors import KapokError
from kapok.execute.platform import RETRY_SECONDS, Platform
from kapok.execute.pool import PoolSettings
from kapok.execute.run import Runner
from kapok.execute.shared_cache import SharedCache
from kapok.metrics import count, watch_pools
from kapok.observe import add_sink
from kapok.roles import conninfo_for, role_password

#: How often the use of keys is written down, in seconds.
NOTE_SECONDS = 30.0
#: How often events that were counted are written down, in seconds.
EVENTS_SECONDS = 2.0
_EVENT_TRIGGER = "select count(*) from pg_event_trigger where evtname like 'kapok_ddl%' and evtenabled <> 'D'"


class DataPlane:
    """Directory, caches, pools and endpoints of one process."""

    def __init__(self, env: Environment) -> None:
        self.platform = Platform(env.database_url)
        self.shared = SharedCache(env.redis_url)
        self.directory = Directory(self.platform, env.origin, env.secret_keys, private_issuers=env.private_issuers)
        self.shapes = Shapes(self.platform, self.shared)
        self.engine = Engine(self.directory, self.shapes)
        pool = PoolSettings(size=env.pool_size, readers=env.pool_size // 2, writers=env.pool_size * 3 // 5)
        self.runner = Runner(partial(_gateway_conninfo, env), pool)
        persisted = PersistedDocuments(self.directory, self.shared)
        self.graphql = GraphQLEndpoint(self.directory, self.engine, self.runner, persisted)
        self.addressing = Addressing(env.base_domain, env.allowed_hosts)
        self.hot_path = HotPath(self.addressing, self.directory, self.shapes, self.engine, self.runner, self.graphql)
        self.probes = Probes(self.platform, self.shared, self.shapes, metrics_token=env.metrics_token)
        self._access_log = AccessLog(text=env.log_format == "text") if env.access_log else None
        self._looking: asyncio.Task[None] | None = None
        self._noting: asyncio.Task[None] | None = None
        self._telling: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start listening and logging. Does not wait for the database: /readyz tells when it is there."""
        add_sink(count)
        add_sink(tell_refusal)
        watch_pools(self.runner.use)
        if self._access_log is not None:
            add_sink(self._access_log.write)
            self._access_log.start()
        await self.runner.start()
        self._noting = asyncio.create_task(self._note_used_keys())
        self._telling = asyncio.create_task(self._write_events())
        await self.platform.start(
            (directory_module.CHANNEL, shapes_module.CHANNEL), self._notified, self._possibly_missed
        )

    async def stop(self) -> None:
        """Close everything."""
        tasks = [task for task in (self._looking, self._noting, self._telling) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        with suppress(KapokError):
            await self.directory.write_down_used_keys()
            await write_down(self.platform, everything=True)
        await self.platform.stop()
        await self.runner.stop()
        await self.shared.close()
        if self._access_log is not None:
            self._access_log.stop()

    async def _note_used_keys(self) -> None:
        while True:
            await asyncio.sleep(NOTE_SECONDS)
            with suppress(KapokError):  # tried again with the next ones
                await self.directory.write_down_used_keys()

    async def _write_events(self) -> None:
        while True:
            await asyncio.sleep(EVENTS_SECONDS)
            with suppress(KapokError):  # tried again with the next ones
                await write_down(self.platform)

    def _notified(self, channel: str, payload: str) -> None:
        if channel == shapes_module.CHANNEL:
            self.shapes.changed(payload)
        else:
            self.directory.notified(payload)

    def _possibly_missed(self) -> None:
        self.directory.forget_all()
        self.shapes.forget_all()
        self.shapes.hears_ddl = False
        if self._looking is None or self._looking.done():
            self._looking = asyncio.get_running_loop().create_task(self._find_event_trigger())

    async def _find_event_trigger(self) -> None:
        """Whether DDL is announced in this database (an event trigger takes a superuser to make)."""
        while True:
            try:
                rows = await self.platform.fetch(_EVENT_TRIGGER)
            except KapokError:
                await asyncio.sleep(RETRY_SECONDS)
            else:
                self.shapes.hears_ddl = rows[0][0] >= 2
                return


def _gateway_conninfo(env: Environment, role: str) -> str:
    return conninfo_for(env.database_url, role, role_password(env.secret_key, role))
