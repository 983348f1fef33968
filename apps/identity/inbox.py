"""Development: mails are shown instead of sent.

In: mails, as Django's e-mail backend. Out: the log (so the terminal of `kapok dev`) and a list in Redis, newest first,
which /_dev/inbox shows.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Sequence
from functools import cache
from typing import Any
from urllib.parse import parse_qs, urlsplit

import redis
from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.utils import timezone

log = logging.getLogger("kapok.mail")

_KEY = "kapok:dev:inbox"
_MOST = 1000
_LINK = re.compile(r"\S+[?&]token=\S+")


class InboxBackend(BaseEmailBackend):
    """Keeps the last mails."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Log and keep them. Out: how many."""
        for message in email_messages:
            mail = _described(message)
            log.info("mail to %s: %s\n\n%s\n", mail["to"], mail["subject"], mail["text"])
            with _redis().pipeline() as pipeline:
                pipeline.lpush(_KEY, json.dumps(mail)).ltrim(_KEY, 0, _MOST - 1).execute()
        return len(email_messages)


def mails(to: str = "") -> list[dict[str, Any]]:
    """The mails that were sent, newest first; to: only those to one address."""
    kept: Any = _redis().lrange(_KEY, 0, -1)
    found = [json.loads(text) for text in kept]
    return [mail for mail in found if not to or mail["to"] == to.strip().lower()]


def _described(message: EmailMessage) -> dict[str, Any]:
    # As it would be sent: a header that cannot be is refused here too.
    message.message()
    text = str(message.body)
    link = _LINK.search(text)
    url = link[0] if link else ""
    return {
        "to": ", ".join(message.to),
        "from": message.from_email,
        "subject": message.subject,
        "text": text,
        "html": next((str(part[0]) for part in getattr(message, "alternatives", []) if part[1] == "text/html"), ""),
        "purpose": message.extra_headers.get("X-Kapok-Purpose", ""),
        "url": url,
        "token": parse_qs(urlsplit(url).query).get("token", [""])[0],
        "sentAt": timezone.now().isoformat(),
    }


@cache
def _redis() -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_URL)
