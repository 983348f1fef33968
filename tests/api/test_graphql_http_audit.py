"""Every check of the npm package graphql-http's audit suite (MUST, SHOULD and MAY) passes on a live tenant's endpoint.

Needs node and npm. The fixture `live_tenant` (tests/conftest.py) gives `.graphql_url` and `.secret_key` of a running
server's tenant, with introspection on.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Protocol

import pytest

SUITE = Path(__file__).with_name("graphql_http_audit")
#: How many checks graphql-http 1.23.1 has, and how many of them are of each kind.
EXPECTED_CHECKS = {"MUST": 13, "SHOULD": 23, "MAY": 25}


class LiveTenant(Protocol):
    """What this test needs of the fixture `live_tenant`."""

    graphql_url: str
    secret_key: str


def _require_node() -> None:
    if shutil.which("node") and shutil.which("npm"):
        return
    if os.environ.get("CI"):
        pytest.fail("the GraphQL-over-HTTP audit needs node and npm, and CI must run it")
    pytest.skip("the GraphQL-over-HTTP audit needs node and npm on the PATH")


@pytest.fixture(scope="module")
def suite() -> Path:
    """The audit suite with its packages, installed from the lock file when missing or older than it."""
    _require_node()
    installed = SUITE / "node_modules" / ".package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < (SUITE / "package-lock.json").stat().st_mtime:
        npm = subprocess.run(["npm", "ci", "--ignore-scripts"], cwd=SUITE, capture_output=True, text=True, timeout=110)
        assert npm.returncode == 0, npm.stderr
    return SUITE


def run_audit(suite: Path, url: str, headers: dict[str, str]) -> list[dict[str, Any]]:
    """[{id, name, status, reason?, got?}] for each check of the suite."""
    node = subprocess.run(
        ["node", "audit.mjs", url],
        cwd=suite,
        env={**os.environ, "AUDIT_HEADERS": json.dumps(headers)},
        capture_output=True,
        text=True,
        timeout=110,
    )
    assert node.returncode == 0, node.stderr
    results: list[dict[str, Any]] = json.loads(node.stdout)
    return results


def _kinds(results: list[dict[str, Any]]) -> dict[str, int]:
    kinds = [result["name"].split()[0] for result in results]
    return {kind: kinds.count(kind) for kind in EXPECTED_CHECKS}


def test_every_check_passes(suite: Path, live_tenant: LiveTenant) -> None:
    results = run_audit(suite, live_tenant.graphql_url, {"apikey": live_tenant.secret_key})
    failed = [result for result in results if result["status"] != "ok"]
    assert not failed, json.dumps(failed, indent=2)
    assert _kinds(results) == EXPECTED_CHECKS


class _AlwaysTeapot(BaseHTTPRequestHandler):
    """Answers everything with 418, and remembers the apikey headers it saw."""

    seen_keys: set[str | None]

    def do_GET(self) -> None:
        self.seen_keys.add(self.headers["apikey"])
        self.rfile.read(int(self.headers.get("content-length") or 0))
        self.send_response(418)
        self.send_header("content-length", "0")
        self.end_headers()

    do_POST = do_GET

    def log_message(self, format: str, *args: object) -> None:
        """Keep the test's output clean."""


@pytest.fixture
def teapot() -> Iterator[tuple[str, set[str | None]]]:
    """A server that fails nearly every check: its URL and the apikey headers it was sent."""
    seen: set[str | None] = set()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Teapot", (_AlwaysTeapot,), {"seen_keys": seen}))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/graphql", seen
    server.shutdown()
    server.server_close()
    thread.join()


def test_the_audit_sees_a_bad_server(suite: Path, teapot: tuple[str, set[str | None]]) -> None:
    url, seen_keys = teapot
    results = run_audit(suite, url, {"apikey": "secret"})
    statuses = [result["status"] for result in results if result["name"].startswith("MUST")]
    assert statuses == ["error"] * EXPECTED_CHECKS["MUST"]
    assert _kinds(results) == EXPECTED_CHECKS
    assert seen_keys == {"secret"}
