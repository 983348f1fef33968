"""System checks: refuse to boot on bad settings.

In: Django's settings. Out: errors with an id (kapok.E...) and a hint. No input or output, so that they run anywhere;
what needs the database is in the readiness of apps.control.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error

from kapok.outside_urls import is_loopback

#: The fewest characters of a secret key: 256 bits in base64 have 43.
MIN_SECRET_KEY = 43


def check_settings(app_configs: Sequence[Any] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """All of Kapok's checks."""
    found = [*_check_urls(), *_check_tenants()]
    return [*found, *_check_production()] if settings.KAPOK_PRODUCTION else found


def refuse(found: Sequence[CheckMessage]) -> None:
    """End the process, saying what is wrong and what to do. Raises SystemExit when anything was found."""
    if found:
        raise SystemExit("Kapok does not start:\n" + "\n".join(f"{item.id}: {item.msg} {item.hint}" for item in found))


def _check_urls() -> Iterator[CheckMessage]:
    if urlsplit(settings.DATABASE_URL).scheme not in {"postgresql", "postgres"}:
        yield Error(
            "DATABASE_URL is not a PostgreSQL URL.",
            hint="Set DATABASE_URL=postgresql://user:password@host:5432/database (or DATABASE_URL_FILE).",
            id="kapok.E001",
        )
    elif not settings.DATABASES["default"]["NAME"]:
        yield Error("DATABASE_URL names no database.", hint="End it with /<database>.", id="kapok.E002")
    if urlsplit(settings.REDIS_URL).scheme not in {"redis", "rediss", "unix"}:
        yield Error(
            "REDIS_URL is not a Redis URL.",
            hint="Set REDIS_URL=redis://host:6379/0 (or REDIS_URL_FILE).",
            id="kapok.E003",
        )


def _check_tenants() -> Iterator[CheckMessage]:
    if settings.DATABASES["default"]["ENGINE"] != "apps.tenants.postgresql":
        yield Error(
            "The default database must use apps.tenants.postgresql.",
            hint="Build DATABASES with kapok.roles.django_database.",
            id="kapok.E004",
        )
    if settings.PUBLIC_SCHEMA_NAME != "public":
        yield Error(
            "The platform's tables must live in the schema public.",
            hint="Gateways read them by their qualified names: leave PUBLIC_SCHEMA_NAME alone.",
            id="kapok.E005",
        )


def _check_production() -> Iterator[CheckMessage]:
    if settings.DEBUG:
        yield Error("DEBUG is on in production.", hint="Remove it: pages would show the code's state.", id="kapok.E006")
    if len(settings.SECRET_KEY) < MIN_SECRET_KEY or settings.SECRET_KEY.startswith("insecure-"):
        yield Error(
            "SECRET_KEY is missing, short or the one for development.",
            hint="Set SECRET_KEY (or SECRET_KEY_FILE) to at least 50 random characters. It derives the database roles' "
            "passwords, so keep it.",
            id="kapok.E007",
        )
    if not settings.ALLOWED_HOSTS:
        yield Error(
            "No host is allowed: the control plane would answer 400 to everyone.",
            hint="Set KAPOK_ALLOWED_HOSTS=admin.example.com.",
            id="kapok.E008",
        )
    elif "*" in settings.ALLOWED_HOSTS:
        yield Error(
            "Every host is allowed.",
            hint="Name the hosts of the control plane in KAPOK_ALLOWED_HOSTS.",
            id="kapok.E009",
        )
    yield from _check_public_url()


def _check_public_url() -> Iterator[CheckMessage]:
    """It stands in tokens and mails: nobody sees that it is wrong before the first one is of no use."""
    public = urlsplit(settings.KAPOK_PUBLIC_URL)
    hint = "Set KAPOK_PUBLIC_URL=https://kapok.example.com (or KAPOK_BASE_DOMAIN=kapok.example.com)."
    if is_loopback(public.hostname or ""):
        yield Error(f"Callers would be told to reach {settings.KAPOK_PUBLIC_URL}.", hint=hint, id="kapok.E010")
    if public.scheme != "https" and settings.SECURE_SSL_REDIRECT:
        yield Error(
            "KAPOK_PUBLIC_URL is no https address.", hint=f"{hint} Without TLS: KAPOK_HTTPS=false.", id="kapok.E011"
        )
