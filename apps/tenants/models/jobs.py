"""Operations: long work with named steps and progress, done by a worker and resumable by any other."""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone

from apps.tenants.models.projects import Project
from apps.tenants.models.tenants import Tenant

#: Where the result of an erasure holds what is to be erased, and why, until it is.
ASKED = "erasure"


class OperationKind(models.TextChoices):
    """What an operation does."""

    PROVISION = "provision"
    DELETE = "delete"
    MIGRATE_TENANT = "migrate_tenant"
    MIGRATE_PROJECT = "migrate_project"
    UPGRADE = "upgrade"
    AUDIT_EXPORT = "audit_export"
    AUDIT_SETTINGS = "audit_settings"
    AUDIT_CHECK = "audit_check"
    AUDIT_ERASURE = "audit_erasure"
    SEED = "seed"


class OperationState(models.TextChoices):
    """The states of an operation; the last three are final."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    ROLLED_BACK = "rolled_back"


class Operation(models.Model):
    """One job. `step` is the step under way, or the last one."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=20, choices=OperationKind.choices)
    state = models.CharField(max_length=12, choices=OperationState.choices, default=OperationState.QUEUED)
    tenant = models.ForeignKey(Tenant, null=True, blank=True, on_delete=models.SET_NULL, related_name="operations")
    project = models.ForeignKey(Project, null=True, blank=True, on_delete=models.SET_NULL, related_name="operations")
    steps = models.JSONField(default=list)
    step = models.CharField(max_length=40, blank=True)
    progress = models.PositiveSmallIntegerField(default=0, help_text="percent")
    attempts = models.PositiveSmallIntegerField(default=0)
    message = models.CharField(max_length=500, blank=True, help_text="what the operation waits for or is doing")
    error_code = models.CharField(max_length=50, blank=True)
    error_message = models.TextField(blank=True)
    result = models.JSONField(default=dict, blank=True)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    started_at = models.DateTimeField(null=True, blank=True)
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-created_at",)
        indexes = (models.Index(fields=("state", "heartbeat_at"), name="tenants_operation_stale"),)

    def __str__(self) -> str:
        return f"{self.kind} {self.state}"

    @property
    def shown_result(self) -> dict[str, Any]:
        """The result, for everybody who may see the project: what is to be erased may name a person."""
        return {name: value for name, value in self.result.items() if name != ASKED}

    @property
    def may_be_retried(self) -> bool:
        """Whether it ended badly; but of a failed seed there is nothing left to run."""
        ended_badly = self.state in {OperationState.FAILED, OperationState.ROLLED_BACK}
        return ended_badly and self.kind != OperationKind.SEED

    @property
    def is_final(self) -> bool:
        """Whether it has ended, well or not."""
        return self.state in {OperationState.SUCCEEDED, OperationState.FAILED, OperationState.ROLLED_BACK}
