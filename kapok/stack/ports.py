"""Ports of 127.0.0.1 to listen on. Out: one that is likely to be free still when a server gets to it."""

from __future__ import annotations

import random
import socket

HOST = "127.0.0.1"
#: Below the ports that systems give to outgoing connections (from 32768 on Linux, 49152 elsewhere): one of those may be
#: taken by any connection to a database before a server that needs seconds to start listens there.
_CANDIDATES = range(20_000, 32_768)


def is_free(port: int) -> bool:
    """Whether nothing listens there."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def free_port() -> int:
    """A port nothing listens on. Raises OSError where there is none."""
    for port in random.sample(_CANDIDATES, 200):
        if is_free(port):
            return port
    raise OSError(f"no port is free on {HOST}")
