"""How many connections a web process has: of an address, in all, and as the system allows; and the memory of bodies."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import pytest

from apps.graphql_api.connections import BODIES_BYTES, Limits, Watch


class Connection:
    def __init__(self) -> None:
        self.looks = 0
        self.looked_at = asyncio.Event()

    def look(self, now: float) -> None:
        self.looks += 1
        self.looked_at.set()


async def test_connections_are_counted_by_network_and_in_all() -> None:
    watch, loop = Watch(Limits(connections=6, connections_per_address=2)), asyncio.get_running_loop()
    first = Connection()
    assert watch.admit(first, "2001:db8::1", loop)
    assert watch.admit(Connection(), "2001:db8::ffff:2", loop)
    assert not watch.admit(Connection(), "2001:db8::3", loop), "of one /64"
    assert watch.admit(Connection(), "2001:db8:0:1::1", loop)
    assert all(watch.admit(Connection(), "", loop) for _ in range(3)), "a proxy speaks for many"
    assert not watch.admit(Connection(), "192.0.2.1", loop), "in all"
    watch.leave(first)
    watch.leave(first)
    assert watch.admit(Connection(), "2001:db8::3", loop)


async def test_all_are_looked_at_until_they_leave() -> None:
    watch, connection = Watch(Limits(client_seconds=0.01)), Connection()
    watch.admit(connection, "192.0.2.1", asyncio.get_running_loop())
    for _ in range(3):
        connection.looked_at.clear()
        await connection.looked_at.wait()
    watch.leave(connection)
    looks = connection.looks
    await asyncio.sleep(0.01)
    assert connection.looks == looks


def test_memory_for_bodies_is_bounded_and_given_back() -> None:
    watch = Watch(Limits())
    assert watch.hold(BODIES_BYTES)
    assert not watch.hold(1)
    watch.hold(-BODIES_BYTES)
    assert watch.hold(1)


@pytest.mark.parametrize(("hard", "expected"), [(2000, 1000), (1000, 744)])
def test_room_is_made_as_far_as_the_system_allows(hard: int, expected: int) -> None:
    program = (
        f"import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (64, {hard}))\n"
        "from config.open_files import room_for\n"
        "print(room_for(1000), resource.getrlimit(resource.RLIMIT_NOFILE)[0])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(expected), str(expected + 256)]
