"""Sessions of end users, and their refresh tokens. Only digests of tokens are stored."""

from __future__ import annotations

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone

from apps.identity.models.users import User


class Session(models.Model):
    """One sign-in on one device, and the family of its refresh tokens; its id is the tokens' `sid`.

    methods: how the user proved who it is (RFC 8176's `amr`: pwd, otp, ...). level: aal1, or aal2 with two factors.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="sessions")
    methods = ArrayField(models.TextField(), default=list)
    level = models.TextField(default="aal1")
    authenticated_at = models.DateTimeField(default=timezone.now)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    last_used_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    address = models.TextField(default="", blank=True)
    user_agent = models.TextField(default="", blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_reason = models.TextField(default="", blank=True)

    class Meta:
        db_table = "kapok_session"
        ordering = ("-last_used_at",)

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def is_active(self) -> bool:
        """Neither revoked nor expired."""
        return self.revoked_at is None and self.expires_at > timezone.now()


class RefreshToken(models.Model):
    """One refresh token of a session. It is used once; `replaced_by` is the one that was given out for it."""

    id = models.BigAutoField(primary_key=True)
    digest = models.TextField(unique=True)
    session = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="refresh_tokens")
    replaced_by = models.OneToOneField(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="replaces"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    used_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField()

    class Meta:
        db_table = "kapok_refresh_token"

    def __str__(self) -> str:
        return f"of session {self.session_id}"
