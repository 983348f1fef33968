"""/tenants/<slug>/users: the end users of a tenant."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.models import User as Operator
from apps.control.api.base import ControlView, acting, answer, parsed
from apps.control.api.fields import ConfirmInput
from apps.control.api.listing import listing
from apps.control.api.openapi import describe
from apps.identity.models import User
from apps.identity.services import accounts
from apps.identity.tenant_users import all_users, get_user, users_of
from apps.tenants.access import Right, get_tenant_for
from apps.tenants.models import Tenant

SORT = {"email": "email", "createdAt": "created_at", "lastSignInAt": "last_sign_in_at"}


class EndUserSerializer(serializers.Serializer[User]):
    """An end user. roles: what operators gave; metadata: what the user says of himself; appMetadata: claims that rules
    may rely on."""

    id = serializers.UUIDField()
    email = serializers.CharField(allow_null=True)
    emailVerifiedAt = serializers.DateTimeField(source="email_verified_at", allow_null=True)
    isAnonymous = serializers.BooleanField(source="is_anonymous")
    state = serializers.SerializerMethodField()
    roles = serializers.ListField(child=serializers.CharField())
    metadata = serializers.DictField(source="user_metadata")
    appMetadata = serializers.DictField(source="app_metadata")
    factorCount = serializers.IntegerField(source="factor_count")
    sessionCount = serializers.IntegerField(source="session_count")
    createdAt = serializers.DateTimeField(source="created_at")
    lastSignInAt = serializers.DateTimeField(source="last_sign_in_at", allow_null=True)

    def get_state(self, user: User) -> str:
        return "disabled" if user.disabled_at else "active"


class EndUserFactorSerializer(serializers.Serializer[Any]):
    """A second factor, without its secret."""

    id = serializers.UUIDField()
    kind = serializers.CharField()
    name = serializers.CharField()
    createdAt = serializers.DateTimeField(source="created_at")
    lastUsedAt = serializers.DateTimeField(source="last_used_at", allow_null=True)


class EndUserSessionSerializer(serializers.Serializer[Any]):
    """A sign-in on a device."""

    id = serializers.UUIDField()
    isActive = serializers.BooleanField(source="is_active")
    methods = serializers.ListField(child=serializers.CharField())
    level = serializers.CharField()
    address = serializers.CharField()
    userAgent = serializers.CharField(source="user_agent")
    createdAt = serializers.DateTimeField(source="created_at")
    lastUsedAt = serializers.DateTimeField(source="last_used_at")
    expiresAt = serializers.DateTimeField(source="expires_at")
    revokedReason = serializers.CharField(source="revoked_reason")


class EndUserIdentitySerializer(serializers.Serializer[Any]):
    """An account at an identity provider."""

    id = serializers.UUIDField()
    provider = serializers.CharField()
    issuer = serializers.CharField()
    subject = serializers.CharField()
    email = serializers.CharField()
    lastUsedAt = serializers.DateTimeField(source="last_used_at")


class EndUserDetailSerializer(EndUserSerializer):
    """An end user with everything that belongs to him; the latest hundred sessions."""

    factors = EndUserFactorSerializer(many=True)
    sessions = serializers.SerializerMethodField()
    identities = EndUserIdentitySerializer(many=True)

    def get_sessions(self, user: User) -> list[dict[str, Any]]:
        return list(EndUserSessionSerializer(user.sessions.all()[:100], many=True).data)


class EndUserInput(serializers.Serializer[Any]):
    """A new user. Without a password he chooses one himself: `invite` sends the link."""

    id = serializers.UUIDField(required=False)
    email = serializers.CharField(max_length=320)
    password = serializers.CharField(required=False, max_length=1000, trim_whitespace=False)
    roles = serializers.ListField(required=False, default=list, child=serializers.CharField(max_length=63))
    metadata = serializers.DictField(required=False, default=dict)
    appMetadata = serializers.DictField(source="app_metadata", required=False, default=dict)
    invite = serializers.BooleanField(required=False, default=False)


class EndUserChanges(serializers.Serializer[Any]):
    """What may be changed; what is missing stays as it is."""

    roles = serializers.ListField(required=False, child=serializers.CharField(max_length=63))
    metadata = serializers.DictField(required=False)
    appMetadata = serializers.DictField(source="app_metadata", required=False)


class EndUsersView(ControlView):
    """The users of a tenant."""

    @describe("List a tenant's users", answers=EndUserSerializer, named="users")
    def get(self, request: Request, slug: str) -> Response:
        """A page of users; `search` looks into e-mail addresses."""
        with users_of(get_tenant_for(acting(request), slug, Right.VIEW)):
            return listing(
                request, all_users(), "users", _represent, search=("email",), sort=SORT, default_sort="-createdAt"
            )

    @describe("Create a tenant's user", takes=EndUserInput, answers=EndUserDetailSerializer, status=201)
    def post(self, request: Request, slug: str) -> Response:
        """Made with a verified address, whether or not anybody may sign up."""
        tenant = get_tenant_for(acting(request), slug, Right.MANAGE)
        given = parsed(EndUserInput, request.data)
        invite = given.pop("invite")
        service = accounts.do_invite_user if invite else accounts.do_create_user
        with users_of(tenant):
            user = service(tenant, acting=acting(request), **given)
            return answer(EndUserDetailSerializer(get_user(str(user.pk))).data, status=201)


class EndUserView(ControlView):
    """One user, by id or e-mail address."""

    @describe("Show a tenant's user", answers=EndUserDetailSerializer)
    def get(self, request: Request, slug: str, user: str) -> Response:
        """With sessions, factors and accounts at providers."""
        with users_of(get_tenant_for(acting(request), slug, Right.VIEW)):
            return answer(EndUserDetailSerializer(get_user(user)).data)

    @describe("Change a tenant's user", takes=EndUserChanges, answers=EndUserDetailSerializer)
    def patch(self, request: Request, slug: str, user: str) -> Response:
        """Roles and metadata; tokens that say otherwise are no longer believed."""
        tenant = get_tenant_for(acting(request), slug, Right.MANAGE)
        changes = parsed(EndUserChanges, request.data)
        return _done(request, tenant, user, accounts.do_update_user, **changes)

    @describe("Delete a tenant's user", takes=ConfirmInput, status=204)
    def delete(self, request: Request, slug: str, user: str) -> Response:
        """Asks for the user's id in `confirm`. The project's own rows stay."""
        tenant = get_tenant_for(acting(request), slug, Right.MANAGE)
        confirm = parsed(ConfirmInput, request.data)["confirm"]
        with users_of(tenant):
            accounts.do_delete_user(tenant, get_user(user), confirm=confirm, acting=acting(request))
        return Response(status=204)


class EndUserSessionView(ControlView):
    """One session of a user."""

    @describe("Revoke a session of a tenant's user", answers=EndUserDetailSerializer)
    def delete(self, request: Request, slug: str, user: str, session_id: uuid.UUID) -> Response:
        """It ends everywhere within seconds."""
        tenant = get_tenant_for(acting(request), slug, Right.MANAGE)
        return _done(request, tenant, user, accounts.do_revoke_one_session, session_id=session_id)


def _action(summary: str, service: Callable[..., object]) -> type[ControlView]:
    """A view whose POST calls a service for one user, and answers with the user afterwards."""

    class ActionView(ControlView):
        @describe(summary, answers=EndUserDetailSerializer)
        def post(self, request: Request, slug: str, user: str) -> Response:
            tenant = get_tenant_for(acting(request), slug, Right.MANAGE)
            return _done(request, tenant, user, service)

    return ActionView


def _done(request: Request, tenant: Tenant, user: str, service: Callable[..., object], **arguments: Any) -> Response:
    operator: Operator = acting(request)
    with users_of(tenant):
        found = get_user(user)
        service(tenant, found, acting=operator, **arguments)
        return answer(EndUserDetailSerializer(get_user(str(found.pk))).data)


#: What can be done to one user: the last part of the address, and the view.
ACTIONS = {
    "disable": _action("Disable a tenant's user", accounts.do_disable_user),
    "enable": _action("Enable a tenant's user", accounts.do_enable_user),
    "revoke-sessions": _action("Revoke all sessions of a tenant's user", accounts.do_revoke_user_sessions),
    "password-reset": _action("Send a tenant's user a password reset", accounts.do_send_password_reset),
    "reset-factors": _action("Reset the factors of a tenant's user", accounts.do_reset_factors),
}


def _represent(users: Sequence[User]) -> list[dict[str, Any]]:
    return list(EndUserSerializer(users, many=True).data)
