"""Exports: bundles of a log that auditors have asked for. The file goes after some days, the row stays as history."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone

from apps.tenants.models.jobs import Operation
from apps.tenants.models.projects import Project
from apps.tenants.models.tenants import Tenant


class AuditExport(models.Model):
    """One export. tenant_slug: empty for the control plane's log; it stays when the tenant or its project is gone.

    since, until: the times asked for. filters: what else was asked for (`tables`, `actors`, `actions`, `subject`).
    facts: what is in the bundle, once there is one. expires_at: when its file goes; removed_at: when it went.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, null=True, blank=True, on_delete=models.SET_NULL, related_name="audit_exports")
    tenant_slug = models.CharField(max_length=48, blank=True)
    project = models.ForeignKey(Project, null=True, blank=True, on_delete=models.SET_NULL, related_name="audit_exports")
    profile = models.CharField(max_length=40)
    since = models.DateTimeField(null=True, blank=True)
    until = models.DateTimeField(null=True, blank=True)
    filters = models.JSONField(default=dict, blank=True)
    operation = models.OneToOneField(
        Operation, null=True, blank=True, on_delete=models.SET_NULL, related_name="audit_export"
    )
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    facts = models.JSONField(default=dict, blank=True)
    size_bytes = models.BigIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    removed_at = models.DateTimeField(null=True, blank=True)
    downloads = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ("-created_at",)
        indexes = (models.Index(fields=("expires_at",), name="tenants_export_expiry"),)

    def __str__(self) -> str:
        return f"{self.tenant_slug or 'control plane'}, {self.created_at:%Y-%m-%d}"

    @property
    def is_ready(self) -> bool:
        """Whether there is a file to take away."""
        return self.expires_at is not None and self.removed_at is None
