"""The ASGI application: plain function composition, cheap paths first.

In: HTTP requests. Out: probes, the data plane, and Django for everything else. A data-plane request touches no Django
middleware and no ORM.
"""

from __future__ import annotations

import gc
import os
from functools import partial
from typing import Any

from django.core.asgi import get_asgi_application

from apps.control.probes import Probes
from apps.graphql_api import graphiql
from apps.graphql_api.asgi import Receive, Scope, Send
from apps.graphql_api.connections import Limits
from apps.graphql_api.front_door import front_door
from apps.graphql_api.http import JSON
from apps.graphql_api.jwks import key_set
from apps.graphql_api.responses import Header, Reply, error_reply
from apps.tenants.addressing import Address, find
from apps.tenants.directory import Directory, Entry
from config.auth_plane import AuthPlane
from config.control_plane import ControlPlane
from config.data_plane import DataPlane
from config.env import ENV
from config.open_files import room_for
from kapok.errors import KapokError
from kapok.public_urls import JWKS_PATH

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.production")


class Application:
    """Routes by path and host."""

    def __init__(self, data_plane: DataPlane, control_plane: Any, auth_plane: AuthPlane) -> None:
        self._data_plane = data_plane
        self._control_plane = control_plane
        self._auth_plane = auth_plane

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One connection, as ASGI says."""
        kind = scope["type"]
        if kind == "http":
            await self._http(scope, receive, send)
        elif kind == "lifespan":
            await self._lifespan(receive, send)
        else:
            await send({"type": "websocket.close", "code": 4404})

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        if path in Probes.PATHS and (path != "/metrics" or not await self._names_a_tenant(scope)):
            await _send(send, await self._data_plane.probes.answer(path, _header(scope, b"authorization")))
            return
        if path.startswith(graphiql.ASSETS_PATH):
            await _send(send, graphiql.asset(path, _header(scope, b"if-none-match")))
            return
        try:
            address = self._data_plane.addressing.read(_header(scope, b"host"), path)
        except KapokError as error:
            await _send(send, error_reply(error, JSON, "", draft=False))
            return
        resolve = partial(_entry, self._data_plane.directory, address)
        if address.path.startswith("/auth/v1/") and (address.path_slug or await self._is_tenants_host(address)):
            await self._auth_plane(scope, receive, send, resolve, address.path)
            return
        if address.path == JWKS_PATH and (address.path_slug is not None or await self._is_tenants_host(address)):
            await _send(send, await key_set(scope["method"], resolve, self._data_plane.directory.tokens))
        elif address.path == "/graphql":
            await self._data_plane.graphql(scope, receive, send, resolve)
        elif address.path_slug is not None or await self._is_tenants_host(address):
            await _send(send, error_reply(KapokError("NOT_FOUND"), JSON, "", draft=False))
        else:
            await self._control_plane(scope, receive, send)

    async def _names_a_tenant(self, scope: Scope) -> bool:
        """Whether the host is a tenant's, or no host at all: nobody there needs to see the others' figures."""
        try:
            return await self._is_tenants_host(self._data_plane.addressing.read(_header(scope, b"host"), ""))
        except KapokError:
            return True

    async def _is_tenants_host(self, address: Address) -> bool:
        """The control plane does not answer at a tenant's own host."""
        if address.host_slug is not None:
            return True
        if address.domain is None:
            return False
        try:
            return await self._data_plane.directory.by_host(address.domain) is not None
        except KapokError:
            return False

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await self._data_plane.start()
                await self._auth_plane.start()
                # Modules and settings live as long as the process; a collection that looks at them all would hold up
                # every request under way.
                gc.collect()
                gc.freeze()
                gc.enable()
                await send({"type": "lifespan.startup.complete"})
            else:
                await self._auth_plane.stop()
                await self._data_plane.stop()
                await send({"type": "lifespan.shutdown.complete"})
                return


async def _entry(directory: Directory, address: Address) -> Entry:
    entry = await find(directory, address)
    if entry is None:
        raise KapokError("TENANT_NOT_FOUND", hint="Use /t/<slug>/graphql, or the tenant's own host name.")
    return entry


def _header(scope: Scope, wanted: bytes) -> bytes:
    """The value; of several lines a list (RFC 9110, 5.3), so that two hosts are none."""
    return b",".join([value for name, value in scope["headers"] if name == wanted])


async def _send(send: Send, reply: Reply) -> None:
    length: Header = (b"content-length", b"%d" % len(reply.body))
    await send({"type": "http.response.start", "status": reply.status, "headers": [*reply.headers, length]})
    await send({"type": "http.response.body", "body": reply.body})


data_plane = DataPlane(ENV)
application = Application(data_plane, ControlPlane(get_asgi_application()), AuthPlane(data_plane.directory))
app = application
#: For uvicorn's --http: its own protocol with bounds, and the hot path before it.
HttpProtocol = front_door(
    data_plane.hot_path,
    Limits(ENV.client_seconds, room_for(ENV.connections), ENV.connections_per_address),
)
