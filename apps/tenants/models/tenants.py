"""Tenants and the host names they answer at. Saving never runs DDL: that is the job of provisioning."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import models
from django.utils import timezone
from django_tenants.models import DomainMixin, TenantMixin

from apps.tenants.models.projects import Project
from apps.tenants.validators import limits_validator, slug_validator
from kapok.errors import KapokError
from kapok.identifiers import owner_role, schema_name
from kapok.tenancy import TenantState

_STATES = [(state.value, state.value) for state in TenantState]


class Tenant(TenantMixin):
    """One customer of a project: one Postgres schema and two roles, all named after its id."""

    auto_create_schema = False
    auto_drop_schema = False

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    slug = models.CharField(max_length=48, unique=True, validators=[slug_validator])
    name = models.CharField(max_length=200)
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="tenants")
    state = models.CharField(max_length=12, choices=_STATES, default=TenantState.PROVISIONING.value, db_index=True)
    suspended_reason = models.CharField(max_length=500, blank=True)
    limits = models.JSONField(
        default=dict, blank=True, validators=[limits_validator], help_text="What differs from the default limits."
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ("slug",)
        constraints = (
            models.CheckConstraint(
                condition=models.Q(schema_name__regex=r"^t_[a-z2-7]{26}$"), name="tenants_tenant_schema_name"
            ),
        )

    def __str__(self) -> str:
        return self.slug

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # A deferred field is not in __dict__ and must not be loaded here.
        if self.__dict__.get("schema_name") == "":
            self.schema_name = schema_name(self.id)

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        """Refused: the row alone would leave a schema and roles behind. Use services.do_delete_tenant."""
        raise KapokError("INVALID_STATE", "A tenant is deleted by its deletion job, not by its row.")

    @property
    def owner_role(self) -> str:
        """The LOGIN role that owns the project's tables in this tenant."""
        return owner_role(self.schema_name)


class Domain(DomainMixin):
    """A host name a tenant answers at, besides <slug>.<base domain>."""

    id = models.BigAutoField(primary_key=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ("domain",)
