"""Two-step sign-in of operators: nobody is in before the code, and no code is good twice."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from apps.accounts import login
from apps.accounts.models import RecoveryCode, TwoStep, User
from apps.accounts.two_step import MOST_WRONG_CODES, WINDOW
from apps.audit.actions import BY_NUMBER
from apps.audit.models import Event
from apps.audit.tally import TALLY
from tests.control.authenticator import App, enrolled
from tests.control.cast import Cast
from tests.factories import UserFactory
from tests.identity.clock import calm_clock

__all__ = ["calm_clock"]

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("calm_clock")]

PASSWORD = "correct horse battery"
LOGIN, CODE, PAGE = "/admin/login/", "/admin/login/code/", "/admin/two-step/"
USERS = "/admin/accounts/user/"


@pytest.fixture
def user(db: None) -> User:
    """A superuser."""
    return UserFactory(admin=True)


@pytest.fixture
def app(user: User) -> App:
    """The superuser's."""
    return enrolled(user)


def half_way(user: User) -> Client:
    """A browser in which the password was right."""
    browser = Client()
    answer = browser.post(f"{LOGIN}?next={USERS}", {"username": user.email, "password": PASSWORD})
    assert (answer.status_code, answer["Location"]) == (302, f"{CODE}?next=%2Fadmin%2Faccounts%2Fuser%2F")
    return browser


def is_in(browser: Client) -> bool:
    """Whether the browser opens the admin, and the control API; both or neither."""
    answers = {browser.get("/admin/").status_code == 200, browser.get("/api/v1/me").status_code == 200}
    assert len(answers) == 1
    return answers == {True}


def told(action: str) -> list[Any]:
    """The details of the events of an action."""
    return [event.details for event in Event.objects.order_by("pk") if BY_NUMBER[event.action].name == action]


def refusals() -> list[tuple[str, str]]:
    """(action, reason) of what the tally has counted."""
    return [(BY_NUMBER[each.values[0]].name, str(each.values)) for each in TALLY.take(everything=True)]


def test_an_operator_sets_it_up_in_the_admin(user: User) -> None:
    browser, elsewhere = Client(), Client()
    for each in (browser, elsewhere):
        assert each.post(LOGIN, {"username": user.email, "password": PASSWORD}).status_code == 302
    TALLY.take(everything=True)
    refused = browser.post(PAGE, {"act": "begin", "password": "a guess"}).content.decode()
    assert "This is not your password." in refused and "<svg" not in refused
    assert [action for action, _ in refusals()] == ["operator.two_step_refused"]
    browser.post(PAGE, {"act": "begin", "password": PASSWORD})
    shown = browser.get(PAGE)
    assert "<svg" in shown.content.decode() and "no-store" in shown["Cache-Control"]
    found = re.search(r'id="secret">([A-Z2-7 ]+)<', shown.content.decode())
    assert found
    app = App(found[1].replace(" ", ""))
    assert "not accepted" in browser.post(PAGE, {"act": "confirm", "code": app.wrong()}).content.decode()
    assert not TwoStep.objects.exists() and not RecoveryCode.objects.exists()
    done = browser.post(PAGE, {"act": "confirm", "code": f"{app.code()[:3]} {app.code()[3:]}"}).content.decode()
    codes = re.findall(r"[0-9a-z]{4}(?:-[0-9a-z]{4}){3}", done)
    assert len(set(codes)) == 10 == RecoveryCode.objects.count()
    kept = str(list(TwoStep.objects.values())) + str(list(RecoveryCode.objects.values()))
    assert not any(secret in kept for secret in (app.secret, *codes))
    assert codes[0] not in browser.get(PAGE).content.decode(), "shown once"
    assert is_in(browser) and not is_in(elsewhere), "what the password alone opened is closed"
    assert told("operator.two_step_enrolled") == [{}]
    menu = browser.get("/admin/").content.decode()
    assert f'href="{PAGE}"' in menu and 'href="/admin/password_change/"' in menu


def test_nobody_is_in_before_the_code_and_no_code_is_good_twice(user: User, app: App) -> None:
    browser = half_way(user)
    assert not is_in(browser) and not told("operator.signed_in") and told("operator.challenged")
    TALLY.take(everything=True)
    answer = browser.post(CODE, {"code": app.wrong()})
    assert answer.status_code == 200 and "This second factor was not accepted." in answer.content.decode()
    assert app.wrong() not in answer.content.decode() and not is_in(browser) and not told("operator.signed_in")
    [(action, said)] = refusals()
    assert action == "operator.sign_in_refused" and f"account:{user.email}" in said and app.wrong() not in said
    before = browser.cookies["sessionid"].value
    entered = browser.post(f"{CODE}?next={USERS}", {"code": app.code()})
    assert (entered.status_code, entered["Location"]) == (302, USERS)
    assert is_in(browser) and browser.cookies["sessionid"].value != before and len(told("operator.signed_in")) == 1
    second = half_way(user)
    for code in (app.code(), app.code(-1)):
        assert second.post(CODE, {"code": code}).status_code == 200
    assert not is_in(second) and len(told("operator.signed_in")) == 1, "neither the same nor an older one"
    assert second.post(CODE, {"code": app.code(1)}).status_code == 302


def test_a_half_finished_sign_in_is_the_browsers_and_ends(
    user: User, app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    half_way(user)
    stranger = Client()
    assert stranger.post(CODE, {"code": app.code()})["Location"].startswith(LOGIN)
    monkeypatch.setattr(login, "HALF_SECONDS", -1)
    late = half_way(user)
    assert late.post(CODE, {"code": app.code()})["Location"].startswith(LOGIN)
    monkeypatch.undo()
    outdated = half_way(user)
    user.set_password("another password 1")
    user.save()
    assert outdated.post(CODE, {"code": app.code()})["Location"].startswith(LOGIN)
    assert not any(map(is_in, (stranger, late, outdated))) and not told("operator.signed_in")
    assert not any(SESSION_KEY in each.get_decoded() for each in Session.objects.all())


def test_a_recovery_code_signs_in_once(user: User, app: App) -> None:
    code = app.recovery_codes[3]
    browser = half_way(user)
    assert browser.post(CODE, {"code": f" {code.upper().replace('-', ' ')} "}).status_code == 302 and is_in(browser)
    again = half_way(user)
    assert again.post(CODE, {"code": code}).status_code == 200 and not is_in(again)
    assert told("operator.recovery_code_used") == [{"left": 9}]


def test_wrong_codes_are_counted_by_account(user: User, app: App) -> None:
    for _ in range(MOST_WRONG_CODES):  # each from a sign-in of its own
        assert half_way(user).post(CODE, {"code": app.wrong()}).status_code == 200
    browser = half_way(user)
    for code in (app.code(), app.recovery_codes[0]):
        assert "Too many failed attempts." in browser.post(CODE, {"code": code}).content.decode()
    assert not is_in(browser) and not told("operator.signed_in") and not told("operator.recovery_code_used")
    TwoStep.objects.update(failing_since=timezone.now() - WINDOW)
    assert browser.post(CODE, {"code": app.code()}).status_code == 302 and is_in(browser)


def test_new_recovery_codes_and_turning_off_ask_for_password_and_code(user: User, app: App) -> None:
    browser = half_way(user)
    browser.post(CODE, {"code": app.code()})
    before = list(RecoveryCode.objects.values()), TwoStep.objects.count()
    for password, code in (("a guess", app.code(1)), (PASSWORD, app.code()), (PASSWORD, ""), ("", app.code(1))):
        for act in ("codes", "end"):
            assert browser.post(PAGE, {"act": act, "password": password, "code": code}).status_code == 200
    assert (list(RecoveryCode.objects.values()), TwoStep.objects.count()) == before
    made = browser.post(PAGE, {"act": "codes", "password": PASSWORD, "code": app.code(1)}).content.decode()
    codes = re.findall(r"[0-9a-z]{4}(?:-[0-9a-z]{4}){3}", made)
    assert len(codes) == 10 and not set(codes) & set(app.recovery_codes)
    former = {"act": "end", "password": PASSWORD, "code": app.recovery_codes[0]}
    assert browser.post(PAGE, former).status_code == 200 and TwoStep.objects.exists()
    assert browser.post(PAGE, {**former, "code": codes[0]}).status_code == 302
    assert not TwoStep.objects.exists() and not RecoveryCode.objects.exists() and is_in(browser)
    assert told("operator.recovery_codes_made") == told("operator.two_step_ended") == [{}]
    password_alone = Client()
    assert password_alone.post(LOGIN, {"username": user.email, "password": PASSWORD})["Location"] == "/admin/"


def test_where_it_is_required_nothing_else_opens_before(user: User, settings: Any, cast: Cast) -> None:
    settings.KAPOK_OPERATOR_TWO_STEP = "required"
    browser = Client()
    assert browser.post(LOGIN, {"username": user.email, "password": PASSWORD}).status_code == 302
    for path in ("/admin/", USERS, "/admin/password_change/", "/admin/nothing", LOGIN + "x"):
        assert browser.get(path)["Location"] == PAGE, path
    for path in ("/api/v1/me", "/api/v1/tokens", "/control/graphql"):
        answer = browser.post(path, {"name": "mine"}, content_type="application/json")
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "TWO_STEP_REQUIRED"), path
    assert not user.control_tokens.exists()
    assert "asks every operator" in browser.get(PAGE).content.decode()
    assert cast.ask("manager", "GET", "/me").status_code == 200, "tokens work as they do"
    enrolled(user)
    again = half_way(user)
    assert again.get("/admin/").status_code == 302 and not is_in(again)


def test_a_superuser_resets_anothers(user: User, app: App, cast: Cast) -> None:
    signed_in = half_way(user)
    signed_in.post(CODE, {"code": app.code()})
    assert is_in(signed_in)
    url = reverse("admin:accounts_user_reset_two_step", args=[user.pk])
    path = f"/users/{user.email}/reset-two-step"
    signed_in.post(url, {"_form_submitted": "on"})
    cast.client("manager").post(url, {"_form_submitted": "on"})
    assert cast.ask("manager", "POST", path).status_code == 403
    assert TwoStep.objects.exists() and is_in(signed_in) and not told("operator.two_step_reset")
    admin = cast.client("admin")
    admin.get(url)
    assert TwoStep.objects.exists()
    assert admin.post(url, {"_form_submitted": "on"}).status_code == 302
    assert not TwoStep.objects.exists() and not RecoveryCode.objects.exists() and not is_in(signed_in)
    assert is_in(admin)
    assert cast.ask("admin", "POST", path).status_code == 409
    enrolled(user)
    assert cast.ask("admin", "GET", f"/users?search={user.email}").json()["data"]["users"][0]["twoStep"] is True
    assert cast.ask("admin", "POST", f"/users/{user.pk}/reset-two-step").json()["data"]["twoStep"] is False
    enrolled(cast.users["admin"])
    assert cast.ask("admin", "POST", "/users/admin@example.com/reset-two-step").status_code == 403
    assert cast.ask("admin", "POST", "/users/nobody@example.com/reset-two-step").status_code == 404
    assert TwoStep.objects.get().user == cast.users["admin"]
    call_command("reset_two_step", "Admin@example.com", verbosity=0)
    with pytest.raises(CommandError, match="no two-step"):
        call_command("reset_two_step", "admin@example.com")
    assert told("operator.two_step_reset")[0] == {"email": user.email} and not TwoStep.objects.exists()
    assert len(told("operator.two_step_reset")) == 3
