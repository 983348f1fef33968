"""What the watch saw of every log, and what it found wrong. In `public`: nobody has to look into 2,000 schemas."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone

from apps.audit.logs import PUBLIC
from apps.tenants.models.permissions import MAX_NOTE
from apps.tenants.models.tenants import Tenant


class AlertKind(models.TextChoices):
    """What can be wrong with a log."""

    UNREADABLE = "unreadable", "Log cannot be read"
    SEALING_REFUSED = "sealing_refused", "Sealing refused"
    CHECK_FAILED = "check_failed", "Self-check failed"
    SEALING_LAGS = "sealing_lags", "Sealing lags behind"
    ANCHORS_BEHIND = "anchors_behind", "Anchors behind"
    CHECK_OVERDUE = "check_overdue", "Self-check overdue"
    CLOCK_AHEAD = "clock_ahead", "Checkpoint from the future"


class AuditLog(models.Model):
    """A log as it was when the watch looked at it last. schema, tenant: whose; no tenant: the control plane's.

    size: entries. waiting_since: the oldest row that is committed and under no checkpoint. signed_*: the last one.
    unanchored_since: when the first checkpoint was signed that not all anchors have. key_id: who signs. *_problem: as
    in kapok_log. unreadable_since: its tables are gone, or not what they must be. looked_at: of the control plane's
    row, when the last round was.

    The rest is the watch's memory: version of the row in kapok_log; positions of the two tables, unchanged since the
    transaction id seen_xid; calm: everything up to those positions is known to be sealed."""

    schema = models.TextField(primary_key=True)
    tenant = models.OneToOneField(Tenant, null=True, blank=True, on_delete=models.CASCADE, related_name="audit_log")
    size = models.BigIntegerField("entries", default=0)
    waiting_since = models.DateTimeField(null=True, blank=True)
    signed_size = models.BigIntegerField(default=0)
    signed_at = models.DateTimeField(null=True, blank=True)
    anchored_size = models.BigIntegerField(default=0)
    unanchored_since = models.DateTimeField(null=True, blank=True)
    checked_at = models.DateTimeField(null=True, blank=True)
    key_id = models.TextField(blank=True, default="")
    sealing_problem = models.TextField(blank=True, default="")
    check_problem = models.TextField(blank=True, default="")
    unreadable_since = models.DateTimeField(null=True, blank=True)
    known_since = models.DateTimeField(default=timezone.now, editable=False)
    looked_at = models.DateTimeField(default=timezone.now)
    version = models.TextField(blank=True, default="", editable=False)
    change_position = models.BigIntegerField(default=0, editable=False)
    event_position = models.BigIntegerField(default=0, editable=False)
    seen_xid = models.BigIntegerField(default=0, editable=False)
    calm = models.BooleanField(default=False, editable=False)

    class Meta:
        verbose_name = "audit log"

    def __str__(self) -> str:
        return self.tenant.slug if self.tenant is not None else "control plane"

    @property
    def is_platform(self) -> bool:
        """Whether it is the control plane's own."""
        return self.schema == PUBLIC


class AuditAlert(models.Model):
    """Something is, or was, wrong with a log: at most one open alert for each log and kind.

    since: when it began to be wrong. told_at, end_told_at: when a mail said that it was raised, and that it was
    resolved. acknowledged_*: somebody looks after it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=20, choices=AlertKind.choices)
    log = models.TextField()
    tenant = models.ForeignKey(Tenant, null=True, blank=True, on_delete=models.CASCADE, related_name="audit_alerts")
    text = models.TextField()
    since = models.DateTimeField()
    raised_at = models.DateTimeField(default=timezone.now)
    resolved_at = models.DateTimeField(null=True, blank=True)
    told_at = models.DateTimeField(null=True, blank=True)
    end_told_at = models.DateTimeField(null=True, blank=True)
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    note = models.CharField(max_length=MAX_NOTE, blank=True, default="")

    class Meta:
        verbose_name = "audit alert"
        ordering = ("-raised_at",)
        constraints = (
            models.UniqueConstraint(
                fields=("log", "kind"), condition=models.Q(resolved_at=None), name="tenants_auditalert_open"
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.log_name}"

    @property
    def log_name(self) -> str:
        """Whose log it is."""
        return self.tenant.slug if self.tenant is not None else "control plane"
