"""Signing in to the admin, slowly for those who guess. In: address and password. Out: a user, or one sentence."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from unfold.forms import AuthenticationForm

from apps.accounts.throttle import ACCOUNT_PASSWORDS, ADDRESS_PASSWORDS
from kapok.errors import KapokError


class ThrottledAuthenticationForm(AuthenticationForm):
    """The admin's login form, which counts failures by address and by account."""

    def clean(self) -> dict[str, Any]:
        """Sign in. Raises ValidationError, the same one for an unknown address and a wrong password."""
        address = str(self.request.META.get("REMOTE_ADDR", "")) if self.request else ""
        # From one address only: otherwise anybody could lock anybody out.
        account = f"{address} {str(self.cleaned_data.get('username', '')).strip().lower()}"
        try:
            ADDRESS_PASSWORDS.check(address)
            ACCOUNT_PASSWORDS.check(account)
        except KapokError as exc:
            raise ValidationError(f"{exc.message} {exc.hint}", code="rate_limited") from exc
        try:
            cleaned: dict[str, Any] = super().clean()
        except ValidationError:
            ADDRESS_PASSWORDS.failed(address)
            ACCOUNT_PASSWORDS.failed(account)
            raise
        return cleaned
