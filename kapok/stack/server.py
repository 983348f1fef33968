"""What the embedded Postgres and Redis have in common: a free port, a start under guard, a wait, a clear failure.

In: an opened state directory. Out: a server that answers at `url`, or KapokError STACK_FAILED with the end of its log.
"""

from __future__ import annotations

import os
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path

from kapok.errors import KapokError
from kapok.stack.ports import free_port, is_free
from kapok.stack.process import Command, GuardedProcess
from kapok.stack.state import State

#: A crash recovery may take a while; anything shorter would give up on a healthy server.
READY_SECONDS = 60.0
_POLL_SECONDS = 0.02
#: How often to try another port when somebody takes the chosen one between the check and the server's start.
_PORT_ATTEMPTS = 5
_LOG_LIMIT_BYTES = 10_000_000
_PORT_TAKEN = ("Address already in use", "could not bind", "Could not create server TCP listening socket")
#: What a server's words mean, and what to do about it.
_KNOWN_REASONS = (
    ("No space left on device", "the disk is full", "Make room on the disk."),
    (
        'invalid value for parameter "TimeZone"',
        "this machine has no time zones",
        "Install the system's package tzdata.",
    ),
)


class Server(ABC):
    """One embedded server."""

    name: str
    title: str
    variable: str

    def __init__(self, state: State) -> None:
        self._state = state
        self._login = state.login(self.name)
        self.process: GuardedProcess | None = None

    @property
    @abstractmethod
    def url(self) -> str:
        """Where it answers, with its password."""

    @abstractmethod
    def prepare(self) -> None:
        """Make what it needs to start: programs, data, configuration."""

    @abstractmethod
    def command(self) -> Command:
        """How to run it on the login's port."""

    @abstractmethod
    def answers(self) -> bool:
        """Whether it is ready for work. Raises KapokError where waiting won't help."""

    def start(self, remove: Sequence[Path]) -> None:
        """Start it; `wait` tells when it is ready. remove: what to delete once it has stopped."""
        self._remove = remove
        self.prepare()
        self._login.port = _free_port(self._login.port)
        self._launch()

    def _launch(self) -> None:
        path = self._state.log_path(self.name)
        if path.exists() and path.stat().st_size > _LOG_LIMIT_BYTES:
            path.replace(path.with_suffix(".log.1"))
        # Readable by its owner only: a statement in it may hold a secret.
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600), "ab") as log:
            self._log_start = path.stat().st_size
            self.process = GuardedProcess(
                self.name, self.command(), output=log, hold=[self._state.lock.descriptor], remove=self._remove
            )

    def wait(self) -> None:
        """Return when it answers. Raises KapokError STACK_FAILED with its last log lines otherwise."""
        deadline = time.monotonic() + READY_SECONDS
        attempts = 1
        while not self.answers():
            if self.process is None or self.process.poll() is not None:
                if attempts == _PORT_ATTEMPTS or not any(text in self._log() for text in _PORT_TAKEN):
                    raise self._failure("did not start")
                attempts += 1
                self.stop()
                self._login.port = _free_port(0)
                self._launch()
            if time.monotonic() > deadline:
                raise self._failure(f"did not answer within {READY_SECONDS:.0f} s")
            time.sleep(_POLL_SECONDS)

    def stop(self) -> None:
        """Stop it and wait until it is gone."""
        if self.process is not None:
            self.process.stop()

    def _log(self) -> str:
        """What it has written since it was started."""
        with self._state.log_path(self.name).open("rb") as log:
            log.seek(self._log_start)
            return log.read().decode(errors="replace")

    def _failure(self, what: str) -> KapokError:
        return failure(self.title, what, self._log(), self.variable, str(self._state.log_path(self.name)))


def failure(title: str, what: str, output: str, variable: str, log: str | None = None) -> KapokError:
    """STACK_FAILED for a server: what happened, and the last lines of its output."""
    lines = output.strip().splitlines()[-10:]
    reason, hint = lines[-1] if lines else "it wrote nothing", f"Or set {variable} to use a server of your own."
    for words, meaning, remedy in _KNOWN_REASONS:
        if words in output:
            reason, hint = f"{meaning}.", remedy
    details = {"server": title, "lastLines": lines} | ({"log": log} if log else {})
    return KapokError("STACK_FAILED", f"The embedded {title} {what}: {reason}", details=details, hint=hint)


def _free_port(preferred: int) -> int:
    """The preferred port where it is free on 127.0.0.1, else any. 0 prefers none."""
    return preferred if preferred and is_free(preferred) else free_port()


def plain_environment() -> dict[str, str]:
    """The environment of a server: nothing of the caller's (PG*, LD_*, a locale) changes how it runs."""
    return {"PATH": os.defpath, "LC_ALL": "C"}
