"""A TCP proxy that can be cut: an outage as a client sees it. In: the real address. Out: a port."""

from __future__ import annotations

import contextlib
import socket
import threading
from types import TracebackType
from typing import Self


class Proxy:
    """Forwards connections to `target` until it is cut; `mend` lets new ones through again."""

    def __init__(self, target: tuple[str, int]) -> None:
        self._target = target
        self._open: set[socket.socket] = set()
        self._cut = False
        self._refuse = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """End every connection, and refuse new ones."""
        self._cut = True
        for side in list(self._open):
            _end(side)

    def mend(self) -> None:
        """Let connections through again."""
        self._cut = False

    def refuse(self, count: int) -> None:
        """End the next connections as soon as they are made."""
        self._refuse = count

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.close()
        self.cut()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            if self._cut or self._refuse:
                self._refuse = max(0, self._refuse - 1)
                _end(near)
                continue
            far = socket.create_connection(self._target)
            for source, sink in ((near, far), (far, near)):
                self._open.add(source)
                threading.Thread(target=self._pump, args=(source, sink), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
        self._open.discard(source)
        _end(source)
        _end(sink)


def _end(side: socket.socket) -> None:
    with contextlib.suppress(OSError):
        side.shutdown(socket.SHUT_RDWR)
    side.close()
