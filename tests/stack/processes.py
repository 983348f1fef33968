"""Which processes live: read from /proc, a pid together with its start time, so that a reused pid isn't mistaken."""

import time
from pathlib import Path


def _stat(pid: int) -> tuple[str, int, int] | None:
    """(state, parent's pid, start time in clock ticks) of a process, from proc(5)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return fields[0], int(fields[1]), int(fields[19])


def _living() -> dict[int, tuple[int, int]]:
    """{pid: (parent's pid, start time)} of every process that has not ended."""
    found: dict[int, tuple[int, int]] = {}
    for entry in Path("/proc").iterdir():
        stat = _stat(int(entry.name)) if entry.name.isdigit() else None
        if stat is not None and stat[0] != "Z":
            found[int(entry.name)] = (stat[1], stat[2])
    return found


def children(pid: int) -> set[tuple[int, int]]:
    """Every living process it has started itself, as (pid, start time). What those start comes and goes as they like:
    a test's own process has the servers of all tests below it."""
    return {(child, begun) for child, (parent, begun) in _living().items() if parent == pid}


def descendants(pid: int) -> set[tuple[int, int]]:
    """Every living process below the given one, as (pid, start time)."""
    found = _living()
    below: set[int] = set()
    grew = True
    while grew:
        more = {child for child, (parent, _) in found.items() if parent in below | {pid}} - below
        below |= more
        grew = bool(more)
    return {(child, found[child][1]) for child in below}


def alive(processes: set[tuple[int, int]]) -> set[tuple[int, int]]:
    """Those that still run."""
    return {(pid, begun) for pid, begun in processes if (stat := _stat(pid)) and stat[0] != "Z" and stat[2] == begun}


def wait_until_gone(processes: set[tuple[int, int]], seconds: float = 30.0) -> set[tuple[int, int]]:
    """Wait for all to end; what is left after `seconds`."""
    deadline = time.monotonic() + seconds
    while (left := alive(processes)) and time.monotonic() < deadline:
        time.sleep(0.02)
    return left
