"""/me, /tokens and /users: the people behind the calls."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import IntegrityError, transaction
from guardian.models import UserObjectPermission
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.models import TwoStep, User
from apps.accounts.two_step import do_reset_two_step
from apps.control.api.base import ControlView, acting, answer, parsed
from apps.control.api.listing import listing
from apps.control.api.openapi import collection, describe
from apps.control.models import ControlToken
from apps.control.tokens import do_create_token, do_revoke_token
from apps.tenants.access import AUDIT_PLATFORM, Right, get_project_for, grant_platform_audit, grant_project
from apps.tenants.acting import actor_name
from apps.tenants.models import Project
from apps.tenants.rights import recording_rights
from apps.tenants.trail import record_on_platform
from kapok.errors import KapokError


class MeSerializer(serializers.Serializer[User]):
    """The caller."""

    id = serializers.UUIDField()
    email = serializers.CharField()
    name = serializers.CharField()
    isSuperuser = serializers.BooleanField(source="is_superuser")


class UserSerializer(MeSerializer):
    """A user. projects: slugs of those the user has rights on."""

    isActive = serializers.BooleanField(source="is_active")
    isStaff = serializers.BooleanField(source="is_staff")
    twoStep = serializers.SerializerMethodField(help_text="Whether signing in to the admin takes a code, too.")
    projects = serializers.SerializerMethodField()

    def get_twoStep(self, user: User) -> bool:
        return user.pk in self.context["two_step"]

    def get_projects(self, user: User) -> list[str]:
        return list(self.context["projects"].get(user.pk, []))


class UserInput(serializers.Serializer[Any]):
    """A new user. manages, reads, audits: slugs of projects. auditsPlatform: the control plane's own audit trail."""

    email = serializers.EmailField()
    name = serializers.CharField(required=False, default="", allow_blank=True, max_length=150)
    password = serializers.CharField(trim_whitespace=False, max_length=1000)
    isSuperuser = serializers.BooleanField(required=False, default=False)
    manages = serializers.ListField(required=False, default=list, child=serializers.CharField(max_length=200))
    reads = serializers.ListField(required=False, default=list, child=serializers.CharField(max_length=200))
    audits = serializers.ListField(required=False, default=list, child=serializers.CharField(max_length=200))
    auditsPlatform = serializers.BooleanField(required=False, default=False)


class TokenInput(serializers.Serializer[Any]):
    """A new token."""

    name = serializers.CharField(max_length=100)
    days = serializers.IntegerField(required=False, default=90, min_value=1, max_value=3650)


class TokenSerializer(serializers.Serializer[ControlToken]):
    """A control API token, without the token."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    prefix = serializers.CharField()
    state = serializers.CharField()
    createdAt = serializers.DateTimeField(source="created_at")
    expiresAt = serializers.DateTimeField(source="expires_at")
    lastUsedAt = serializers.DateTimeField(source="last_used_at", allow_null=True)


class NewTokenSerializer(TokenSerializer):
    """A token in the one answer that shows it."""

    token = serializers.CharField()


class MeView(ControlView):
    """Who am I."""

    @describe("Show the caller", answers=MeSerializer)
    def get(self, request: Request) -> Response:
        """The user of the token or the session."""
        return answer(MeSerializer(acting(request)).data)


class TokensView(ControlView):
    """The caller's tokens."""

    @describe("List your tokens", answers=collection("tokens", TokenSerializer))
    def get(self, request: Request) -> Response:
        """All of them, without the tokens themselves."""
        return answer({"tokens": TokenSerializer(acting(request).control_tokens.all(), many=True).data})

    @describe("Create a token", takes=TokenInput, answers=NewTokenSerializer, status=201)
    def post(self, request: Request) -> Response:
        """The answer is the only place that ever shows the token. It ends no later than the token that asks for it:
        otherwise whoever finds one for a day has one for ever."""
        given = parsed(TokenInput, request.data)
        lifetime = timedelta(days=given["days"])
        not_after = request.auth.expires_at if isinstance(request.auth, ControlToken) else None
        token, text = do_create_token(acting(request), name=given["name"], lifetime=lifetime, not_after=not_after)
        return answer({**TokenSerializer(token).data, "token": text}, status=201)


class TokenView(ControlView):
    """One of the caller's tokens."""

    @describe("Revoke a token", status=204)
    def delete(self, request: Request, token_id: uuid.UUID) -> Response:
        """It is refused from now on."""
        token = acting(request).control_tokens.filter(pk=token_id).first()
        if token is None:
            raise KapokError("NOT_FOUND", "You have no such token.")
        do_revoke_token(token, acting=acting(request))
        return Response(status=204)


class UsersView(ControlView):
    """All users; for superusers."""

    @describe("List users", answers=UserSerializer, named="users")
    def get(self, request: Request) -> Response:
        """A page of users."""
        _require_superuser(request)
        return listing(
            request,
            User.objects.all(),
            "users",
            _represent,
            search=("email", "name"),
            sort={"email": "email", "name": "name"},
            default_sort="email",
        )

    @describe("Create a user", takes=UserInput, answers=UserSerializer, status=201)
    def post(self, request: Request) -> Response:
        """Who may sign in to the admin and use the control API."""
        _require_superuser(request)
        given = parsed(UserInput, request.data)
        _check_password(given)
        named = {Right.MANAGE: given["manages"], Right.VIEW: given["reads"], Right.AUDIT: given["audits"]}
        rights = [(slug, right) for right, slugs in named.items() for slug in slugs]
        projects = [(get_project_for(acting(request), slug, Right.MANAGE), right) for slug, right in rights]
        try:
            with transaction.atomic():
                user = _create(given, projects, acting(request))
        except IntegrityError as exc:
            raise KapokError("ALREADY_EXISTS", "A user with this address exists already.") from exc
        return answer(_represent([user])[0], status=201)


class TwoStepResetView(ControlView):
    """The second step of somebody's sign-in; for superusers."""

    @describe("Reset a user's two-step sign-in", takes=None, answers=UserSerializer)
    def post(self, request: Request, user: str) -> Response:
        """The password alone signs in again, and all sessions end. Not for oneself."""
        _require_superuser(request)
        found = User.objects.filter(**({"pk": user} if _is_id(user) else {"email": user.lower()})).first()
        if found is None:
            raise KapokError("NOT_FOUND", "There is no such user.")
        do_reset_two_step(found, actor=actor_name(acting(request)))
        return answer(_represent([found])[0])


def _is_id(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True


def _create(given: dict[str, Any], projects: Sequence[tuple[Project, Right]], creator: User) -> User:
    user = User.objects.create_user(
        given["email"],
        given["password"],
        name=given["name"],
        is_staff=True,
        is_superuser=given["isSuperuser"],
    )
    record_on_platform(
        "operator.created", actor_name(user), acting=creator, email=user.email, superuser=user.is_superuser, staff=True
    )
    for project, right in projects:
        with recording_rights(project, user, acting=creator):
            grant_project(user, project, right)
    if given["auditsPlatform"]:
        grant_platform_audit(user)
        record_on_platform(
            "operator.changed", actor_name(user), acting=creator, email=user.email, changed=[AUDIT_PLATFORM]
        )
    return user


def _check_password(given: dict[str, Any]) -> None:
    try:
        validate_password(given["password"], User(email=given["email"], name=given["name"]))
    except DjangoValidationError as exc:
        raise serializers.ValidationError({"password": exc.messages}) from exc


def _require_superuser(request: Request) -> None:
    if not acting(request).is_superuser:
        raise KapokError("FORBIDDEN", "Only superusers may do this.")


def _represent(users: Sequence[User]) -> list[dict[str, Any]]:
    granted = UserObjectPermission.objects.filter(user__in=users, content_type__app_label="tenants")
    pairs = set(granted.values_list("user_id", "object_pk"))
    slugs = {
        str(pk): slug for pk, slug in Project.objects.filter(pk__in={pk for _, pk in pairs}).values_list("pk", "slug")
    }
    projects: dict[Any, list[str]] = {}
    for user_id, pk in pairs:
        if pk in slugs:
            projects.setdefault(user_id, []).append(slugs[pk])
    context = {
        "projects": {user_id: sorted(found) for user_id, found in projects.items()},
        "two_step": set(TwoStep.objects.filter(user__in=users).values_list("pk", flat=True)),
    }
    return list(UserSerializer(users, many=True, context=context).data)
