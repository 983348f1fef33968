"""Addresses of factors and passkeys, below /auth/v1/."""

from __future__ import annotations

from django.urls import path

from apps.identity.factors import views

urlpatterns = [
    path("factors", views.FactorsView.as_view()),
    path("factors/totp", views.TotpView.as_view()),
    path("factors/totp/<uuid:factor_id>/confirm", views.TotpConfirmView.as_view()),
    path("factors/passkeys", views.PasskeysView.as_view()),
    path("factors/passkeys/options", views.PasskeyOptionsView.as_view()),
    path("factors/recovery-codes", views.RecoveryCodesView.as_view()),
    path("factors/<uuid:factor_id>", views.FactorView.as_view()),
    path("challenge", views.ChallengeView.as_view()),
    path("challenge/passkey", views.ChallengePasskeyView.as_view()),
    path("passkeys/options", views.PasskeySignInOptionsView.as_view()),
    path("passkeys/sign-in", views.PasskeySignInView.as_view()),
]
