"""A sealer that only signs manifests, beside what a test does. In: keys, a log. Out: it is there meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from apps.audit.keys import Keyring
from apps.audit.manifests import SEALER, sign_manifests
from tests.tenant_database import platform_conninfo


@contextmanager
def signing_sealer(keyring: Keyring, schema: str) -> Iterator[None]:
    """At work until the end of the block."""
    ended = threading.Event()

    def sign() -> None:
        while not ended.wait(0.05):
            sign_manifests(session, keyring, {schema})

    with psycopg.connect(platform_conninfo(), autocommit=True, application_name=SEALER) as session:
        thread = threading.Thread(target=sign)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()
