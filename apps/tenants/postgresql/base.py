"""django-tenants' database backend, with every tenant's table named by its schema instead of found by a search_path.

In: django-tenants' calls (tenant_context, set_tenant). Out: SQL such as `"t_x"."kapok_user"`. The search_path stays
`public`: the owner of a tenant's schema may create tables, functions and operators in it, and with the schema in the
search_path the platform's own statements would find those and run them with the platform's rights.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db.backends.postgresql.operations import DatabaseOperations as PostgresOperations
from django_tenants.postgresql_backend.base import DatabaseWrapper as TenantsWrapper
from django_tenants.utils import get_public_schema_name


class DatabaseOperations(PostgresOperations):
    """Quotes names."""

    def quote_name(self, name: str) -> str:
        """The quoted name; a tenant's table with its schema, which must be set (tenant_context)."""
        schema = getattr(self.connection, "schema_name", None)
        if schema and schema != get_public_schema_name() and name in tenant_tables():
            return f"{super().quote_name(schema)}.{super().quote_name(name)}"
        return super().quote_name(name)

    def for_update_sql(
        self, nowait: bool = False, skip_locked: bool = False, of: Any = (), no_key: bool = False
    ) -> str:
        """FOR UPDATE OF takes names without their schema."""
        return super().for_update_sql(nowait, skip_locked, tuple(name.rpartition(".")[2] for name in of), no_key)


class DatabaseWrapper(TenantsWrapper):
    """A connection of the platform role."""

    ops_class = DatabaseOperations

    def set_tenant(self, tenant: Any, include_public: bool = True) -> None:
        """Names are said with this tenant's schema from now on; the search_path stays, so it need not be set again."""
        kept = self.search_path_set_schemas
        super().set_tenant(tenant, include_public)
        self.search_path_set_schemas = kept

    def _get_cursor_search_paths(self) -> list[str]:
        return [get_public_schema_name()]


@cache
def tenant_tables() -> frozenset[str]:
    """The tables that every tenant's schema has of the platform."""
    return frozenset(
        model._meta.db_table
        for config in apps.get_app_configs()
        if config.name in settings.TENANT_APPS
        for model in config.get_models(include_auto_created=True)
    )
