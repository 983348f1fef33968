"""The admin's page for one's own two-step sign-in: set up, new recovery codes, turned off.

In: a request for /admin/two-step/. Out: the page. Each change is posted and asks for the password, for a session that
somebody left open must not become an account; where two-step sign-in is on, for a code too. The secret waits for its
first code in the session, sealed.
"""

from __future__ import annotations

from collections.abc import Callable

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from unfold.widgets import UnfoldAdminPasswordWidget

from apps.accounts.login import CodeInput, address_of
from apps.accounts.models import TwoStep, User
from apps.accounts.throttle import ACCOUNT_PASSWORDS
from apps.accounts.two_step import (
    do_end_two_step,
    do_enrol,
    do_make_recovery_codes,
    has_two_step,
    otpauth_uri,
    sealed,
    unsealed,
)
from apps.audit.logs import CONTROL_LOG
from apps.audit.tally import TALLY
from kapok import totp
from kapok.errors import KapokError
from kapok.logs import request_id
from kapok.networks import network_of

#: How long a secret waits for its first code, in seconds.
WAITS = 900
_WAITING = "two_step_waiting"


class PasswordForm(forms.Form):
    """To begin."""

    password = forms.CharField(
        label="Your password",
        strip=False,
        max_length=1000,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "current-password"}),
    )


class FirstCodeForm(forms.Form):
    """The first code of an authenticator app."""

    code = forms.CharField(
        max_length=100,
        label="The code that the app shows",
        widget=CodeInput(inputmode="numeric", autofocus=""),
    )


class ChangeForm(PasswordForm):
    """To change what is on."""

    code = forms.CharField(
        max_length=100,
        label="A code of your app, or a recovery code",
        widget=CodeInput(),
    )


def two_step_page(request: HttpRequest) -> HttpResponse:
    """What there is, and forms to change it."""
    user = _operator(request)
    act = _ACTS.get(request.POST.get("act", "")) if request.method == "POST" else None
    if act is None:
        return _page(request, user)
    try:
        return act(request, user)
    except KapokError as error:
        return _page(request, user, problem=f"{error.message} {error.hint}".strip())


def must_enrol(user: object) -> bool:
    """Whether somebody is signed in whom this server asks to set two-step sign-in up before anything else."""
    return settings.KAPOK_OPERATOR_TWO_STEP == "required" and isinstance(user, User) and not has_two_step(user)


def _begin(request: HttpRequest, user: User) -> HttpResponse:
    form = PasswordForm(request.POST)
    if not form.is_valid():
        return _page(request, user, form=form)
    _require_password(request, user, form.cleaned_data["password"])
    secret = sealed(user, totp.new_secret())
    request.session[_WAITING] = {"secret": secret, "until": timezone.now().timestamp() + WAITS}
    return _back()


def _cancel(request: HttpRequest, user: User) -> HttpResponse:
    request.session.pop(_WAITING, None)
    return _back()


def _confirm(request: HttpRequest, user: User) -> HttpResponse:
    secret, form = _waiting(request, user), FirstCodeForm(request.POST)
    if secret is None:
        return _back()
    if not form.is_valid():
        return _page(request, user, form=form)
    codes = do_enrol(user, secret, form.cleaned_data["code"], session_key=request.session.session_key)
    del request.session[_WAITING]
    request.session.cycle_key()
    return _page(request, user, codes=codes)


def _new_codes(request: HttpRequest, user: User) -> HttpResponse:
    return _changed(request, user, lambda code: _page(request, user, codes=do_make_recovery_codes(user, code)))


def _end(request: HttpRequest, user: User) -> HttpResponse:
    def end(code: str) -> HttpResponse:
        do_end_two_step(user, code)
        messages.success(request, "Two-step sign-in is off.")
        return _back()

    return _changed(request, user, end)


def _changed(request: HttpRequest, user: User, change: Callable[[str], HttpResponse]) -> HttpResponse:
    form = ChangeForm(request.POST)
    if not form.is_valid():
        return _page(request, user, form=form)
    _require_password(request, user, form.cleaned_data["password"])
    try:
        return change(form.cleaned_data["code"])
    except KapokError as error:
        _refused(request, user, "too many attempts" if error.code == "RATE_LIMITED" else "code")
        raise


_ACTS: dict[str, Callable[[HttpRequest, User], HttpResponse]] = {
    "begin": _begin,
    "cancel": _cancel,
    "confirm": _confirm,
    "codes": _new_codes,
    "end": _end,
}


def _page(
    request: HttpRequest,
    user: User,
    *,
    problem: str = "",
    form: forms.Form | None = None,
    codes: tuple[str, ...] = (),
) -> HttpResponse:
    two_step = TwoStep.objects.filter(pk=user.pk).first()
    secret = None if two_step else _waiting(request, user)
    usual = ChangeForm() if two_step else FirstCodeForm() if secret else PasswordForm()
    context = {
        **admin.site.each_context(request),
        "title": "Two-step sign-in",
        "two_step": two_step,
        "codes": codes,
        "codes_left": user.recovery_codes.filter(used_at=None).count(),
        "form": usual if form is None else form,
        "problem": problem,
        "required": must_enrol(user),
        "secret": "" if secret is None else " ".join(secret[at : at + 4] for at in range(0, len(secret), 4)),
        "qr": "" if secret is None else totp.qr_svg(otpauth_uri(user, secret)),
    }
    return TemplateResponse(request, "accounts/two_step.html", context, headers={"Cache-Control": "no-store"})


def _waiting(request: HttpRequest, user: User) -> str | None:
    """The secret that waits for its first code."""
    waiting = request.session.get(_WAITING)
    if waiting is None or waiting["until"] < timezone.now().timestamp():
        return None
    return unsealed(user, waiting["secret"])


def _require_password(request: HttpRequest, user: User, password: str) -> None:
    """Raises INVALID_CREDENTIALS, and RATE_LIMITED: it counts with the sign-ins from the same network."""
    account = f"{network_of(address_of(request))} {user.email}"
    try:
        ACCOUNT_PASSWORDS.hit(account)
    except KapokError:
        _refused(request, user, "too many attempts")
        raise
    if not user.check_password(password):
        _refused(request, user, "password")
        raise KapokError("INVALID_CREDENTIALS", "This is not your password.")
    ACCOUNT_PASSWORDS.refund(account)


def _refused(request: HttpRequest, user: User, reason: str) -> None:
    who = f"operator:{user.pk}"
    TALLY.refused(
        "operator.two_step_refused",
        CONTROL_LOG.schema,
        actor=who,
        target=who,
        address=address_of(request),
        request_id=request_id.get(),
        reason=reason,
    )


def _operator(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user


def _back() -> HttpResponse:
    return HttpResponseRedirect(reverse("operator-two-step"))
