"""What mails say, by purpose: a subject and a text. A project may say it otherwise (auth.mailTemplates).

`{{ app }}` is the tenant's name, `{{ email }}` the address it is about, `{{ link }}` and `{{ expires }}` the link and
its end; `{{ token }}` is the link's token alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Words:
    """html: "" where it is made of the text."""

    subject: str
    text: str
    html: str = ""


_NOT_YOU = "If it was not you, do nothing."

WORDS: Mapping[str, Words] = {
    "sign_up": Words(
        "Confirm your address for {{ app }}",
        "Somebody, hopefully you, signed up for {{ app }} with the address {{ email }}.\n\n"
        "To confirm it, follow this link:\n\n{{ link }}\n\n"
        "It works once, until {{ expires }}. If it was not you, do nothing: no account is made.",
    ),
    "sign_up_known": Words(
        "You have an account at {{ app }}",
        "Somebody, hopefully you, wanted to use the address {{ email }} for an account at {{ app }}, but there is one "
        "already.\n\nSign in with it. If you have forgotten the password, ask for a new one. " + _NOT_YOU,
    ),
    "magic_link": Words(
        "Sign in to {{ app }}",
        "To sign in to {{ app }}, follow this link:\n\n{{ link }}\n\nIt works once, until {{ expires }}. " + _NOT_YOU,
    ),
    "password_reset": Words(
        "A new password for {{ app }}",
        "Somebody, hopefully you, asked for a new password for {{ email }} at {{ app }}.\n\n"
        "To choose one, follow this link:\n\n{{ link }}\n\nIt works once, until {{ expires }}. " + _NOT_YOU,
    ),
    "invite": Words(
        "Your account for {{ app }}",
        "An account for {{ app }} has been made for you, with the address {{ email }}.\n\n"
        "To choose a password for it, follow this link:\n\n{{ link }}\n\n"
        "It works once, until {{ expires }}; after that, ask for a new password where you sign in.",
    ),
    "password_changed": Words(
        "Your password for {{ app }} was changed",
        "The password of {{ email }} at {{ app }} has just been changed, and other devices were signed out.\n\n"
        "If it was not you, ask for a new password at once, and tell whoever runs the application.",
    ),
    "email_change": Words(
        "Confirm your new address for {{ app }}",
        "Somebody, hopefully you, wants to use {{ email }} for an account at {{ app }}.\n\n"
        "To confirm it, follow this link:\n\n{{ link }}\n\nIt works once, until {{ expires }}, for who is signed in or "
        "knows the account's password. " + _NOT_YOU,
    ),
    "email_changed": Words(
        "Your address for {{ app }} was changed",
        "The address of your account at {{ app }} is {{ email }} now; mails go there.\n\n"
        "If it was not you, tell whoever runs the application.",
    ),
}
