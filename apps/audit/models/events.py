"""What people and programs did: one row an act. Rows are written by apps/audit/record.py and then stay as they are."""

from __future__ import annotations

from django.db import models

from apps.audit.fields import ClockTimestamp, CurrentXid, XidField


class Outcome(models.TextChoices):
    """How an act ended: done; refused to somebody; or tried and failed."""

    OK = "ok"
    REFUSED = "refused"
    FAILED = "failed"


class Event(models.Model):
    """One act. action: a number of apps/audit/actions.py. actor: who (`operator:<id>`, `end_user:<id>`, `key:<prefix>`,
    `system`). target: what it was done to (`tenant:<id>`). details: what the action's entry in the registry allows.

    A later position can commit first: readers go by xid (see docs/audit-events.md)."""

    position = models.BigAutoField(primary_key=True)
    xid = XidField(db_default=CurrentXid(), editable=False)
    at = models.DateTimeField(db_default=ClockTimestamp(), editable=False)
    action = models.IntegerField()
    outcome = models.TextField(choices=Outcome.choices)
    actor = models.TextField()
    target = models.TextField()
    request_id = models.TextField()
    address = models.TextField()
    details = models.JSONField()

    class Meta:
        db_table = "kapok_event"
        ordering = ("-position",)
        indexes = (
            models.Index(fields=("xid", "position"), name="audit_event_commit_order"),
            # Retention goes by it.
            models.Index(fields=("at",), name="audit_event_at"),
            # What proves something about the log itself, and stays: keys that were changed, rows that expired.
            models.Index(
                fields=("action", "position"), name="audit_event_staying", condition=models.Q(action__in=(901, 907))
            ),
        )
        constraints = (
            models.CheckConstraint(condition=models.Q(outcome__in=Outcome.values), name="audit_event_outcome"),
        )

    def __str__(self) -> str:
        return f"{self.position}: {self.action}"
