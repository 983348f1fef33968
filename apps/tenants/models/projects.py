"""Projects: one application each, with its trusted documents."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils import timezone

from apps.tenants.validators import auth_validator, origins_validator, slug_validator
from kapok.identifiers import gateway_role


class Project(models.Model):
    """One application: its SQL migrations, permissions and settings; owns many tenants."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    slug = models.CharField(max_length=48, unique=True, validators=[slug_validator])
    name = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    cors_origins = models.JSONField(
        "CORS origins", default=list, blank=True, validators=[origins_validator], help_text="Origins of browsers' apps."
    )
    trusted_documents_only = models.BooleanField(default=False, help_text="Run registered GraphQL documents only.")
    introspection = models.BooleanField(default=True, help_text="Whether the GraphQL schema may be read.")
    draft_statuses = models.BooleanField(
        default=False, help_text="HTTP statuses of the newest GraphQL-over-HTTP draft instead of the audit suite's."
    )
    auth = models.JSONField(
        "end users",
        default=dict,
        blank=True,
        validators=[auth_validator],
        help_text="How users sign up and in, where it differs from the defaults; see docs/auth.md.",
    )
    audit = models.TextField("change log", blank=True, default="", editable=False, help_text="Its audit.yaml.")
    recorded_reads = models.JSONField(
        "recorded reads",
        default=dict,
        editable=False,
        help_text="The tables of its audit.yaml whose reads are recorded.",
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ("slug",)
        permissions = (
            ("manage_project", "Can manage the project and its tenants"),
            ("audit_project", "Can read and export the audit trail of the project's tenants"),
            ("audit_platform", "Can read and export the control plane's audit trail"),
        )

    def __str__(self) -> str:
        return self.slug

    @property
    def gateway_role(self) -> str:
        """The role requests of this project's tenants log in as."""
        return gateway_role(self.id)


class TrustedDocument(models.Model):
    """A GraphQL document a project registered; found by the SHA-256 of its text, in hex."""

    id = models.BigAutoField(primary_key=True)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="documents")
    sha256 = models.CharField(max_length=64)
    document = models.TextField()
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ("project", "sha256")
        constraints = (models.UniqueConstraint(fields=("project", "sha256"), name="tenants_document_sha256"),)

    def __str__(self) -> str:
        return self.sha256[:12]
