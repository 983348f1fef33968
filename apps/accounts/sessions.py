"""Ends operators' sessions in the admin. In: an operator. Out: how many were ended."""

from __future__ import annotations

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.utils import timezone

from apps.accounts.models import User


def end_sessions(user: User, *, but: str | None = None) -> int:
    """All sessions of the user end; but: the key of the one that stays. All of the server's are looked through, for
    whose they are stands inside them; only operators have any."""
    alive = Session.objects.filter(expire_date__gt=timezone.now()).exclude(session_key=but or "")
    own = [each.pk for each in alive.iterator() if each.get_decoded().get(SESSION_KEY) == str(user.pk)]
    Session.objects.filter(pk__in=own).delete()
    return len(own)
