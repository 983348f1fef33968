"""The web process's end of its auth process.

In: requests as data. Out: their answers, as awaitables. The process is started with the web process, and again when it
has died; what it was asked then is answered 503, for nobody knows how far it came.
"""

from __future__ import annotations

import asyncio
import itertools
import sys
from asyncio.subprocess import PIPE, Process
from contextlib import suppress

import orjson

from apps.identity.api.frames import PREFIX, answered_from, asked_frame
from apps.identity.api.messages import Answered, Asked
from kapok.errors import KapokError

_COMMAND = (sys.executable, "-P", "-m", "config.auth_worker")
#: How long requests under way may go on when the web process stops, in seconds.
STOP_SECONDS = 5.0


class AuthProcess:
    """One auth process."""

    def __init__(self) -> None:
        self._process: Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self._starting = asyncio.Lock()
        self._numbers = itertools.count()
        self._waiting: dict[int, asyncio.Future[Answered]] = {}

    @property
    def waiting(self) -> int:
        """Requests that have no answer yet."""
        return len(self._waiting)

    async def start(self) -> None:
        """Start it, unless it runs. It answers once Django is there, a second or two later."""
        async with self._starting:
            if self._process is None or self._process.returncode is not None or self._process.stdin is None:
                self._process = await asyncio.create_subprocess_exec(*_COMMAND, stdin=PIPE, stdout=PIPE)
                self._reading = asyncio.create_task(self._read(self._process))

    async def ask(self, asked: Asked) -> Answered:
        """The answer. Raises OVERLOADED when the process died over it."""
        await self.start()
        assert self._process is not None and self._process.stdin is not None
        number = next(self._numbers)
        answer: asyncio.Future[Answered] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        try:
            self._process.stdin.write(asked_frame(number, asked))
            await self._process.stdin.drain()
            return await answer
        except ConnectionError as exc:
            raise _died() from exc
        finally:
            self._waiting.pop(number, None)

    async def stop(self) -> None:
        """Let it finish what is under way."""
        process = self._process
        if process is None or process.stdin is None:
            return
        process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), STOP_SECONDS)
        except TimeoutError:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
        if self._reading is not None:
            await self._reading

    async def _read(self, process: Process) -> None:
        assert process.stdout is not None
        with suppress(asyncio.IncompleteReadError):
            while True:
                number, head_length, body_length = PREFIX.unpack(await process.stdout.readexactly(PREFIX.size))
                head = orjson.loads(await process.stdout.readexactly(head_length))
                body = await process.stdout.readexactly(body_length)
                answer = self._waiting.get(number)
                if answer is not None and not answer.done():
                    answer.set_result(answered_from(head, body))
        await process.wait()
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(_died())


def _died() -> KapokError:
    return KapokError("OVERLOADED", "Accounts cannot be reached right now.")
