"""Whoever proves an address owns the account that has it.

In: an account, and a proof that its address is the caller's, who has not shown the account itself (a magic link, a
reset, a provider). Out: the address is verified. Where it was not before, somebody else may have made the account with
that address in wait for its owner (pre-hijacking): what he set up goes.
"""

from __future__ import annotations

from django.utils import timezone

from apps.identity.models import User
from apps.identity.services.sessions import end_sessions
from apps.identity.trail import record_on_user
from apps.tenants.models import Tenant


def take_possession(tenant: Tenant, user: User) -> None:
    """Password, factors, accounts at providers and sessions from before the proof are gone. Inside tenant_context."""
    if user.email_verified_at is not None:
        return
    user.email_verified_at = timezone.now()
    user.password, user.password_changed_at = "", None
    user.save(update_fields=["email_verified_at", "password", "password_changed_at"])
    user.factors.all().delete()
    user.recovery_codes.all().delete()
    user.identities.all().delete()
    end_sessions(tenant, user, reason="the owner of the address signed in")
    record_on_user("user.reclaimed", tenant, user)
