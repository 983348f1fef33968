"""`migrate` for the platform's own tables only.

django-tenants' command would go through every tenant's schema as well, and leave a django_migrations table in each;
tenants' schemas belong to provisioning and to the projects' own migrations.
"""

from __future__ import annotations

from typing import Any

from django_tenants.management.commands.migrate_schemas import MigrateSchemasCommand


class Command(MigrateSchemasCommand):
    """Always as if `--shared` were given."""

    def handle(self, *args: Any, **options: Any) -> None:
        """Migrate `public`."""
        options.update(shared=True, tenant=False, schema_name=None)
        super().handle(*args, **options)
