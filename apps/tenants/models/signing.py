"""What makes and ends the tokens of a tenant's users: signing keys and revocations."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from apps.tenants.models.tenants import Tenant


class SigningKey(models.Model):
    """An Ed25519 key of one tenant. It signs from `active_from` until its successor does (`retired_at`), and is
    believed until `verified_until`. Everything follows from these times: no job has to run for a change of state."""

    #: The RFC 7638 thumbprint of the public key.
    kid = models.CharField(primary_key=True, max_length=43, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="signing_keys")
    public_key = models.CharField(max_length=43, editable=False, help_text="the JWK's x")
    sealed_private_key = models.TextField(blank=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    active_from = models.DateTimeField()
    retired_at = models.DateTimeField(null=True, blank=True)
    verified_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("tenant", "-active_from")
        constraints = (
            models.UniqueConstraint(
                fields=("tenant",), condition=models.Q(retired_at=None), name="tenants_signingkey_newest"
            ),
        )

    def __str__(self) -> str:
        return f"{self.kid[:12]}…"

    @property
    def state(self) -> str:
        """upcoming (in the JWKS already), active (signs), retiring (still believed) or gone."""
        now = timezone.now()
        if self.verified_until is not None and self.verified_until <= now:
            return "gone"
        if self.retired_at is not None and self.retired_at <= now:
            return "retiring"
        return "active" if self.active_from <= now else "upcoming"


class RevocationKind(models.TextChoices):
    """What a revocation names."""

    SESSION = "sid", "session"
    USER = "sub", "user"


class Revocation(models.Model):
    """Tokens that are no longer believed: a session's, or a user's that were issued until `revoked_at`. The row is of
    no use once the last of these tokens has expired."""

    id = models.BigAutoField(primary_key=True)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="revocations")
    kind = models.CharField(max_length=3, choices=RevocationKind.choices)
    value = models.CharField(max_length=255)
    revoked_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        ordering = ("tenant", "-revoked_at")
        constraints = (models.UniqueConstraint(fields=("tenant", "kind", "value"), name="tenants_revocation_of_one"),)

    def __str__(self) -> str:
        return f"{self.kind} {self.value}"
