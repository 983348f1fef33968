"""Operators' accounts as a Django app."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Users who sign in to the control plane."""

    name = "apps.accounts"
    label = "accounts"
    verbose_name = "Accounts"
    default_auto_field = "django.db.models.BigAutoField"
