"""/auth/v1: the own account: user, password, address, sessions."""

from __future__ import annotations

import uuid

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.identity.api.base import (
    AuthView,
    MetadataField,
    SignedInView,
    StrictInput,
    caller,
    describe,
    origin_of,
    parsed,
    roles_said,
    tenant_of,
)
from apps.identity.api.fields import AddressInput, email_field, password_field, redirect_field, token_field
from apps.identity.api.output import SessionOutput, UserOutput, user_json
from apps.identity.api.sign_in import MailSentOutput, mail_sent
from apps.identity.services.own_account import do_change_metadata, do_request_email, do_request_upgrade
from apps.identity.services.passwords import do_change_password, do_reset_password, do_send_password_reset
from apps.identity.services.sessions import active_sessions, do_end_own_session


class UserChanges(StrictInput):
    """What a user may change of himself."""

    metadata = MetadataField()


class PasswordChange(StrictInput):
    """The password that was, and the one to come."""

    currentPassword = password_field()
    password = password_field()


class PasswordReset(StrictInput):
    """The token from the mail, and the password to come."""

    token = token_field()
    password = password_field()


class EmailChange(StrictInput):
    """The address to come; the password, where the account has one."""

    email = email_field()
    password = password_field(required=False, default="", allow_blank=True)
    redirectTo = redirect_field()


class Upgrade(StrictInput):
    """A visitor's address and password."""

    email = email_field()
    password = password_field()
    redirectTo = redirect_field()


class SessionsOutput(serializers.Serializer[object]):
    """Sessions that go on, the last used first."""

    sessions = SessionOutput(many=True)


class UserView(SignedInView):
    """The user who calls."""

    @describe("Who am I", answers=UserOutput)
    def get(self, request: Request) -> Response:
        """The user."""
        return Response(user_json(caller(request)[0], roles_said(request)))

    @describe("Change my metadata", takes=UserChanges, answers=UserOutput)
    def patch(self, request: Request) -> Response:
        """Replaces the metadata; roles and the like are not the user's to set."""
        metadata = parsed(UserChanges, request)["metadata"]
        user = do_change_metadata(tenant_of(request), caller(request)[0], metadata)
        return Response(user_json(user, roles_said(request)))


class UpgradeView(SignedInView):
    """From a visitor to an account."""

    @describe("Give a visitor an address and a password", takes=Upgrade, answers=MailSentOutput, status=202)
    def post(self, request: Request) -> Response:
        """The visitor keeps id, roles and sessions; the address counts once its mail was answered."""
        given = parsed(Upgrade, request)
        do_request_upgrade(
            tenant_of(request),
            caller(request)[0],
            email=given["email"],
            password=given["password"],
            redirect_to=given["redirectTo"],
            origin=origin_of(request),
        )
        return mail_sent()


class EmailView(SignedInView):
    """Another address."""

    @describe("Ask for another address", takes=EmailChange, answers=MailSentOutput, status=202)
    def post(self, request: Request) -> Response:
        """The new address counts once its mail was answered (/verify); then both are told."""
        given = parsed(EmailChange, request)
        do_request_email(
            tenant_of(request),
            *caller(request),
            email=given["email"],
            password=given["password"],
            redirect_to=given["redirectTo"],
            origin=origin_of(request),
        )
        return mail_sent()


class PasswordView(SignedInView):
    """Another password."""

    @describe("Change my password", takes=PasswordChange, status=204)
    def post(self, request: Request) -> Response:
        """Other sessions end."""
        given = parsed(PasswordChange, request)
        user, session = caller(request)
        do_change_password(
            tenant_of(request),
            user,
            session,
            current=given["currentPassword"],
            password=given["password"],
            origin=origin_of(request),
        )
        return Response(status=204)


class PasswordResetView(AuthView):
    """For who forgot the password."""

    @describe("Send a link for a new password", takes=AddressInput, answers=MailSentOutput, status=202)
    def post(self, request: Request) -> Response:
        """The same answer for every address."""
        given = parsed(AddressInput, request)
        do_send_password_reset(
            tenant_of(request), email=given["email"], redirect_to=given["redirectTo"], origin=origin_of(request)
        )
        return mail_sent()


class PasswordResetConfirmView(AuthView):
    """The token from that link."""

    @describe("Set a new password by a link's token", takes=PasswordReset, status=204)
    def post(self, request: Request) -> Response:
        """All sessions end; sign in with the new password."""
        given = parsed(PasswordReset, request)
        do_reset_password(tenant_of(request), given["token"], password=given["password"])
        return Response(status=204)


class SessionsView(SignedInView):
    """Where the user is signed in."""

    @describe("My sessions", answers=SessionsOutput)
    def get(self, request: Request) -> Response:
        """Those that go on."""
        user, session = caller(request)
        listed = SessionOutput(active_sessions(user), many=True, context={"current": session})
        return Response({"sessions": listed.data})


class SessionView(SignedInView):
    """One of them."""

    @describe("End one of my sessions", status=204)
    def delete(self, request: Request, session_id: uuid.UUID) -> Response:
        """Its tokens work no more."""
        do_end_own_session(tenant_of(request), caller(request)[0], session_id, reason="ended by the user")
        return Response(status=204)
