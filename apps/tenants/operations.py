"""Runs operations: step by step, resumable, by one worker at a time.

In: an operation's id. Out: the operation has ended (succeeded, failed or rolled back), or waits for another attempt. A
worker that dies leaves a stale heartbeat behind; the beat queues the operation again and it goes on at its step.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.conf import settings
from django.db import connection
from django.db.models import Q
from django.utils import timezone

from apps.tenants.jobs import JOBS, Job, Progressed
from apps.tenants.models import Operation, OperationState
from kapok.errors import KapokError
from kapok.logs import log_context

log = logging.getLogger("kapok.tenants")

#: After so many attempts that crashed or failed for a passing reason, an operation ends.
MAX_ATTEMPTS = 5
#: A queued operation nobody took for so long was lost with the queue, in seconds.
LOST_SECONDS = 60


def run_operation(operation_id: uuid.UUID) -> Operation | None:
    """Take the operation from where it is to its end. None: it is gone, or another worker has it."""
    with _exclusively(operation_id) as acquired:
        if not acquired:
            return None
        operation = Operation.objects.select_related("tenant__project", "project").filter(pk=operation_id).first()
        if operation is None or operation.is_final:
            return operation
        tenant = str(operation.tenant_id or "")
        with log_context(request=str(operation.pk), tenant=tenant):
            _attempt(operation)
        return operation


def stalled_operations() -> list[uuid.UUID]:
    """Operations that should be queued again: never queued, lost in the queue, or left by a dead worker."""
    now = timezone.now()
    stale = now - timedelta(seconds=settings.KAPOK_STALE_SECONDS)
    lost = now - timedelta(seconds=LOST_SECONDS)
    waiting = Q(state=OperationState.QUEUED) & (Q(heartbeat_at=None) | Q(heartbeat_at__lt=lost))
    abandoned = Q(state=OperationState.RUNNING) & Q(heartbeat_at__lt=stale)
    return list(Operation.objects.filter(waiting | abandoned).order_by("created_at").values_list("pk", flat=True))


@contextmanager
def _exclusively(operation_id: uuid.UUID) -> Iterator[bool]:
    """Whether this session is the one that runs the operation. The lock goes with the session, so with the worker."""
    key = f"kapok operation {operation_id}"
    with connection.cursor() as cursor:
        cursor.execute("select pg_try_advisory_lock(hashtextextended(%s, 0))", [key])
        acquired: bool = cursor.fetchone()[0]
    try:
        yield acquired
    finally:
        if acquired and connection.is_usable():
            with connection.cursor() as cursor:
                cursor.execute("select pg_advisory_unlock(hashtextextended(%s, 0))", [key])


def _attempt(operation: Operation) -> None:
    job = JOBS[operation.kind]
    if operation.attempts >= MAX_ATTEMPTS:
        _give_up(operation, job, KapokError("PROVISIONING_FAILED", "The job was interrupted too often."))
        return
    now = timezone.now()
    operation.attempts += 1
    operation.state, operation.message = OperationState.RUNNING, ""
    operation.started_at, operation.heartbeat_at = operation.started_at or now, now
    operation.save(update_fields=["attempts", "state", "message", "started_at", "heartbeat_at"])
    try:
        _run_steps(operation, job)
    except KapokError as exc:
        _give_up(operation, job, exc)
    except Exception as exc:  # whatever it is, the operation must say so and must end
        _try_again(operation, job, exc)
    else:
        _end(operation, OperationState.SUCCEEDED)


def _run_steps(operation: Operation, job: Job) -> None:
    names = list(job.steps)
    first = names.index(operation.step) if operation.step in names else 0
    for index, name in enumerate(names[first:], start=first):
        operation.step, operation.progress = name, 100 * index // len(names)
        operation.heartbeat_at = timezone.now()
        operation.save(update_fields=["step", "progress", "heartbeat_at"])
        job.steps[name](operation, _progress(operation, index, len(names)))


def _progress(operation: Operation, index: int, steps: int) -> Progressed:
    def progressed(done: int, total: int) -> None:
        operation.progress = int(100 * (index + done / max(total, 1)) / steps)
        operation.heartbeat_at = timezone.now()
        operation.message = f"{done} of {total}"
        operation.save(update_fields=["progress", "heartbeat_at", "message"])

    return progressed


def _try_again(operation: Operation, job: Job, exc: Exception) -> None:
    if not connection.is_usable():
        connection.close()
    log.exception("attempt %d of the operation failed at step %s", operation.attempts, operation.step)
    if operation.attempts >= MAX_ATTEMPTS:
        _give_up(operation, job, KapokError("PROVISIONING_FAILED", "The job failed too often."))
        return
    operation.state = OperationState.QUEUED
    operation.message = f"Attempt {operation.attempts} failed at step {operation.step}; it will be tried again."
    operation.heartbeat_at = None
    operation.save(update_fields=["state", "message", "heartbeat_at"])


def _give_up(operation: Operation, job: Job, error: KapokError) -> None:
    operation.error_code, operation.error_message = error.code, error.message
    operation.save(update_fields=["error_code", "error_message"])
    log.warning("the operation ends at step %s: %s", operation.step, error.message)
    if job.roll_back is None:
        _end(operation, OperationState.FAILED)
        return
    job.roll_back(operation)
    _end(operation, OperationState.ROLLED_BACK)


def _end(operation: Operation, state: OperationState) -> None:
    operation.state, operation.finished_at = state, timezone.now()
    operation.message = ""
    if state == OperationState.SUCCEEDED:
        operation.progress, operation.error_code, operation.error_message = 100, "", ""
    operation.save(update_fields=["state", "finished_at", "message", "progress", "error_code", "error_message"])
