"""The processes of `kapok dev`: their environment and commands.

In: URLs of the servers, a port, the state directory. Out: `ChildProcess`es for the supervisor, and the bootstrap run
that migrates the platform's tables first.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kapok.cli.settings import write_private
from kapok.errors import KapokError
from kapok.ledger.signing import new_private_key
from kapok.stack.ports import free_port, is_free
from kapok.stack.supervisor import ChildProcess

DEFAULT_PORT = 8000
#: How many ports after the default one are tried.
PORTS_TRIED = 50
HOST = "127.0.0.1"
#: The first port that any user may listen on.
_UNPRIVILEGED = 1024


def choose_port(wanted: int | None) -> int:
    """A port nobody listens on: the wanted one, any (0), or the first free one from 8000. Raises STACK_FAILED."""
    if wanted == 0:
        return free_port()
    if wanted is not None:
        if not is_free(wanted):
            why = "is taken" if wanted >= _UNPRIVILEGED or os.geteuid() == 0 else "is taken, or for root only"
            raise KapokError(
                "STACK_FAILED", f"Port {wanted} {why}.", hint="Stop what listens there, or leave --port away."
            )
        return wanted
    for candidate in range(DEFAULT_PORT, DEFAULT_PORT + PORTS_TRIED):
        if is_free(candidate):
            return candidate
    raise KapokError("STACK_FAILED", f"No port from {DEFAULT_PORT} on is free.", hint="Name one with --port.")


def environment(
    state_dir: Path, database_url: str, redis_url: str, base_url: str, environ: Mapping[str, str]
) -> dict[str, str]:
    """What the processes get besides this one's environment; what the developer has set stays."""
    defaults = {
        "KAPOK_LOG_FORMAT": "text",
        "KAPOK_HTTPS": "false",
        "KAPOK_PUBLIC_URL": base_url,
        "KAPOK_PRIVATE_ISSUERS": "true",
        # Celery's, of a page: on a developer's machine root is nothing to warn of.
        "PYTHONWARNINGS": "ignore:You're running the worker with superuser privileges",
        "KAPOK_EXPORT_DIR": str(state_dir / "exports"),
        "KAPOK_AUDIT_ANCHORS": str(state_dir / "anchors"),
    }
    if "KAPOK_AUDIT_KEY" not in environ:
        defaults["KAPOK_AUDIT_KEY_FILE"] = str(_audit_key(state_dir))
    named = environ.get("SECRET_KEY") or "SECRET_KEY_FILE" in environ
    return {
        **{name: environ.get(name, value) for name, value in defaults.items()},
        **({} if named else {"SECRET_KEY": _secret_key(state_dir)}),
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "DJANGO_SETTINGS_MODULE": "config.settings.dev",
    }


def processes(state_dir: Path, env: Mapping[str, str], port: int) -> list[ChildProcess]:
    """web, worker, beat and sealer. They run in the state directory: nothing in it can be taken for our modules."""
    celery = _python("celery", "--quiet", "-A", "config.celery", "--workdir", str(state_dir))
    ready = f"http://{HOST}:{port}/readyz"
    return [
        ChildProcess("web", _python("config.web", "--port", str(port)), env, state_dir, ready_url=ready),
        ChildProcess(
            "worker", [*celery, "worker", "--concurrency", "2", "--without-mingle", "--without-gossip"], env, state_dir
        ),
        ChildProcess("beat", [*celery, "beat"], env, state_dir),
        ChildProcess("sealer", _python("config.sealer"), env, state_dir),
    ]


def bootstrap(state_dir: Path, env: Mapping[str, str], wanted: Mapping[str, Any]) -> str:
    """Migrate the platform's tables and make the administrator; the control token. Raises STACK_FAILED."""
    done = subprocess.run(
        _python("django", "bootstrap"),
        input=json.dumps(wanted),
        env={**os.environ, **env},
        cwd=state_dir,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        # What follows an exception's line, as psycopg's questions do, is indented.
        reasons = [line for line in done.stderr.splitlines() if line.strip() and not line[0].isspace()]
        last = reasons[-1:] or ["no reason was given"]
        log = state_dir / "bootstrap.log"
        log.write_text(done.stderr)
        raise KapokError("STACK_FAILED", f"The platform's tables could not be migrated: {last[0]}", hint=f"See {log}.")
    return str(json.loads(done.stdout.strip().splitlines()[-1])["token"])


def _python(module: str, *arguments: str) -> list[str]:
    # -P: the directory it is started in must not shadow our modules.
    return [sys.executable, "-P", "-m", module, *arguments]


def _secret_key(state_dir: Path) -> str:
    """The key that the database roles' passwords derive from: made once and kept with the database."""
    path = state_dir / "secret_key"
    if not path.is_file():
        write_private(path, secrets.token_urlsafe(48))
    return path.read_text().strip()


def _audit_key(state_dir: Path) -> Path:
    """The file with the key that logs are signed with: made once."""
    path = state_dir / "audit_key.pem"
    if not path.is_file():
        write_private(path, new_private_key())
    return path
