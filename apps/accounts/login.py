"""Signing in to the admin, slowly for those who guess; another password. In: address, password and, of those who have
two-step sign-in, a code. Out: a session, or a sentence.

After the right password a sign-in is half done: the browser's session remembers so for a few minutes, and nobody is
signed in before the code.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import admin, messages
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.views import LoginView
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from unfold.forms import AuthenticationForm
from unfold.widgets import UnfoldAdminTextInputWidget

from apps.accounts.models import User
from apps.accounts.throttle import ACCOUNT_PASSWORDS, ADDRESS_PASSWORDS
from apps.accounts.two_step import do_sign_in_with_code, has_two_step
from apps.audit.logs import CONTROL_LOG
from apps.audit.record import record
from apps.audit.tally import TALLY
from kapok.errors import KapokError
from kapok.logs import request_id
from kapok.networks import network_of

#: How long a half-finished sign-in waits for the code, in seconds.
HALF_SECONDS = 300
_HALF = "half_signed_in"
_AGAIN = "Sign in again: there was too much time between the password and the code."


class ThrottledAuthenticationForm(AuthenticationForm):
    """The admin's login form, which counts failures by address and by account. It is never valid for an operator who
    has two-step sign-in: whatever view has it, the password alone does not sign in."""

    def clean(self) -> dict[str, Any]:
        """Sign in. Raises ValidationError, the same one for an unknown address and a wrong password."""
        if self.errors:  # one of the two is missing, or no text
            return self.cleaned_data
        address = address_of(self.request)
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
        user = self.get_user()
        actor = f"operator:{user.pk}"
        if has_two_step(user):
            record("operator.challenged", log=CONTROL_LOG, actor=actor, target=actor)
            _begin(self.request, user)
            raise ValidationError("A code is needed besides.", code="code_wanted")
        record("operator.signed_in", log=CONTROL_LOG, actor=actor, target=actor)
        return cleaned


class CodeInput(UnfoldAdminTextInputWidget):
    """A code; a browser offers what its password manager knows. A refused one is not shown again: it is of no use."""

    def __init__(self, **more: str) -> None:
        attrs = {"autocomplete": "one-time-code", "autocapitalize": "none", "spellcheck": "false"}
        super().__init__(attrs={**attrs, **more})

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        """Without the value."""
        context: dict[str, Any] = super().get_context(name, None, attrs)
        return context


class CodeForm(forms.Form):
    """The second step: a code of an authenticator app, or a recovery code."""

    code = forms.CharField(max_length=100, label="Code", widget=CodeInput(autofocus=""))

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.request = request
        self.user: User | None = None

    def clean(self) -> dict[str, Any]:
        """Sign in. Raises ValidationError, the same one for whatever is wrong with a code."""
        if self.errors:
            return self.cleaned_data
        user = half_signed_in(self.request)
        if user is None:
            raise ValidationError(_AGAIN)
        try:
            do_sign_in_with_code(user, self.cleaned_data["code"])
        except KapokError as exc:
            reason = "too many attempts" if exc.code == "RATE_LIMITED" else "code"
            _refused(user.email, address_of(self.request), reason)
            raise ValidationError(f"{exc.message} {exc.hint}") from exc
        del self.request.session[_HALF]
        self.user = user
        return self.cleaned_data

    def get_user(self) -> User | None:
        """Who has signed in."""
        return self.user


def sign_in(request: HttpRequest) -> HttpResponse:
    """The admin's page for the password; it leads to that for the code where one is wanted."""
    response: HttpResponse = admin.site.login(request)
    if not getattr(request, "kapok_code_wanted", False):
        return response
    return HttpResponseRedirect(f"{reverse('operator-code')}?{_onwards(request)}")


def code_page(request: HttpRequest) -> HttpResponse:
    """The page for the code of those whose password was right, in this browser and a moment ago."""
    if half_signed_in(request) is None:
        if request.session.pop(_HALF, None) is not None:
            messages.warning(request, _AGAIN)
        return HttpResponseRedirect(f"{reverse('admin:login')}?{_onwards(request)}")
    context = {
        **admin.site.each_context(request),
        "title": "Two-step sign-in",
        "app_path": request.get_full_path(),
        "again": f"{reverse('admin:login')}?{_onwards(request)}",
    }
    view = LoginView.as_view(authentication_form=CodeForm, template_name="accounts/code.html", extra_context=context)
    response: HttpResponse = view(request)
    return response


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


def half_signed_in(request: HttpRequest) -> User | None:
    """Whose password was given in this browser a moment ago; None once it is too late, or the password another one."""
    half = request.session.get(_HALF)
    if half is None or half["until"] < timezone.now().timestamp():
        return None
    user = User.objects.filter(pk=half["user"], is_active=True, is_staff=True).first()
    if user is None or not constant_time_compare(half["hash"], user.get_session_auth_hash()):
        return None
    user.backend = half["backend"]  # type: ignore[attr-defined]
    return user


def _begin(request: HttpRequest, user: User) -> None:
    """Remember it in the browser's session, under another key: nobody else knows that one."""
    request.session.cycle_key()
    request.session[_HALF] = {
        "user": str(user.pk),
        "backend": user.backend,  # type: ignore[attr-defined]
        "hash": user.get_session_auth_hash(),
        "until": timezone.now().timestamp() + HALF_SECONDS,
    }
    request.kapok_code_wanted = True  # type: ignore[attr-defined]


def _onwards(request: HttpRequest) -> str:
    """Where the sign-in leads, as a query; Django looks at it at the end."""
    place = request.POST.get(REDIRECT_FIELD_NAME, request.GET.get(REDIRECT_FIELD_NAME, ""))
    return urlencode({REDIRECT_FIELD_NAME: place}) if place else ""


def address_of(request: HttpRequest | None) -> str:
    """Where a request came from; "" where that is not known."""
    return str(request.META.get("REMOTE_ADDR", "")) if request else ""


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
