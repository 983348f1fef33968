"""OpenID providers of the tests, and a person's browser at one of them.

In: redirect addresses and users. Out: a running provider, and the address a browser is sent back to after signing in.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class OpenIdProvider:
    """A provider and our client at it."""

    issuer: str
    client_id: str
    client_secret: str

    def sign_in(self, name: str, password: str, url: str) -> str:
        """What a person does: sign in, open the address the app sent him to. Out: where the provider sends him back."""
        with httpx.Client(trust_env=False) as browser:
            entered = browser.post(f"{self.issuer}/login/", data={"username": name, "password": password})
            assert entered.status_code == 204, entered.text
            sent = browser.get(url)
            assert sent.status_code == 302, sent.text[:2000]
            return sent.headers["location"]


@contextmanager
def running_provider(
    folder: Path, redirects: Sequence[str], users: Sequence[dict[str, Any]]
) -> Iterator[OpenIdProvider]:
    """A provider on a free port until the block ends."""
    log = (folder / "provider.log").open("wb")
    with (
        subprocess.Popen(
            [sys.executable, "-m", "tests.identity.provider_site", str(folder)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
        ) as process,
        log,
    ):
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(json.dumps({"redirects": list(redirects), "users": list(users)}).encode())
            process.stdin.close()
            line = process.stdout.readline()
            assert line, (folder / "provider.log").read_text()[-3000:]
            yield OpenIdProvider(**json.loads(line))
        finally:
            process.kill()
