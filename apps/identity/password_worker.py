"""The process that hashes passwords: Argon2id, at a low priority, and nothing else.

In, on stdin, a line each: `[password, hash]` to check, `[password, ""]` to spend the same time for nothing, `[password,
null]` to hash. Out, on stdout: `[right, outdated]`, or the hash. It ends with its parent: then stdin ends.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import sys
from contextlib import suppress
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

#: Of the scheduler's -20 to 19: requests and Postgres go first.
NICENESS = 10


def answer(hasher: PasswordHasher, nobodys: str, password: str, known: str | None) -> Any:
    """Hash, or check. nobodys: the hash that stands in for "", of a password nobody knows."""
    if known is None:
        return hasher.hash(password)
    try:
        hasher.verify(known or nobodys, password)
    except (Argon2Error, InvalidHashError):
        return [False, False]
    return [bool(known), hasher.check_needs_rehash(known or nobodys)]


def main() -> None:
    """Answer until stdin ends."""
    # Ctrl-C in a terminal reaches the whole group: the parent decides when this ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with suppress(OSError):
        os.nice(NICENESS)
    memory, passes, lanes = (int(number) for number in sys.argv[1].split(","))
    hasher = PasswordHasher(time_cost=passes, memory_cost=memory, parallelism=lanes)
    nobodys = hasher.hash(secrets.token_bytes(32))
    for line in sys.stdin.buffer:
        said = json.dumps(answer(hasher, nobodys, *json.loads(line)))
        sys.stdout.buffer.write(said.encode() + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
