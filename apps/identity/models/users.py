"""End users of a tenant."""

from __future__ import annotations

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone


class User(models.Model):
    """One person (or one anonymous visitor) of one tenant.

    email: normalised, see apps/identity/emails.py; None while anonymous. password: Argon2's encoded hash, "" for none.
    roles: what tenant admins gave; app_metadata: claims of theirs; user_metadata: what the user says of himself, which
    no rule may rely on.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = models.TextField(null=True, blank=True, unique=True)
    email_verified_at = models.DateTimeField(null=True, blank=True)
    password = models.TextField(default="", blank=True, editable=False)
    password_changed_at = models.DateTimeField(null=True, blank=True)
    is_anonymous = models.BooleanField(default=False)
    roles = ArrayField(models.TextField(), default=list, blank=True)
    app_metadata = models.JSONField(default=dict, blank=True)
    user_metadata = models.JSONField(default=dict, blank=True)
    disabled_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)
    last_sign_in_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "kapok_user"
        ordering = ("-created_at",)
        constraints = (
            # With the unique email: unique whatever the case.
            models.CheckConstraint(
                condition=models.Q(email=None) | models.Q(email=Lower("email")), name="identity_email_is_lower"
            ),
        )
        indexes = (models.Index(fields=("-created_at",), name="identity_user_created"),)

    def __str__(self) -> str:
        return self.email or f"anonymous {self.pk}"
