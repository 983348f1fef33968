"""What /auth/v1 says of users, sessions and tokens. In: rows. Out: camelCase JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rest_framework import serializers

from apps.identity.factors.second_step import Challenge
from apps.identity.models import Session, User
from apps.identity.services.sessions import Tokens


class UserOutput(serializers.Serializer[User]):
    """A user, as he sees himself. context: `roles`, the ones that count for him now."""

    id = serializers.UUIDField()
    email = serializers.CharField(allow_null=True)
    emailVerified = serializers.SerializerMethodField()
    isAnonymous = serializers.BooleanField(source="is_anonymous")
    roles = serializers.SerializerMethodField()
    metadata = serializers.DictField(source="user_metadata")
    appMetadata = serializers.DictField(source="app_metadata")
    hasPassword = serializers.SerializerMethodField()
    createdAt = serializers.DateTimeField(source="created_at")
    lastSignInAt = serializers.DateTimeField(source="last_sign_in_at", allow_null=True)

    def get_emailVerified(self, user: User) -> bool:
        return user.email_verified_at is not None

    def get_roles(self, user: User) -> list[str]:
        return list(self.context["roles"])

    def get_hasPassword(self, user: User) -> bool:
        return bool(user.password)


class TokensOutput(serializers.Serializer[Any]):
    """A session's tokens."""

    accessToken = serializers.CharField()
    tokenType = serializers.CharField()
    expiresIn = serializers.IntegerField(help_text="Seconds until the access token expires.")
    refreshToken = serializers.CharField()
    refreshExpiresAt = serializers.DateTimeField()
    sessionId = serializers.UUIDField()
    user = UserOutput()


class FactorOutput(serializers.Serializer[Any]):
    """A factor that can answer a challenge."""

    id = serializers.UUIDField()
    kind = serializers.CharField()
    name = serializers.CharField(allow_blank=True)


class ChallengeOutput(serializers.Serializer[Any]):
    """What is still missing."""

    token = serializers.CharField()
    expiresAt = serializers.DateTimeField()
    factors = FactorOutput(many=True)


class SignInOutput(TokensOutput):
    """Tokens; or only `challenge`, where a second factor has to be shown first."""

    challenge = ChallengeOutput(required=False)


class SessionOutput(serializers.Serializer[Session]):
    """A session that goes on."""

    id = serializers.UUIDField()
    current = serializers.SerializerMethodField()
    methods = serializers.ListField(child=serializers.CharField())
    level = serializers.CharField()
    address = serializers.CharField()
    userAgent = serializers.CharField(source="user_agent")
    createdAt = serializers.DateTimeField(source="created_at")
    lastUsedAt = serializers.DateTimeField(source="last_used_at")
    expiresAt = serializers.DateTimeField(source="expires_at")

    def get_current(self, session: Session) -> bool:
        return bool(session == self.context.get("current"))


def user_json(user: User, roles: Sequence[str]) -> dict[str, Any]:
    """A user; roles: those his token says, or would say."""
    said: dict[str, Any] = UserOutput(user, context={"roles": roles}).data
    return said


def tokens_json(given: Tokens | Challenge) -> dict[str, Any]:
    """What a sign-in answers."""
    if isinstance(given, Challenge):
        return given.body()
    return {
        "accessToken": given.access_token,
        "tokenType": "Bearer",
        "expiresIn": given.expires_in,
        "refreshToken": given.refresh_token,
        "refreshExpiresAt": given.refresh_expires_at,
        "sessionId": given.session.pk,
        "user": user_json(given.user, given.roles),
    }
