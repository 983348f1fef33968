"""`reset_two_step EMAIL`: for the only superuser, who has lost phone and recovery codes, on the server itself.

In: an operator's address. Out: the password alone signs in again; all sessions end. It is recorded.
"""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.accounts.models import User
from apps.accounts.two_step import do_reset_two_step
from kapok.errors import KapokError


class Command(BaseCommand):
    """Once for each operator."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """The address."""
        parser.add_argument("email")

    def handle(self, *args: Any, **options: Any) -> None:
        """Reset it."""
        user = User.objects.filter(email=options["email"].strip().lower()).first()
        if user is None:
            raise CommandError("There is no operator with this address.")
        try:
            do_reset_two_step(user, actor="system")
        except KapokError as error:
            raise CommandError(error.message) from error
        self.stdout.write(f"{user.email} signs in by the password alone; all sessions have ended.")
