"""Alerts about audit logs: raised once, resolved once, told by mail until a mail has got through.

In: what is wrong now. Out: rows of AuditAlert, an event for each that was raised or resolved, mails.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import Error, transaction
from django.db.models import Q
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from apps.tenants.acting import SYSTEM
from apps.tenants.models import AlertKind, AuditAlert, Tenant
from apps.tenants.trail import record_on_platform, record_on_tenant

log_lines = logging.getLogger("kapok.audit")

#: After so long nobody is told any more of an alert that was resolved.
STALE = timedelta(days=1)
#: Alerts that one mail tells in words; of the others it gives the number.
MAX_TOLD = 50

#: What to do about an alert (docs/audit-sealing.md).
ADVICE: Mapping[str, str] = {
    AlertKind.UNREADABLE: "If Kapok was updated, run `kapok upgrade`. If not, somebody dropped or changed the tables: "
    "keep the database as it is as evidence, and restore them from a backup.",
    AlertKind.SEALING_REFUSED: "Entries go on being appended, but no checkpoint is signed. What to do depends on what "
    "it says: see the table under “Anchors” in docs/audit-sealing.md.",
    AlertKind.CHECK_FAILED: "The log is not what was sealed. Keep the database as it is as evidence, find out what was "
    "changed by comparing with a backup, and restore it. “Check now” looks again.",
    AlertKind.SEALING_LAGS: "See whether the sealer runs (python -m config.sealer), what it logs and whether it can "
    "read every anchor, and whether a transaction has been open for long: it holds back the sealing of all logs.",
    AlertKind.ANCHORS_BEHIND: "See whether the sealer can write to every anchor (KAPOK_AUDIT_ANCHORS), and what it "
    "logs. It brings the missing checkpoints there by itself.",
    AlertKind.CHECK_OVERDUE: "See whether the workers and the beat run, and whether the workers can read the anchors. "
    "“Check now” checks this log.",
    AlertKind.CLOCK_AHEAD: "Compare the clocks of the sealer's machine and of this one. Checkpoints are never dated "
    "before the last one: until that time comes they all have its time, and time stamps are refused.",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """tenant: whose log; None for the control plane's. since: when it began, as far as known. text: a sentence."""

    tenant: Tenant | None
    since: datetime
    text: str


#: What is wrong, by the log's schema and the kind.
Problems = dict[tuple[str, AlertKind], Problem]


def settle(problems: Problems) -> None:
    """Make the open alerts those that there is a reason for. Doing so again changes nothing."""
    standing = {(alert.log, alert.kind): alert for alert in AuditAlert.objects.filter(resolved_at=None)}
    for key, alert in standing.items():
        if key not in problems:
            resolve_alert(alert)
    for (log, kind), problem in problems.items():
        open_already = standing.get((log, kind))
        if open_already is None:
            raise_alert(log, kind, problem)
        elif open_already.text != problem.text:
            AuditAlert.objects.filter(pk=open_already.pk).update(text=problem.text)


@transaction.atomic
def raise_alert(log: str, kind: AlertKind, problem: Problem) -> AuditAlert:
    """The open alert of this log and kind, a new one where there is none."""
    facts = {"tenant": problem.tenant, "since": problem.since, "text": problem.text}
    alert, made = AuditAlert.objects.get_or_create(log=log, kind=kind, resolved_at=None, defaults=facts)
    if made:
        _record("audit.alert_raised", alert, problem=problem.text)
        log_lines.error("%s: %s", alert, problem.text, extra={"log": log, "alert": str(alert.pk)})
    return alert


@transaction.atomic
def resolve_alert(alert: AuditAlert) -> None:
    """There is no reason for it any more."""
    if AuditAlert.objects.filter(pk=alert.pk, resolved_at=None).update(resolved_at=timezone.now()):
        _record("audit.alert_resolved", alert)
        log_lines.info("%s: resolved", alert, extra={"log": alert.log, "alert": str(alert.pk)})


def tell_people() -> int:
    """One mail about everything that nobody was told of yet. Out: how many alerts it tells. When it cannot be sent, the
    next call tries again."""
    if not settings.KAPOK_ALERT_EMAILS or settings.EMAIL_BACKEND.endswith("dummy.EmailBackend"):
        return 0
    recent = Q(resolved_at=None) | Q(resolved_at__gt=timezone.now() - STALE)
    untold = AuditAlert.objects.filter(recent).select_related("tenant").order_by("since")
    raised = list(untold.filter(told_at=None))
    ended = list(untold.filter(end_told_at=None).exclude(resolved_at=None))
    if not raised and not ended:
        return 0
    try:
        _mail(raised, ended).send()
    except (SMTPException, OSError) as exc:
        log_lines.warning("alerts could not be mailed; it is tried again", exc_info=exc)
        return 0
    now = timezone.now()
    AuditAlert.objects.filter(pk__in=[alert.pk for alert in raised]).update(told_at=now)
    AuditAlert.objects.filter(pk__in=[alert.pk for alert in ended]).update(end_told_at=now)
    return len(raised) + len(ended)


def _mail(raised: Sequence[AuditAlert], ended: Sequence[AuditAlert]) -> EmailMessage:
    counts = [f"{len(some)} {word}" for some, word in ((raised, "raised"), (ended, "resolved")) if some]
    page = settings.KAPOK_PUBLIC_URL + reverse("admin:tenants_auditalert_changelist")
    facts = {
        "raised": [(alert, ADVICE[alert.kind]) for alert in raised[:MAX_TOLD]],
        "ended": ended[:MAX_TOLD],
        "more": max(0, len(raised) - MAX_TOLD) + max(0, len(ended) - MAX_TOLD),
        "page": page,
    }
    body = render_to_string("tenants/alert_mail.txt", facts)
    subject = f"Kapok, {settings.KAPOK_BASE_DOMAIN}: audit alerts, {', '.join(counts)}"
    return EmailMessage(subject, body, to=list(settings.KAPOK_ALERT_EMAILS))


def _record(action: str, alert: AuditAlert, **details: str) -> None:
    """In the log it is about; where that cannot be written, in the control plane's."""
    facts = {"kind": alert.kind, "log": alert.log, **details}
    target = f"alert:{alert.pk}"
    if alert.tenant is not None:
        try:
            with transaction.atomic():
                record_on_tenant(action, alert.tenant, acting=SYSTEM, target=target, **facts)
        except Error as exc:
            log_lines.warning("the log %s cannot be written to", alert.log, exc_info=exc)
        else:
            return
    record_on_platform(action, target, acting=SYSTEM, **facts)
