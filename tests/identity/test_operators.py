"""What operators do with a tenant's users, by the control API: found, changed, signed out, deleted."""

from __future__ import annotations

import uuid
from typing import Any
from urllib.parse import quote

import jwt
import pyotp
import pytest
from django.utils import timezone
from django_tenants.utils import tenant_context

from apps.identity.factors import enrolment
from apps.identity.models import Session, User
from apps.identity.passwords import check_password
from apps.identity.services.sessions import do_refresh, do_sign_in
from apps.tenants.acting import SYSTEM
from apps.tenants.models import Revocation, Tenant
from apps.tenants.provisioning import provision_now
from apps.tenants.services import do_set_permissions
from kapok.errors import KapokError
from kapok.tenancy import TenantState
from tests.control.cast import Cast, code_of, make_cast
from tests.identity.accounts import HERE, code_at, everything, make_user, signed_in
from tests.identity.clock import calm_clock

__all__ = ["calm_clock"]

pytestmark = pytest.mark.usefixtures("calm_clock")

HOSTILE = (
    "' or 1=1 --",
    '"; drop table kapok_user; --',
    "%",
    "_",
    "\\",
    "a\x00b",
    "é",
    "../..",
    "<script>",
    "ada@example.com'",
)


@pytest.fixture
def cast(real_database: None) -> Cast:
    """The cast of the control API's tests; its tenants have their tables."""
    cast = make_cast()
    for tenant in (cast.tenant, cast.other_tenant):
        tenant.state = TenantState.PROVISIONING.value
        tenant.save()
        provision_now(tenant)
    do_set_permissions(cast.project, "roles: {anon: {}, member: {}, staff: {}}\n", acting=SYSTEM)
    return cast


def asked(cast: Cast, method: str, path: str, body: Any = None, status: int = 200) -> Any:
    """A manager's request; the `data` of the answer."""
    response = cast.ask("manager", method, f"/tenants/acme/users{path}", body)
    assert response.status_code == status, response.content
    return response.json()["data"] if response.content else None


def revoked(tenant: Tenant, user: User) -> bool:
    return Revocation.objects.filter(tenant=tenant, kind="sub", value=str(user.pk)).exists()


def test_users_are_found(cast: Cast) -> None:
    ada = make_user(cast.tenant)
    make_user(cast.tenant, "grace@example.com")
    make_user(cast.other_tenant, "ada@example.com")
    page = asked(cast, "GET", "?sort=email")
    assert [user["email"] for user in page["users"]] == ["ada@example.com", "grace@example.com"]
    assert page["pagination"]["total"] == 2
    assert [user["email"] for user in asked(cast, "GET", "?search=GRACE")["users"]] == ["grace@example.com"]
    for name in (str(ada.pk), "Ada@Example.com"):
        assert asked(cast, "GET", f"/{name}")["id"] == str(ada.pk)


def test_a_user_with_everything(cast: Cast) -> None:
    user = make_user(cast.tenant)
    session = signed_in(cast.tenant, user).session
    started = enrolment.do_start_totp(cast.tenant, user, session, "Phone")
    code = code_at(pyotp.TOTP(started.secret))
    enrolment.do_confirm_totp(cast.tenant, user, session, started.factor.pk, code)
    found = asked(cast, "GET", f"/{user.pk}")
    assert (found["factorCount"], found["sessionCount"], found["state"]) == (1, 1, "active")
    assert [factor["name"] for factor in found["factors"]] == ["Phone"]
    assert [(each["id"], each["level"], each["isActive"]) for each in found["sessions"]] == [
        (str(session.pk), "aal2", True)
    ]
    assert started.secret not in str(found)
    with tenant_context(cast.tenant):
        Session.objects.update(expires_at=timezone.now())
    assert asked(cast, "GET", f"/{user.pk}")["sessionCount"] == 0, "it is over, though nobody ended it"


def test_a_user_is_created(cast: Cast) -> None:
    chosen = uuid.uuid4()
    body = {
        "id": str(chosen),
        "email": "Ada@Example.com",
        "password": "correct horse battery",
        "roles": ["staff", "member", "staff"],
        "appMetadata": {"plan": "pro"},
    }
    made = asked(cast, "POST", "", body, 201)
    assert (made["id"], made["email"], made["roles"]) == (str(chosen), "ada@example.com", ["staff", "member"])
    with tenant_context(cast.tenant):
        user = User.objects.get()
    assert check_password("correct horse battery", user.password).right
    before = everything(cast.tenant)
    for wrong, code in (
        ({"email": "ada@example.com"}, "ACCOUNT_EXISTS"),
        ({"email": "new@example.com", "id": str(chosen)}, "ALREADY_EXISTS"),
        ({"email": "no address"}, "VALIDATION_FAILED"),
        ({"email": "new@example.com", "password": "short"}, "PASSWORD_UNFIT"),
        ({"email": "new@example.com", "roles": ["nobody"]}, "VALIDATION_FAILED"),
        ({"email": "new@example.com", "roles": ["service"]}, "VALIDATION_FAILED"),
        ({"email": "new@example.com", "appMetadata": {"a": "x" * 5000}}, "VALIDATION_FAILED"),
        ({"email": "new@example.com", "metadata": {"a": "\x00"}}, "VALIDATION_FAILED"),
        (b'{"email": "new@example.com", "metadata": {"a": "\\ud800"}}', "VALIDATION_FAILED"),
    ):
        assert code_of(cast.ask("manager", "POST", "/tenants/acme/users", wrong)) == code, wrong
    assert everything(cast.tenant) == before


def test_new_roles_count_at_once(cast: Cast) -> None:
    user = make_user(cast.tenant)
    tokens = signed_in(cast.tenant, user)
    changed = asked(cast, "PATCH", f"/{user.pk}", {"roles": ["staff"], "appMetadata": {"plan": "pro"}})
    assert (changed["roles"], changed["appMetadata"]) == (["staff"], {"plan": "pro"})
    assert revoked(cast.tenant, user), "the tokens that say otherwise are believed no longer"
    claims = jwt.decode(do_refresh(cast.tenant, tokens.refresh_token).access_token, options={"verify_signature": False})
    assert (claims["roles"], claims["app_metadata"]) == (["staff"], {"plan": "pro"})
    before = everything(cast.tenant)
    for roles in (["service"], ["nobody"], ["staff; drop"], [""], ["x" * 64]):
        assert code_of(cast.ask("manager", "PATCH", f"/tenants/acme/users/{user.pk}", {"roles": roles}))
    assert everything(cast.tenant) == before


def test_what_a_user_says_of_himself_ends_no_token(cast: Cast) -> None:
    user = make_user(cast.tenant)
    assert asked(cast, "PATCH", f"/{user.pk}", {"metadata": {"name": "Ada"}})["metadata"] == {"name": "Ada"}
    assert not revoked(cast.tenant, user)


def test_disabled_and_enabled(cast: Cast) -> None:
    user = make_user(cast.tenant)
    tokens = signed_in(cast.tenant, user)
    assert asked(cast, "POST", f"/{user.pk}/disable")["state"] == "disabled"
    assert revoked(cast.tenant, user)
    for attempt in (
        lambda: do_refresh(cast.tenant, tokens.refresh_token),
        lambda: do_sign_in(cast.tenant, user, methods=["pwd"], origin=HERE),
    ):
        with pytest.raises(KapokError):
            attempt()
    assert asked(cast, "POST", f"/{user.pk}/enable")["state"] == "active"
    assert signed_in(cast.tenant, user)


def test_sessions_end(cast: Cast) -> None:
    user, other = make_user(cast.tenant), make_user(cast.tenant, "grace@example.com")
    first, second = signed_in(cast.tenant, user), signed_in(cast.tenant, user)
    others = signed_in(cast.tenant, other)
    ended = asked(cast, "DELETE", f"/{user.pk}/sessions/{first.session.pk}")
    assert {each["id"]: each["isActive"] for each in ended["sessions"]} == {
        str(first.session.pk): False,
        str(second.session.pk): True,
    }
    wrong = cast.ask("manager", "DELETE", f"/tenants/acme/users/{user.pk}/sessions/{others.session.pk}")
    assert code_of(wrong) == "NOT_FOUND"
    assert asked(cast, "POST", f"/{user.pk}/revoke-sessions")["sessionCount"] == 0
    with pytest.raises(KapokError):
        do_refresh(cast.tenant, second.refresh_token)
    assert do_refresh(cast.tenant, others.refresh_token)


def test_factors_are_reset(cast: Cast) -> None:
    user = make_user(cast.tenant)
    session = signed_in(cast.tenant, user).session
    started = enrolment.do_start_totp(cast.tenant, user, session)
    code = code_at(pyotp.TOTP(started.secret))
    enrolment.do_confirm_totp(cast.tenant, user, session, started.factor.pk, code)
    reset = asked(cast, "POST", f"/{user.pk}/reset-factors")
    assert (reset["factors"], reset["sessionCount"]) == ([], 0)
    rows = everything(cast.tenant)
    assert (rows["Factor"], rows["RecoveryCode"]) == ([], [])
    assert revoked(cast.tenant, user)


def test_a_user_is_deleted(cast: Cast) -> None:
    user = make_user(cast.tenant)
    signed_in(cast.tenant, user)
    before = everything(cast.tenant)
    for confirm in ("", "acme", "grace@example.com"):
        response = cast.ask("manager", "DELETE", f"/tenants/acme/users/{user.pk}", {"confirm": confirm})
        assert response.status_code == 422
    assert everything(cast.tenant) == before
    asked(cast, "DELETE", f"/{user.pk}", {"confirm": "ada@example.com"}, 204)
    assert not any(everything(cast.tenant).values())
    assert revoked(cast.tenant, user)


def test_only_operators_of_the_project(cast: Cast) -> None:
    user, foreign = make_user(cast.tenant), make_user(cast.other_tenant)
    before = everything(cast.tenant), everything(cast.other_tenant)
    calls = [("PATCH", "", {"roles": []}), ("POST", "/disable", None), ("DELETE", "", {"confirm": str(user.pk)})]
    for method, path, body in calls:
        assert cast.ask("anonymous", method, f"/tenants/acme/users/{user.pk}{path}", body).status_code == 401
        assert cast.ask("stranger", method, f"/tenants/acme/users/{user.pk}{path}", body).status_code == 404
        assert cast.ask("reader", method, f"/tenants/acme/users/{user.pk}{path}", body).status_code == 403
        assert cast.ask("manager", method, f"/tenants/globex/users/{foreign.pk}{path}", body).status_code == 404
        # Another tenant's user is nobody here.
        assert cast.ask("manager", method, f"/tenants/acme/users/{foreign.pk}{path}", body).status_code == 404
    assert (everything(cast.tenant), everything(cast.other_tenant)) == before


@pytest.mark.parametrize("text", HOSTILE)
def test_strings_are_only_strings(cast: Cast, text: str) -> None:
    user = make_user(cast.tenant)
    before = everything(cast.tenant)
    assert cast.ask("manager", "GET", f"/tenants/acme/users/{quote(text, safe='')}").status_code in (400, 404)
    search = cast.ask("manager", "GET", f"/tenants/acme/users?search={quote(text, safe='')}")
    assert search.status_code in (200, 400, 422)
    assert search.status_code != 200 or search.json()["data"]["users"] == []
    assert cast.ask("manager", "GET", f"/tenants/acme/users?sort={quote(text, safe='')}").status_code == 422
    assert code_of(cast.ask("manager", "POST", "/tenants/acme/users", {"email": text}))
    assert code_of(cast.ask("manager", "PATCH", f"/tenants/acme/users/{user.pk}", {"roles": [text]}))
    assert everything(cast.tenant) == before
    if "\x00" not in text:
        said = asked(cast, "PATCH", f"/{user.pk}", {"metadata": {text: text}})
        assert said["metadata"] == {text: text}


def test_a_change_is_dated(cast: Cast) -> None:
    user = make_user(cast.tenant)
    begun = timezone.now()
    asked(cast, "PATCH", f"/{user.pk}", {"roles": ["member"]})
    with tenant_context(cast.tenant):
        assert User.objects.get().updated_at >= begun
