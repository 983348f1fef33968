"""/auth/v1: signing up, in and out."""

from __future__ import annotations

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.identity.api.authentication import AccessTokenAuthentication
from apps.identity.api.base import (
    AuthView,
    MetadataField,
    SignedInView,
    StrictInput,
    caller,
    describe,
    origin_of,
    parsed,
    tenant_of,
)
from apps.identity.api.fields import AddressInput, TokenInput, email_field, password_field, redirect_field, token_field
from apps.identity.api.output import SignInOutput, TokensOutput, tokens_json, user_json
from apps.identity.services.own_account import do_confirm_email
from apps.identity.services.sessions import do_end_session, do_end_sessions, do_refresh
from apps.identity.services.sign_in import do_send_magic_link, do_sign_in_magic_link, do_sign_in_password
from apps.identity.services.sign_up import do_sign_up, do_sign_up_anonymous, do_verify
from apps.identity.services.subject import usual_roles
from apps.identity.services.verification import waiting_for


class SignUpInput(StrictInput):
    """A new account."""

    email = email_field()
    password = password_field()
    metadata = MetadataField(required=False, default=dict)
    redirectTo = redirect_field()


class AnonymousInput(StrictInput):
    """A visitor."""

    metadata = MetadataField(required=False, default=dict)


class PasswordInput(StrictInput):
    """Who signs in."""

    email = email_field()
    password = password_field()


class VerifyInput(TokenInput):
    """A token from a mail; the password of the account, where its address is confirmed outside of a session of it."""

    password = password_field(required=False, default="", allow_blank=True)


class RefreshInput(StrictInput):
    """The newest refresh token."""

    refreshToken = token_field()


class SignOutInput(StrictInput):
    """Which sessions end."""

    scope = serializers.ChoiceField(["this", "others", "everywhere"], required=False, default="this")


class VerificationOutput(TokensOutput):
    """Tokens after a sign-up; `user` alone after a change of address, whose sessions go on."""


class MailSentOutput(serializers.Serializer[object]):
    """What happens next; the same for every address."""

    mailSent = serializers.BooleanField(help_text="A mail is on its way, if the address may get one.")


def mail_sent() -> Response:
    """The answer of everything that only sends a mail."""
    return Response({"mailSent": True}, status=202)


class SignUpView(AuthView):
    """An account with a password."""

    @describe("Sign up", takes=SignUpInput, answers=MailSentOutput, status=202)
    def post(self, request: Request) -> Response:
        """202: a mail has to be answered. 201 with tokens, where the project asks for no verification."""
        given = parsed(SignUpInput, request)
        tokens = do_sign_up(
            tenant_of(request),
            email=given["email"],
            password=given["password"],
            metadata=given["metadata"],
            redirect_to=given["redirectTo"],
            origin=origin_of(request),
        )
        return mail_sent() if tokens is None else Response(tokens_json(tokens), status=201)


class VerifyView(AuthView):
    """The token from the mail of a sign-up or a change of address."""

    @describe("Confirm an address", takes=VerifyInput, answers=VerificationOutput)
    def post(self, request: Request) -> Response:
        """Works once. The address of an account that is there already is confirmed by who shows the account, too: with
        an access token of it, or its password."""
        given, tenant, origin = parsed(VerifyInput, request), tenant_of(request), origin_of(request)
        token, password = given["token"], given["password"]
        if waiting_for(token).purpose != "email_change":
            return Response(tokens_json(do_verify(tenant, token, origin=origin)))
        caller = AccessTokenAuthentication().authenticate(request)
        shown = None if caller is None else caller[1].session
        user = do_confirm_email(tenant, token, shown=shown, password=password, origin=origin)
        return Response({"user": user_json(user, usual_roles(tenant.project, user))})


class SignInView(AuthView):
    """A password."""

    @describe("Sign in with a password", takes=PasswordInput, answers=SignInOutput)
    def post(self, request: Request) -> Response:
        """Tokens, or the challenge of a second factor."""
        given = parsed(PasswordInput, request)
        return Response(tokens_json(do_sign_in_password(tenant_of(request), **given, origin=origin_of(request))))


class MagicLinkView(AuthView):
    """A link by mail instead of a password."""

    @describe("Send a link that signs in", takes=AddressInput, answers=MailSentOutput, status=202)
    def post(self, request: Request) -> Response:
        """The same answer for every address."""
        given = parsed(AddressInput, request)
        do_send_magic_link(
            tenant_of(request), email=given["email"], redirect_to=given["redirectTo"], origin=origin_of(request)
        )
        return mail_sent()


class MagicLinkVerifyView(AuthView):
    """The token from that link."""

    @describe("Sign in with a link's token", takes=TokenInput, answers=SignInOutput)
    def post(self, request: Request) -> Response:
        """Tokens, or the challenge of a second factor."""
        token = parsed(TokenInput, request)["token"]
        return Response(tokens_json(do_sign_in_magic_link(tenant_of(request), token, origin=origin_of(request))))


class AnonymousView(AuthView):
    """An account without an address."""

    @describe("Sign in as a visitor", takes=AnonymousInput, answers=TokensOutput, status=201)
    def post(self, request: Request) -> Response:
        """Where the project allows it."""
        metadata = parsed(AnonymousInput, request)["metadata"]
        tokens = do_sign_up_anonymous(tenant_of(request), metadata=metadata, origin=origin_of(request))
        return Response(tokens_json(tokens), status=201)


class RefreshView(AuthView):
    """New tokens for old."""

    @describe("Refresh tokens", takes=RefreshInput, answers=TokensOutput)
    def post(self, request: Request) -> Response:
        """Each refresh token works once; used again, it ends its session."""
        return Response(tokens_json(do_refresh(tenant_of(request), parsed(RefreshInput, request)["refreshToken"])))


class SignOutView(SignedInView):
    """The end of sessions."""

    @describe("Sign out", takes=SignOutInput, status=204)
    def post(self, request: Request) -> Response:
        """This session, the others, or all."""
        (user, session), scope = caller(request), parsed(SignOutInput, request)["scope"]
        tenant = tenant_of(request)
        if scope == "this":
            do_end_session(tenant, session, reason="signed out")
        else:
            do_end_sessions(tenant, user, reason="signed out", keep=session if scope == "others" else None)
        return Response(status=204)
