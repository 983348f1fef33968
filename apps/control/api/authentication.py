"""Who calls the control API: a bearer token, or a person signed in to the admin (whose changes need a CSRF token).

In: a request. Out: (user, token or None), or nobody. A wrong token is refused, never taken for "no token".
"""

from __future__ import annotations

from django.http import HttpRequest
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, SessionAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from apps.accounts.models import User
from apps.accounts.throttle import TOKENS
from apps.audit.logs import PUBLIC
from apps.audit.tally import TALLY
from apps.control.models import ControlToken
from apps.control.tokens import find_token, note_use
from kapok.logs import request_id
from kapok.networks import network_of


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer kctl_...`."""

    def authenticate(self, request: Request) -> tuple[User, ControlToken] | None:
        """The token's user; None where no bearer token was sent. Raises AuthenticationFailed, RATE_LIMITED."""
        token = bearer_token(get_authorization_header(request))
        return None if token is None else authenticate_token(request, token)

    def authenticate_header(self, request: Request) -> str:
        """What a 401 asks for."""
        return 'Bearer realm="kapok"'


class AdminSessionAuthentication(SessionAuthentication):
    """The admin's session, with Django's CSRF check."""

    def authenticate_header(self, request: Request) -> str:
        """A 401 names the scheme programs use."""
        return 'Bearer realm="kapok"'


def bearer_token(header: bytes) -> str | None:
    """The token of an Authorization header; None where there is none. Raises AuthenticationFailed for other schemes."""
    if not header:
        return None
    scheme, _, token = header.decode("latin-1").partition(" ")
    if scheme.lower() != "bearer":
        raise AuthenticationFailed
    return token.strip()


def authenticate_token(request: HttpRequest | Request, text: str) -> tuple[User, ControlToken]:
    """The user of a token. Raises AuthenticationFailed, and RATE_LIMITED for an address that keeps guessing.

    A token that works is never refused for what others behind the same address sent.
    """
    token = find_token(text)
    if token is None:
        address = str(request.META.get("REMOTE_ADDR", ""))
        refused = {"actor": "", "target": "", "address": address, "request_id": request_id.get()}
        TALLY.refused("control_token.refused", PUBLIC, **refused)
        TOKENS.hit(network_of(address))
        raise AuthenticationFailed
    note_use(token)
    return token.user, token


class _TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How OpenAPI describes the token."""

    target_class = TokenAuthentication
    name = "controlToken"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "kctl_..."}


class _SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How OpenAPI describes the session."""

    target_class = AdminSessionAuthentication
    name = "adminSession"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {"type": "apiKey", "in": "cookie", "name": "sessionid"}
