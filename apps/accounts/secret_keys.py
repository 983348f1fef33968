"""What seals secrets at rest (kapok/sealing.py). In: the settings. Out: the platform's secret keys."""

from __future__ import annotations

from django.conf import settings


def secret_keys() -> list[str]:
    """The current one first, then former ones."""
    return [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
