"""`kapok dev`: Postgres, Redis, web, worker, beat and sealer in one terminal, with a project and two tenants to try."""

from __future__ import annotations

import json
import os
import secrets
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import click

from kapok.cli.client import Client
from kapok.cli.dev_processes import DEFAULT_PORT, HOST, bootstrap, choose_port, environment, processes
from kapok.cli.dev_project import TENANTS, DevProject, prepare_tenants, project_here, push
from kapok.cli.dev_summary import summary
from kapok.cli.dev_watch import watch
from kapok.cli.invocation import Invocation, common_options, pass_invocation
from kapok.cli.settings import DEV_FILE, Output, Settings, write_private
from kapok.errors import KapokError
from kapok.stack.lock import StateLock
from kapok.stack.stack import EmbeddedStack, from_environment, unusable
from kapok.stack.supervisor import Supervisor

EMAIL = "admin@example.com"
#: What dev.json said last: its keys and sign-in serve the next run as well.
KEPT_FILE = "dev.kept.json"


@dataclass
class Development:
    """One run of `kapok dev`: what it was asked for, and what dev.json will say."""

    state_dir: Path
    directory: Path
    port: int
    with_project: bool
    started: float
    before: dict[str, Any] = field(default_factory=dict)
    says: dict[str, Any] = field(default_factory=dict)
    failed: bool = False

    @property
    def base_url(self) -> str:
        """Where the web process answers."""
        return f"http://{HOST}:{self.port}"

    @property
    def kept(self) -> Path:
        """What the next start finds."""
        return self.state_dir / KEPT_FILE

    def keep(self, tenants: dict[str, Any]) -> None:
        """Note tenants before dev.json can tell of them: this run may not get that far."""
        write_private(self.kept, json.dumps({**self.says, "tenants": tenants}, indent=2) + "\n")

    def settings(self) -> Settings:
        """For the client that prepares the project."""
        return Settings(
            url=self.base_url,
            url_source=DEV_FILE,
            token=self.says["controlToken"],
            output=Output.TABLE,
            state_dir=self.state_dir,
            project_root=None,
        )


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), help=f"Where to listen; {DEFAULT_PORT} or the next, 0 for any.")
@click.option("--no-demo", is_flag=True, help="Only the servers: no project, no tenants.")
@common_options
@pass_invocation
@click.pass_context
def command(ctx: click.Context, invocation: Invocation, port: int | None, no_demo: bool) -> None:
    """Run everything on this machine until Ctrl-C.

    In a project's directory, that project is used and its files are watched; elsewhere a demo project is written out.
    DATABASE_URL and REDIS_URL name servers to use instead of the embedded ones.
    """
    state_dir = invocation.settings.state_dir
    try:
        _make_state_dir(state_dir)
    except OSError as exc:
        raise unusable(state_dir, exc) from exc
    chosen = choose_port(port)
    if port is None and chosen != DEFAULT_PORT:
        _say(f"Port {DEFAULT_PORT} is taken; using {chosen}.")
    run = Development(
        state_dir=state_dir.resolve(),
        directory=Path.cwd(),
        port=chosen,
        with_project=not no_demo,
        started=time.monotonic(),
    )
    _say(f"Starting in {run.state_dir} ...")
    with _alone(run.state_dir), from_environment(run.state_dir, os.environ) as stack, _ready_file(run):
        ctx.exit(_supervise(run, stack))


def _make_state_dir(state_dir: Path) -> None:
    # Root's servers run as another user, who has to come through to the data.
    state_dir.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
    # It holds secrets and lies in a project's directory, as a rule a repository.
    ignore = state_dir / ".gitignore"
    if not ignore.exists():
        ignore.write_text("*\n")


@contextmanager
def _alone(state_dir: Path) -> Iterator[None]:
    """Nobody else uses the directory. Embedded servers see to that themselves; without any, this does.

    Raises STATE_DIR_IN_USE.
    """
    if not all(os.environ.get(name) or os.environ.get(f"{name}_FILE") for name in ("DATABASE_URL", "REDIS_URL")):
        yield
        return
    lock = StateLock(state_dir)
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _ready_file(run: Development) -> Iterator[None]:
    """dev.json is there while this run is ready, and only then; its keys are kept for the next one."""
    ready = run.state_dir / DEV_FILE
    if ready.exists():  # after a crash
        ready.replace(run.kept)
    run.before = _read_before(run.kept)
    try:
        yield
    finally:
        if ready.exists():
            # With those that this run had nothing to do with (`--no-demo`).
            run.keep({**(_read_before(run.kept).get("tenants") or {}), **run.says["tenants"]})
            ready.unlink()


def _supervise(run: Development, stack: EmbeddedStack) -> int:
    project = project_here(run.directory, run.state_dir) if run.with_project else None
    env = environment(run.state_dir, stack.database_url, stack.redis_url, run.base_url, os.environ)
    admin = {"email": EMAIL, "password": secrets.token_urlsafe(12), "url": f"{run.base_url}/admin/"}
    known = run.before.get("admin") or {}
    admin["password"] = known.get("password") or admin["password"]
    wanted = {"email": EMAIL, "password": admin["password"], "token": run.before.get("controlToken")}
    run.says = {
        "baseUrl": run.base_url,
        "controlToken": bootstrap(run.state_dir, env, wanted),
        "admin": admin,
        "tenants": {},
        "pid": os.getpid(),
        "databaseUrl": stack.database_url,
        "redisUrl": stack.redis_url,
    }
    # A thread of its own: the supervisor must see Ctrl-C while tenants are being set up.
    preparation = threading.Thread(target=lambda: _prepare(run, project, supervisor), name="prepare", daemon=True)
    supervisor = Supervisor(processes(run.state_dir, env, run.port), watch=stack.processes, on_ready=preparation.start)
    code = supervisor.run() or int(run.failed)
    for server in stack.processes:
        if server.poll() is not None:  # by itself; the last line is the one that is read
            _say(f"{server.name} has ended; why stands in {run.state_dir / f'{server.name}.log'}.")
    return code


def _prepare(run: Development, project: DevProject | None, supervisor: Supervisor) -> None:
    """Once the web process answers: the project, dev.json, the summary; then watch the files."""
    try:
        with Client(run.settings()) as client:
            if project:
                _set_up(run, client, project)
            if supervisor.stopping:
                return
            _tell(run, project)
            if project:
                watch(
                    project.files.root,
                    project.seen,
                    lambda files: _apply(run, client, replace(project, files=files)),
                    _say,
                )
    except KapokError as error:
        if not supervisor.stopping:  # else nobody answers because of that
            _say(f"{error.message} {error.hint}".strip())
    except BaseException:
        # Nobody waits for this thread: without a sign the run would go on and never be ready.
        run.failed = True
        os.kill(os.getpid(), signal.SIGTERM)
        raise


def _set_up(run: Development, client: Client, project: DevProject) -> None:
    """The project with its tenants; one that cannot be migrated yet is said, and does not end the run."""
    works = _tried(lambda: push(client, project.files))
    _tried(lambda: _add_tenants(run, client, project, may_create=works))


def _tried(step: Callable[[], None]) -> bool:
    """Whether it worked. Raises what nobody mends in the files: SERVER_UNREACHABLE, DATABASE_UNAVAILABLE."""
    try:
        step()
    except KapokError as error:
        if error.code in ("SERVER_UNREACHABLE", "DATABASE_UNAVAILABLE"):
            raise
        _say(f"{error.message} {error.hint}".strip())
        return False
    return True


def _add_tenants(run: Development, client: Client, project: DevProject, *, may_create: bool) -> None:
    before = _read_before(run.kept).get("tenants") or {}
    run.says["tenants"] = prepare_tenants(client, project, before, _say, run.keep, may_create=may_create)


def _apply(run: Development, client: Client, project: DevProject) -> str:
    """Apply changed files; the first time that works, the tenants that wait for it are made."""
    started = time.monotonic()
    push(client, project.files)
    if len(run.says["tenants"]) < len(TENANTS):
        _add_tenants(run, client, project, may_create=True)
        _tell(run, project)
    return f"Applied the changes in {project.files.root} ({time.monotonic() - started:.1f} s)."


def _tell(run: Development, project: DevProject | None) -> None:
    """Write dev.json, and say what is in it."""
    write_private(run.state_dir / DEV_FILE, json.dumps(run.says, indent=2) + "\n")
    _say(summary(run.says, project.files if project else None, time.monotonic() - run.started))


def _read_before(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _say(text: str) -> None:
    click.echo(text, err=False)
