"""One running Kapok for all API tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.live import Live, LiveTenant, running


@pytest.fixture(scope="session")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """`kapok dev` with the demo tenants acme and globex."""
    with running(tmp_path_factory.mktemp("live")) as live:
        yield live


@pytest.fixture
def acme(live: Live) -> LiveTenant:
    return live.acme


@pytest.fixture
def globex(live: Live) -> LiveTenant:
    return live.globex


@pytest.fixture
def live_tenant(live: Live) -> LiveTenant:
    """What the audit suite is pointed at."""
    return live.acme
