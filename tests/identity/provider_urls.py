"""The pages and claims of the tests' OpenID provider (provider_site.py)."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import authenticate, login
from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from oauth2_provider.oauth2_validators import OAuth2Validator


class Validator(OAuth2Validator):  # type: ignore[misc]
    """Adds the claims of our users: last_name says whether the address is verified."""

    def get_additional_claims(self, request: Any) -> dict[str, Any]:
        """By scope, as the toolkit filters them."""
        user = request.user
        return {"email": user.email, "email_verified": user.last_name == "verified", "name": user.first_name}


def sign_in(request: HttpRequest) -> HttpResponse:
    """POST username and password; nothing else than a session comes of it."""
    user = authenticate(request, username=request.POST.get("username"), password=request.POST.get("password"))
    if user is None:
        return HttpResponse(status=401)
    login(request, user)
    return HttpResponse(status=204)


urlpatterns = [
    path("login/", sign_in),
    path("", include("oauth2_provider.urls", namespace="oauth2_provider")),
]
