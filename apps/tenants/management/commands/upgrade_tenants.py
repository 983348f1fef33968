"""`upgrade_tenants`: bring the tables of end users in all tenants' schemas up to date, after `migrate`.

A job does it, and any worker goes on where another stopped. With `--now` it is done here.
"""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.tenants.acting import SYSTEM
from apps.tenants.services.upgrades import do_upgrade_tenants
from apps.tenants.upgrades import upgrade_tenants


class Command(BaseCommand):
    """Run it as often as you like."""

    help = "Bring the platform's tables in all tenants' schemas up to date. Run it after migrate."

    def add_arguments(self, parser: CommandParser) -> None:
        """--now"""
        parser.add_argument("--now", action="store_true", help="here, instead of in a job")

    def handle(self, *args: Any, **options: Any) -> None:
        """Start the job, or do it."""
        if not options["now"]:
            self.stdout.write(f"operation {do_upgrade_tenants(acting=SYSTEM).pk}")
            return
        result = upgrade_tenants(lambda done, total: None)
        self.stdout.write(f"{result.migrated} upgraded, {result.unchanged} up to date, {len(result.failed)} failed")
        if result.failed:
            raise CommandError("\n".join(f"{slug}: {facts['message']}" for slug, facts in result.failed.items()))
