"""The auth process: answers /auth/v1 with Django, in a few threads, beside one web process.

In: frames on stdin (apps/identity/api/frames.py). Out: frames on stdout, as answers come. It ends when stdin does, so
with the web process. A process of its own, at a lower priority: in the web process, Django's threads would hold the
interpreter's lock while the event loop waits for it.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import BinaryIO

import django
import orjson
from django.conf import settings
from django.utils.module_loading import import_string

from apps.identity.api.frames import PREFIX, answered_frame, asked_from

#: Of the scheduler's -20 to 19: reads and Postgres go first.
NICENESS = 5


def main() -> None:
    """Answer until stdin ends."""
    # Ctrl-C in a terminal reaches the whole group: the web process decides when this ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with suppress(OSError):
        os.nice(NICENESS)
    # Whatever prints must not land among the frames.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    gc.disable()  # what is imported stays
    django.setup()
    _serve(sys.stdin.buffer, answers)


def _serve(requests: BinaryIO, answers: BinaryIO) -> None:
    # They need Django's models, which are there only now.
    handle = import_string("apps.identity.api.handler.handle")
    flusher = import_string("apps.audit.flusher.Flusher")
    writing = threading.Lock()

    def answer(number: int, head: bytes, body: bytes) -> None:
        said = answered_frame(number, handle(asked_from(orjson.loads(head), body)))
        with writing:
            answers.write(said)
            answers.flush()

    # As in the web process: a collection that looks at all modules would hold up every answer.
    gc.collect()
    gc.freeze()
    gc.enable()
    with flusher(), ThreadPoolExecutor(settings.KAPOK_AUTH_THREADS, thread_name_prefix="auth") as threads:
        while len(prefix := requests.read(PREFIX.size)) == PREFIX.size:
            number, head_length, body_length = PREFIX.unpack(prefix)
            threads.submit(answer, number, requests.read(head_length), requests.read(body_length))


if __name__ == "__main__":
    main()
