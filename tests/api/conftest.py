"""Fixtures of tests against a running Kapok."""

from __future__ import annotations

import pytest

from tests.api.shops import Shop, make_shops
from tests.live import Live


@pytest.fixture(scope="session")
def shops(live: Live, tmp_path_factory: pytest.TempPathFactory) -> tuple[Shop, Shop]:
    """Tenants north and south of the project shop, made once for all who write."""
    return make_shops(live, tmp_path_factory.mktemp("projects") / "shop")


@pytest.fixture
def north(shops: tuple[Shop, Shop]) -> Shop:
    """With the rows tests begin with."""
    shops[0].refill()
    return shops[0]
