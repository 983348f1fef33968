"""Kapok's rules as Django validators, for forms. In: a field's value. Out: ValidationError with the rule's sentence."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError

from apps.tenants.auth_settings import auth_problem
from kapok.errors import KapokError
from kapok.slugs import validate_slug
from kapok.tenancy import Limits


def slug_validator(value: str) -> None:
    """kapok.slugs as a validator."""
    try:
        validate_slug(value)
    except KapokError as exc:
        raise ValidationError(f"{exc.message} {exc.hint}", code="invalid_slug") from exc


def limits_problem(overrides: Any) -> str | None:
    """What is wrong with a tenant's limits, as a sentence; None when nothing is."""
    if not isinstance(overrides, dict):
        return "Limits must be an object."
    known = Limits.__dataclass_fields__
    for name, value in overrides.items():
        if name not in known:
            return f"There is no limit {str(name)[:50]!r}; known are {', '.join(known)}."
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 2_000_000_000:
            return f"The limit {name!r} must be a whole number from 1 to 2000000000."
    return None


def limits_validator(value: Any) -> None:
    """A tenant's overrides of kapok.tenancy.Limits."""
    problem = limits_problem(value)
    if problem:
        raise ValidationError(problem, code="invalid_limits")


def origins_problem(origins: Any) -> str | None:
    """What is wrong with a project's CORS origins, as a sentence; None when nothing is."""
    if not isinstance(origins, list):
        return "CORS origins must be a list."
    for origin in origins:
        if not isinstance(origin, str) or not (origin == "*" or _is_origin(origin)):
            return f"{str(origin)[:100]!r} is not an origin such as https://app.example.com."
    return None


def _is_origin(text: str) -> bool:
    scheme, separator, host = text.partition("://")
    return bool(separator) and scheme in {"http", "https"} and bool(host) and not set(host) & set("/?# @\\")


def origins_validator(value: Any) -> None:
    """A project's CORS origins."""
    problem = origins_problem(value)
    if problem:
        raise ValidationError(problem, code="invalid_origins")


def auth_validator(value: Any) -> None:
    """A project's settings for its end users."""
    problem = auth_problem(value)
    if problem:
        raise ValidationError(problem, code="invalid_auth")
