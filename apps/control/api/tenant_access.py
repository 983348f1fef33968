"""/tenants/<slug>/keys and /domains: how callers get to a tenant."""

from __future__ import annotations

import uuid
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.control.api.base import ControlView, acting, answer, parsed
from apps.control.api.openapi import collection, describe
from apps.control.api.output import DomainSerializer, KeySerializer, NewKeySerializer
from apps.tenants.access import Right, get_domain_for, get_key_for, get_tenant_for
from apps.tenants.models.keys import all_scopes
from apps.tenants.services import do_add_domain, do_create_key, do_remove_domain, do_revoke_key
from kapok.tokens import KeyKind


class KeyInput(serializers.Serializer[Any]):
    """A new key."""

    kind = serializers.ChoiceField(choices=[kind.value for kind in KeyKind], default=KeyKind.SECRET.value)
    role = serializers.CharField(required=False, allow_null=True, default=None, max_length=63)
    name = serializers.CharField(required=False, default="", allow_blank=True, max_length=100)
    expiresAt = serializers.DateTimeField(source="expires_at", required=False, allow_null=True, default=None)
    scopes = serializers.ListField(child=serializers.ChoiceField(choices=all_scopes()), default=all_scopes)


class DomainInput(serializers.Serializer[Any]):
    """A host name."""

    domain = serializers.CharField(max_length=300)
    isPrimary = serializers.BooleanField(source="primary", required=False, default=False)


class KeysView(ControlView):
    """A tenant's keys."""

    @describe("List a tenant's keys", answers=collection("keys", KeySerializer))
    def get(self, request: Request, slug: str) -> Response:
        """All of them, without the keys themselves."""
        keys = get_tenant_for(acting(request), slug, Right.VIEW).keys.order_by("-created_at")
        return answer({"keys": KeySerializer(keys, many=True).data})

    @describe("Create a key", takes=KeyInput, answers=NewKeySerializer, status=201)
    def post(self, request: Request, slug: str) -> Response:
        """The answer is the only place that ever shows the key."""
        tenant = get_tenant_for(acting(request), slug, Right.MANAGE)
        stored, key = do_create_key(tenant, acting=acting(request), **parsed(KeyInput, request.data))
        return answer({**KeySerializer(stored).data, "key": key}, status=201)


class KeyView(ControlView):
    """One key."""

    @describe("Revoke a key", answers=KeySerializer)
    def delete(self, request: Request, slug: str, key_id: uuid.UUID) -> Response:
        """It is refused from now on; the row stays."""
        key = get_key_for(acting(request), slug, key_id, Right.MANAGE)
        return answer(KeySerializer(do_revoke_key(key, acting=acting(request))).data)


class DomainsView(ControlView):
    """A tenant's host names."""

    @describe("List a tenant's domains", answers=collection("domains", DomainSerializer))
    def get(self, request: Request, slug: str) -> Response:
        """All of them."""
        domains = get_tenant_for(acting(request), slug, Right.VIEW).domains.order_by("domain")
        return answer({"domains": DomainSerializer(domains, many=True).data})

    @describe("Add a domain", takes=DomainInput, answers=DomainSerializer, status=201)
    def post(self, request: Request, slug: str) -> Response:
        """The tenant answers there as well."""
        tenant = get_tenant_for(acting(request), slug, Right.MANAGE)
        domain = do_add_domain(tenant, acting=acting(request), **parsed(DomainInput, request.data))
        return answer(DomainSerializer(domain).data, status=201)


class DomainView(ControlView):
    """One host name."""

    @describe("Remove a domain", status=204)
    def delete(self, request: Request, slug: str, domain: str) -> Response:
        """The tenant no longer answers there."""
        found = get_domain_for(acting(request), slug, domain, Right.MANAGE)
        do_remove_domain(found, acting=acting(request))
        return Response(status=204)
