"""Fields that several inputs share."""

from __future__ import annotations

from rest_framework import serializers

from apps.identity.api.base import StrictInput
from apps.identity.emails import MAX_LENGTH as MAX_EMAIL
from apps.identity.passwords import MAX_LENGTH as MAX_PASSWORD


def email_field() -> serializers.CharField:
    """An address; services say what is wrong with it."""
    return serializers.CharField(max_length=MAX_EMAIL)


def password_field(**more: object) -> serializers.CharField:
    """A password, as it was typed."""
    return serializers.CharField(max_length=MAX_PASSWORD, trim_whitespace=False, **more)  # type: ignore[arg-type]


def redirect_field() -> serializers.CharField:
    """Where the link in a mail leads: one of the project's redirect addresses."""
    return serializers.CharField(max_length=2000, required=False, default="", allow_blank=True)


def token_field() -> serializers.CharField:
    """A one-time or refresh token."""
    return serializers.CharField(max_length=100)


class TokenInput(StrictInput):
    """A token from a mail."""

    token = token_field()


class AddressInput(StrictInput):
    """Where a mail is to go."""

    email = email_field()
    redirectTo = redirect_field()
