"""Fixtures of the end users' tests."""

from tests.tenant_database import real_database, roles_before

__all__ = ["real_database", "roles_before"]
