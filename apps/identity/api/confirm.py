"""The page a link in a mail leads to where the project has none of its own (`siteUrl`).

In: the token, in the address or the form. Out: HTML. Opening the page changes nothing, for mail scanners open links;
the button does. It runs no script.
"""

from __future__ import annotations

import json
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from apps.identity.api.output import tokens_json
from apps.identity.context import Origin
from apps.identity.mail.send import BUTTONS
from apps.identity.services.own_account import do_confirm_email
from apps.identity.services.passwords import do_reset_password
from apps.identity.services.sign_in import do_sign_in_magic_link
from apps.identity.services.sign_up import do_verify
from apps.identity.services.verification import confirms_new_account, waiting_for
from apps.tenants.models import Tenant
from kapok.errors import KapokError

_STYLE = mark_safe(
    "body{margin:0;padding:10vh 16px;background:#f4f5f4;color:#1c2321;font:16px/1.5 system-ui,sans-serif}"
    "main{max-width:26rem;margin:auto;padding:2rem;background:#fff;border-radius:8px;overflow-wrap:anywhere}"
    "h1{font-size:1.25rem;margin:0 0 1rem}button,input{font:inherit;padding:.6rem 1rem;border-radius:6px}"
    "button{border:0;background:#047857;color:#fff}"
    "input{display:block;width:100%;box-sizing:border-box;margin:0 0 1rem;border:1px solid #aab3af}"
    "pre{white-space:pre-wrap;font-size:.8rem}"
)
#: What another try may mend.
_AGAIN = frozenset({"PASSWORD_UNFIT", "INVALID_CREDENTIALS", "REAUTHENTICATION_REQUIRED"})
_PAGE = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{}</title>'
    '<meta name="viewport" content="width=device-width"><meta name="robots" content="noindex"><style>{}</style></head>'
    "<body><main><h1>{}</h1>{}</main></body></html>"
)
_FORM = (
    '<form method="post" action="confirm"><input type="hidden" name="type" value="{}">'
    '<input type="hidden" name="token" value="{}">{}<button>{}</button></form>'
)
_PASSWORD = mark_safe(
    '<label>New password<input type="password" name="password" autocomplete="new-password" required autofocus></label>'
)
_ACCOUNTS = mark_safe(
    '<label>Password of the account<input type="password" name="password" autocomplete="current-password" required '
    "autofocus></label>"
)
_NO_PASSWORD = mark_safe("<p>An account without a password confirms it in the application, signed in.</p>")
_NOT_MINE = mark_safe(
    "<hr><p>You did not make this account, or have forgotten its password? Choose a new one: all sessions end, and "
    "what was set up before (passkeys, authenticator apps, accounts elsewhere) no longer opens it.</p>"
)
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def confirm(request: HttpRequest) -> HttpResponse:
    """GET shows the button, POST is the button."""
    tenant: Tenant = request.tenant  # type: ignore[attr-defined]
    given = request.POST if request.method == "POST" else request.GET
    purpose, token = given.get("type", ""), given.get("token", "")[:100]
    if purpose not in BUTTONS or request.method not in ("GET", "POST"):
        return _page(tenant, format_html("<p>{}</p>", "This link is not complete."), 404)
    if request.method == "GET":
        return _page(tenant, _form(purpose, token))
    origin = Origin(str(request.META.get("REMOTE_ADDR", "")), str(request.META.get("HTTP_USER_AGENT", "")))
    try:
        said = _ACTIONS[purpose](tenant, token, given.get("password", ""), origin)
    except KapokError as error:
        again = _form(purpose, token) if error.code in _AGAIN else ""
        return _page(tenant, format_html("<p>{} {}</p>{}", error.message, error.hint, again), error.status)
    return _page(tenant, said)


def _form(purpose: str, token: str) -> SafeString:
    action = _ACTIONS[purpose]
    password = _PASSWORD if action is _reset else _ACCOUNTS if action is _changed else ""
    form = format_html(_FORM, purpose, token, password, BUTTONS[purpose])
    if action is not _changed:
        return form
    if not _confirms_new_account(token):
        return form + _NO_PASSWORD
    return form + _NOT_MINE + format_html(_FORM, "password_reset", token, _PASSWORD, BUTTONS["password_reset"])


def _confirms_new_account(token: str) -> bool:
    try:
        return confirms_new_account(waiting_for(token))
    except KapokError:  # it is said when the button is pressed
        return False


def _signed_up(tenant: Tenant, token: str, password: str, origin: Origin) -> SafeString:
    do_verify(tenant, token, origin=origin)
    return format_html("<p>{}</p>", "Your address is confirmed. You can sign in now.")


def _changed(tenant: Tenant, token: str, password: str, origin: Origin) -> SafeString:
    user = do_confirm_email(tenant, token, password=password, origin=origin)
    return format_html("<p>The address of your account is {} now.</p>", user.email)


def _reset(tenant: Tenant, token: str, password: str, origin: Origin) -> SafeString:
    do_reset_password(tenant, token, password=password)
    return format_html("<p>{}</p>", "Your password is set. You can sign in with it now.")


def _signed_in(tenant: Tenant, token: str, password: str, origin: Origin) -> SafeString:
    given = tokens_json(do_sign_in_magic_link(tenant, token, origin=origin))
    note = "This application has not said where to go from here (siteUrl), so this is what it would be given:"
    return format_html("<p>{}</p><pre>{}</pre>", note, json.dumps(given, indent=2, default=str))


_ACTIONS: dict[str, Callable[[Tenant, str, str, Origin], SafeString]] = {
    "sign_up": _signed_up,
    "email_change": _changed,
    "password_reset": _reset,
    "invite": _reset,
    "magic_link": _signed_in,
}


def _page(tenant: Tenant, content: SafeString, status: int = 200) -> HttpResponse:
    page = format_html(_PAGE, tenant.name, _STYLE, tenant.name, content)
    return HttpResponse(page, status=status, headers=_HEADERS)
