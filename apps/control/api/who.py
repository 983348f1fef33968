"""Who calls, for views that are not DRF's: control GraphQL and event streams. In: a request. Out: a user."""

from __future__ import annotations

from django.http import HttpRequest
from rest_framework.exceptions import NotAuthenticated, PermissionDenied
from rest_framework.request import Request

from apps.accounts.models import User
from apps.control.api.authentication import AdminSessionAuthentication, TokenAuthentication


def user_of(request: HttpRequest) -> User:
    """The user of the bearer token or of the session. Raises NotAuthenticated, AuthenticationFailed, PermissionDenied
    (CSRF), RATE_LIMITED."""
    wrapped = Request(request, authenticators=[TokenAuthentication(), AdminSessionAuthentication()])
    if not isinstance(wrapped.user, User):
        raise NotAuthenticated
    if not wrapped.user.is_active:
        raise PermissionDenied
    return wrapped.user
