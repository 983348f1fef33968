"""Issuers outside whose tokens a project's tenants believe."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from apps.tenants.models.projects import Project


class TrustedIssuer(models.Model):
    """An issuer of JWTs: how its tokens are verified, and what their claims mean here. Its keys are a JWKS, or, where
    that is stated, a shared secret. Claims are named by name or by path (`realm_access.roles`)."""

    id = models.BigAutoField(primary_key=True)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="trusted_issuers")
    issuer = models.CharField(max_length=500, help_text="The tokens' iss, to the letter.")
    jwks_url = models.CharField("JWKS URL", max_length=500, blank=True)
    sealed_secret = models.TextField(blank=True, editable=False)
    audience = models.CharField(max_length=500, help_text="What the tokens' aud must hold.")
    algorithms = models.JSONField(default=list)
    subject_claim = models.CharField(max_length=200, default="sub")
    roles_claim = models.CharField(max_length=200, default="roles")
    role_mapping = models.JSONField(
        default=dict, blank=True, help_text="{their role: ours}. Empty: their roles' names are ours."
    )
    default_role = models.CharField(
        max_length=63, blank=True, help_text="Of users without any; the project's when empty."
    )
    tenant_claim = models.CharField(
        max_length=200, blank=True, help_text="Holds the tenant's slug or id. Empty: tokens hold for every tenant."
    )
    enabled = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ("project", "issuer")
        constraints = (models.UniqueConstraint(fields=("project", "issuer"), name="tenants_trustedissuer_issuer"),)

    def __str__(self) -> str:
        return self.issuer
