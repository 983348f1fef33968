"""The Celery app: jobs over Redis, and the beat that picks up what a lost worker or a lost Redis left behind.

`celery -A config worker` and `celery -A config beat`.
"""

from __future__ import annotations

import os
from logging.config import dictConfig
from typing import Any

from celery import Celery
from celery.signals import setup_logging

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.production")

from config.env import ENV
from config.logging import logging_config

#: How often due signing keys are looked for, in seconds.
ROTATE_EVERY_SECONDS = 600.0
#: How often stalled and waiting operations are looked for, in seconds.
RESUME_EVERY_SECONDS = 5.0
#: How often tenants' change logs are mended, given partitions and freed of what is too old, in seconds.
TEND_EVERY_SECONDS = 3600.0
#: How often sessions and tokens of end users that are over are thrown away, in seconds.
PURGE_EVERY_SECONDS = 3600.0
#: How often files of exports that are over are looked for, in seconds.
EXPIRE_EVERY_SECONDS = 900.0
#: How often the self-check of logs goes on, in seconds.
CHECK_EVERY_SECONDS = 600.0
#: How often all logs are looked at for alerts, in seconds.
WATCH_EVERY_SECONDS = 60.0


def _every(seconds: float, task: str) -> dict[str, Any]:
    """An entry of the schedule. A task that nobody took until the next one is due is dropped."""
    return {"task": task, "schedule": seconds, "options": {"expires": seconds}}


app = Celery("kapok")
app.conf.update(
    broker_url=ENV.redis_url,
    result_backend=ENV.redis_url,
    task_ignore_result=True,
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    # A request that enqueues must not wait for a Redis that is away: the beat finds the operation later.
    broker_transport_options={"socket_connect_timeout": 1.0, "socket_timeout": 30.0, "max_retries": 0},
    task_publish_retry=False,
    # The schedule needs no file: all it holds is below.
    beat_scheduler="celery.beat:Scheduler",
    beat_schedule={
        "throw away ended sessions": _every(PURGE_EVERY_SECONDS, "apps.identity.tasks.purge_ended"),
        "check the logs": _every(CHECK_EVERY_SECONDS, "apps.audit.tasks.check_logs"),
        "watch the logs": _every(WATCH_EVERY_SECONDS, "apps.tenants.tasks.watch_audit_logs"),
        "delete expired exports": _every(EXPIRE_EVERY_SECONDS, "apps.tenants.tasks.delete_expired_exports"),
        "tend change logs": _every(TEND_EVERY_SECONDS, "apps.tenants.tasks.tend_all_change_logs"),
        "resume stalled operations": _every(RESUME_EVERY_SECONDS, "apps.tenants.tasks.resume_stalled_operations"),
        "rotate signing keys": _every(ROTATE_EVERY_SECONDS, "apps.tenants.tasks.rotate_signing_keys"),
    },
    timezone="UTC",
)
app.autodiscover_tasks(["apps.audit", "apps.tenants", "apps.identity"])


@setup_logging.connect
def _configure_logging(**kwargs: Any) -> None:
    """Workers log as everything else does; a connected receiver keeps Celery from configuring logging itself."""
    dictConfig(logging_config(ENV.log_level, ENV.log_format))
