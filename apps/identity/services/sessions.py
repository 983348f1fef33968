"""Sessions: made at sign-in, kept up by refresh tokens, ended by sign-out.

In: a user who has proved who it is, or a refresh token. Out: `Tokens`. A refresh token works once; one that is used
again was stolen or copied, so its session ends, with every token that came of it.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django_tenants.utils import tenant_context

from apps.identity.context import MAX_USER_AGENT, Origin, in_tenant
from apps.identity.models import RefreshToken, Session, User
from apps.identity.rows import Entering, refreshing, rotate, signing_in, store, token_with
from apps.identity.services.one_time import digest_of, new_secret, void_all
from apps.identity.services.subject import Subject, subject_of
from apps.identity.trail import Refusals, record_on_user
from apps.tenants.auth_settings import AuthSettings
from apps.tenants.models import Tenant
from apps.tenants.services.tokens import ACCESS_LIFETIME, issue_access_token, revoke_session
from kapok.errors import KapokError


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a sign-in or a refresh gives. roles: those the access token says."""

    access_token: str
    expires_in: int
    refresh_token: str
    refresh_expires_at: datetime
    user: User
    session: Session
    roles: tuple[str, ...]


@in_tenant
def do_sign_in(
    tenant: Tenant, user: User, *, methods: Sequence[str], origin: Origin, level: str = "aal1", method: str = ""
) -> Tokens:
    """A new session for a user who has proved who it is. methods: how, as `amr` (RFC 8176); method: the word for the
    hook, the first of them when empty. Raises ACCOUNT_DISABLED, SIGN_IN_REFUSED, HOOK_FAILED."""
    return sign_in(tenant, user, methods=methods, origin=origin, level=level, method=method)


def do_refresh(tenant: Tenant, refresh_token: str) -> Tokens:
    """New tokens for a refresh token, which works no more. Raises SESSION_ENDED, REFRESH_TOKEN_REUSED,
    REFRESH_TOKEN_ROTATED, ACCOUNT_DISABLED, SIGN_IN_REFUSED, HOOK_FAILED."""
    with Refusals(tenant, "refresh"), tenant_context(tenant):
        with transaction.atomic():
            tokens = _rotated(tenant, refresh_token)
        if tokens is not None:
            return tokens
        # Outside of the transaction that is undone by an error: the end of the session must stay.
        with transaction.atomic():
            _end_family(tenant, refresh_token)
        raise KapokError("REFRESH_TOKEN_REUSED")


@in_tenant
def do_end_session(tenant: Tenant, session: Session, *, reason: str) -> None:
    """No token of this session works any more."""
    if _end(tenant, Session.objects.select_for_update().filter(pk=session.pk), reason):
        record_on_user("session.ended", tenant, session.user, session=str(session.pk), reason=reason)


@in_tenant
def do_end_sessions(tenant: Tenant, user: User, *, reason: str, keep: Session | None = None) -> int:
    """End all of a user's sessions, but the one to keep, and what was begun in them: links in mails and challenges
    that wait for an answer. Out: how many sessions."""
    count = end_sessions(tenant, user, reason=reason, keep=keep)
    record_on_user("sessions.ended", tenant, user, count=count, reason=reason)
    return count


@in_tenant
def do_end_own_session(tenant: Tenant, user: User, session_id: uuid.UUID, *, reason: str) -> None:
    """End one of a user's sessions. Raises NOT_FOUND, for another user's as for none."""
    end_own_session(tenant, user, session_id, reason=reason)
    record_on_user("session.ended", tenant, user, session=str(session_id), reason=reason)


def sign_in(
    tenant: Tenant,
    user: User,
    *,
    methods: Sequence[str],
    origin: Origin,
    level: str = "aal1",
    method: str = "",
    entering: Entering | None = None,
) -> Tokens:
    """do_sign_in as the end of another act. entering: what signing_in gave that act. Inside tenant_context, in a
    transaction."""
    now = timezone.now()
    entering = entering or signing_in(tenant, user, now, by_password=False)
    if entering is None:
        raise KapokError("ACCOUNT_DISABLED" if User.objects.filter(pk=user.pk).exists() else "SESSION_ENDED")
    found = entering.user
    session = Session(
        user=found,
        methods=list(methods),
        level=level,
        authenticated_at=now,
        expires_at=now + _refresh_lifetime(tenant),
        address=origin.address,
        user_agent=origin.user_agent[:MAX_USER_AGENT],
    )
    subject, secret = subject_of(tenant, found, method or methods[0], entering.facts), new_secret()
    store(tenant, session, RefreshToken(digest=digest_of(secret), session=session, expires_at=session.expires_at))
    record_on_user("user.signed_in", tenant, found, session=str(session.pk), methods=session.methods, level=level)
    return _tokens(tenant, session, subject, secret)


def end_sessions(tenant: Tenant, user: User, *, reason: str, keep: Session | None = None) -> int:
    """do_end_sessions as a part of another act, which records itself. Inside tenant_context, in a transaction."""
    void_all(user)
    sessions = Session.objects.select_for_update().filter(user=user)
    return _end(tenant, sessions if keep is None else sessions.exclude(pk=keep.pk), reason)


def end_own_session(tenant: Tenant, user: User, session_id: uuid.UUID, *, reason: str) -> None:
    """do_end_own_session as a part of another act, which records itself. Inside tenant_context, in a transaction."""
    if not _end(tenant, Session.objects.select_for_update().filter(user=user, pk=session_id), reason):
        raise KapokError("NOT_FOUND", "You have no such session.")


def require_going_on(session: Session) -> None:
    """For what a session changes of its user, whose row is locked: it may have been ended since the request came in, by
    the owner of the address or the password. Raises SESSION_ENDED."""
    if not Session.objects.filter(pk=session.pk, revoked_at=None).exists():
        raise KapokError("SESSION_ENDED")


def active_sessions(user: User) -> list[Session]:
    """A user's sessions that go on, the last used first. Call it inside tenant_context."""
    return list(user.sessions.filter(revoked_at=None, expires_at__gt=timezone.now()).order_by("-last_used_at"))


def _rotated(tenant: Tenant, secret: str) -> Tokens | None:
    """None where the token was used before."""
    # First the user, then what is his, as everywhere: whoever is being deleted meanwhile is no deadlock. Locked, so
    # that no change of roles slips between reading them and the token.
    entering = refreshing(tenant, digest_of(secret))
    if entering is not None and entering.user.disabled_at is not None:
        raise KapokError("ACCOUNT_DISABLED")
    known = None if entering is None else token_with(tenant, digest_of(secret))
    if entering is None or known is None:
        raise KapokError("SESSION_ENDED")
    session, now = known.session, timezone.now()
    if not session.is_active or known.expires_at <= now:
        raise KapokError("SESSION_ENDED")
    if known.used_at is not None:
        grace = timedelta(seconds=AuthSettings.of(tenant.project).refresh_grace_seconds)
        if now - known.used_at < grace:
            raise KapokError("REFRESH_TOKEN_ROTATED")
        return None
    session.user, known.used_at = entering.user, now
    session.last_used_at, session.expires_at = now, now + _refresh_lifetime(tenant)
    subject, secret = subject_of(tenant, entering.user, "refresh", entering.facts), new_secret()
    successor = RefreshToken(digest=digest_of(secret), session=session, expires_at=session.expires_at)
    rotate(tenant, session, known, successor)
    record_on_user("session.refreshed", tenant, entering.user, session=str(session.pk))
    return _tokens(tenant, session, subject, secret)


def _end_family(tenant: Tenant, secret: str) -> None:
    session = Session.objects.filter(refresh_tokens__digest=digest_of(secret)).select_related("user").first()
    if session is not None:  # its user has not been deleted meanwhile
        do_end_session(tenant, session, reason="a refresh token was reused")


def _end(tenant: Tenant, sessions: object, reason: str) -> int:
    """End those of the sessions that go on."""
    going_on = [session for session in sessions if session.revoked_at is None]  # type: ignore[attr-defined]
    for session in going_on:
        session.revoked_at, session.revoked_reason = timezone.now(), reason[:200]
        session.save(update_fields=["revoked_at", "revoked_reason"])
    for session in going_on:
        revoke_session(tenant, str(session.pk))
    return len(going_on)


def _tokens(tenant: Tenant, session: Session, subject: Subject, secret: str) -> Tokens:
    user = session.user
    access_token = issue_access_token(
        tenant,
        sub=str(user.pk),
        sid=str(session.pk),
        email=user.email,
        roles=subject.roles,
        claims={**subject.claims, "amr": session.methods, "aal": session.level},
    )
    return Tokens(
        access_token=access_token,
        expires_in=int(ACCESS_LIFETIME.total_seconds()),
        refresh_token=secret,
        refresh_expires_at=session.expires_at,
        user=user,
        session=session,
        roles=subject.roles,
    )


def _refresh_lifetime(tenant: Tenant) -> timedelta:
    return timedelta(days=AuthSettings.of(tenant.project).refresh_days)
