"""A project's SQL migrations, what each tenant has of them, and the template new tenants are cloned from."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from apps.tenants.models.projects import Project
from apps.tenants.models.tenants import Tenant


class ProjectMigration(models.Model):
    """One numbered SQL file of a project. checksum: SHA-256 of the text, in hex."""

    id = models.BigAutoField(primary_key=True)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="migrations")
    number = models.PositiveIntegerField()
    name = models.CharField(max_length=200)
    sql = models.TextField()
    checksum = models.CharField(max_length=64)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ("project", "number")
        constraints = (models.UniqueConstraint(fields=("project", "number"), name="tenants_migration_number"),)

    def __str__(self) -> str:
        return f"{self.number:04d}_{self.name}"


class MigrationState(models.TextChoices):
    """How a migration ended on one tenant."""

    APPLIED = "applied"
    FAILED = "failed"


class TenantMigration(models.Model):
    """A mirror of a tenant's `kapok_migration`, plus the failures, which that table cannot hold."""

    id = models.BigAutoField(primary_key=True)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="migrations")
    number = models.PositiveIntegerField()
    name = models.CharField(max_length=200)
    checksum = models.CharField(max_length=64)
    duration_ms = models.FloatField(default=0)
    state = models.CharField(max_length=8, choices=MigrationState.choices)
    error = models.JSONField(default=dict, blank=True, help_text="message, sqlstate and line of the last failure")
    applied_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("tenant", "number")
        constraints = (models.UniqueConstraint(fields=("tenant", "number"), name="tenants_tenantmigration_number"),)

    def __str__(self) -> str:
        return f"{self.number:04d}_{self.name}: {self.state}"


class Template(models.Model):
    """The SQL that makes an empty schema what all migrations up to `checksum` make it."""

    project = models.OneToOneField(Project, primary_key=True, on_delete=models.CASCADE, related_name="template")
    checksum = models.CharField(max_length=64, help_text="of all migrations' checksums in order")
    sql = models.TextField()
    catalog = models.TextField(default="", help_text="the introspected catalog of that schema, as JSON")
    method = models.CharField(max_length=8, help_text="dump, or replay where the schema could not be dumped")
    scratch_id = models.UUIDField(null=True, help_text="of the scratch schema under way, so that none is left behind")
    compiled_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.method} {self.checksum[:12]}"
