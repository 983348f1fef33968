"""A process under guard, seen from its owner.

In: a command and how to end it. Out: a handle to ask how it is and to stop it. Whatever happens to the owner (an
exception, SIGTERM, kill -9), the guard (kapok/stack/guard.py) ends the command and all it has started.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from kapok.errors import KapokError
from kapok.stack.guard import SWEEP_SECONDS, Order
from kapok.stack.unprivileged import Account

#: SIGTERM, ten seconds, then SIGKILL.
TERMINATE: tuple[tuple[int, float], ...] = ((signal.SIGTERM, 10.0),)


@dataclass(frozen=True, slots=True)
class Command:
    """What to run. env: the whole environment, None for this process's. stop: signals in turn with their seconds."""

    arguments: Sequence[str]
    env: Mapping[str, str] | None = None
    cwd: Path | None = None
    account: Account | None = None
    stop: Sequence[tuple[int, float]] = TERMINATE

    def order(self, hold: Sequence[int], remove: Sequence[Path]) -> Order:
        """The same, as the guard reads it."""
        account = self.account
        return {
            "command": list(self.arguments),
            "env": None if self.env is None else dict(self.env),
            "cwd": None if self.cwd is None else str(self.cwd),
            "account": None if account is None else (account.uid, account.gid, list(account.groups)),
            "stop": list(self.stop),
            "hold": list(hold),
            "remove": [str(path) for path in remove],
        }


class GuardedProcess:
    """A running command and its guard."""

    def __init__(
        self,
        name: str,
        command: Command,
        *,
        output: int | IO[bytes],
        hold: Sequence[int] = (),
        remove: Sequence[Path] = (),
    ) -> None:
        """Start it.

        name: shown in `ps` and in messages. output: where its stdout and stderr go, as for subprocess. hold: file
        descriptors (a lock) that stay open until the command is gone. remove: what the guard deletes after that.
        Raises KapokError STACK_FAILED where no process can be started.
        """
        self.name = name
        #: How long its guard may take to stop it, in seconds.
        self.patience = sum(seconds for _, seconds in command.stop) + 2 * SWEEP_SECONDS
        try:
            self._guard = subprocess.Popen(
                [sys.executable, "-I", "-S", str(Path(__file__).with_name("guard.py")), name],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                pass_fds=hold,
                # Ctrl-C in the terminal is for the owner, who stops things in order.
                start_new_session=True,
            )
            self._pipe.write(json.dumps(command.order(hold, remove)).encode() + b"\n")
            self._pipe.flush()
        except OSError as exc:
            raise KapokError("STACK_FAILED", f"The process {name} could not be started: {exc.strerror}.") from exc

    @property
    def _pipe(self) -> IO[bytes]:
        if self._guard.stdin is None:
            raise AssertionError("the guard was started with a pipe")
        return self._guard.stdin

    @property
    def output(self) -> IO[bytes]:
        """The reading end of its output, where that was asked for with subprocess.PIPE."""
        if self._guard.stdout is None:
            raise ValueError(f"the output of {self.name} is not a pipe")
        return self._guard.stdout

    @property
    def guard_pid(self) -> int:
        """The pid of the guard, the parent of the command."""
        return self._guard.pid

    def poll(self) -> int | None:
        """The exit status (128 + n after signal n), or None while it runs."""
        return self._guard.poll()

    def ask_to_stop(self) -> None:
        """Have the guard send the stop signals; returns at once."""
        if self.poll() is None:
            self._guard.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Have the guard kill it, now; returns at once."""
        if self.poll() is None:
            self._guard.send_signal(signal.SIGQUIT)

    def stop(self) -> int:
        """Stop it and wait until it is gone; its exit status. Stopping what has ended is harmless."""
        self.ask_to_stop()
        try:
            return self._guard.wait(self.patience)
        except subprocess.TimeoutExpired:
            self._guard.kill()
            return self._guard.wait()
        finally:
            self._pipe.close()
