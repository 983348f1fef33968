"""Room for connections: each is an open file. In: how many are wanted. Out: how many there may be."""

from __future__ import annotations

import resource
from contextlib import suppress

#: Files for everything else: the database's connections, logs, modules.
KEPT = 256


def room_for(connections: int) -> int:
    """As many, or as many as the system allows this process. Raises its soft limit of open files if need be."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + KEPT
    if soft != resource.RLIM_INFINITY and soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        with suppress(ValueError, OSError):  # the system may allow less than it says
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
            soft = most
    return connections if soft == resource.RLIM_INFINITY else max(1, min(connections, soft - KEPT))
