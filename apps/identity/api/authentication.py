"""Who calls /auth/v1: the user of an access token whose session goes on.

In: `Authorization: Bearer <JWT>`. Out: (User, Presented), or nobody. A wrong token is refused, never taken for "no
token". The session is looked up, so what was signed out is refused at once.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.conf import settings
from django.db.models import Q
from django.utils import timezone
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from apps.identity.models import Session, User
from apps.tenants.models import SigningKey, Tenant
from kapok.bearer.form import ALGORITHM, TYPE
from kapok.bearer.keys import public_key_from
from kapok.bearer.read import invalid, read_token
from kapok.bearer.verify import Terms, check_algorithm, verify
from kapok.errors import KapokError
from kapok.public_urls import tenant_url


@dataclass(frozen=True, slots=True)
class Presented:
    """What a believed access token stands for: its session, and the roles it says."""

    session: Session
    roles: tuple[str, ...]


class AccessTokenAuthentication(BaseAuthentication):
    """A token of Kapok's own; one of another issuer has no session here."""

    def authenticate(self, request: Request) -> tuple[User, Presented] | None:
        """The token's user. Raises UNAUTHENTICATED, SESSION_ENDED, ACCOUNT_DISABLED."""
        header: str = request.META.get("HTTP_AUTHORIZATION", "")
        if not header:
            return None
        scheme, _, text = header.partition(" ")
        if scheme.lower() != "bearer":
            raise KapokError("UNAUTHENTICATED")
        presented = presented_by(request.tenant, text.strip())  # type: ignore[attr-defined]
        return presented.session.user, presented

    def authenticate_header(self, request: Request) -> str:
        """What a 401 asks for."""
        return 'Bearer realm="kapok"'


class AccessTokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How OpenAPI names it."""

    target_class = AccessTokenAuthentication
    name = "accessToken"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        """A bearer token."""
        return {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}


def presented_by(tenant: Tenant, text: str) -> Presented:
    """The session of an access token, with its user, and its roles. Inside tenant_context. Raises UNAUTHENTICATED,
    TENANT_MISMATCH, SESSION_ENDED, ACCOUNT_DISABLED."""
    token = read_token(text)
    terms = Terms(
        issuer=tenant_url(settings.KAPOK_PUBLIC_URL, tenant.slug),
        audience=tenant.project.slug,
        algorithms=frozenset({ALGORITHM}),
        required=("iss", "aud", "sub", "sid", "iat", "exp", "tenant_id", "roles"),
        type=TYPE,
    )
    if token.issuer != terms.issuer and token.issuer.startswith(tenant_url(settings.KAPOK_PUBLIC_URL, "")):
        raise KapokError("TENANT_MISMATCH")
    check_algorithm(token, terms)
    believed = Q(verified_until=None) | Q(verified_until__gt=timezone.now())
    key = SigningKey.objects.filter(believed, tenant=tenant, kid=token.kid).first()
    if key is None:
        raise invalid("unknown_key", "The token was signed with a key that is not this tenant's.")
    claims = verify(token, public_key_from(key.public_key), terms)
    session = _session(claims["sid"], claims["sub"])
    if claims["tenant_id"] != str(tenant.pk) or session is None or not session.is_active:
        raise KapokError("SESSION_ENDED")
    if session.user.disabled_at is not None:
        raise KapokError("ACCOUNT_DISABLED")
    return Presented(session, tuple(claims["roles"]))


def _session(sid: str, sub: str) -> Session | None:
    try:
        found = Session.objects.select_related("user").filter(pk=uuid.UUID(sid), user_id=uuid.UUID(sub))
    except ValueError:
        return None
    return found.first()
