"""Celery tasks of end users: thin, they call deliveries and upkeep. In: ids as text. Out: nothing."""

from __future__ import annotations

import logging
import uuid
from smtplib import SMTPException

from celery import shared_task
from django.conf import settings
from kombu.exceptions import OperationalError as QueueUnavailable

from apps.identity.mail import deliveries
from apps.identity.upkeep import purge_all
from apps.tenants.models import Tenant
from kapok.errors import KapokError
from kapok.logs import log_context

log = logging.getLogger("kapok.identity")

#: What a mail server's bad moment looks like.
_PASSING = (SMTPException, OSError)
#: Django's backend without a mail server.
_NOWHERE = "django.core.mail.backends.dummy.EmailBackend"
#: By the name a request asks for.
_DELIVERIES = {
    "waiting": deliveries.deliver_waiting,
    "password_reset": deliveries.deliver_password_reset,
    "invite": deliveries.deliver_invite,
    "magic_link": deliveries.deliver_magic_link,
    "notice": deliveries.deliver_notice,
}


@shared_task(autoretry_for=_PASSING, retry_backoff=5, retry_backoff_max=300, max_retries=6)
def deliver(tenant_id: str, what: str, arguments: list[str]) -> None:
    """Send a mail; tried again for about ten minutes while the mail server is away."""
    tenant = Tenant.objects.select_related("project").filter(pk=uuid.UUID(tenant_id)).first()
    if tenant is not None:
        with log_context(tenant=tenant_id):
            _DELIVERIES[what](tenant, *arguments)


@shared_task
def purge_ended() -> None:
    """The beat calls this every hour."""
    purge_all()


def queue_delivery(tenant: Tenant, what: str, *arguments: str) -> None:
    """Have a worker send a mail. Call it when the transaction has committed. Raises MAIL_UNAVAILABLE, also where no
    mail server is named: nobody must wait for a mail that will never come."""
    if settings.EMAIL_BACKEND == _NOWHERE:
        raise KapokError("MAIL_UNAVAILABLE", "This platform sends no mails.", hint="Its KAPOK_EMAIL_URL is not set.")
    try:
        deliver.apply_async((str(tenant.pk), what, list(arguments)), retry=False)
    except (QueueUnavailable, OSError) as exc:
        raise KapokError("MAIL_UNAVAILABLE") from exc


def queue_notice(tenant: Tenant, what: str, *arguments: str) -> None:
    """The same for a mail about what has happened already: that it cannot be sent does not undo it, so the caller must
    not be told that it failed."""
    try:
        queue_delivery(tenant, what, *arguments)
    except KapokError as error:
        log.warning("a mail (%s) to a user of tenant %s is not sent: %s", what, tenant.slug, error.message)
