"""API keys. Only the digest of a key is stored; the key itself is shown once."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils import timezone

from apps.tenants.models.tenants import Tenant
from kapok.principal import SCOPES
from kapok.tokens import KeyKind


def all_scopes() -> list[str]:
    """What a key is for unless it is said."""
    return sorted(SCOPES)


class ApiKey(models.Model):
    """A key of one tenant, with the app role its callers have."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="keys")
    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=12, choices=[(kind.value, kind.value) for kind in KeyKind])
    role = models.CharField(max_length=63)
    scopes = models.JSONField(default=all_scopes, help_text="read: queries. write: mutations.")
    prefix = models.CharField(max_length=16, editable=False)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("tenant", "-created_at")
        verbose_name = "API key"

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @property
    def is_active(self) -> bool:
        """Neither revoked nor expired."""
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > timezone.now())
