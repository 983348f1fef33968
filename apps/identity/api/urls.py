"""The addresses below /auth/v1 of every tenant."""

from __future__ import annotations

from django.urls import include, path

from apps.identity.api import account, confirm, sign_in
from apps.identity.api.openapi import openapi

urlpatterns = [
    path("auth/v1/openapi.json", openapi, name="auth-openapi"),
    path("auth/v1/confirm", confirm.confirm, name="auth-confirm"),
    path("auth/v1/signup", sign_in.SignUpView.as_view()),
    path("auth/v1/verify", sign_in.VerifyView.as_view()),
    path("auth/v1/signin", sign_in.SignInView.as_view()),
    path("auth/v1/magiclink", sign_in.MagicLinkView.as_view()),
    path("auth/v1/magiclink/verify", sign_in.MagicLinkVerifyView.as_view()),
    path("auth/v1/anonymous", sign_in.AnonymousView.as_view()),
    path("auth/v1/refresh", sign_in.RefreshView.as_view()),
    path("auth/v1/signout", sign_in.SignOutView.as_view()),
    path("auth/v1/user", account.UserView.as_view()),
    path("auth/v1/user/upgrade", account.UpgradeView.as_view()),
    path("auth/v1/email", account.EmailView.as_view()),
    path("auth/v1/password", account.PasswordView.as_view()),
    path("auth/v1/password/reset", account.PasswordResetView.as_view()),
    path("auth/v1/password/reset/confirm", account.PasswordResetConfirmView.as_view()),
    path("auth/v1/sessions", account.SessionsView.as_view()),
    path("auth/v1/sessions/<uuid:session_id>", account.SessionView.as_view()),
    path("auth/v1/", include("apps.identity.factors.urls")),
    path("auth/v1/", include("apps.identity.social.urls")),
]
