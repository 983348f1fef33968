"""Accounts elsewhere (OpenID providers) that end users sign in with."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils import timezone

from apps.identity.models.users import User


class Identity(models.Model):
    """One account at one issuer. claims: of its last ID token."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="identities")
    provider = models.TextField()
    issuer = models.TextField()
    subject = models.TextField()
    email = models.TextField(default="", blank=True)
    claims = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    last_used_at = models.DateTimeField(default=timezone.now)

    class Meta:
        db_table = "kapok_identity"
        verbose_name_plural = "identities"
        constraints = (models.UniqueConstraint(fields=("issuer", "subject"), name="identity_issuer_subject"),)

    def __str__(self) -> str:
        return f"{self.provider} {self.subject}"
