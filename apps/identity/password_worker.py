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
from dataclasses import dataclass
from typing import Any

from nacl.exceptions import CryptoError
from nacl.pwhash import argon2id

#: Of the scheduler's -20 to 19: requests and Postgres go first.
NICENESS = 10


@dataclass(frozen=True, slots=True)
class Hasher:
    """Argon2id as libsodium computes it, with the widest instructions that the processor has. memory: KiB."""

    memory: int
    passes: int

    def hash(self, password: str) -> str:
        """The encoded hash, with a salt of its own."""
        return argon2id.str(password.encode(), opslimit=self.passes, memlimit=1024 * self.memory).decode()

    def fits(self, password: str, known: str) -> bool:
        """Whether it is the password of a hash, of whatever cost; never for what is none."""
        try:
            return argon2id.verify(known.encode(), password.encode())
        except (CryptoError, ValueError):
            return False

    def outdated(self, known: str) -> bool:
        """Whether a hash has another cost."""
        return not known.startswith(f"$argon2id$v=19$m={self.memory},t={self.passes},p=1$")


def answer(hasher: Hasher, nobodys: str, password: str, known: str | None) -> Any:
    """Hash, or check. nobodys: the hash that stands in for "", of a password nobody knows."""
    if known is None:
        return hasher.hash(password)
    if not hasher.fits(password, known or nobodys):
        return [False, False]
    return [bool(known), hasher.outdated(known or nobodys)]


def main() -> None:
    """Answer until stdin ends."""
    # Ctrl-C in a terminal reaches the whole group: the parent decides when this ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with suppress(OSError):
        os.nice(NICENESS)
    hasher = Hasher(*(int(number) for number in sys.argv[1].split(",")))
    nobodys = hasher.hash(secrets.token_hex(32))
    for line in sys.stdin.buffer:
        said = json.dumps(answer(hasher, nobodys, *json.loads(line)))
        sys.stdout.buffer.write(said.encode() + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
