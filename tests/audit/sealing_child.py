"""Sequencers that are killed: `python -m tests.audit.sealing_child <conninfo> <schema> <seed> <rounds>`.

In: a log that others write to. Out: one line: how often a batch had been sealed when the process was killed. Each round
is a process of its own, forked from one that has imported everything, and ended by SIGKILL: half of them right before
one of its words to the database, so at every point of a transaction, the others after some milliseconds of work.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from typing import Any

import psycopg

from apps.audit.logs import LogRef
from apps.audit.sequencer import seal_batch

#: A batch takes about fifteen words.
MOST_WORDS = 60
MOST_SECONDS = 0.03


class Doomed(psycopg.Connection[tuple[Any, ...]]):
    """Kills its process right before it says its last word to the server."""

    words = -1

    def wait(self, *arguments: Any, **more: Any) -> Any:
        """Every exchange with the server comes through here."""
        if self.words == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        self.words -= 1
        return super().wait(*arguments, **more)


def main() -> None:
    """Run the rounds."""
    conninfo, schema, seed, rounds = sys.argv[1:]
    chance = random.Random(int(seed))
    killed = 0
    for number in range(int(rounds)):
        ready, told = os.pipe()
        words = chance.randrange(MOST_WORDS) if number % 2 else -1
        pause = chance.uniform(0, MOST_SECONDS)
        child = os.fork()
        if child == 0:
            _seal(conninfo, LogRef(schema, f"tests/log/{schema}"), words, told)
        os.close(told)
        os.read(ready, 1)
        os.close(ready)
        if words < 0:
            time.sleep(pause)
            os.kill(child, signal.SIGKILL)
        killed += os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    sys.stdout.write(f"{killed}\n")


def _seal(conninfo: str, log: LogRef, words: int, told: int) -> None:
    """Seal small batches until the end."""
    session = Doomed.connect(conninfo, autocommit=True)
    session.words = words
    os.write(told, b"!")
    while True:
        seal_batch(session, log, limit=5)


if __name__ == "__main__":
    main()
