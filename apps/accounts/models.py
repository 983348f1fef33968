"""Operators. In: an e-mail address and a password. Out: `User`, whose login is the address and whose id is a UUID;
what the second step of its sign-in is checked with.
"""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone


class UserManager(BaseUserManager["User"]):
    """Makes users; addresses are compared in lower case."""

    use_in_migrations = True

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        """A user who may sign in to the API. Raises ValueError without an address."""
        if not email:
            raise ValueError("a user needs an e-mail address")
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        """A user who may do everything."""
        return self.create_user(email, password, **{**fields, "is_staff": True, "is_superuser": True})

    def get_by_natural_key(self, username: str | None) -> User:
        """The user of an address, whatever its case."""
        return self.get(email=(username or "").strip().lower())


class User(AbstractBaseUser, PermissionsMixin):
    """A person (or a machine) that operates the platform."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = models.EmailField(unique=True)
    name = models.CharField(max_length=150, blank=True)
    is_staff = models.BooleanField("may open the admin", default=False)
    is_active = models.BooleanField(default=True)
    date_joined = models.DateTimeField(default=timezone.now, editable=False)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects: ClassVar[UserManager] = UserManager()

    class Meta:
        ordering = ("email",)
        constraints = (models.UniqueConstraint(Lower("email"), name="accounts_user_email_lower"),)

    def get_full_name(self) -> str:
        """The name, or the address of those who gave none."""
        return self.name or self.email

    def get_short_name(self) -> str:
        """The same."""
        return self.get_full_name()

    def clean(self) -> None:
        """Addresses are stored in lower case."""
        super().clean()
        self.email = self.email.strip().lower()


class TwoStep(models.Model):
    """An operator's authenticator app; there is a row once a code of it was given. last_step: the newest time step
    whose code was used (RFC 6238, 5.2). failures: wrong codes since failing_since."""

    user = models.OneToOneField(User, on_delete=models.CASCADE, primary_key=True, related_name="two_step")
    sealed_secret = models.TextField()
    last_step = models.BigIntegerField()
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    last_used_at = models.DateTimeField(default=timezone.now)
    failures = models.PositiveSmallIntegerField(default=0)
    failing_since = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"of {self.user_id}"


class RecoveryCode(models.Model):
    """A code that stands in for a lost authenticator app, once. Only its digest is stored."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="recovery_codes")
    digest = models.TextField()
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("user", "digest"), name="accounts_recovery_code"),)

    def __str__(self) -> str:
        return f"of {self.user_id}"
