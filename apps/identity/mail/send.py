"""From words to a mail: filled in, with a text and an HTML part, handed to Django's e-mail backend.

In: a tenant, a purpose, the receiver and the facts. Out: a mail that was sent, or the backend's exception. Facts go
into the text as they are and into HTML escaped; nothing of a project's template is run.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives

from apps.identity.mail.words import WORDS, Words
from apps.tenants.auth_settings import AuthSettings
from apps.tenants.models import Tenant
from kapok.public_urls import tenant_url

_MARK = re.compile(r"\{\{\s*(\w+)\s*\}\}")
_PAGE = (
    '<!doctype html><html><head><meta charset="utf-8"></head>'
    '<body style="margin:0;padding:24px;background:#f4f5f4;font:16px/1.5 system-ui,sans-serif;color:#1c2321">'
    '<div style="max-width:560px;margin:auto;padding:32px;background:#fff;border-radius:8px">{}</div></body></html>'
)
_BUTTON = (
    '<p><a href="{0}" style="display:inline-block;padding:12px 20px;border-radius:6px;background:#047857;color:#fff;'
    'text-decoration:none">{1}</a></p><p style="font-size:13px;color:#5b6663;word-break:break-all">{0}</p>'
)
#: Where the links of a purpose lead on the tenant's own pages, and what their button says.
BUTTONS = {
    "sign_up": "Confirm the address",
    "email_change": "Confirm the address",
    "magic_link": "Sign in",
    "password_reset": "Choose a new password",
    "invite": "Choose a password",
}
CONFIRM_PATH = "/auth/v1/confirm"


def send_mail(tenant: Tenant, purpose: str, to: str, facts: Mapping[str, str]) -> None:
    """Send one mail now; slow, so call it in a worker."""
    auth = AuthSettings.of(tenant.project)
    words = _words(auth, purpose)
    known = {"app": tenant.name, "email": to, "link": "", "expires": "", "token": "", **facts}
    # One line, whatever stands in names: a header must not grow others.
    subject = " ".join(_filled(words.subject, known).split())
    message = EmailMultiAlternatives(
        subject=subject,
        body=_filled(words.text, known),
        from_email=auth.mail_from or settings.DEFAULT_FROM_EMAIL,
        to=[to],
        headers={"X-Kapok-Purpose": purpose, "Auto-Submitted": "auto-generated"},
    )
    message.attach_alternative(_html(words, purpose, known), "text/html")
    message.send()


def link(tenant: Tenant, purpose: str, token: str, redirect_to: str) -> str:
    """Where a mail's link leads: redirect_to (checked before), else the project's site, else a page of the tenant's."""
    target = redirect_to or AuthSettings.of(tenant.project).site_url
    target = target or tenant_url(settings.KAPOK_PUBLIC_URL, tenant.slug) + CONFIRM_PATH
    url = urlsplit(target)
    query = urlencode([*parse_qsl(url.query, keep_blank_values=True), ("type", purpose), ("token", token)])
    return urlunsplit(url._replace(query=query))


def until(moment: datetime) -> str:
    """A time as mails say it."""
    return f"{moment:%d %B %Y, %H:%M} UTC"


def _words(auth: AuthSettings, purpose: str) -> Words:
    own, usual = auth.mail_templates.get(purpose, {}), WORDS[purpose]
    return Words(own.get("subject", usual.subject), own.get("text", usual.text), own.get("html", ""))


def _filled(template: str, facts: Mapping[str, str]) -> str:
    return _MARK.sub(lambda mark: facts.get(mark[1], mark[0]), template)


def _html(words: Words, purpose: str, facts: Mapping[str, str]) -> str:
    escaped = {name: html.escape(value) for name, value in facts.items()}
    if words.html:
        return _filled(words.html, escaped)
    paragraphs = []
    for paragraph in html.escape(words.text).split("\n\n"):
        if _MARK.fullmatch(paragraph.strip()) and facts["link"]:
            paragraphs.append(_BUTTON.format(escaped["link"], BUTTONS.get(purpose, "Go on")))
        else:
            paragraphs.append(f"<p>{_filled(paragraph, escaped)}</p>")
    return _PAGE.format("".join(paragraphs))
