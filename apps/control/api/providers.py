"""/projects/<slug>/providers: where a project's users may sign in besides their passwords."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.control.api.base import ControlView, acting, answer, parsed
from apps.control.api.openapi import collection, describe
from apps.tenants.access import Right, get_project_for
from apps.tenants.models import IdentityProvider, Project
from apps.tenants.models.providers import default_scopes
from apps.tenants.services import do_remove_provider, do_set_provider
from kapok.errors import KapokError
from kapok.public_urls import provider_callback_url


class ProviderSerializer(serializers.Serializer[IdentityProvider]):
    """A provider, without the client secret. callbackUrl: what to register there."""

    name = serializers.CharField()
    title = serializers.CharField()
    issuer = serializers.CharField()
    clientId = serializers.CharField(source="client_id")
    hasSecret = serializers.SerializerMethodField()
    scopes = serializers.ListField(child=serializers.CharField())
    claims = serializers.DictField(child=serializers.CharField())
    linksAccounts = serializers.BooleanField(source="links_accounts")
    enabled = serializers.BooleanField()
    callbackUrl = serializers.SerializerMethodField()
    createdAt = serializers.DateTimeField(source="created_at")

    def get_hasSecret(self, provider: IdentityProvider) -> bool:
        return bool(provider.sealed_client_secret)

    def get_callbackUrl(self, provider: IdentityProvider) -> str:
        return provider_callback_url(settings.KAPOK_PUBLIC_URL, provider.project.slug, provider.name)


class ProviderInput(serializers.Serializer[Any]):
    """A provider as it is to be. clientSecret: left out, the one there is stays; "" removes it."""

    title = serializers.CharField(required=False, default="", allow_blank=True, max_length=100)
    issuer = serializers.CharField(max_length=500)
    clientId = serializers.CharField(source="client_id", max_length=500)
    clientSecret = serializers.CharField(
        source="client_secret", required=False, allow_blank=True, max_length=2000, trim_whitespace=False
    )
    scopes = serializers.ListField(
        required=False, default=default_scopes, child=serializers.CharField(max_length=200), max_length=30
    )
    claims = serializers.DictField(required=False, default=dict, child=serializers.CharField(max_length=200))
    linksAccounts = serializers.BooleanField(source="links_accounts", required=False, default=False)
    enabled = serializers.BooleanField(required=False, default=True)


class ProvidersView(ControlView):
    """A project's providers."""

    @describe("List a project's identity providers", answers=collection("providers", ProviderSerializer))
    def get(self, request: Request, slug: str) -> Response:
        """All of them, without their secrets."""
        providers = get_project_for(acting(request), slug, Right.VIEW).identity_providers.select_related("project")
        return answer({"providers": ProviderSerializer(providers, many=True).data})


class ProviderView(ControlView):
    """One provider."""

    @describe("Show an identity provider", answers=ProviderSerializer)
    def get(self, request: Request, slug: str, name: str) -> Response:
        """The provider."""
        project = get_project_for(acting(request), slug, Right.VIEW)
        return answer(ProviderSerializer(_provider(project, name)).data)

    @describe("Set an identity provider", takes=ProviderInput, answers=ProviderSerializer)
    def put(self, request: Request, slug: str, name: str) -> Response:
        """Added, or changed where there is one of this name."""
        project = get_project_for(acting(request), slug, Right.MANAGE)
        made = do_set_provider(project, name, acting=acting(request), **parsed(ProviderInput, request.data))
        return answer(ProviderSerializer(made).data)

    @describe("Remove an identity provider", status=204)
    def delete(self, request: Request, slug: str, name: str) -> Response:
        """Nobody signs in there any more."""
        project = get_project_for(acting(request), slug, Right.MANAGE)
        do_remove_provider(_provider(project, name), acting=acting(request))
        return Response(status=204)


def _provider(project: Project, name: str) -> IdentityProvider:
    found = project.identity_providers.select_related("project").filter(name=name).first()
    if found is None:
        raise KapokError("NOT_FOUND", "This project has no such provider.")
    return found
