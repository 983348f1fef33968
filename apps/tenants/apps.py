"""Tenants as a Django app."""

from django.apps import AppConfig
from django.core.checks import register

from apps.tenants.checks import check_settings


class TenantsConfig(AppConfig):
    """Projects, tenants, keys and the jobs that set them up."""

    name = "apps.tenants"
    label = "tenants"
    verbose_name = "Fleet"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Refuse to start on bad settings."""
        register(check_settings, "kapok")
