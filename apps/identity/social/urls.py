"""Addresses of signing in at identity providers, below /auth/v1/."""

from __future__ import annotations

from django.urls import path

from apps.identity.social import views

urlpatterns = [
    path("oidc", views.ProvidersView.as_view()),
    path("oidc/exchange", views.ExchangeView.as_view()),
    path("oidc/<slug:provider>/authorize", views.AuthorizeView.as_view()),
    path("oidc/<slug:provider>/callback", views.CallbackView.as_view()),
    path("identities", views.IdentitiesView.as_view()),
    path("identities/<uuid:identity_id>", views.IdentityView.as_view()),
]
