"""Second factors of end users: authenticator apps, passkeys, recovery codes."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils import timezone

from apps.identity.models.users import User


class FactorKind(models.TextChoices):
    """The kinds of factors."""

    TOTP = "totp"
    WEBAUTHN = "webauthn"


class Factor(models.Model):
    """One factor; it counts once confirmed. last_step: the newest time step of TOTP that was used (RFC 6238, 5.2)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="factors")
    kind = models.TextField(choices=FactorKind.choices)
    name = models.TextField(default="", blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    sealed_secret = models.TextField(default="", blank=True)
    last_step = models.BigIntegerField(null=True, blank=True)
    credential_id = models.BinaryField(null=True, unique=True)
    public_key = models.BinaryField(null=True)
    sign_count = models.BigIntegerField(default=0)
    transports = models.JSONField(default=list, blank=True)
    aaguid = models.TextField(default="", blank=True)
    backed_up = models.BooleanField(default=False)

    class Meta:
        db_table = "kapok_factor"
        ordering = ("created_at",)

    def __str__(self) -> str:
        return self.name or self.kind


class RecoveryCode(models.Model):
    """A code that stands in for a lost factor, once. Only its digest is stored."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="recovery_codes")
    digest = models.TextField()
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "kapok_recovery_code"
        constraints = (models.UniqueConstraint(fields=("user", "digest"), name="identity_recovery_code"),)

    def __str__(self) -> str:
        return f"of {self.user_id}"
