"""A second web process of a running Kapok. In: the addresses it reaches its servers at. Out: its URL."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from kapok.stack.ports import free_port
from tests.live import Live
from tests.waiting import until


@contextmanager
def second_web(
    live: Live, *, database_url: str | None = None, redis_url: str | None = None, **more: str
) -> Iterator[str]:
    """The process, until the block ends. It issues and believes the same tokens as the first. more: of its
    environment."""
    environment = {
        **os.environ,
        "DATABASE_URL": database_url or live.database_url,
        "REDIS_URL": redis_url or live.redis_url,
        "SECRET_KEY": (live.state_dir / "secret_key").read_text().strip(),
        "KAPOK_PUBLIC_URL": live.base_url,
        "DJANGO_SETTINGS_MODULE": "config.settings.dev",
        **more,
    }
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "config.web", "--port", str(port)], env=environment, stderr=subprocess.DEVNULL
    )
    url = f"http://127.0.0.1:{port}"
    try:
        until(lambda: status(f"{url}/readyz") == 200, 60)
        yield url
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


def status(url: str) -> int:
    """The status of an answer, 0 for none."""
    try:
        return httpx.get(url, timeout=5).status_code
    except httpx.HTTPError:
        return 0
