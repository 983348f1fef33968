"""`migrate` for the platform's own tables only, and the SQL functions that belong to them.

django-tenants' command would go through every tenant's schema as well, and leave a django_migrations table in each;
tenants' schemas belong to provisioning and to the projects' own migrations.
"""

from __future__ import annotations

from typing import Any

from django_tenants.management.commands.migrate_schemas import MigrateSchemasCommand

from apps.tenants.platform_functions import ensure_platform_functions


class Command(MigrateSchemasCommand):
    """Always as if `--shared` were given."""

    def handle(self, *args: Any, **options: Any) -> None:
        """Migrate `public`."""
        options.update(shared=True, tenant=False, schema_name=None)
        super().handle(*args, **options)
        if options.get("plan") or options.get("check_unapplied"):
            return
        if ensure_platform_functions() and options["verbosity"]:
            self.stdout.write(
                "Installed the functions of this version. What they have made in tenants' schemas follows with "
                "upgrade_tenants, or within the hour."
            )
