"""The control plane as a Django app."""

from django.apps import AppConfig


class ControlConfig(AppConfig):
    """Control API, control GraphQL and the admin's own pages."""

    name = "apps.control"
    label = "control"
    verbose_name = "Control"
    default_auto_field = "django.db.models.BigAutoField"
