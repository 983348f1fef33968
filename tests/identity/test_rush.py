"""A thousand people sign in at the same moment: a bounded queue, a few threads, and everybody is answered."""

from __future__ import annotations

import json
import os
import signal
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.identity.client import PASSWORD, AuthTenant, make_people
from tests.identity.conftest import HOOK
from tests.live import running

PEOPLE = 20
AT_ONCE = 1000


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AuthTenant]:
    """A Kapok of its own, with cheap hashes: this is about the queue."""
    folder = tmp_path_factory.mktemp("rush")
    os.environ["KAPOK_ARGON2"] = "64,1"
    try:
        with running(folder / "kapok", "--no-demo") as live:
            roomy = {"accountFailures": 10_000, "addressFailures": 10_000, "addressSignUps": 10_000}
            tenant, _ = make_people(live, folder / "people", {"0002_hook.sql": HOOK})
            tenant.settings(**roomy, requireVerification=False)
            yield tenant
    finally:
        del os.environ["KAPOK_ARGON2"]


@pytest.mark.skipif(not Path("/proc").exists(), reason="processes are found in /proc")
def test_an_auth_process_that_dies_is_replaced(shop: AuthTenant) -> None:
    email = "replaced@example.com"
    shop.ok("/signup", email=email, password=PASSWORD)
    for pid in _auth_processes(shop.live.state_dir):
        os.kill(pid, signal.SIGKILL)
    statuses = {shop.post("/signin", email=email, password=PASSWORD).status_code for _ in range(3)}
    assert statuses <= {200, 503}, "a request that it died over is answered too"
    assert shop.signed_in(email)
    assert len(_auth_processes(shop.live.state_dir)) == 1


def _auth_processes(state_dir: Path) -> list[int]:
    """Those of the Kapok in this directory, from /proc."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            is_one = b"config.auth_worker" in (process / "cmdline").read_bytes()
            if is_one and (process / "cwd").resolve() == state_dir.resolve():
                found.append(int(process.name))
        except OSError:  # it has ended
            continue
    return found


@pytest.mark.slow
def test_a_thousand_sign_ins_at_once(shop: AuthTenant, tmp_path: Path) -> None:
    emails = [f"rush{n}@example.com" for n in range(PEOPLE)]
    for email in emails:
        shop.ok("/signup", email=email, password=PASSWORD)
    bodies = [json.dumps({"email": emails[n % PEOPLE], "password": PASSWORD}) for n in range(AT_ONCE)]
    bodies[::50] = [json.dumps({"email": emails[n % PEOPLE], "password": "wrong horse"}) for n in range(AT_ONCE // 50)]
    started = time.monotonic()
    counted = Counter(shop.at_once("/signin", bodies))
    took = time.monotonic() - started
    assert counted == {(200, ""): AT_ONCE - AT_ONCE // 50, (401, "INVALID_CREDENTIALS"): AT_ONCE // 50}, took
    tokens = shop.signed_in(emails[0])
    listed = shop.call("GET", "/sessions", tokens["accessToken"]).json()["sessions"]
    wrong_ones = sum(1 for n in range(0, AT_ONCE, 50) if n % PEOPLE == 0)
    assert len(listed) == AT_ONCE // PEOPLE - wrong_ones + 2, "one session for each sign-in, one of the sign-up, this"
    assert httpx.get(f"{shop.live.base_url}/readyz", timeout=30).status_code == 200
