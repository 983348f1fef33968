"""How the services of end users are run, and which events each must leave."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pyotp
from django_tenants.utils import tenant_context

from apps.identity.factors import enrolment, passkey_sign_in, second_step
from apps.identity.models import Identity, User
from apps.identity.passwords import hash_password
from apps.identity.services import accounts, own_account, passwords, sessions, sign_in, sign_up, users
from apps.identity.social import accounts as social
from apps.identity.social.flow import Proven
from apps.tenants.models import IdentityProvider
from tests.audit.world import PASSWORD, Case, World
from tests.identity.accounts import HERE, code_at
from tests.identity.authenticator import Authenticator

Act = Callable[[], object]
HOUR = timedelta(hours=1)
PAGE = "https://app.example.com"
NEW_PASSWORD = "another secret of the same person"


def _on_user(service: Callable[..., object], **more: Any) -> Callable[[World], Act]:
    """An operator's service on an account."""
    return lambda world: partial(service, world.tenant, world.user(), acting=world.operator, **more)


def _revoke_one(world: World) -> Act:
    user = world.user()
    session = world.session(user)
    return partial(accounts.do_revoke_one_session, world.tenant, user, session_id=session.pk, acting=world.operator)


def _enable(world: World) -> Act:
    user = accounts.do_disable_user(world.tenant, world.user(), acting=world.operator)
    return partial(accounts.do_enable_user, world.tenant, user, acting=world.operator)


def _delete(world: World) -> Act:
    user = world.user()
    return partial(accounts.do_delete_user, world.tenant, user, confirm=str(user.pk), acting=world.operator)


def _reset_password(world: World) -> Act:
    user = world.user()
    token = world.token("password_reset", HOUR, user, email=user.email)
    return partial(passwords.do_reset_password, world.tenant, token, password=world.secret(NEW_PASSWORD))


def _change_password(world: World) -> Act:
    user = world.user()
    new = world.secret(NEW_PASSWORD)
    return partial(
        passwords.do_change_password,
        world.tenant,
        user,
        world.session(user),
        current=PASSWORD,
        password=new,
        origin=HERE,
    )


def _signed(world: World, service: Callable[..., Any], *arguments: Any, **more: Any) -> Act:
    """A service that gives tokens, which are secrets."""

    def act() -> object:
        made = service(world.tenant, *arguments, **more)
        world.secrets += [made.access_token, made.refresh_token]
        return made

    return act


def _verify(world: World) -> Act:
    data = {"email": world.email(), "password": world.secret(hash_password(PASSWORD)), "metadata": {}}
    return _signed(world, sign_up.do_verify, world.token("sign_up", HOUR, **data), origin=HERE)


def _magic_link(world: World) -> Act:
    user = world.user()
    token = world.token("magic_link", HOUR, user, email=user.email)
    return _signed(world, sign_in.do_sign_in_magic_link, token, origin=HERE)


def _confirm_email(world: World) -> Act:
    user = world.user()
    token = world.token("email_change", HOUR, user, email=world.email())
    return partial(own_account.do_confirm_email, world.tenant, token, shown=world.session(user), origin=HERE)


def _upgrade(world: World) -> Act:
    visitor = users.do_make_user(world.tenant, email=None, anonymous=True, method="anonymous")
    return partial(
        own_account.do_request_upgrade,
        world.tenant,
        visitor,
        email=world.email(),
        password=PASSWORD,
        redirect_to="",
        origin=HERE,
    )


def _request_email(world: World) -> Act:
    user = world.user()
    return partial(
        own_account.do_request_email,
        world.tenant,
        user,
        world.session(user),
        email=world.email(),
        password=PASSWORD,
        redirect_to="",
        origin=HERE,
    )


def _end_sessions(world: World) -> Act:
    user = world.user()
    world.session(user)
    return partial(sessions.do_end_sessions, world.tenant, user, reason="signed out")


def _end_own(world: World) -> Act:
    user = world.user()
    return partial(sessions.do_end_own_session, world.tenant, user, world.session(user).pk, reason="ended by the user")


def _start_totp(world: World) -> Act:
    user = world.user()
    session = world.session(user)

    def act() -> object:
        made = enrolment.do_start_totp(world.tenant, user, session)
        world.secret(made.secret)
        return made

    return act


def _begun(world: World, user: User) -> tuple[Any, Any, pyotp.TOTP]:
    session = world.session(user)
    begun = enrolment.do_start_totp(world.tenant, user, session)
    return session, begun.factor, pyotp.TOTP(world.secret(begun.secret))


def _confirm_totp(world: World) -> Act:
    user = world.user()
    session, factor, app = _begun(world, user)

    def act() -> object:
        done = enrolment.do_confirm_totp(world.tenant, user, session, factor.pk, code_at(app))
        world.secrets += done.recovery_codes
        return done

    return act


def _with_app(world: World) -> tuple[User, Any, Any, pyotp.TOTP]:
    """A user whose app counts; the code of the step before is used up."""
    user = world.user()
    session, factor, app = _begun(world, user)
    world.secrets += enrolment.do_confirm_totp(world.tenant, user, session, factor.pk, code_at(app, -1)).recovery_codes
    return user, session, factor, app


def _remove_factor(world: World) -> Act:
    user, session, factor, _ = _with_app(world)
    return partial(enrolment.do_remove_factor, world.tenant, user, session, factor.pk)


def _new_codes(world: World) -> Act:
    user, session, _, _ = _with_app(world)

    def act() -> object:
        made = enrolment.do_new_recovery_codes(world.tenant, user, session)
        world.secrets += made
        return made

    return act


def _answer(world: World) -> Act:
    user, _, _, app = _with_app(world)
    with tenant_context(world.tenant):
        asked = second_step.challenge_for(world.tenant, user, ["pwd"])
    assert asked is not None
    answer = second_step.Answer(code=code_at(app))
    return _signed(world, second_step.do_answer_challenge, world.secret(asked.token), answer, origin=HERE)


def _password_then_challenge(world: World) -> Act:
    user, _, _, _ = _with_app(world)

    def act() -> object:
        asked: Any = sign_in.do_sign_in_password(world.tenant, email=user.email or "", password=PASSWORD, origin=HERE)
        return world.secret(asked.token)

    return act


def _passkey(world: World, device: Authenticator) -> tuple[User, Any, dict[str, Any], str]:
    user = world.user()
    session = world.session(user, "aal2")
    asked = enrolment.passkey_registration(world.tenant, user, session, PAGE)
    return user, session, device.create(asked["options"], PAGE), world.secret(asked["token"])


def _add_passkey(world: World) -> Act:
    user, session, made, token = _passkey(world, Authenticator())
    return partial(enrolment.do_add_passkey, world.tenant, user, session, token, made)


def _passkey_sign_in(world: World) -> Act:
    device = Authenticator()
    user, session, made, token = _passkey(world, device)
    enrolment.do_add_passkey(world.tenant, user, session, token, made)
    asked = passkey_sign_in.sign_in_options(world.tenant, PAGE)
    answer = device.get(asked["options"], PAGE)
    return _signed(world, passkey_sign_in.do_sign_in_with_passkey, asked["token"], answer, origin=HERE)


def _proven(world: World) -> Proven:
    provider, _ = IdentityProvider.objects.get_or_create(
        project=world.project, name="elsewhere", defaults={"issuer": "https://id.example.com", "client_id": "kapok"}
    )
    return Proven(provider, {"sub": world.name("subject"), "email": world.email(), "email_verified": True})


def _known_proven(world: World) -> Proven:
    proven = _proven(world)
    social.do_find_or_make_user(world.tenant, proven)
    return proven


def _connect(world: World) -> Act:
    user = world.user()
    return partial(social.do_connect, world.tenant, user, world.session(user), _proven(world))


def _disconnect(world: World) -> Act:
    user = world.user()
    session = world.session(user)
    identity = social.do_connect(world.tenant, user, session, _proven(world))
    assert isinstance(identity, Identity)
    return partial(social.do_disconnect, world.tenant, user, session, identity.pk)


def _anonymous(world: World) -> Act:
    return _signed(world, sign_up.do_sign_up_anonymous, metadata={}, origin=HERE)


_MAIL = {"redirect_to": "", "origin": HERE}
_SIGN_UP = {"password": PASSWORD, "metadata": {}, **_MAIL}
_OWN = "end_user:"

CASES = {
    "identity.services.users.do_make_user": Case(
        lambda world: partial(users.do_make_user, world.tenant, email=world.email(), method="password"),
        ["tenant user.created"], _OWN,
    ),
    "identity.services.users.do_sign_up_external": Case(
        lambda world: partial(
            users.do_sign_up_external, world.tenant, email=world.email(), metadata={}, method="oidc"
        ),
        ["tenant user.created"], _OWN,
    ),
    "identity.services.accounts.do_create_user": Case(
        lambda world: partial(
            accounts.do_create_user, world.tenant, email=world.email(), password=PASSWORD, acting=world.operator
        ),
        ["tenant user.created"],
    ),
    "identity.services.accounts.do_invite_user": Case(
        lambda world: partial(accounts.do_invite_user, world.tenant, email=world.email(), acting=world.operator),
        ["tenant user.created", "tenant user.invited"],
    ),
    "identity.services.accounts.do_send_password_reset": Case(
        _on_user(accounts.do_send_password_reset), ["tenant user.password_reset_requested"]
    ),
    "identity.services.accounts.do_update_user": Case(
        _on_user(accounts.do_update_user, metadata={"a": 1}), ["tenant user.updated"]
    ),
    "identity.services.accounts.do_disable_user": Case(_on_user(accounts.do_disable_user), ["tenant user.disabled"]),
    "identity.services.accounts.do_enable_user": Case(_enable, ["tenant user.enabled"]),
    "identity.services.accounts.do_revoke_user_sessions": Case(
        _on_user(accounts.do_revoke_user_sessions), ["tenant user.sessions_revoked"]
    ),
    "identity.services.accounts.do_revoke_one_session": Case(_revoke_one, ["tenant user.session_revoked"]),
    "identity.services.accounts.do_reset_factors": Case(
        _on_user(accounts.do_reset_factors), ["tenant user.factors_reset"]
    ),
    "identity.services.accounts.do_delete_user": Case(_delete, ["tenant user.deleted"]),
    "identity.services.passwords.do_send_password_reset": Case(
        lambda world: partial(passwords.do_send_password_reset, world.tenant, email=world.email(), **_MAIL),
        ["tenant user.password_reset_requested"], "anybody",
    ),
    "identity.services.passwords.do_reset_password": Case(_reset_password, ["tenant user.password_changed"], _OWN),
    "identity.services.passwords.do_change_password": Case(_change_password, ["tenant user.password_changed"], _OWN),
    "identity.services.sessions.do_sign_in": Case(
        lambda world: _signed(world, sessions.do_sign_in, world.user(), methods=["pwd"], origin=HERE),
        ["tenant user.signed_in"], _OWN,
    ),
    "identity.services.sessions.do_refresh": Case(
        lambda world: _signed(world, sessions.do_refresh, world.signed_in(world.user()).refresh_token),
        ["tenant session.refreshed"], _OWN,
    ),
    "identity.services.sessions.do_end_session": Case(
        lambda world: partial(
            sessions.do_end_session, world.tenant, world.session(world.user()), reason="signed out"
        ),
        ["tenant session.ended"], _OWN,
    ),
    "identity.services.sessions.do_end_sessions": Case(_end_sessions, ["tenant sessions.ended"], _OWN),
    "identity.services.sessions.do_end_own_session": Case(_end_own, ["tenant session.ended"], _OWN),
    "identity.services.own_account.do_change_metadata": Case(
        lambda world: partial(own_account.do_change_metadata, world.tenant, world.user(), {"b": 2}),
        ["tenant user.metadata_changed"], _OWN,
    ),
    "identity.services.own_account.do_request_email": Case(
        _request_email, ["tenant user.email_change_requested"], _OWN
    ),
    "identity.services.own_account.do_request_upgrade": Case(_upgrade, ["tenant user.email_change_requested"], _OWN),
    "identity.services.own_account.do_confirm_email": Case(_confirm_email, ["tenant user.email_changed"], _OWN),
    "identity.services.sign_up.do_sign_up": Case(
        lambda world: partial(sign_up.do_sign_up, world.tenant, email=world.email(), **_SIGN_UP),
        ["tenant user.sign_up_requested"], "anybody",
    ),
    "identity.services.sign_up.do_verify": Case(_verify, ["tenant user.created", "tenant user.signed_in"], _OWN),
    "identity.services.sign_up.do_sign_up_anonymous": Case(
        _anonymous, ["tenant user.created", "tenant user.signed_in"], _OWN
    ),
    "identity.services.sign_in.do_sign_in_password": Case(
        _password_then_challenge, ["tenant user.challenged"], _OWN
    ),
    "identity.services.sign_in.do_send_magic_link": Case(
        lambda world: partial(sign_in.do_send_magic_link, world.tenant, email=world.email(), **_MAIL),
        ["tenant user.magic_link_requested"], "anybody",
    ),
    "identity.services.sign_in.do_sign_in_magic_link": Case(_magic_link, ["tenant user.signed_in"], _OWN),
    "identity.factors.enrolment.do_start_totp": Case(_start_totp, ["tenant factor.begun"], _OWN),
    "identity.factors.enrolment.do_confirm_totp": Case(_confirm_totp, ["tenant factor.added"], _OWN),
    "identity.factors.enrolment.do_add_passkey": Case(_add_passkey, ["tenant factor.added"], _OWN),
    "identity.factors.enrolment.do_remove_factor": Case(_remove_factor, ["tenant factor.removed"], _OWN),
    "identity.factors.enrolment.do_new_recovery_codes": Case(_new_codes, ["tenant factor.codes_made"], _OWN),
    "identity.factors.second_step.do_answer_challenge": Case(_answer, ["tenant user.signed_in"], _OWN),
    "identity.factors.passkey_sign_in.do_sign_in_with_passkey": Case(
        _passkey_sign_in, ["tenant user.signed_in"], _OWN
    ),
    "identity.social.accounts.do_find_or_make_user": Case(
        lambda world: partial(social.do_find_or_make_user, world.tenant, _proven(world)),
        ["tenant user.created", "tenant identity.connected"], _OWN,
    ),
    "identity.social.accounts.do_sign_in_external": Case(
        lambda world: _signed(world, social.do_sign_in_external, _known_proven(world), origin=HERE),
        ["tenant identity.used", "tenant user.signed_in"], _OWN,
    ),
    "identity.social.accounts.do_connect": Case(_connect, ["tenant identity.connected"], _OWN),
    "identity.social.accounts.do_disconnect": Case(_disconnect, ["tenant identity.disconnected"], _OWN),
}  # fmt: skip
