"""A headless Chromium over the DevTools protocol. In: commands. Out: their results; nothing is installed here.

Debian's package `chromium`; tests that need it are skipped where it is not installed.
"""

from __future__ import annotations

import base64
import itertools
import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

from tests.waiting import until

BINARY = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
#: As root in a closed network: no sandbox, and nothing that would look outside.
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-port=0",
    "--window-size=1280,900",
)


class Page:
    """One tab."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._numbers = itertools.count(1)
        self._session: str | None = None
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.send("Page.enable")

    def send(self, method: str, **parameters: Any) -> dict[str, Any]:
        """A command; its result. Fails when the browser says it is an error."""
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        self._connection.send(json.dumps(message))
        while True:
            answer = json.loads(self._connection.recv(timeout=30))
            if answer.get("id") == number:
                assert "error" not in answer, (method, answer)
                result: dict[str, Any] = answer["result"]
                return result

    def open(self, url: str) -> None:
        """Load a page."""
        # The page that is there may still be the one that is asked, so it is marked.
        self.run("window.isLeft = true")
        self.send("Page.navigate", url=url)
        until(self._is_there)

    def _is_there(self) -> bool:
        """Whether another page is loaded. It is not while one makes room for the other: scripts fail then."""
        script = "!window.isLeft && document.readyState === 'complete'"
        try:
            return bool(self.send("Runtime.evaluate", expression=script)["result"].get("value"))
        except AssertionError:
            return False

    def run(self, script: str) -> Any:
        """The value of an expression; of a promise, what it comes to."""
        answer = self.send("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def picture(self, path: Path, height: int = 900) -> None:
        """A PNG of the page."""
        self.send("Emulation.setDeviceMetricsOverride", width=1280, height=height, deviceScaleFactor=1, mobile=False)
        path.write_bytes(base64.b64decode(self.send("Page.captureScreenshot")["data"]))


@contextmanager
def chromium(folder: Path) -> Iterator[Page]:
    """A browser with an empty profile until the block ends."""
    assert BINARY
    process = subprocess.Popen([BINARY, *FLAGS, f"--user-data-dir={folder}"], stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr is not None
        address = next(line.rpartition(" ")[2].strip() for line in process.stderr if "DevTools listening" in line)
        with connect(address, max_size=None, proxy=None) as connection:
            yield Page(connection)
    finally:
        process.terminate()
        process.wait(10)
        assert process.stderr is not None
        process.stderr.close()
