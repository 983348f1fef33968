"""Signing keys: rotated in time, or at once when one may have leaked; and what is of no use any more, removed.

In: a tenant, or all of them (the beat). Out: the new key. A rotation overlaps: the successor stands in the JWKS before
it signs, and the former key is believed until the last token it signed has expired.
"""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from apps.tenants.acting import Actor
from apps.tenants.models import Revocation, SigningKey, Tenant
from apps.tenants.signing import LEAD, OVERLAP, make_key
from apps.tenants.trail import record_on_tenant
from kapok.tenancy import TenantState


@transaction.atomic
def do_rotate_signing_key(tenant: Tenant, *, acting: Actor, at_once: bool = False) -> SigningKey:
    """A successor for the tenant's signing key: it signs after LEAD, the former one is believed for OVERLAP longer.
    Where one is on its way already, that one. at_once: a key may have leaked: every token issued so far is refused from
    now on (users refresh theirs), and the new key signs immediately."""
    Tenant.objects.select_for_update(no_key=True).get(pk=tenant.pk)
    now = timezone.now()
    newest = tenant.signing_keys.filter(retired_at=None).first()
    if at_once:
        tenant.signing_keys.update(retired_at=now, verified_until=now, sealed_private_key="")
    elif newest is not None and newest.active_from > now:
        return newest
    starts = now
    if newest is not None and not at_once:
        starts = newest.retired_at = now + LEAD
        newest.verified_until = starts + OVERLAP
        newest.save(update_fields=["retired_at", "verified_until"])
    made = make_key(tenant, starts)
    record_on_tenant("signing_key.rotated", tenant, acting=acting, tenant=tenant.slug, kid=made.kid, atOnce=at_once)
    return made


def rotate_due_keys(*, acting: Actor) -> int:
    """Rotate the keys that have signed for KAPOK_SIGNING_KEY_DAYS. Out: how many."""
    due = timezone.now() - timedelta(days=settings.KAPOK_SIGNING_KEY_DAYS)
    tenants = Tenant.objects.filter(
        signing_keys__retired_at=None, signing_keys__active_from__lte=due, state=TenantState.ACTIVE
    )
    rotated = 0
    for tenant in tenants.iterator():
        do_rotate_signing_key(tenant, acting=acting)
        rotated += 1
    return rotated


def clear_away() -> None:
    """Remove keys nobody believes, private parts that sign no more, and revocations of tokens that have expired."""
    now = timezone.now()
    SigningKey.objects.filter(verified_until__lte=now).delete()
    SigningKey.objects.filter(retired_at__lte=now).exclude(sealed_private_key="").update(sealed_private_key="")
    Revocation.objects.filter(expires_at__lte=now).delete()
