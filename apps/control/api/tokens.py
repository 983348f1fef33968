"""Whose tokens count: a tenant's signing keys, and the issuers outside that a project trusts."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.control.api.base import ControlView, acting, answer, parsed
from apps.control.api.openapi import collection, describe
from apps.tenants.access import Right, get_project_for, get_tenant_for
from apps.tenants.models import SigningKey, TrustedIssuer
from apps.tenants.services import do_distrust_issuer, do_rotate_signing_key, do_trust_issuer
from kapok.errors import KapokError


class SigningKeySerializer(serializers.Serializer[SigningKey]):
    """A signing key, without its private part."""

    kid = serializers.CharField()
    state = serializers.CharField()
    createdAt = serializers.DateTimeField(source="created_at")
    activeFrom = serializers.DateTimeField(source="active_from")
    retiredAt = serializers.DateTimeField(source="retired_at", allow_null=True)
    verifiedUntil = serializers.DateTimeField(source="verified_until", allow_null=True)


class RotateInput(serializers.Serializer[Any]):
    """atOnce: a key may have leaked; every token issued so far is refused."""

    atOnce = serializers.BooleanField(source="at_once", required=False, default=False)


class SigningKeysView(ControlView):
    """A tenant's signing keys."""

    @describe("List a tenant's signing keys", answers=collection("keys", SigningKeySerializer))
    def get(self, request: Request, slug: str) -> Response:
        """All that are believed or will be, the newest first."""
        keys = get_tenant_for(acting(request), slug, Right.VIEW).signing_keys.all()
        return answer({"keys": SigningKeySerializer(keys, many=True).data})

    @describe("Rotate a tenant's signing key", takes=RotateInput, answers=SigningKeySerializer, status=201)
    def post(self, request: Request, slug: str) -> Response:
        """The successor."""
        tenant = get_tenant_for(acting(request), slug, Right.MANAGE)
        made = do_rotate_signing_key(tenant, acting=acting(request), **parsed(RotateInput, request.data))
        return answer(SigningKeySerializer(made).data, status=201)


class IssuerSerializer(serializers.Serializer[TrustedIssuer]):
    """A trusted issuer, without its shared secret."""

    id = serializers.IntegerField()
    issuer = serializers.CharField()
    jwksUrl = serializers.CharField(source="jwks_url")
    hasSecret = serializers.SerializerMethodField()
    audience = serializers.CharField()
    algorithms = serializers.ListField(child=serializers.CharField())
    subjectClaim = serializers.CharField(source="subject_claim")
    rolesClaim = serializers.CharField(source="roles_claim")
    roleMapping = serializers.DictField(source="role_mapping", child=serializers.CharField())
    defaultRole = serializers.CharField(source="default_role")
    tenantClaim = serializers.CharField(source="tenant_claim")
    enabled = serializers.BooleanField()
    createdAt = serializers.DateTimeField(source="created_at")

    def get_hasSecret(self, issuer: TrustedIssuer) -> bool:
        return bool(issuer.sealed_secret)


class IssuerInput(serializers.Serializer[Any]):
    """An issuer as it is to be. secret: left out, the one there is stays; "" removes it."""

    issuer = serializers.CharField(max_length=500)
    jwksUrl = serializers.CharField(source="jwks_url", required=False, default="", allow_blank=True, max_length=500)
    secret = serializers.CharField(required=False, allow_blank=True, max_length=2000, trim_whitespace=False)
    audience = serializers.CharField(max_length=500)
    algorithms = serializers.ListField(required=False, child=serializers.CharField(max_length=10), max_length=20)
    subjectClaim = serializers.CharField(source="subject_claim", required=False, max_length=200)
    rolesClaim = serializers.CharField(source="roles_claim", required=False, max_length=200)
    roleMapping = serializers.DictField(source="role_mapping", required=False, child=serializers.CharField())
    defaultRole = serializers.CharField(source="default_role", required=False, allow_blank=True, max_length=63)
    tenantClaim = serializers.CharField(source="tenant_claim", required=False, allow_blank=True, max_length=200)
    enabled = serializers.BooleanField(required=False, default=True)


class IssuersView(ControlView):
    """The issuers a project trusts."""

    @describe("List the issuers a project trusts", answers=collection("issuers", IssuerSerializer))
    def get(self, request: Request, slug: str) -> Response:
        """All of them, without their secrets."""
        issuers = get_project_for(acting(request), slug, Right.VIEW).trusted_issuers.all()
        return answer({"issuers": IssuerSerializer(issuers, many=True).data})

    @describe("Trust an issuer", takes=IssuerInput, answers=IssuerSerializer)
    def put(self, request: Request, slug: str) -> Response:
        """Added, or changed where it is trusted already."""
        project = get_project_for(acting(request), slug, Right.MANAGE)
        made = do_trust_issuer(project, acting=acting(request), **parsed(IssuerInput, request.data))
        return answer(IssuerSerializer(made).data)


class IssuerView(ControlView):
    """One issuer."""

    @describe("Trust an issuer no more", status=204)
    def delete(self, request: Request, slug: str, issuer_id: int) -> Response:
        """None of its tokens is believed any more."""
        project = get_project_for(acting(request), slug, Right.MANAGE)
        found = project.trusted_issuers.filter(pk=issuer_id).first()
        if found is None:
            raise KapokError("NOT_FOUND", "This project trusts no such issuer.")
        do_distrust_issuer(found, acting=acting(request))
        return Response(status=204)
