"""`migrate_schemas`: the name that django-tenants gives to `migrate`. The same command."""

from apps.tenants.management.commands.migrate import Command

__all__ = ["Command"]
