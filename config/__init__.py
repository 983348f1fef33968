"""The composition root: settings, URLs, ASGI and Celery. `celery -A config` finds the app here."""

from config.celery import app as celery_app

__all__ = ["celery_app"]
