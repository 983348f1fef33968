"""The front door's timer for idle connections, which is not set anew for each request; and requests that come while one
is answered. The moments are made by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

import pytest
from uvicorn.config import Config
from uvicorn.server import ServerState

from apps.graphql_api.front_door import MAX_WHOLE_REQUEST, FrontDoor, front_door
from apps.graphql_api.hot_path import Head, HotPath, Respond
from apps.tenants.credentials import Credentials

REQUEST = b"POST /t/acme/graphql HTTP/1.1\r\nhost: h\r\ncontent-length: 2\r\n\r\n{}"


class Answering:
    """In the hot path's place: it answers when it is told to."""

    def __init__(self) -> None:
        self.waiting: list[Respond] = []

    def head(self, url: bytes, headers: dict[bytes, bytes], address: str) -> Head:
        return Head("acme", url.decode(), b"application/json", Credentials("key", "", "", address), headers)

    def start(self, head: Head, body: bytes, respond: Respond) -> bool:
        self.waiting.append(respond)
        return True

    def answer(self) -> None:
        self.waiting.pop()((200, (b"content-length: 0\r\n\r\n",)))


class Wire(asyncio.Transport):
    def __init__(self) -> None:
        super().__init__()
        self.closed = False
        self.reads = True

    def pause_reading(self) -> None:
        self.reads = False

    def resume_reading(self) -> None:
        self.reads = True

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    def write(self, data: Any) -> None:
        pass


@pytest.fixture
def connected() -> Callable[[], tuple[FrontDoor, Answering, Wire]]:
    def connect() -> tuple[FrontDoor, Answering, Wire]:
        hot_path, wire = Answering(), Wire()
        config = Config(app=lambda: None, log_config=None, lifespan="off")
        config.load()
        door = front_door(cast(HotPath, hot_path))(config=config, server_state=ServerState(), app_state={})
        door.connection_made(wire)
        return door, hot_path, wire

    return connect


async def test_an_idle_connection_is_closed_and_a_busy_one_is_not(
    connected: Callable[[], tuple[FrontDoor, Answering, Wire]],
) -> None:
    door, hot_path, wire = connected()
    door.data_received(REQUEST)
    hot_path.answer()
    timer = door.timeout_keep_alive_task
    assert timer is not None, "a connection that waits has a timer"
    door.data_received(REQUEST)
    door.timeout_keep_alive_handler()
    assert not wire.closed, "its answer is still on the way"
    hot_path.answer()
    assert door.timeout_keep_alive_task not in (None, timer)
    door.timeout_keep_alive_handler()
    assert not wire.closed, "it was answered just now"
    assert door.timeout_keep_alive_task is not None
    door._answered -= door.timeout_keep_alive + 1
    door.timeout_keep_alive_handler()
    assert wire.closed


async def test_requests_that_come_too_early_are_not_all_kept(
    connected: Callable[[], tuple[FrontDoor, Answering, Wire]],
) -> None:
    """They stay with the client."""
    door, hot_path, wire = connected()
    door.data_received(REQUEST)
    for _ in range(3):
        door.data_received(REQUEST)
    assert wire.reads, "a few are read ahead"
    while wire.reads:
        door.data_received(REQUEST)
        assert len(door._waiting) <= 2 * MAX_WHOLE_REQUEST
    hot_path.answer()
    assert not door._waiting
