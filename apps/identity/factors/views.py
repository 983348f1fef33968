"""/auth/v1: factors of the signed-in user, the second step of a sign-in, signing in with a passkey."""

from __future__ import annotations

import uuid
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.identity.api.base import AuthView, SignedInView, StrictInput, caller, describe, origin_of, parsed, tenant_of
from apps.identity.api.output import FactorOutput, TokensOutput, tokens_json
from apps.identity.factors.enrolment import (
    Enrolled,
    do_add_passkey,
    do_confirm_totp,
    do_new_recovery_codes,
    do_remove_factor,
    do_start_totp,
    passkey_registration,
)
from apps.identity.factors.passkey_sign_in import do_sign_in_with_passkey, sign_in_options
from apps.identity.factors.proofs import confirmed
from apps.identity.factors.second_step import Answer, do_answer_challenge, passkey_options
from apps.identity.services.sign_in import count_begun


class OwnFactorOutput(FactorOutput):
    """One of the caller's factors."""

    createdAt = serializers.DateTimeField(source="created_at")
    lastUsedAt = serializers.DateTimeField(source="last_used_at", allow_null=True)
    backedUp = serializers.BooleanField(source="backed_up", help_text="Whether a passkey is synced between devices.")


class FactorsOutput(serializers.Serializer[Any]):
    """The caller's factors, and how many recovery codes are unused."""

    factors = OwnFactorOutput(many=True)
    recoveryCodesLeft = serializers.IntegerField()


class EnrolledOutput(serializers.Serializer[Any]):
    """A factor that counts from now on. recoveryCodes: new ones with the first factor, shown this once."""

    factor = OwnFactorOutput()
    recoveryCodes = serializers.ListField(child=serializers.CharField())


class TotpSecretOutput(serializers.Serializer[Any]):
    """What an authenticator app needs; shown this once."""

    id = serializers.UUIDField()
    secret = serializers.CharField()
    uri = serializers.CharField()
    qrSvg = serializers.CharField()


class RecoveryCodesOutput(serializers.Serializer[Any]):
    """Codes to print; shown this once."""

    recoveryCodes = serializers.ListField(child=serializers.CharField())


class PasskeyOptionsOutput(serializers.Serializer[Any]):
    """options: for navigator.credentials (PublicKeyCredential.parse...OptionsFromJSON)."""

    token = serializers.CharField()
    options = serializers.DictField()


class NameInput(StrictInput):
    """What the user calls a factor."""

    name = serializers.CharField(required=False, default="", allow_blank=True, max_length=100)


class CodeInput(StrictInput):
    """A code of an authenticator app."""

    code = serializers.CharField(max_length=20)


class PasskeyInput(NameInput):
    """What a browser made of the options: `credential.toJSON()`."""

    token = serializers.CharField(max_length=200)
    credential = serializers.DictField()


class ChallengeInput(StrictInput):
    """A challenge's token."""

    token = serializers.CharField(max_length=200)


class AnswerInput(ChallengeInput):
    """The answer to a challenge: exactly one of the three."""

    code = serializers.CharField(required=False, max_length=20)
    recoveryCode = serializers.CharField(source="recovery_code", required=False, max_length=100)
    credential = serializers.DictField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Raises ValidationError for none or several."""
        if len(attrs) != 2:
            raise serializers.ValidationError("Send one of code, recoveryCode, credential.")
        return attrs


class PasskeySignInInput(ChallengeInput):
    """What a browser answered: `credential.toJSON()`."""

    credential = serializers.DictField()


class FactorsView(SignedInView):
    """The caller's factors."""

    @describe("List your factors", answers=FactorsOutput)
    def get(self, request: Request) -> Response:
        """Those that count."""
        user, _ = caller(request)
        left = user.recovery_codes.filter(used_at=None).count()
        return Response(FactorsOutput({"factors": confirmed(user), "recoveryCodesLeft": left}).data)


class TotpView(SignedInView):
    """Authenticator apps."""

    @describe("Add an authenticator app", takes=NameInput, answers=TotpSecretOutput, status=201)
    def post(self, request: Request) -> Response:
        """The secret; it counts once a code of it was sent."""
        user, session = caller(request)
        made = do_start_totp(tenant_of(request), user, session, parsed(NameInput, request)["name"])
        body = {"id": made.factor.pk, "secret": made.secret, "uri": made.uri, "qrSvg": made.qr_svg}
        return Response(body, status=201)


class TotpConfirmView(SignedInView):
    """The first code of an authenticator app."""

    @describe("Confirm an authenticator app", takes=CodeInput, answers=EnrolledOutput)
    def post(self, request: Request, factor_id: uuid.UUID) -> Response:
        """It counts from now on."""
        user, session = caller(request)
        done = do_confirm_totp(tenant_of(request), user, session, factor_id, parsed(CodeInput, request)["code"])
        return _enrolled(done, 200)


class PasskeyOptionsView(SignedInView):
    """What a browser needs to make a passkey."""

    @describe("Begin to add a passkey", takes=None, answers=PasskeyOptionsOutput)
    def post(self, request: Request) -> Response:
        """Options that work once, for the page that asks."""
        user, session = caller(request)
        return Response(passkey_registration(tenant_of(request), user, session, _page_origin(request)))


class PasskeysView(SignedInView):
    """The caller's passkeys."""

    @describe("Add a passkey", takes=PasskeyInput, answers=EnrolledOutput, status=201)
    def post(self, request: Request) -> Response:
        """It counts from now on."""
        user, session = caller(request)
        given = parsed(PasskeyInput, request)
        done = do_add_passkey(tenant_of(request), user, session, given["token"], given["credential"], given["name"])
        return _enrolled(done, 201)


class FactorView(SignedInView):
    """One factor."""

    @describe("Remove a factor", status=204)
    def delete(self, request: Request, factor_id: uuid.UUID) -> Response:
        """It no longer counts."""
        user, session = caller(request)
        do_remove_factor(tenant_of(request), user, session, factor_id)
        return Response(status=204)


class RecoveryCodesView(SignedInView):
    """The caller's recovery codes."""

    @describe("Make new recovery codes", takes=None, answers=RecoveryCodesOutput, status=201)
    def post(self, request: Request) -> Response:
        """The former ones are void."""
        user, session = caller(request)
        codes = do_new_recovery_codes(tenant_of(request), user, session)
        return Response({"recoveryCodes": list(codes)}, status=201)


class ChallengePasskeyView(AuthView):
    """A passkey as the second factor."""

    @describe("Begin to answer a challenge with a passkey", takes=ChallengeInput, answers=PasskeyOptionsOutput)
    def post(self, request: Request) -> Response:
        """Options for the passkeys of the user who signs in."""
        token = parsed(ChallengeInput, request)["token"]
        return Response({"token": token, "options": passkey_options(tenant_of(request), token, _page_origin(request))})


class ChallengeView(AuthView):
    """The second step of a sign-in."""

    @describe("Answer a challenge", takes=AnswerInput, answers=TokensOutput)
    def post(self, request: Request) -> Response:
        """Tokens for a right answer."""
        given = parsed(AnswerInput, request)
        token = given.pop("token")
        tokens = do_answer_challenge(tenant_of(request), token, Answer(**given), origin=origin_of(request))
        return Response(tokens_json(tokens))


class PasskeySignInOptionsView(AuthView):
    """The first step of signing in with a passkey."""

    @describe("Begin to sign in with a passkey", takes=None, answers=PasskeyOptionsOutput)
    def post(self, request: Request) -> Response:
        """Options that any passkey of this tenant may answer."""
        count_begun(tenant_of(request), origin_of(request))
        return Response(sign_in_options(tenant_of(request), _page_origin(request)))


class PasskeySignInView(AuthView):
    """The second step."""

    @describe("Sign in with a passkey", takes=PasskeySignInInput, answers=TokensOutput)
    def post(self, request: Request) -> Response:
        """Tokens of the passkey's user."""
        given = parsed(PasskeySignInInput, request)
        tokens = do_sign_in_with_passkey(
            tenant_of(request), given["token"], given["credential"], origin=origin_of(request)
        )
        return Response(tokens_json(tokens))


def _enrolled(done: Enrolled, status: int) -> Response:
    body = EnrolledOutput({"factor": done.factor, "recoveryCodes": list(done.recovery_codes)}).data
    return Response(body, status=status)


def _page_origin(request: Request) -> str | None:
    """The origin of the page, None for a program that is none. A browser cannot be made to lie about it."""
    return request.META.get("HTTP_ORIGIN")
