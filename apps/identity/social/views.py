"""/auth/v1/oidc and /auth/v1/identities: signing in at identity providers."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import HttpResponseRedirect
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.identity.api.base import AuthView, SignedInView, StrictInput, caller, describe, origin_of, parsed, tenant_of
from apps.identity.api.output import SignInOutput, tokens_json
from apps.identity.limits import ADDRESS, network_of
from apps.identity.services.sign_in import count_begun
from apps.identity.social.accounts import do_connect, do_disconnect, do_sign_in_external
from apps.identity.social.flow import finish, provider_of, redeem, start
from apps.tenants.auth_settings import AuthSettings
from apps.tenants.models import IdentityProvider


class ProviderOutput(serializers.Serializer[Any]):
    """A provider, for a button."""

    name = serializers.CharField()
    title = serializers.CharField()


class ProvidersOutput(serializers.Serializer[Any]):
    """The providers that are offered."""

    providers = ProviderOutput(many=True)


class IdentityOutput(serializers.Serializer[Any]):
    """The caller's account at a provider."""

    id = serializers.UUIDField()
    provider = serializers.CharField()
    email = serializers.CharField(allow_blank=True)
    createdAt = serializers.DateTimeField(source="created_at")
    lastUsedAt = serializers.DateTimeField(source="last_used_at")


class IdentitiesOutput(serializers.Serializer[Any]):
    """The caller's accounts at providers."""

    identities = IdentityOutput(many=True)


class AuthorizeQuery(StrictInput):
    """Where the app wants its user back, and the S256 of its PKCE verifier."""

    redirectTo = serializers.CharField(max_length=2000)
    codeChallenge = serializers.CharField(max_length=200)
    codeChallengeMethod = serializers.ChoiceField(choices=["S256"], required=False)


class CodeInput(StrictInput):
    """The `code` of the redirect, and the app's PKCE verifier."""

    code = serializers.CharField(max_length=200)
    codeVerifier = serializers.CharField(max_length=200)


class ProvidersView(AuthView):
    """Where users can sign in."""

    @describe("List the identity providers", answers=ProvidersOutput)
    def get(self, request: Request) -> Response:
        """Those the project offers."""
        providers = IdentityProvider.objects.filter(project_id=tenant_of(request).project_id, enabled=True)
        return Response(ProvidersOutput({"providers": providers}).data)


class AuthorizeView(AuthView):
    """The link on a "sign in with" button."""

    @describe("Sign in at an identity provider", status=302)
    def get(self, request: Request, provider: str) -> HttpResponseRedirect:
        """To the provider."""
        query = AuthorizeQuery(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        tenant = tenant_of(request)
        asked = query.validated_data
        count_begun(tenant, origin_of(request))
        url = start(
            tenant,
            provider_of(tenant, provider),
            redirect_to=asked["redirectTo"],
            code_challenge=asked["codeChallenge"],
        )
        return _redirect(url)


class CallbackView(AuthView):
    """Where the provider sends the browser back to, by way of the public address."""

    @describe("Come back from an identity provider", status=302)
    def get(self, request: Request, provider: str) -> HttpResponseRedirect:
        """To the app, with a one-time code or an error."""
        tenant = tenant_of(request)
        most = AuthSettings.of(tenant.project).address_failures
        key = tenant.pk, network_of(origin_of(request).address)
        ADDRESS.hit(*key, most=most)
        url = finish(tenant, provider_of(tenant, provider), request.query_params.dict())
        ADDRESS.refund(*key)
        return _redirect(url)


class ExchangeView(AuthView):
    """The end of a sign-in at a provider."""

    @describe("Exchange a code for tokens", takes=CodeInput, answers=SignInOutput)
    def post(self, request: Request) -> Response:
        """Tokens; or a challenge for a user with a second factor."""
        tenant, given = tenant_of(request), parsed(CodeInput, request)
        proven = redeem(tenant, given["code"], given["codeVerifier"])
        return Response(tokens_json(do_sign_in_external(tenant, proven, origin=origin_of(request))))


class IdentitiesView(SignedInView):
    """The caller's accounts at providers."""

    @describe("List your accounts at identity providers", answers=IdentitiesOutput)
    def get(self, request: Request) -> Response:
        """All of them."""
        user, _ = caller(request)
        return Response(IdentitiesOutput({"identities": user.identities.order_by("created_at")}).data)

    @describe("Connect an account at an identity provider", takes=CodeInput, answers=IdentityOutput, status=201)
    def post(self, request: Request) -> Response:
        """For the code of a sign-in there; the caller can sign in with it from now on."""
        (user, session), tenant = caller(request), tenant_of(request)
        given = parsed(CodeInput, request)
        proven = redeem(tenant, given["code"], given["codeVerifier"])
        return Response(IdentityOutput(do_connect(tenant, user, session, proven)).data, status=201)


class IdentityView(SignedInView):
    """One of them."""

    @describe("Disconnect an account at an identity provider", status=204)
    def delete(self, request: Request, identity_id: uuid.UUID) -> Response:
        """It signs in no longer."""
        user, session = caller(request)
        do_disconnect(tenant_of(request), user, session, identity_id)
        return Response(status=204)


def _redirect(url: str) -> HttpResponseRedirect:
    # The schemes were checked where the addresses were configured; Django knows only the web's.
    response = HttpResponseRedirect("/")
    response["Location"] = url
    response["Referrer-Policy"] = "no-referrer"
    return response
