"""Signing keys: made, found, read.

In: a tenant. Out: the key that signs now, and its private part, which is encrypted at rest for this tenant only.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from apps.accounts.secret_keys import secret_keys
from apps.tenants.models import SigningKey, Tenant
from kapok.bearer.form import ACCESS_SECONDS, JWKS_CACHE_SECONDS, LEEWAY_SECONDS
from kapok.bearer.keys import encoded_public_key, thumbprint
from kapok.sealing import seal, unseal

#: How long before it signs a key stands in the JWKS, so that those who cache it know the key by then.
LEAD = timedelta(seconds=JWKS_CACHE_SECONDS)
#: How long a key is believed after it signed last: its last token's life, and all that may be late about it.
OVERLAP = timedelta(seconds=ACCESS_SECONDS + LEEWAY_SECONDS + 2 * JWKS_CACHE_SECONDS)


def make_key(tenant: Tenant, active_from: datetime) -> SigningKey:
    """A new key of the tenant. The newest key it has must have been retired before."""
    private_key = Ed25519PrivateKey.generate()
    public_key = encoded_public_key(private_key)
    return SigningKey.objects.create(
        kid=thumbprint(public_key),
        tenant=tenant,
        public_key=public_key,
        sealed_private_key=seal(secret_keys(), _purpose(tenant), private_key.private_bytes_raw()),
        active_from=active_from,
    )


def signing_key(tenant: Tenant) -> SigningKey:
    """The key that signs now; made where the tenant has none."""
    return _active(tenant) or _first(tenant)


def private_key_of(key: SigningKey) -> Ed25519PrivateKey:
    """The private part. Raises SealBrokenError where SECRET_KEY has changed and the former one is not given."""
    return opened(key.tenant, key.sealed_private_key)


def opened(tenant: Tenant, sealed: str) -> Ed25519PrivateKey:
    """As private_key_of, of what is stored of a tenant's key."""
    return Ed25519PrivateKey.from_private_bytes(unseal(secret_keys(), _purpose(tenant), sealed))


def _active(tenant: Tenant) -> SigningKey | None:
    now = timezone.now()
    still = Q(retired_at=None) | Q(retired_at__gt=now)
    return tenant.signing_keys.filter(still, active_from__lte=now).order_by("-active_from").first()


@transaction.atomic
def _first(tenant: Tenant) -> SigningKey:
    Tenant.objects.select_for_update(no_key=True).get(pk=tenant.pk)
    return _active(tenant) or make_key(tenant, timezone.now())


def _purpose(tenant: Tenant) -> str:
    return f"signing key of {tenant.pk}"
