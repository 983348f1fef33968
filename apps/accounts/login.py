"""Signing in to the admin, slowly for those who guess; another password. In: address and password. Out: a user, or a
sentence."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from unfold.forms import AuthenticationForm

from apps.accounts.models import User
from apps.accounts.throttle import ACCOUNT_PASSWORDS, ADDRESS_PASSWORDS
from apps.audit.logs import CONTROL_LOG
from apps.audit.record import record
from apps.audit.tally import TALLY
from kapok.errors import KapokError
from kapok.logs import request_id
from kapok.networks import network_of


class ThrottledAuthenticationForm(AuthenticationForm):
    """The admin's login form, which counts failures by address and by account."""

    def clean(self) -> dict[str, Any]:
        """Sign in. Raises ValidationError, the same one for an unknown address and a wrong password."""
        if self.errors:  # one of the two is missing, or no text
            return self.cleaned_data
        address = str(self.request.META.get("REMOTE_ADDR", "")) if self.request else ""
        # From one network only: otherwise anybody could lock anybody out.
        network, name = network_of(address), str(self.cleaned_data.get("username", "")).strip().lower()
        account = f"{network} {name}"
        try:
            ACCOUNT_PASSWORDS.hit(account)
            ADDRESS_PASSWORDS.hit(network)
        except KapokError as exc:
            _refused(name, address, "too many attempts")
            raise ValidationError(f"{exc.message} {exc.hint}", code="rate_limited") from exc
        try:
            cleaned: dict[str, Any] = super().clean()
        except ValidationError:
            _refused(name, address, "credentials")
            raise
        ADDRESS_PASSWORDS.refund(network)
        ACCOUNT_PASSWORDS.refund(account)
        actor = f"operator:{self.get_user().pk}"
        record("operator.signed_in", log=CONTROL_LOG, actor=actor, target=actor)
        return cleaned


def own_password(request: HttpRequest) -> HttpResponse:
    """The admin's page for another password of one's own; a change is recorded as any other of an operator."""
    assert isinstance(request.user, User)
    who = f"operator:{request.user.pk}"
    with transaction.atomic():
        response: HttpResponse = admin.site.password_change(request)
        if response.status_code == 302:
            facts = {"email": request.user.email, "changed": ["password"]}
            record("operator.changed", log=CONTROL_LOG, actor=who, target=who, details=facts)
    return response


def _refused(name: str, address: str, reason: str) -> None:
    target = f"account:{name}"
    TALLY.refused(
        "operator.sign_in_refused",
        CONTROL_LOG.schema,
        actor="",
        target=target,
        address=address,
        request_id=request_id.get(),
        reason=reason,
    )
