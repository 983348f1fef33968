"""Celery workers that are there at once: `python -m tests.control.nursery`.

In: lines with the arguments of `celery`, as JSON. Out: a line with a pid for each: a process forked from this one,
which has imported everything, in a session of its own. They outlive this one: who asked for them kills them.
"""

from __future__ import annotations

import json
import os
import signal
import sys

import celery.apps.worker  # noqa: F401 (takes long)
import django

from config.celery import app


def main() -> None:
    """Until the end of what is asked for."""
    django.setup()
    app.loader.import_default_modules()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody here waits for them
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            work(json.loads(line))
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()


def work(arguments: list[str]) -> None:
    """Be the worker."""
    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, sys.stdin.fileno())
    os.dup2(nothing, sys.stdout.fileno())
    app.worker_main(arguments)
    os._exit(0)


if __name__ == "__main__":
    main()
