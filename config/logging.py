"""How this process logs. In: level and format. Out: a `logging.config` dictionary, for Django and Celery alike."""

from __future__ import annotations

from typing import Any


def logging_config(level: str, log_format: str) -> dict[str, Any]:
    """Everything goes to standard error through one handler."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "json": {"()": "kapok.logs.JsonFormatter"},
            "text": {
                "()": "kapok.logs.TextFormatter",
                "format": "%(asctime)s %(levelname)-7s %(name)s: %(message)s",
            },
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": log_format}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            # Django's and Celery's own handlers would print every line twice.
            "django": {"handlers": [], "propagate": True},
            "django.server": {"handlers": [], "propagate": True},
            "celery": {"handlers": [], "propagate": True},
            # Two lines a tick and two a job say less than the operations themselves do.
            "celery.beat": {"level": "WARNING"},
            "celery.worker.strategy": {"level": "WARNING"},
            "celery.app.trace": {"level": "WARNING"},
        },
    }
