"""Identity providers: where a project's users may sign in besides their passwords."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils import timezone

from apps.tenants.models.projects import Project


def default_scopes() -> list[str]:
    """What is asked for unless the project says otherwise."""
    return ["openid", "email", "profile"]


class IdentityProvider(models.Model):
    """An OpenID Connect issuer and the client a project has there. All of the project's tenants offer it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="identity_providers")
    name = models.CharField(max_length=48, help_text="Stands in addresses: /auth/v1/oidc/NAME/authorize.")
    title = models.CharField(max_length=100, help_text="What people read on a button.")
    issuer = models.CharField(max_length=500, help_text="Exactly as the provider's discovery document has it.")
    client_id = models.CharField("client id", max_length=500)
    sealed_client_secret = models.TextField(blank=True, editable=False)
    scopes = models.JSONField(default=default_scopes, blank=True)
    claims = models.JSONField(
        default=dict, blank=True, help_text="Which claim fills which field of a new user's metadata: {field: claim}."
    )
    links_accounts = models.BooleanField(
        default=False,
        help_text="Whether an account with the same e-mail address, verified here and there, is signed in to.",
    )
    enabled = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ("project", "name")
        constraints = (models.UniqueConstraint(fields=("project", "name"), name="tenants_identityprovider_name"),)

    def __str__(self) -> str:
        return self.name
