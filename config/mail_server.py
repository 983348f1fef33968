"""The mail server's URL as Django's settings want it. In: KAPOK_EMAIL_URL. Out: `MailServer`, or ValueError."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

_PORTS = {"smtp": 587, "smtps": 465, "smtp+plain": 25}


@dataclass(frozen=True, slots=True)
class MailServer:
    """host "": no mails are sent. starttls and tls: how the connection is encrypted (at most one)."""

    host: str = ""
    port: int = 25
    user: str = ""
    password: str = ""
    starttls: bool = False
    tls: bool = False

    @property
    def backend(self) -> str:
        """Django's e-mail backend."""
        return f"django.core.mail.backends.{'smtp' if self.host else 'dummy'}.EmailBackend"


def mail_server(text: str) -> MailServer:
    """Read the URL; "" is no server. The error must not repeat it: it may hold a password."""
    if not text.strip():
        return MailServer()
    url = urlsplit(text.strip())
    if url.scheme not in _PORTS or not url.hostname or url.path not in ("", "/"):
        raise ValueError("must be like smtp://user:password@mail.example.com:587")
    return MailServer(
        host=url.hostname,
        port=url.port or _PORTS[url.scheme],
        user=unquote(url.username or ""),
        password=unquote(url.password or ""),
        starttls=url.scheme == "smtp",
        tls=url.scheme == "smtps",
    )
