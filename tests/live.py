"""A running Kapok for tests that need the real thing: `kapok dev` in a process of its own, with its demo tenants.

In: a state directory. Out: `Live`, what dev.json says. Servers, worker and web process are the ones a developer gets.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

START_SECONDS = 200
STOP_SECONDS = 60


@dataclass
class LiveTenant:
    """A demo tenant and its keys."""

    slug: str
    id: str
    graphql_url: str
    publishable_key: str
    secret_key: str

    def post(self, query: str, *, key: str | None = None, **more: Any) -> httpx.Response:
        """POST a query with the secret key, another key, or (key="") none. more: variables, operationName, ..."""
        sent = self.secret_key if key is None else key
        headers = {"apikey": sent} if sent else {}
        return httpx.post(self.graphql_url, json={"query": query, **more}, headers=headers, timeout=30)

    def data(self, query: str, *, key: str | None = None, **more: Any) -> Any:
        """The `data` of a query that must succeed."""
        response = self.post(query, key=key, **more)
        body = response.json()
        assert "errors" not in body, body
        return body["data"]

    def error(self, query: str, *, key: str | None = None, **more: Any) -> dict[str, Any]:
        """The first error of a query that must fail, with its HTTP status under "status"."""
        response = self.post(query, key=key, **more)
        body = response.json()
        assert "data" not in body, body
        return {"status": response.status_code, **body["errors"][0]}


@dataclass
class Live:
    """A running `kapok dev`."""

    state_dir: Path
    base_url: str
    control_token: str
    admin: dict[str, str]
    database_url: str
    redis_url: str
    log: Path
    tenants: dict[str, LiveTenant] = field(default_factory=dict)

    @property
    def acme(self) -> LiveTenant:
        """One demo tenant."""
        return self.tenants["acme"]

    @property
    def globex(self) -> LiveTenant:
        """The other."""
        return self.tenants["globex"]

    def control(self, method: str, path: str, **more: Any) -> httpx.Response:
        """A request to the control API: path below /api/v1."""
        headers = {"authorization": f"Bearer {self.control_token}"}
        return httpx.request(method, f"{self.base_url}/api/v1{path}", headers=headers, timeout=30, **more)

    def cli(self, *arguments: str, cwd: Path | None = None) -> Any:
        """Run `kapok ... --output json` against this server; its output, decoded. Fails on a nonzero exit."""
        environment = {**os.environ, "KAPOK_URL": self.base_url, "KAPOK_TOKEN": self.control_token}
        command = [str(Path(sys.executable).with_name("kapok")), *arguments, "--output", "json"]
        done = subprocess.run(command, env=environment, cwd=cwd, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr or done.stdout
        return json.loads(done.stdout) if done.stdout.strip() else None


@contextmanager
def running(state_dir: Path, *arguments: str, database_url: str | None = None) -> Iterator[Live]:
    """`kapok dev` on a free port until the block ends; stopped by SIGTERM, which must end everything.

    database_url: an empty database to use instead of an embedded server's.
    """
    log = state_dir / "output.log"
    state_dir.mkdir(parents=True, exist_ok=True)
    kept = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")}
    kept.pop("DJANGO_SETTINGS_MODULE", None)
    if database_url is not None:
        kept["DATABASE_URL"] = database_url
    command = [str(Path(sys.executable).with_name("kapok")), "dev", "--port", "0", "--state-dir", str(state_dir)]
    with log.open("wb") as output:
        process = subprocess.Popen([*command, *arguments], stdout=output, stderr=output, env=kept, cwd=state_dir)
    try:
        yield _wait(process, state_dir, log)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            raise


def _wait(process: subprocess.Popen[bytes], state_dir: Path, log: Path) -> Live:
    ready = state_dir / "dev.json"
    deadline = time.monotonic() + START_SECONDS
    while not ready.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            raise AssertionError("kapok dev did not start:\n" + log.read_text(errors="replace")[-5000:])
        time.sleep(0.05)
    said = json.loads(ready.read_text())
    live = Live(
        state_dir=state_dir,
        base_url=said["baseUrl"],
        control_token=said["controlToken"],
        admin=said["admin"],
        database_url=said["databaseUrl"],
        redis_url=said["redisUrl"],
        log=log,
    )
    for slug, tenant in said["tenants"].items():
        live.tenants[slug] = LiveTenant(
            slug, tenant["id"], tenant["graphqlUrl"], tenant["publishableKey"], tenant["secretKey"]
        )
    return live
