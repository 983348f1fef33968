"""Mails about alerts: through a real SMTP server, once, and again only until they got through."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP
from django.utils import timezone

from apps.tenants.alerts import ADVICE, MAX_TOLD, Problem, raise_alert, resolve_alert, tell_people
from apps.tenants.models import AlertKind, AuditAlert
from tests.factories import TenantFactory

pytestmark = pytest.mark.django_db


class Mailbox:
    """What a server does with mail: refuse it while it is told to, keep it otherwise."""

    def __init__(self) -> None:
        self.refusing = False
        self.mails: list[EmailMessage] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self.refusing:
            return "451 come back later"
        self.mails.append(message_from_bytes(envelope.content, policy=policy.default))  # type: ignore[arg-type]
        return "250 kept"


@contextmanager
def serving(box: Mailbox) -> Iterator[int]:
    """A server in a thread of its own. Out: its port."""
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(loop.create_server(lambda: SMTP(box, loop=loop), "127.0.0.1", 0))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@pytest.fixture
def mailbox(settings: Any) -> Iterator[Mailbox]:
    box = Mailbox()
    with serving(box) as port:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
        settings.KAPOK_ALERT_EMAILS = ("ops@example.com", "night@example.com")
        yield box


def alert(
    kind: AlertKind = AlertKind.CHECK_FAILED, log: str = "public", text: str = "entry 3 was changed"
) -> AuditAlert:
    return raise_alert(log, kind, Problem(None, timezone.now(), text))


def test_an_alert_is_told_once_when_it_is_raised_and_once_when_it_is_over(mailbox: Mailbox) -> None:
    raised = alert(text="a problem\r\nBcc: everybody@example.com")
    assert [tell_people(), tell_people()] == [1, 0]
    (mail,) = mailbox.mails
    assert mail["To"] == "ops@example.com, night@example.com" and mail["Bcc"] is None
    assert mail["Subject"] == "Kapok, localhost: audit alerts, 1 raised"
    body = mail.get_content()
    assert "Self-check failed: control plane" in body and "a problem" in body
    assert ADVICE[AlertKind.CHECK_FAILED][:40] in " ".join(body.split())
    assert "/admin/tenants/auditalert/" in body
    resolve_alert(raised)
    assert [tell_people(), tell_people()] == [1, 0]
    assert mailbox.mails[1]["Subject"] == "Kapok, localhost: audit alerts, 1 resolved"
    assert "RESOLVED" in mailbox.mails[1].get_content()


def test_what_could_not_be_sent_is_sent_later(mailbox: Mailbox, settings: Any) -> None:
    raised = alert()
    mailbox.refusing = True
    assert tell_people() == 0
    raised.refresh_from_db()
    assert raised.told_at is None
    mailbox.refusing = False
    port, settings.EMAIL_PORT = settings.EMAIL_PORT, 1
    assert tell_people() == 0
    settings.EMAIL_PORT = port
    assert tell_people() == 1
    raised.refresh_from_db()
    assert raised.told_at is not None and len(mailbox.mails) == 1


def test_one_mail_tells_many(mailbox: Mailbox) -> None:
    for number in range(MAX_TOLD + 5):
        alert(log=f"t_{number}", text=f"problem number {number}.")
    assert tell_people() == MAX_TOLD + 5
    (mail,) = mailbox.mails
    assert "And 5 more." in mail.get_content()
    assert mail.get_content().count("problem number") == MAX_TOLD


def test_what_was_over_before_it_could_be_told_is_told_as_both(mailbox: Mailbox) -> None:
    tenant = TenantFactory(slug="acme", state="suspended")
    resolve_alert(raise_alert("t_acme", AlertKind.SEALING_LAGS, Problem(tenant, timezone.now(), "nothing is sealed")))
    assert tell_people() == 2
    (mail,) = mailbox.mails
    assert "1 raised, 1 resolved" in mail["Subject"] and "and over at" in mail.get_content()
    assert tell_people() == 0


@pytest.mark.parametrize("backend", ["django.core.mail.backends.dummy.EmailBackend", None])
def test_nobody_is_told_where_nobody_is_named_or_there_is_no_server(
    mailbox: Mailbox, settings: Any, backend: str | None
) -> None:
    raised = alert()
    if backend:
        settings.EMAIL_BACKEND = backend
    else:
        settings.KAPOK_ALERT_EMAILS = ()
    assert tell_people() == 0
    raised.refresh_from_db()
    assert raised.told_at is None and mailbox.mails == []
