"""The embedded Postgres and Redis together: for `kapok dev`, `make smoke` and the tests.

In: a state directory and which of the two are wanted. Out: DATABASE_URL and REDIS_URL of servers that answer, and that
end with this process, however it ends.
"""

from __future__ import annotations

import errno
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from kapok.errors import KapokError
from kapok.stack.postgres import Postgres
from kapok.stack.process import GuardedProcess
from kapok.stack.server import Server
from kapok.stack.state import State
from kapok.stack.valkey import Valkey


class EmbeddedStack:
    """The servers of one state directory. Also a context manager."""

    def __init__(
        self,
        state_dir: Path,
        *,
        want_postgres: bool = True,
        want_redis: bool = True,
        postgres_options: Mapping[str, str] | None = None,
        redis_options: Mapping[str, str] | None = None,
        urls: Mapping[str, str] | None = None,
        temporary: bool = False,
    ) -> None:
        """Describe it; `start` starts it.

        postgres_options, redis_options: settings of postgresql.conf and redis.conf. urls: of servers that run
        elsewhere, by "postgres" and "redis". temporary: the state directory is removed once the servers have stopped.
        """
        self._state_dir = state_dir
        self._wanted = {"postgres": want_postgres, "redis": want_redis}
        self._postgres_options = dict(postgres_options or {})
        self._redis_options = dict(redis_options or {})
        self._urls = dict(urls or {})
        self._temporary = temporary
        self._state: State | None = None
        self._servers: list[Server] = []

    @property
    def database_url(self) -> str:
        """postgresql://kapok:...@127.0.0.1:.../kapok, a superuser, or the URL that was given."""
        return self._url("postgres")

    @property
    def redis_url(self) -> str:
        """redis://:...@127.0.0.1:.../0, or the URL that was given."""
        return self._url("redis")

    def _url(self, name: str) -> str:
        if name not in self._urls:
            raise RuntimeError(f"the embedded {name} has not been started")
        return self._urls[name]

    @property
    def processes(self) -> list[GuardedProcess]:
        """The running servers, for a supervisor to watch."""
        return [server.process for server in self._servers if server.process is not None]

    def start(self) -> Self:
        """Start the wanted servers and wait until they answer.

        Raises KapokError: STATE_DIR_IN_USE where another stack runs on the directory, else STACK_FAILED; nothing runs
        then.
        """
        if not any(self._wanted.values()):
            return self
        try:
            self._start()
        except OSError as exc:
            self.stop()
            raise unusable(self._state_dir, exc) from exc
        except BaseException:
            self.stop()
            raise
        return self

    def _start(self) -> None:
        state = self._state = State(self._state_dir, temporary=self._temporary)
        candidates: list[Server] = [
            *([Postgres(state, self._postgres_options)] if self._wanted["postgres"] else []),
            *([Valkey(state, self._redis_options)] if self._wanted["redis"] else []),
        ]
        # Before a cluster is made with it: a password that only a process knew which then ended opens nothing.
        state.save()
        # The first one, so the last one to stop.
        remove = [state.path, state.home] if self._temporary else []
        for server in candidates:
            self._servers.append(server)
            server.start(remove if server is candidates[0] else [])
        for server in self._servers:
            server.wait()
            self._urls[server.name] = server.url
        state.save()

    def stop(self) -> None:
        """Stop the servers, in reverse order, and wait until they are gone. Harmless when nothing runs."""
        while self._servers:
            server = self._servers.pop()
            server.stop()
            self._urls.pop(server.name, None)
        if self._state is not None:
            self._state.lock.release()
            self._state = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def from_environment(
    state_dir: Path,
    environ: Mapping[str, str],
    *,
    postgres_options: Mapping[str, str] | None = None,
    redis_options: Mapping[str, str] | None = None,
    temporary: bool = False,
) -> EmbeddedStack:
    """The stack that starts only what the environment doesn't name (DATABASE_URL, REDIS_URL, or ..._FILE).

    Its URLs are then the environment's. Raises KapokError CONFIGURATION_INVALID for a file that can't be read.
    """
    given = {"postgres": _given("DATABASE_URL", environ), "redis": _given("REDIS_URL", environ)}
    return EmbeddedStack(
        state_dir,
        want_postgres=given["postgres"] is None,
        want_redis=given["redis"] is None,
        postgres_options=postgres_options,
        redis_options=redis_options,
        urls={name: url for name, url in given.items() if url is not None},
        temporary=temporary,
    )


def _given(variable: str, environ: Mapping[str, str]) -> str | None:
    if environ.get(variable):
        return environ[variable]
    path = environ.get(variable + "_FILE")
    if not path:
        return None
    try:
        return Path(path).read_text().strip()
    except OSError as exc:
        raise KapokError("CONFIGURATION_INVALID", f"The file named by {variable}_FILE cannot be read.") from exc


def unusable(state_dir: Path, exc: OSError) -> KapokError:
    """STACK_FAILED for a state directory the operating system won't let us use."""
    place = exc.filename or state_dir
    if exc.errno in (errno.ENOSPC, errno.EDQUOT):
        return KapokError("STACK_FAILED", f"There is no room left on the disk of {state_dir}.", hint="Make room.")
    if exc.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return KapokError(
            "STACK_FAILED",
            f"The state directory {state_dir} cannot be used: {place} is not writable by this user.",
            hint="Choose another state directory, or change its owner.",
        )
    return KapokError("STACK_FAILED", f"The state directory {state_dir} cannot be used: {exc.strerror} ({place}).")
