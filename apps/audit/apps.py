"""The audit trail as a Django app: a log in `public` for the control plane, and one in every tenant's schema."""

from django.apps import AppConfig


class AuditConfig(AppConfig):
    """Events, and the Merkle logs they are sealed in. It knows no tenant: a log is a `LogRef`."""

    name = "apps.audit"
    label = "audit"
    verbose_name = "Audit"
    default_auto_field = "django.db.models.BigAutoField"
