"""Server processes of the bench: started on a free port, waited for, stopped with all their children."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

ROOT = Path(__file__).parents[1]
_PATIENCE = 60.0


class NotStarted(Exception):
    """A server did not come up; the message ends with the end of its output."""


@contextmanager
def running(command: Sequence[str], environ: Mapping[str, str], is_up: Callable[[], bool]) -> Iterator[int]:
    """Run a server in the repository's root: the block starts when `is_up` says so, and is given its process id.

    Raises NotStarted when it ends or stays down for a minute.
    """
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, **environ}, stdout=output, stderr=output, start_new_session=True
        )
        try:
            _wait(process, is_up, output)
            yield process.pid
        finally:
            _stop(process)


def _wait(process: subprocess.Popen[bytes], is_up: Callable[[], bool], output: IO[str]) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not is_up():
        if process.poll() is not None or time.monotonic() > deadline:
            output.seek(0)
            raise NotStarted(f"{process.args!r} did not start:\n{output.read()[-2000:]}")
        time.sleep(0.1)


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
