"""`bootstrap`: migrate the platform's tables, also those in tenants' schemas, and make sure that an administrator with
a control API token exists.

In, on stdin: `{"email", "password", "token"}`, the token null or one made earlier. Out, on stdout: `{"token"}`, the
same one while it works. Secrets go through pipes, so that no process list shows them. `kapok dev` runs this.
"""

from __future__ import annotations

import json
import sys
from datetime import timedelta
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from apps.accounts.models import User
from apps.control.tokens import do_create_token, find_token
from apps.tenants.acting import SYSTEM, actor_name
from apps.tenants.trail import record_on_platform
from apps.tenants.upgrades import upgrade_tenants

LIFETIME = timedelta(days=365)


class Command(BaseCommand):
    """Run it as often as you like."""

    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        """Migrate, then look after the administrator."""
        try:
            wanted = json.load(sys.stdin)
            email, password, token = wanted["email"], wanted["password"], wanted.get("token")
        except (ValueError, KeyError, TypeError) as exc:
            raise CommandError('Give {"email", "password", "token"} as JSON on stdin.') from exc
        call_command("migrate", verbosity=0, interactive=False)
        # A tenant that cannot be upgraded must not keep the others from starting; it is in the log.
        upgrade_tenants(lambda done, total: None)
        with transaction.atomic():
            user = _administrator(email, password)
            known = find_token(token) if token else None
            if known is None or known.user != user:
                _, token = do_create_token(user, name="kapok dev", lifetime=LIFETIME, acting=SYSTEM)
        self.stdout.write(json.dumps({"token": token}))


def _administrator(email: str, password: str) -> User:
    user = User.objects.filter(email=email.strip().lower()).first()
    if user is None:
        user = User.objects.create_superuser(email, password)
        facts = {"email": user.email, "superuser": True, "staff": True}
        record_on_platform("operator.created", actor_name(user), acting=SYSTEM, **facts)
        return user
    if not (user.is_superuser and user.is_staff and user.is_active and user.check_password(password)):
        user.is_superuser = user.is_staff = user.is_active = True
        user.set_password(password)
        user.save()
        changed = ["rights", "password"]
        record_on_platform("operator.changed", actor_name(user), acting=SYSTEM, email=user.email, changed=changed)
    return user
