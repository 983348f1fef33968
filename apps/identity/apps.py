"""End users as a Django app: django-tenants' TENANT_APP. Its tables are in every tenant's schema, none in `public`."""

from django.apps import AppConfig


class IdentityConfig(AppConfig):
    """Users of tenants: accounts, sessions, factors."""

    name = "apps.identity"
    label = "identity"
    verbose_name = "End users"
    default_auto_field = "django.db.models.BigAutoField"
