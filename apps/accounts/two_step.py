"""Two-step sign-in of operators: after the password a code of an authenticator app, or a recovery code.

In: an operator and what was typed. Out: recovery codes, shown once; events. Each code is good once. Wrong ones are
counted in the database, by account: who gets here knows the password.
"""

from __future__ import annotations

import logging
import re
from datetime import timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from apps.accounts.models import RecoveryCode, TwoStep, User
from apps.accounts.secret_keys import secret_keys
from apps.accounts.sessions import end_sessions
from apps.audit.logs import CONTROL_LOG
from apps.audit.record import record
from kapok import recovery_codes, totp
from kapok.errors import KapokError
from kapok.sealing import SealBrokenError, seal, unseal

logger = logging.getLogger(__name__)

#: Three codes of a million are right at any time, so guessing takes years.
MOST_WRONG_CODES = 10
WINDOW = timedelta(minutes=15)

_SPACES = re.compile(r"\s")
_OF_AN_APP = re.compile(r"[0-9]{6}")


def has_two_step(user: User) -> bool:
    """Whether the operator's password alone does not sign in."""
    return TwoStep.objects.filter(pk=user.pk).exists()


def otpauth_uri(user: User, secret: str) -> str:
    """What an authenticator app reads; it shows this server's host name."""
    host = urlsplit(settings.KAPOK_PUBLIC_URL).hostname or settings.KAPOK_BASE_DOMAIN
    return totp.otpauth_uri(secret, user.email, f"Kapok {host}")


def sealed(user: User, secret: str) -> str:
    """The secret as it is kept: it opens for this operator only."""
    return seal(secret_keys(), _purpose(user), secret.encode())


def unsealed(user: User, sealed_secret: str) -> str:
    """The secret. Raises SealBrokenError where SECRET_KEY has changed and the former one is not given."""
    return unseal(secret_keys(), _purpose(user), sealed_secret).decode()


@transaction.atomic
def do_enrol(user: User, secret: str, code: str, *, session_key: str | None = None) -> tuple[str, ...]:
    """From now on the password alone does not sign in. The recovery codes; shown this once. All other sessions end:
    the password alone has opened them. Raises FACTOR_REFUSED, INVALID_STATE."""
    User.objects.select_for_update().get(pk=user.pk)
    if has_two_step(user):
        raise KapokError("INVALID_STATE", "Two-step sign-in is set up already.")
    step = totp.step_of(secret, _typed(code), timezone.now(), None)
    if step is None:
        raise KapokError("FACTOR_REFUSED")
    TwoStep.objects.create(user=user, sealed_secret=sealed(user, secret), last_step=step)
    end_sessions(user, but=session_key)
    _record("operator.two_step_enrolled", user)
    return _make_codes(user)


def do_sign_in_with_code(user: User, code: str) -> None:
    """The second step of a sign-in. Raises FACTOR_REFUSED, RATE_LIMITED, INVALID_STATE."""
    with transaction.atomic():
        if _proved(user, code):
            _record("operator.signed_in", user)
            return
    # Only here, after the wrong code has been counted and committed; so below.
    raise KapokError("FACTOR_REFUSED")


def do_make_recovery_codes(user: User, code: str) -> tuple[str, ...]:
    """Ten new ones; the former are void. Raises FACTOR_REFUSED, RATE_LIMITED, INVALID_STATE."""
    with transaction.atomic():
        if _proved(user, code):
            user.recovery_codes.all().delete()
            _record("operator.recovery_codes_made", user)
            return _make_codes(user)
    raise KapokError("FACTOR_REFUSED")


def do_end_two_step(user: User, code: str) -> None:
    """The password alone signs in again. Raises FACTOR_REFUSED, RATE_LIMITED, INVALID_STATE."""
    with transaction.atomic():
        if _proved(user, code):
            _forget(user)
            _record("operator.two_step_ended", user)
            return
    raise KapokError("FACTOR_REFUSED")


@transaction.atomic
def do_reset_two_step(user: User, *, actor: str) -> None:
    """For somebody who has lost app and codes: the password alone signs in again, and all sessions end. actor: who does
    it, as logs call him. Raises FORBIDDEN for one's own, INVALID_STATE where there is none."""
    if actor == _name(user):
        raise KapokError("FORBIDDEN", "Nobody resets his own second step.", hint="Turn it off in the admin, by a code.")
    if not TwoStep.objects.select_for_update().filter(pk=user.pk).exists():
        raise KapokError("INVALID_STATE", "This operator has no two-step sign-in.")
    _forget(user)
    end_sessions(user)
    record("operator.two_step_reset", log=CONTROL_LOG, actor=actor, target=_name(user), details={"email": user.email})


def _proved(user: User, code: str) -> bool:
    """Whether the code is right, which it is once. In a transaction, which must commit: a wrong one is counted. The row
    is locked, so that many at once are as many as one after another. Raises RATE_LIMITED, INVALID_STATE."""
    row = TwoStep.objects.select_for_update().filter(pk=user.pk).first()
    if row is None:
        raise KapokError("INVALID_STATE", "Two-step sign-in is not set up.")
    now = timezone.now()
    if row.failing_since <= now - WINDOW:
        row.failures, row.failing_since = 0, now
    if row.failures >= MOST_WRONG_CODES:
        retry_after = int((row.failing_since + WINDOW - now).total_seconds()) + 1
        hint = "Wait a quarter of an hour, then try again."
        raise KapokError("RATE_LIMITED", hint=hint, details={"retryAfter": retry_after})
    typed = _typed(code)
    right = _app_code(row, typed) if _OF_AN_APP.fullmatch(typed) else _recovery_code(user, typed)
    if right:
        row.failures, row.last_used_at = 0, now
    elif row.failures:
        row.failures += 1
    else:
        row.failures, row.failing_since = 1, now
    row.save()
    return right


def _app_code(row: TwoStep, code: str) -> bool:
    try:
        secret = unsealed(row.user, row.sealed_secret)
    except SealBrokenError:
        logger.error("a two-step secret cannot be read: is a former secret key missing in SECRET_KEY_FALLBACKS?")
        return False
    step = totp.step_of(secret, code, timezone.now(), row.last_step)
    if step is None:
        return False
    row.last_step = step
    return True


def _recovery_code(user: User, code: str) -> bool:
    unused = user.recovery_codes.filter(used_at=None)
    if not unused.filter(digest=recovery_codes.digest_of(code)).update(used_at=timezone.now()):
        return False
    _record("operator.recovery_code_used", user, left=unused.count())
    return True


def _make_codes(user: User) -> tuple[str, ...]:
    made = tuple(recovery_codes.new_codes())
    RecoveryCode.objects.bulk_create(RecoveryCode(user=user, digest=recovery_codes.digest_of(code)) for code in made)
    return made


def _forget(user: User) -> None:
    TwoStep.objects.filter(pk=user.pk).delete()
    user.recovery_codes.all().delete()


def _typed(code: str) -> str:
    """Apps show codes in two groups."""
    return _SPACES.sub("", code)


def _purpose(user: User) -> str:
    return f"two-step secret of operator {user.pk}"


def _name(user: User) -> str:
    return f"operator:{user.pk}"


def _record(action: str, user: User, **facts: object) -> None:
    record(action, log=CONTROL_LOG, actor=_name(user), target=_name(user), details=facts)
