"""Tenants as a Django app."""

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import register

from apps.tenants.checks import check_settings, refuse


class TenantsConfig(AppConfig):
    """Projects, tenants, keys and the jobs that set them up."""

    name = "apps.tenants"
    label = "tenants"
    verbose_name = "Fleet"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Refuse to start on bad settings: commands run the checks themselves, web processes and workers do not."""
        register(check_settings, "kapok")
        if settings.KAPOK_PRODUCTION:
            refuse(check_settings())
