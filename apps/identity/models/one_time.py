"""Tokens that work once: in mails, between the steps of a sign-in, in ceremonies of passkeys."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils import timezone

from apps.identity.models.users import User


class OneTimeToken(models.Model):
    """One token given out. purpose: what it is good for, and nothing else. digest: SHA-256 of it, in hex. data: what
    belongs to it, sealed where secret. attempts: wrong answers, where the token asks for more than itself."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    purpose = models.TextField()
    digest = models.TextField(unique=True)
    user = models.ForeignKey(User, null=True, blank=True, on_delete=models.CASCADE, related_name="one_time_tokens")
    data = models.JSONField(default=dict, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField(db_index=True)
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "kapok_one_time_token"

    def __str__(self) -> str:
        return self.purpose
