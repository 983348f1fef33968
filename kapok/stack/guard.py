"""Run one command so that nothing of it outlives the process that asked for it.

In: one line of JSON on stdin, an `Order`; then the pipe stays open for as long as its owner lives. Out: the command's
exit status, 128 + n where signal n ended it, 127 where it could not be run. Runs as `python -I -S guard.py NAME` and
knows the standard library only, so that it starts in milliseconds and needs neither kapok nor a virtualenv.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
import time
from contextlib import suppress
from typing import Any, TypedDict

try:
    import ctypes
except ImportError:  # a Python built without libffi: the pipe and the process group still do their part
    ctypes = None  # type: ignore[assignment]

#: How often the guard looks whether its owner lives, besides the pipe: a fork of the owner may hold the pipe open.
OWNER_POLL_SECONDS = 1.0
#: How long to wait for killed processes to be gone (one may hang in the kernel).
SWEEP_SECONDS = 5.0

# From <sys/prctl.h>.
_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36

_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class Order(TypedDict):
    """What to run and how to end it."""

    command: list[str]
    env: dict[str, str] | None  # None: the guard's own
    cwd: str | None
    account: tuple[int, int, list[int]] | None  # uid, gid, supplementary groups; None: the guard's own
    stop: list[tuple[int, float]]  # signals in turn, with the seconds each may take, before SIGKILL
    hold: list[int]  # file descriptors the guard keeps until the end, and the command doesn't get
    remove: list[str]  # what to delete once nothing runs any more


def _prctl(option: int, value: int) -> None:
    if ctypes is not None and sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)


def _own_children() -> list[int]:
    """The pids whose parent is this process (Linux; elsewhere none are found)."""
    found = []
    for entry in os.scandir("/proc") if sys.platform == "linux" else []:
        if entry.name.isdigit():
            try:
                with open(f"/proc/{entry.name}/stat", "rb") as stat:  # noqa: PTH123 (no pathlib: start-up time)
                    parent = int(stat.read().rpartition(b")")[2].split()[1])
            except OSError:
                continue
            if parent == os.getpid():
                found.append(int(entry.name))
    return found


def _launch(order: Order) -> int:
    """Fork and run the command in a session of its own; its pid."""
    guard = os.getpid()
    pid = os.fork()
    if pid:
        return pid
    try:
        _become(order, guard)
        command, env = order["command"], order["env"]
        os.execvpe(command[0], command, os.environ if env is None else env)
    except BaseException as exc:
        os.write(2, f"{order['command'][0]}: {getattr(exc, 'strerror', None) or exc}\n".encode())
    finally:
        os._exit(127)


def _become(order: Order, guard: int) -> None:
    """Turn the forked child into what the command expects to be started as."""
    os.setsid()
    for signum in (*_STOP_SIGNALS, signal.SIGQUIT, signal.SIGCHLD, signal.SIGPIPE):
        signal.signal(signum, signal.SIG_DFL)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for descriptor in order["hold"]:
        os.close(descriptor)
    if order["cwd"] is not None:
        os.chdir(order["cwd"])
    if order["account"] is not None:
        uid, gid, groups = order["account"]
        os.setgroups(groups)
        os.setgid(gid)
        os.setuid(uid)
    # Last, since a change of user clears it.
    _prctl(_PR_SET_PDEATHSIG, order["stop"][0][0])
    if os.getppid() != guard:
        raise ProcessLookupError("the guard is gone")


class Guard:
    """Watches the owner and the command; ends the command when the owner is gone or asks for it."""

    def __init__(self, order: Order, owner: int, wakeup: int) -> None:
        self._order = order
        self._owner = owner
        self._wakeup = wakeup
        self._sources = [0, wakeup]
        self._stop_wanted = False
        self._kill_wanted = False
        self._status: int | None = None
        self._pid = _launch(order)

    def run(self) -> int:
        """Until the command has ended and nothing of it is left: its exit status."""
        while self._status is None and not self._stop_wanted:
            self._turn(OWNER_POLL_SECONDS)
        for signum, seconds in self._order["stop"]:
            if self._status is None and not self._kill_wanted:
                os.kill(self._pid, signum)
                self._wait_for_end(seconds)
        self._sweep()
        if self._order["remove"]:
            os.spawnvp(os.P_WAIT, "rm", ["rm", "-rf", "--", *self._order["remove"]])
        status = -signal.SIGKILL if self._status is None else self._status
        return status if status >= 0 else 128 - status

    def _turn(self, seconds: float) -> None:
        """Wait for one thing to happen, `seconds` at most, and note it."""
        readable = select.select(self._sources, [], [], max(0.0, seconds))[0]
        if 0 in readable and not os.read(0, 4096):
            self._sources.remove(0)
            self._stop_wanted = True
        if self._wakeup in readable:
            arrived = os.read(self._wakeup, 4096)
            self._kill_wanted |= signal.SIGQUIT in arrived
            self._stop_wanted |= self._kill_wanted or any(signum in arrived for signum in _STOP_SIGNALS)
        self._stop_wanted |= os.getppid() != self._owner
        self._reap()

    def _wait_for_end(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while self._status is None and not self._kill_wanted and time.monotonic() < deadline:
            self._turn(deadline - time.monotonic())

    def _reap(self) -> None:
        """Collect every child that has ended: the command, and orphans of it that were handed to this process."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not pid:
                return
            if pid == self._pid:
                self._status = os.waitstatus_to_exitcode(status)

    def _sweep(self) -> None:
        """Kill the command's process group and whatever else descends from it, until nothing is left."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._pid, signal.SIGKILL)
        deadline = time.monotonic() + SWEEP_SECONDS
        while time.monotonic() < deadline:
            self._reap()
            children = _own_children()
            if not children and self._status is not None:
                return
            for pid in children:
                with suppress(PermissionError):
                    os.kill(pid, signal.SIGKILL)
            self._turn(0.02)


def _watch_signals() -> int:
    """Have every signal that matters written to a pipe; its reading end."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing)

    def note(_signum: int, _frame: Any) -> None:
        """The wake-up pipe has it."""

    for signum in (*_STOP_SIGNALS, signal.SIGQUIT, signal.SIGCHLD):
        signal.signal(signum, note)
    return reading


def _read_order() -> Order | None:
    """The line of JSON, or None where the owner ended before it was sent."""
    line = b""
    while not line.endswith(b"\n"):
        chunk = os.read(0, 65536)
        if not chunk:
            return None
        line += chunk
    order: Order = json.loads(line)
    return order


def main() -> int:
    """Read the order, carry it out."""
    owner = os.getppid()
    wakeup = _watch_signals()
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    order = _read_order()
    if order is None:
        return 0
    for descriptor in order["hold"]:
        os.set_inheritable(descriptor, False)
    return Guard(order, owner, wakeup).run()


if __name__ == "__main__":
    # At once: while the interpreter winds down, a late SIGTERM would end it and the exit status would be lost.
    os._exit(main())
