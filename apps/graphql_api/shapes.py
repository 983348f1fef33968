"""From a tenant's schema to its model.

In: a schema name. Out: the `Model`, shared by all tenants of the same shape. Introspected once, the catalog's JSON kept
in Redis for at most five minutes and dropped at once when the database tells of a DDL change (event trigger, channel
kapok_ddl); while changes cannot be heard, a model is believed for one second. Building runs in a thread, so a change of
one tenant's tables does not hold up the others.
"""

from __future__ import annotations

import asyncio
import time
import zlib
from collections import OrderedDict
from collections.abc import Callable

from kapok.catalog.introspect import SQL
from kapok.catalog.parse import parse
from kapok.errors import KapokError
from kapok.execute.platform import Platform
from kapok.execute.shared_cache import SharedCache
from kapok.lru import Lru
from kapok.model.build import build
from kapok.model.shape import shape_of
from kapok.model.types import Model

CHANNEL = "kapok_ddl"
SHARED_SECONDS = 300
DEAF_SECONDS = 1.0
#: Tenants and shapes kept at once.
MAX_SCHEMAS = 20_000
MAX_SHAPES = 200


class Shapes:
    """Models by schema. hears_ddl: whether DDL changes are announced (the event trigger exists)."""

    def __init__(self, platform: Platform, shared: SharedCache, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._platform = platform
        self._shared = shared
        self._clock = clock
        self._schemas: OrderedDict[str, tuple[float, Model]] = OrderedDict()
        self._models: Lru[str, Model] = Lru(size=MAX_SHAPES)
        self._loading: dict[str, asyncio.Task[Model]] = {}
        self._deleting: set[asyncio.Task[None]] = set()
        self.hears_ddl = False

    def known(self, schema: str) -> Model | None:
        """The model, if it is at hand and may be believed: the hot path's look-up."""
        found = self._schemas.get(schema)
        if found is None:
            return None
        believed = SHARED_SECONDS if self._platform.listening and self.hears_ddl else DEAF_SECONDS
        return found[1] if self._clock() - found[0] < believed else None

    async def model(self, schema: str) -> Model:
        """The schema's model. Raises MODEL_UNAVAILABLE, DATABASE_UNAVAILABLE."""
        model = self.known(schema)
        if model is not None:
            return model
        task = self._loading.get(schema)
        if task is None:
            task = self._loading[schema] = asyncio.create_task(self._load(schema))
        return await asyncio.shield(task)

    def changed(self, schema: str) -> None:
        """DDL ran in this schema: forget it here and in Redis, and what is being read now is not kept."""
        self._schemas.pop(schema, None)
        self._loading.pop(schema, None)
        task = asyncio.get_running_loop().create_task(self._shared.delete(_shared_key(schema)))
        self._deleting.add(task)
        task.add_done_callback(self._deleting.discard)

    def forget_all(self) -> None:
        """Announcements may have been missed: read everything anew, and not from Redis."""
        for schema in {*self._schemas, *self._loading}:
            self.changed(schema)

    async def _load(self, schema: str) -> Model:
        loaded_at = self._clock()
        try:
            model, unshared = await self._read(schema)
            if self._is_current(schema):
                self._keep(schema, loaded_at, model)
                if unshared:
                    await self._shared.put(_shared_key(schema), zlib.compress(unshared, 1), SHARED_SECONDS)
                    if not self._is_current(schema):  # changed meanwhile; this may have come after that deletion
                        await self._shared.delete(_shared_key(schema))
            return model
        finally:
            if self._is_current(schema):
                del self._loading[schema]

    def _is_current(self, schema: str) -> bool:
        """Whether nothing has changed since this task began to read the schema: `changed` forgets the task."""
        return self._loading.get(schema) is asyncio.current_task()

    def _keep(self, schema: str, loaded_at: float, model: Model) -> None:
        self._schemas[schema] = (loaded_at, model)
        if len(self._schemas) > MAX_SCHEMAS:
            self._schemas.popitem(last=False)

    async def _read(self, schema: str) -> tuple[Model, bytes]:
        """The model, and the catalog's JSON when it was not in Redis already."""
        packed = await self._shared.get(_shared_key(schema)) if self._platform.listening and self.hears_ddl else None
        document = zlib.decompress(packed) if packed else await self._introspect(schema)
        return await asyncio.to_thread(self._build, document), b"" if packed else document

    async def _introspect(self, schema: str) -> bytes:
        rows = await self._platform.fetch(SQL, (schema, schema))
        if not rows or rows[0][0] is None:
            raise KapokError("MODEL_UNAVAILABLE")
        return str(rows[0][0]).encode()

    def _build(self, document: bytes) -> Model:
        """The model of a catalog, built once for all schemas of its shape. Runs in a thread."""
        catalog = parse(document)
        shape = shape_of(catalog)
        model = self._models.get(shape)
        if model is None:
            model = build(catalog)
            self._models.put(shape, model)
        return model


def _shared_key(schema: str) -> str:
    return f"kapok:catalog:4:{schema}"
