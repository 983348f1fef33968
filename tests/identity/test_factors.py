"""Second factors against a real database: enrolled, asked for at sign-in, each answer good once."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pyotp
import pytest
from django.db import connection
from django.utils import timezone
from django_tenants.utils import tenant_context

from apps.identity.factors import enrolment, second_step
from apps.identity.factors.second_step import Answer, Challenge, challenge_for, do_answer_challenge
from apps.identity.models import Factor, OneTimeToken, RecoveryCode, Session, User
from apps.identity.passwords import hash_password
from apps.identity.rows import Facts
from apps.identity.services import sessions, subject
from apps.identity.services.sessions import Tokens
from apps.identity.services.sign_in import do_sign_in_password
from apps.tenants.models import Tenant
from kapok.errors import KapokError
from tests.identity.accounts import HERE, code_at, everything, make_tenant, make_user, signed_in
from tests.identity.client import PASSWORD
from tests.identity.clock import calm_clock

__all__ = ["calm_clock"]

pytestmark = pytest.mark.usefixtures("real_database", "calm_clock")


def refused(code: str, call: Callable[[], Any]) -> None:
    with pytest.raises(KapokError) as caught:
        call()
    assert caught.value.code == code


def enrolled(tenant: Tenant, user: User) -> tuple[pyotp.TOTP, tuple[str, ...]]:
    """A user's authenticator app, and recovery codes. The code of the step before was used."""
    session = signed_in(tenant, user).session
    started = enrolment.do_start_totp(tenant, user, session)
    app = pyotp.TOTP(started.secret)
    earlier = code_at(app, -1)
    done = enrolment.do_confirm_totp(tenant, user, session, started.factor.pk, earlier)
    return app, done.recovery_codes


def challenge(tenant: Tenant, user: User) -> str:
    with tenant_context(tenant):
        asked = challenge_for(tenant, user, ["pwd"])
    assert asked is not None
    return asked.token


def answered(tenant: Tenant, token: str, **answer: Any) -> Tokens:
    return do_answer_challenge(tenant, token, Answer(**answer), origin=HERE)


def test_nobody_is_asked_for_a_factor_he_has_not() -> None:
    tenant = make_tenant()
    user = make_user(tenant)
    with tenant_context(tenant):
        assert challenge_for(tenant, user, ["pwd"]) is None
    enrolment.do_start_totp(tenant, user, signed_in(tenant, user).session)
    with tenant_context(tenant):
        assert challenge_for(tenant, user, ["pwd"]) is None, "nor for one he has not confirmed"


def test_an_authenticator_app() -> None:
    tenant = make_tenant(mfaIssuer="Shop")
    user = make_user(tenant)
    session = signed_in(tenant, user).session
    started = enrolment.do_start_totp(tenant, user, session, "Phone")
    assert pyotp.parse_uri(started.uri).issuer == "Shop"
    assert started.qr_svg.startswith("<svg")
    with tenant_context(tenant):
        stored = Factor.objects.get()
        assert started.secret not in stored.sealed_secret
    app = pyotp.TOTP(started.secret)
    done = enrolment.do_confirm_totp(tenant, user, session, started.factor.pk, code_at(app))
    assert len(done.recovery_codes) == 10
    with tenant_context(tenant):
        assert Session.objects.get(pk=session.pk).level == "aal2"
        asked = challenge_for(tenant, user, ["pwd"])
        assert asked is not None
        assert [(each["kind"], each["name"]) for each in asked.factors] == [("totp", "Phone")]
        assert not RecoveryCode.objects.filter(digest__in=done.recovery_codes).exists()
    # The code that confirmed is used up; that of the next step is not.
    refused("FACTOR_REFUSED", lambda: answered(tenant, asked.token, code=code_at(app)))
    tokens = answered(tenant, asked.token, code=code_at(app, 1))
    assert (tokens.session.level, tokens.session.methods) == ("aal2", ["pwd", "otp", "mfa"])
    with tenant_context(tenant):
        assert challenge_for(tenant, user, tokens.session.methods) is None


def test_codes_and_challenges_work_once() -> None:
    tenant = make_tenant()
    user = make_user(tenant)
    app, _ = enrolled(tenant, user)
    code = code_at(app)
    token = challenge(tenant, user)
    answered(tenant, token, code=code)
    before = everything(tenant)
    refused("TOKEN_INVALID", lambda: answered(tenant, token, code=code_at(app, 1)))
    other = challenge(tenant, user)
    refused("FACTOR_REFUSED", lambda: answered(tenant, other, code=code))
    assert everything(tenant) == before


def test_one_code_in_many_hands_works_once() -> None:
    tenant = make_tenant()
    user = make_user(tenant)
    app, _ = enrolled(tenant, user)
    code = code_at(app)
    tokens = [challenge(tenant, user) for _ in range(6)]
    start = threading.Barrier(len(tokens))

    def attempt(token: str) -> bool:
        start.wait()
        try:
            answered(tenant, token, code=code)
        except KapokError as error:
            assert error.code == "FACTOR_REFUSED"
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(len(tokens)) as pool:
        assert sorted(pool.map(attempt, tokens)) == [False] * 5 + [True]


def test_recovery_codes() -> None:
    tenant = make_tenant()
    user = make_user(tenant)
    _, codes = enrolled(tenant, user)
    tokens = answered(tenant, challenge(tenant, user), recovery_code=codes[3].upper().replace("-", " "))
    assert tokens.session.methods == ["pwd", "recovery", "mfa"]
    before = everything(tenant)
    token = challenge(tenant, user)
    for wrong in (codes[3], "", "0000-0000-0000-0000", "' or true --"):
        refused("FACTOR_REFUSED", lambda wrong=wrong: answered(tenant, token, recovery_code=wrong))
    assert everything(tenant) == before
    session = signed_in(tenant, user, "aal2").session
    new = enrolment.do_new_recovery_codes(tenant, user, session)
    refused("FACTOR_REFUSED", lambda: answered(tenant, challenge(tenant, user), recovery_code=codes[4]))
    assert answered(tenant, challenge(tenant, user), recovery_code=new[0])


def test_guessing_ends_the_challenge_and_then_all_of_them() -> None:
    tenant = make_tenant()
    user = make_user(tenant)
    app, _ = enrolled(tenant, user)
    before = everything(tenant)
    wrong = "000000" if code_at(app) != "000000" else "000001"
    token = challenge(tenant, user)
    for _ in range(second_step.MAX_ATTEMPTS):
        refused("FACTOR_REFUSED", lambda: answered(tenant, token, code=wrong))
    refused("TOKEN_INVALID", lambda: answered(tenant, token, code=code_at(app)))
    another = challenge(tenant, user)
    for _ in range(second_step.MOST_WRONG_CODES - second_step.MAX_ATTEMPTS):
        refused("FACTOR_REFUSED", lambda: answered(tenant, another, code=wrong))
    refused("RATE_LIMITED", lambda: answered(tenant, challenge(tenant, user), code=code_at(app)))
    assert everything(tenant) == before
    # It is that user's guesses that were counted, nobody else's.
    other = make_user(tenant, "grace@example.com")
    others_app, _ = enrolled(tenant, other)
    assert answered(tenant, challenge(tenant, other), code=code_at(others_app))


def test_the_hook_is_told_how_the_sign_in_began(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a second factor as without one."""
    tenant, told = make_tenant(), list[str]()
    user = make_user(tenant, password_hash=hash_password(PASSWORD))

    def subject_of(tenant: Tenant, user: User, method: str, facts: Facts) -> subject.Subject:
        told.append(method)
        return subject.subject_of(tenant, user, method, facts)

    monkeypatch.setattr(sessions, "subject_of", subject_of)
    do_sign_in_password(tenant, email=str(user.email), password=PASSWORD, origin=HERE)
    app, _ = enrolled(tenant, user)
    told.clear()
    asked = do_sign_in_password(tenant, email=str(user.email), password=PASSWORD, origin=HERE)
    assert isinstance(asked, Challenge) and not told
    answered(tenant, asked.token, code=code_at(app))
    assert told == ["password"]


def test_a_challenge_expires_and_is_nobody_elses() -> None:
    tenant, globex = make_tenant(), make_tenant("globex")
    user, namesake = make_user(tenant), make_user(globex)
    app, _ = enrolled(tenant, user)
    enrolled(globex, namesake)
    token = challenge(tenant, user)
    before = everything(globex)
    refused("TOKEN_INVALID", lambda: answered(globex, token, code=code_at(app)))
    refused("FACTOR_REFUSED", lambda: answered(globex, challenge(globex, namesake), code=code_at(app)))
    assert everything(globex) == before
    with tenant_context(tenant):
        OneTimeToken.objects.filter(purpose=second_step.PURPOSE).update(expires_at=timezone.now())
    refused("TOKEN_INVALID", lambda: answered(tenant, token, code=code_at(app)))


def test_another_kind_of_token_is_no_challenge() -> None:
    tenant = make_tenant()
    user = make_user(tenant)
    app, _ = enrolled(tenant, user)
    token = challenge(tenant, user)
    with tenant_context(tenant):
        OneTimeToken.objects.filter(purpose=second_step.PURPOSE).update(purpose="magic_link")
    refused("TOKEN_INVALID", lambda: answered(tenant, token, code=code_at(app)))


def test_a_secret_opens_for_its_own_factor_only() -> None:
    """Whoever can write the table still cannot give one user another's secret."""
    tenant = make_tenant()
    ada, grace = make_user(tenant), make_user(tenant, "grace@example.com")
    enrolled(tenant, ada)
    app, _ = enrolled(tenant, grace)
    with tenant_context(tenant):
        Factor.objects.filter(user=ada).update(sealed_secret=Factor.objects.get(user=grace).sealed_secret)
    with pytest.raises(Exception, match="totp secret"):
        answered(tenant, challenge(tenant, ada), code=code_at(app))


@pytest.mark.parametrize("what", ["start", "remove", "codes", "passkey"])
def test_changing_factors_asks_for_a_fresh_sign_in_with_the_factor(what: str) -> None:
    tenant = make_tenant()
    user = make_user(tenant)
    enrolled(tenant, user)
    with tenant_context(tenant):
        factor = Factor.objects.get()
    calls: dict[str, Callable[[Session], Any]] = {
        "start": lambda session: enrolment.do_start_totp(tenant, user, session),
        "remove": lambda session: enrolment.do_remove_factor(tenant, user, session, factor.pk),
        "codes": lambda session: enrolment.do_new_recovery_codes(tenant, user, session),
        "passkey": lambda session: enrolment.passkey_registration(tenant, user, session, None),
    }
    weak, old = signed_in(tenant, user).session, signed_in(tenant, user, "aal2").session
    old.authenticated_at -= enrolment.FRESH
    before = everything(tenant)
    for session in (weak, old):
        refused("REAUTHENTICATION_REQUIRED", lambda session=session: calls[what](session))
    assert everything(tenant) == before
    calls[what](signed_in(tenant, user, "aal2").session)
    assert everything(tenant) != before


def test_with_the_last_factor_the_recovery_codes_go() -> None:
    tenant = make_tenant()
    user = make_user(tenant)
    enrolled(tenant, user)
    session = signed_in(tenant, user, "aal2").session
    with tenant_context(tenant):
        factor = Factor.objects.get()
    enrolment.do_remove_factor(tenant, user, session, factor.pk)
    with tenant_context(tenant):
        assert not RecoveryCode.objects.exists()
        assert challenge_for(tenant, user, ["pwd"]) is None


def test_only_ones_own_factors() -> None:
    tenant = make_tenant()
    ada, grace = make_user(tenant), make_user(tenant, "grace@example.com")
    enrolled(tenant, ada)
    session = signed_in(tenant, grace).session
    with tenant_context(tenant):
        factor = Factor.objects.get()
    before = everything(tenant)
    refused("NOT_FOUND", lambda: enrolment.do_remove_factor(tenant, grace, session, factor.pk))
    refused("NOT_FOUND", lambda: enrolment.do_confirm_totp(tenant, grace, session, factor.pk, "123456"))
    refused("NOT_FOUND", lambda: enrolment.do_confirm_totp(tenant, grace, session, uuid.uuid4(), "123456"))
    assert everything(tenant) == before


def test_a_wrong_code_does_not_confirm() -> None:
    tenant = make_tenant()
    user = make_user(tenant)
    session = signed_in(tenant, user).session
    started = enrolment.do_start_totp(tenant, user, session)
    right = code_at(pyotp.TOTP(started.secret))
    before = everything(tenant)
    wrong = f"{(int(right) + 1) % 1_000_000:06}"
    refused("FACTOR_REFUSED", lambda: enrolment.do_confirm_totp(tenant, user, session, started.factor.pk, wrong))
    assert everything(tenant) == before
    with tenant_context(tenant):
        Factor.objects.update(created_at=timezone.now() - enrolment.UNCONFIRMED)
    refused("NOT_FOUND", lambda: enrolment.do_confirm_totp(tenant, user, session, started.factor.pk, right))


def test_a_disabled_user_gets_no_tokens() -> None:
    tenant = make_tenant()
    user = make_user(tenant)
    app, _ = enrolled(tenant, user)
    token = challenge(tenant, user)
    with tenant_context(tenant):
        User.objects.update(disabled_at=timezone.now())
    before = everything(tenant)
    refused("ACCOUNT_DISABLED", lambda: answered(tenant, token, code=code_at(app)))
    assert everything(tenant) == before


def test_a_visitor_has_nothing_to_protect() -> None:
    tenant = make_tenant()
    visitor = make_user(tenant, None, anonymous=True)
    refused("INVALID_STATE", lambda: enrolment.do_start_totp(tenant, visitor, signed_in(tenant, visitor).session))
