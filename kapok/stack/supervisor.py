"""Several processes in one terminal: web, worker, beat.

In: their commands. Out: their output, line by line with the name before it, and an exit code: 0 when asked to stop
(Ctrl-C, SIGTERM, SIGHUP), not 0 when one of them ended by itself. All stop together.
"""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlsplit

from kapok.stack.process import Command, GuardedProcess

_TICK_SECONDS = 0.05
_PROBE_INTERVAL_SECONDS = 0.2
_PROBE_SECONDS = 2.0
_LAST_LINES_SECONDS = 2.0
_LONGEST_LINE_BYTES = 65536
#: ANSI colours: cyan, yellow, green, magenta, blue; and the supervisor's own lines in bright black.
_COLOURS = (36, 33, 32, 35, 34)
_OWN_COLOUR = 90
_OWN_NAME = "kapok"


@dataclass(frozen=True, slots=True)
class ChildProcess:
    """One process. env: joins this process's environment. ready_url: answers below 400 when it is ready (http)."""

    name: str
    command: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: Path | None = None
    ready_url: str | None = None
    ready_seconds: float = 60.0
    stop_seconds: float = 10.0

    def start(self) -> GuardedProcess:
        """Start it, with its output in a pipe."""
        # A pipe isn't a terminal: Python would keep the lines back until a buffer is full.
        env = {**os.environ, "PYTHONUNBUFFERED": "1", **self.env}
        command = Command(self.command, env=env, cwd=self.cwd, stop=((signal.SIGTERM, self.stop_seconds),))
        return GuardedProcess(self.name, command, output=subprocess.PIPE)


class Supervisor:
    """Runs child processes until one ends or this process is told to stop."""

    def __init__(
        self,
        children: Sequence[ChildProcess],
        *,
        watch: Sequence[GuardedProcess] = (),
        on_ready: Callable[[], None] | None = None,
        output: BinaryIO | None = None,
    ) -> None:
        """watch: processes of others (EmbeddedStack.processes) that must keep running too; they aren't stopped.

        on_ready: called once, when every ready_url has answered. output: a file or terminal; standard output if None.
        """
        self._children = children
        self._watch = watch
        self._on_ready = on_ready
        names = [child.name for child in children]
        self._console = _Console(sys.stdout.buffer if output is None else output, [*names, _OWN_NAME])
        self._running: list[GuardedProcess] = []
        self._signals = 0
        self._over = False

    def run(self) -> int:
        """Run until the end, in the main thread. Raises KapokError STACK_FAILED where a process can't be started."""
        with self._signals_counted():
            pumps: list[threading.Thread] = []
            try:
                for child in self._children:
                    self._running.append(child.start())
                    pumps.append(self._pump(self._running[-1]))
                return self._watch_over()
            finally:
                self._over = True
                self._stop_all()
                for pump in pumps:
                    pump.join(_LAST_LINES_SECONDS)

    @property
    def stopping(self) -> bool:
        """Whether it was told to stop, or something has ended."""
        return self._over or self._signals > 0

    @contextmanager
    def _signals_counted(self) -> Iterator[None]:
        """Count SIGINT, SIGTERM and SIGHUP: the first stops, the second kills."""

        def count(_signum: int, _frame: Any) -> None:
            self._signals += 1

        before = {signum: signal.signal(signum, count) for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
        try:
            yield
        finally:
            for signum, handler in before.items():
                signal.signal(signum, handler)

    def _pump(self, process: GuardedProcess) -> threading.Thread:
        """Write the process's lines to the console until it and all it has started have closed their output."""

        def copy() -> None:
            with process.output as lines:
                while line := lines.readline(_LONGEST_LINE_BYTES):
                    self._console.write(process.name, line)

        thread = threading.Thread(target=copy, name=f"output of {process.name}", daemon=True)
        thread.start()
        return thread

    def _watch_over(self) -> int:
        """Until something ends: the exit code."""
        readiness = _Readiness(self._children)
        while not self._signals:
            problem = self._ended() or readiness.overdue()
            if problem:
                self._console.write(_OWN_NAME, f"{problem[0]}; stopping the others".encode())
                return problem[1]
            if self._console.closed:
                return 1
            if readiness.just_reached() and self._on_ready is not None:
                self._on_ready()
            time.sleep(_TICK_SECONDS)
        return 0

    def _ended(self) -> tuple[str, int] | None:
        """What ended by itself, in words, and the exit code for that."""
        for process in (*self._watch, *self._running):
            status = process.poll()
            if status is not None:
                return f"{process.name} {_ending(status)}", status if status > 0 else 1
        return None

    def _stop_all(self) -> None:
        """Tell every child to stop, all at once, since none needs another to end; wait for each within its time. Kill
        them after a second signal."""
        began = time.monotonic()
        for process in self._running:
            process.ask_to_stop()
        for process in self._running:
            deadline = began + process.patience
            while process.poll() is None and self._signals < 2 and time.monotonic() < deadline:
                time.sleep(_TICK_SECONDS)
            process.kill()
            process.stop()
        self._running.clear()


class _Readiness:
    """Which children have not answered at their ready_url yet."""

    def __init__(self, children: Sequence[ChildProcess]) -> None:
        self._started = time.monotonic()
        self._next_probe = self._started
        self._waiting = [child for child in children if child.ready_url is not None]
        self._reached = False

    def just_reached(self) -> bool:
        """True once: when all have answered."""
        now = time.monotonic()
        if self._reached or now < self._next_probe:
            return False
        self._waiting = [child for child in self._waiting if not _is_ready(child.ready_url)]
        self._next_probe = now + _PROBE_INTERVAL_SECONDS
        self._reached = not self._waiting
        return self._reached

    def overdue(self) -> tuple[str, int] | None:
        """A child that took longer than its ready_seconds, in words, and the exit code for that."""
        for child in self._waiting:
            if time.monotonic() - self._started > child.ready_seconds:
                return f"{child.name} does not answer at {child.ready_url}", 1
        return None


class _Console:
    """Lines with the name of who wrote them before them; coloured on a terminal (NO_COLOR turns that off)."""

    def __init__(self, output: BinaryIO, names: Sequence[str]) -> None:
        self._output = output
        self._lock = threading.Lock()
        self.closed = False
        width = max(map(len, names))
        coloured = output.isatty() and "NO_COLOR" not in os.environ
        self._prefixes = {
            name: _prefix(name.ljust(width), _COLOURS[index % len(_COLOURS)] if coloured else None)
            for index, name in enumerate(names)
        }
        self._prefixes[_OWN_NAME] = _prefix(_OWN_NAME.ljust(width), _OWN_COLOUR if coloured else None)

    def write(self, name: str, line: bytes) -> None:
        """Write one line, with or without its line feed."""
        with self._lock:
            try:
                self._output.write(self._prefixes[name] + line.rstrip(b"\r\n") + b"\n")
                self._output.flush()
            except OSError:  # nobody reads any more (`kapok dev | head`)
                self.closed = True


def _prefix(name: str, colour: int | None) -> bytes:
    return f"{name} | ".encode() if colour is None else f"\x1b[{colour}m{name} |\x1b[0m ".encode()


def _ending(status: int) -> str:
    """`exited with code 3`, `was ended by SIGKILL`."""
    try:
        return f"was ended by {signal.Signals(status - 128 if status > 0 else -status).name}"
    except ValueError:
        return f"exited with code {status}"


def _is_ready(url: str | None) -> bool:
    """Whether an HTTP GET of the URL answers with a status below 400. Never through a proxy."""
    parts = urlsplit(url or "")
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=_PROBE_SECONDS)
    try:
        connection.request("GET", f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}")
        return connection.getresponse().status < 400
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
