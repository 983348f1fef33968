"""What the smoke test drives Kapok with: `kapok dev`, the command line, HTTP. In: what to do. Out: what came of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

KAPOK = str(Path(sys.executable).with_name("kapok"))
START_SECONDS = 60
STOP_SECONDS = 30


class Smoke:
    """What was seen so far."""

    def __init__(self) -> None:
        self.failures = 0
        self._last = time.monotonic()

    def check(self, what: str, expected: object, seen: object) -> None:
        """Print and count one comparison."""
        now = time.monotonic()
        good = seen == expected
        self.failures += not good
        print(f"{'ok  ' if good else 'FAIL'}  {1000 * (now - self._last):6.0f} ms  {what}: {_short(seen)}", flush=True)
        if not good:
            print(f"                 expected {_short(expected)}", flush=True)
        self._last = now


@contextmanager
def running(state_dir: Path, directory: Path) -> Iterator[dict[str, Any]]:
    """`kapok dev` until the block ends; what dev.json says."""
    log = directory / "dev.log"
    env = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")}
    command = [KAPOK, "dev", "--no-demo", "--port", "0", "--state-dir", str(state_dir)]
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=directory, env=env, stdout=output, stderr=output)
    try:
        deadline = time.monotonic() + START_SECONDS
        while not (state_dir / "dev.json").exists():
            if process.poll() is not None or time.monotonic() > deadline:
                print(log.read_text(errors="replace"), file=sys.stderr)
                raise SystemExit("kapok dev did not start")
            time.sleep(0.1)
        yield json.loads((state_dir / "dev.json").read_text())
    finally:
        process.send_signal(signal.SIGTERM)
        code = process.wait(STOP_SECONDS)
        if code:
            print(log.read_text(errors="replace")[-3000:], file=sys.stderr)
            raise SystemExit(f"kapok dev ended with {code}")


def kapok(arguments: list[str], directory: Path, dev: dict[str, Any]) -> Any:
    """Run the command line; its JSON. Ends everything where it fails."""
    env = {**os.environ, "KAPOK_URL": dev["baseUrl"], "KAPOK_TOKEN": dev["controlToken"]}
    done = subprocess.run(
        [KAPOK, *arguments, "--output", "json"], cwd=directory, env=env, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"kapok {' '.join(arguments)} ended with {done.returncode}: {done.stderr}")
    return json.loads(done.stdout) if done.stdout.strip() else None


def graphql(
    tenant: Mapping[str, Any], key: str | None, query: str, variables: Mapping[str, Any] | None = None, token: str = ""
) -> tuple[int, dict[str, Any]]:
    """(status, body) of an operation. key: an API key. token: an end user's access token, beside it."""
    headers = {"apikey": key} if key else {}
    if token:
        headers["authorization"] = f"Bearer {token}"
    body = {"query": query, "variables": dict(variables or {})}
    response = httpx.post(tenant["graphqlUrl"], json=body, headers=headers, timeout=30)
    return response.status_code, response.json()


def code(body: dict[str, Any]) -> str:
    """The error's code, of either plane."""
    if "error" in body:
        return str(body["error"]["code"])
    errors = body.get("errors") or [{}]
    return str(errors[0].get("extensions", {}).get("code", ""))


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 110 else text[:107] + "..."
