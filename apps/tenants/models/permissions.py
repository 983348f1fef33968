"""Versions of texts: a project's permissions.yaml, what differs for one tenant, and audit.yaml."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone

from apps.tenants.models.projects import Project
from apps.tenants.models.tenants import Tenant

#: The longest reason for a change, in characters.
MAX_NOTE = 500


class PermissionsVersion(models.Model):
    """One version of a text; the highest version counts. note: why it was made."""

    id = models.BigAutoField(primary_key=True)
    version = models.PositiveIntegerField()
    text = models.TextField()
    note = models.CharField(max_length=MAX_NOTE, blank=True, default="")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"version {self.version}"


class ProjectPermissions(PermissionsVersion):
    """A project's permissions.yaml."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="permissions")

    class Meta:
        ordering = ("project", "-version")
        verbose_name_plural = "project permissions"
        constraints = (models.UniqueConstraint(fields=("project", "version"), name="tenants_permissions_version"),)


class TenantPermissions(PermissionsVersion):
    """What differs for one tenant: entries that replace the project's. An empty text: nothing differs."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="permissions")

    class Meta:
        ordering = ("tenant", "-version")
        verbose_name_plural = "tenant permissions"
        constraints = (models.UniqueConstraint(fields=("tenant", "version"), name="tenants_tenantpermissions_version"),)


class ProjectAuditSettings(PermissionsVersion):
    """A project's audit.yaml, as it was from a moment on."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="audit_versions")

    class Meta:
        ordering = ("project", "-version")
        verbose_name_plural = "project audit settings"
        constraints = (models.UniqueConstraint(fields=("project", "version"), name="tenants_auditsettings_version"),)
