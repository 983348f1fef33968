"""A project's settings for its end users: typed, with defaults, stored as JSON of what differs.

In: `Project.auth` or what an operator sends (camelCase keys). Out: `AuthSettings`, or VALIDATION_FAILED naming the key
and what it must be.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from email.utils import parseaddr
from typing import Any
from urllib.parse import urlsplit

from kapok.bearer.form import is_role
from kapok.errors import KapokError

_LOCAL_HOSTS = {"localhost", "127.0.0.1", "::1"}
_APP_SCHEME = re.compile(r"[a-z][a-z0-9+]*(\.[a-z0-9+-]+)+")
_DOMAIN = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")
_TEMPLATE_PARTS = frozenset({"subject", "text", "html"})
#: What a mail can be about; each has a template (apps/identity/mail) that a project may replace.
MAIL_PURPOSES = (
    "sign_up",
    "sign_up_known",
    "magic_link",
    "password_reset",
    "invite",
    "password_changed",
    "email_change",
    "email_changed",
)
_MAX_TEMPLATE = 50_000
_MAX_LIST = 100

Problem = str | None


def _boolean(value: Any) -> Problem:
    return None if isinstance(value, bool) else "must be true or false"


def _whole(low: int, high: int) -> Callable[[Any], Problem]:
    def check(value: Any) -> Problem:
        right = isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
        return None if right else f"must be a whole number from {low} to {high}"

    return check


def _role(value: Any) -> Problem:
    return None if value == "" or is_role(value) else "must be the name of a role other than service"


def _line(value: Any) -> Problem:
    right = isinstance(value, str) and len(value) <= 200 and value.isprintable()
    return None if right else "must be one line of at most 200 characters"


def _sender(value: Any) -> Problem:
    if not isinstance(value, str) or not value.isprintable() or len(value) > 300:
        return "must be one line such as Shop <hello@shop.example.com>"
    return None if not value or re.fullmatch(r"[^@\s]+@[^@\s]+", parseaddr(value)[1]) else "must hold an e-mail address"


def is_redirect_url(value: Any) -> bool:
    """Whether a browser or an app may be sent there: https, http on this machine, or an app's own scheme with a dot."""
    if (
        not isinstance(value, str)
        or not value.isascii()
        or len(value) > 2000
        or re.search(r"[\s\\\x00-\x20\x7f#]", value)
    ):
        return False
    try:
        url = urlsplit(value)
        host, _ = url.hostname, url.port
    except ValueError:
        return False
    if url.username is not None or url.password is not None:
        return False
    if url.scheme in {"http", "https"}:
        return bool(host) and (url.scheme == "https" or host in _LOCAL_HOSTS)
    return bool(_APP_SCHEME.fullmatch(url.scheme)) and "://" in value


def _site(value: Any) -> Problem:
    return None if value == "" or is_redirect_url(value) else "must be an address such as https://app.example.com/"


def _list_of(check: Callable[[Any], bool], what: str) -> Callable[[Any], Problem]:
    def check_list(value: Any) -> Problem:
        right = isinstance(value, list | tuple) and len(value) <= _MAX_LIST and all(check(item) for item in value)
        return None if right else f"must be a list of at most {_MAX_LIST} {what}"

    return check_list


def _is_origin(value: Any) -> bool:
    return is_redirect_url(value) and urlsplit(value).path == "" and "?" not in value


def _domain(value: Any) -> Problem:
    return None if value == "" or (isinstance(value, str) and _DOMAIN.fullmatch(value)) else "must be a domain name"


def _templates(value: Any) -> Problem:
    if not isinstance(value, dict):
        return "must be an object"
    for purpose, parts in value.items():
        if purpose not in MAIL_PURPOSES:
            return f"has no mail {str(purpose)[:50]!r}; known are {', '.join(MAIL_PURPOSES)}"
        if not isinstance(parts, dict) or not parts or set(parts) - _TEMPLATE_PARTS:
            return f"{purpose} must be an object with subject, text or html"
        for part, text in parts.items():
            if not isinstance(text, str) or not text or len(text) > _MAX_TEMPLATE or "\x00" in text:
                return f"{purpose}.{part} must be a text of at most {_MAX_TEMPLATE} characters"
            if part == "subject" and not text.isprintable():
                return f"{purpose}.subject must be one line"
    return None


def _setting(default: Any, check: Callable[[Any], Problem], help_text: str) -> Any:
    if callable(default):
        return field(default_factory=default, metadata={"check": check, "help": help_text})
    return field(default=default, metadata={"check": check, "help": help_text})


@dataclass(frozen=True, slots=True)
class AuthSettings:
    """How a project's users sign up and in. In JSON the names are camelCase."""

    sign_up: bool = _setting(True, _boolean, "Whether anybody may sign up.")
    require_verification: bool = _setting(
        True, _boolean, "Whether an account is made only once the address was verified."
    )
    anonymous_users: bool = _setting(False, _boolean, "Whether visitors get an account without an address.")
    magic_links: bool = _setting(True, _boolean, "Whether a link in a mail signs in.")
    default_role: str = _setting("", _role, "The role of a user without roles; member where declared, else anon.")
    site_url: str = _setting("", _site, "Where links in mails lead; a page of the tenant's own when empty.")
    redirect_urls: tuple[str, ...] = _setting(
        (), _list_of(is_redirect_url, "addresses"), "Addresses a caller may name as redirectTo, compared exactly."
    )
    password_min_length: int = _setting(10, _whole(8, 128), "In characters.")
    refresh_days: int = _setting(7, _whole(1, 365), "How long a refresh token lasts.")
    refresh_grace_seconds: int = _setting(
        0, _whole(0, 30), "How long a refresh token that was just used is answered 409 instead of ending the session."
    )
    sign_up_hours: int = _setting(24, _whole(1, 24 * 14), "How long a verification link lasts.")
    reset_minutes: int = _setting(60, _whole(5, 24 * 60), "How long a link for a new password lasts.")
    invite_hours: int = _setting(72, _whole(1, 24 * 30), "How long the link of an invitation lasts.")
    magic_link_minutes: int = _setting(15, _whole(1, 24 * 60), "How long a magic link lasts.")
    account_failures: int = _setting(
        10, _whole(1, 1_000_000), "Failed sign-ins to one account from one address in 5 minutes; 10 times that in all."
    )
    address_failures: int = _setting(
        50,
        _whole(1, 1_000_000),
        "Failed sign-ins from one address in 5 minutes; 10 times that may begin by passkey or elsewhere.",
    )
    address_sign_ups: int = _setting(
        30, _whole(1, 1_000_000), "Sign-ups and requests for mails from one address in an hour."
    )
    account_mails: int = _setting(5, _whole(1, 1_000_000), "Mails to one address in an hour.")
    mail_from: str = _setting("", _sender, "The sender of mails; KAPOK_EMAIL_FROM when empty.")
    mail_templates: Mapping[str, Mapping[str, str]] = _setting(
        dict, _templates, "Mails of the project's own, by purpose: subject, text, html, with marks such as {{ link }}."
    )
    webauthn_rp_id: str = _setting("", _domain, "The domain of passkeys; the page's own host when empty.")
    webauthn_rp_name: str = _setting("", _line, "What a device shows for passkeys; the project's name when empty.")
    webauthn_origins: tuple[str, ...] = _setting(
        (), _list_of(_is_origin, "origins"), "Origins whose pages may use passkeys."
    )
    mfa_issuer: str = _setting("", _line, "What an authenticator app shows; the tenant's name when empty.")

    @classmethod
    def of(cls, project: Any) -> AuthSettings:
        """The settings of a project. What an older Kapok stored and is not known any more counts for nothing."""
        known = {setting.name for setting in fields(cls)}
        stored = {_snake(key): value for key, value in project.auth.items()}
        return cls(
            **{
                name: tuple(value) if isinstance(value, list) else value
                for name, value in stored.items()
                if name in known
            }
        )

    def as_json(self) -> dict[str, Any]:
        """Every setting by its camelCase name."""
        values = {setting.name: getattr(self, setting.name) for setting in fields(self)}
        return {_camel(name): list(value) if isinstance(value, tuple) else value for name, value in values.items()}


def merged(stored: Mapping[str, Any], changes: Any) -> dict[str, Any]:
    """What is to be stored after a change: null takes a setting back to its default. Raises VALIDATION_FAILED."""
    problem = auth_problem(changes, nulls=True)
    if problem:
        raise KapokError("VALIDATION_FAILED", problem, details={"fields": ["auth"]})
    return {key: value for key, value in {**stored, **changes}.items() if value is not None}


def auth_problem(given: Any, *, nulls: bool = False) -> str | None:
    """What is wrong with settings, as a sentence; None when nothing is."""
    if not isinstance(given, dict):
        return "auth: must be an object"
    known = {_camel(setting.name): setting for setting in fields(AuthSettings)}
    for key, value in given.items():
        if key not in known:
            return f"auth: there is no setting {str(key)[:50]!r}; known are {', '.join(known)}"
        problem = None if nulls and value is None else known[key].metadata["check"](value)
        if problem:
            return f"auth.{key}: {problem}"
    return None


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.title() for word in rest)


def _snake(name: str) -> str:
    return re.sub(r"[A-Z]", lambda match: "_" + match[0].lower(), name)
