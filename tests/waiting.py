"""Waiting for what other processes do. In: a condition. Out: how long it took; a failure where it never holds.

Nothing here is slept through in hope: how long a busy machine takes for what is a matter of milliseconds, nobody knows.
"""

from __future__ import annotations

import time
from collections.abc import Callable

#: Seconds after which what is waited for will not come any more.
PATIENCE = 30.0


def until(holds: Callable[[], object], patience: float = PATIENCE, *, otherwise: Callable[[], object] = str) -> float:
    """Wait until something holds: the seconds it took. Fails after `patience` seconds, with what `otherwise` says."""
    started, pause = time.monotonic(), 0.01
    while not holds():
        assert time.monotonic() - started < patience, otherwise()
        time.sleep(pause)
        pause = min(pause * 1.2, 0.2)  # what takes long is not asked for all the time
    return time.monotonic() - started


def once_within(seconds: float, attempt: Callable[[], float], attempts: int = 5) -> None:
    """An attempt (a change that is waited for: the seconds it took) is that quick. Of several the quickest counts: what
    else the machine does at a moment makes some slow, what Kapok does makes all of them slow."""
    took = []
    for _ in range(attempts):
        took.append(attempt())
        if took[-1] <= seconds:
            return
    raise AssertionError(f"none of {attempts} took less than {seconds} s: {took}")
