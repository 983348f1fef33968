"""Celery tasks: thin, they call operations.py. In: an operation's id. Out: nothing; the operation says it all."""

from __future__ import annotations

import logging
import uuid

from celery import shared_task
from django.utils import timezone
from kombu.exceptions import OperationalError as QueueUnavailable

from apps.tenants.acting import SYSTEM
from apps.tenants.change_log_upkeep import tend_change_logs
from apps.tenants.models import Operation, OperationState
from apps.tenants.operations import run_operation, stalled_operations
from apps.tenants.services.export_files import expire_exports
from apps.tenants.services.signing_keys import clear_away, rotate_due_keys
from apps.tenants.watching import watch_logs

log = logging.getLogger("kapok.tenants")

WAITING_FOR_QUEUE = "The job queue cannot be reached. The job starts by itself when it is back."


@shared_task
def run_operation_task(operation_id: str) -> None:
    """Run an operation."""
    run_operation(uuid.UUID(operation_id))


@shared_task
def resume_stalled_operations() -> None:
    """Queue what a lost worker or a lost queue left behind. The beat calls this every few seconds."""
    for operation_id in stalled_operations():
        enqueue(operation_id)


@shared_task
def rotate_signing_keys() -> None:
    """Successors for the signing keys that are due, and what is of no use any more removed. The beat calls this."""
    rotate_due_keys(acting=SYSTEM)
    clear_away()


@shared_task
def delete_expired_exports() -> None:
    """Delete the files of exports whose time is over. The beat calls this."""
    expire_exports()


@shared_task
def watch_audit_logs() -> None:
    """Alerts about audit logs, raised, resolved and mailed. The beat calls this."""
    watch_logs()


@shared_task
def tend_all_change_logs() -> None:
    """Triggers, partitions and retention of all tenants' change logs. The beat calls this."""
    tend_change_logs()


def enqueue(operation_id: uuid.UUID) -> bool:
    """Queue an operation. False when the queue cannot be reached: the operation says so and the beat tries again."""
    queued = Operation.objects.filter(pk=operation_id)
    queued.filter(state=OperationState.QUEUED).update(heartbeat_at=timezone.now(), message="")
    try:
        run_operation_task.apply_async((str(operation_id),), retry=False)
    except (QueueUnavailable, OSError) as exc:
        log.warning("operation %s could not be queued: %s", operation_id, exc)
        queued.filter(state=OperationState.QUEUED).update(heartbeat_at=None, message=WAITING_FOR_QUEUE)
        return False
    return True
