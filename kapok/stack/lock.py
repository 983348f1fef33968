"""One stack a state directory.

In: the state directory. Out: a lock (flock) that lasts until the last holder of its descriptor is gone: this process
and, after a crash, the guards that are still stopping its servers. The pid in the file is for people to read.
"""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path

from kapok.errors import KapokError

#: How long to wait for the guards of a process that was killed: they give Postgres time for a clean end.
CRASHED_OWNER_SECONDS = 15.0


class StateLock:
    """The lock on a state directory, taken when made."""

    def __init__(self, state_dir: Path) -> None:
        """Raises KapokError STATE_DIR_IN_USE naming the pid, and OSError where the file or the lock can't be had."""
        self.descriptor = os.open(state_dir / "lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            self._take(state_dir)
        except BaseException:
            os.close(self.descriptor)
            raise

    def _take(self, state_dir: Path) -> None:
        deadline = time.monotonic() + CRASHED_OWNER_SECONDS
        while True:
            try:
                fcntl.flock(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as exc:
                holder = self._holder()
                if time.monotonic() > deadline or (holder is not None and _is_alive(holder)):
                    raise _in_use(state_dir, holder) from exc
            time.sleep(0.05)
        os.ftruncate(self.descriptor, 0)
        os.pwrite(self.descriptor, f"{os.getpid()}\n".encode(), 0)

    def _holder(self) -> int | None:
        text = os.pread(self.descriptor, 32, 0).strip()
        return int(text) if text.isdigit() else None

    def release(self) -> None:
        """Give it up. Harmless when done before."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _in_use(state_dir: Path, holder: int | None) -> KapokError:
    who = "another process" if holder is None else f"process {holder}"
    return KapokError(
        "STATE_DIR_IN_USE",
        f"Kapok runs already on {state_dir} ({who}).",
        details={"stateDir": str(state_dir), "pid": holder},
        hint="Use the one that runs, stop it, or choose another state directory.",
    )
