"""Fixtures of the control plane's tests."""

import pytest

from tests.control.cast import Cast, make_cast
from tests.tenant_database import real_database, roles_before

__all__ = ["real_database", "roles_before"]


@pytest.fixture
def cast(db: None) -> Cast:
    """Two projects, two tenants, five callers (tests/control/cast.py)."""
    return make_cast()
