"""What a tenant's and a project's pages show of what belongs to them. Read-only: changes are actions."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from unfold.admin import TabularInline
from unfold.decorators import display

from apps.tenants.admin.columns import KEY_LABELS, badge, link, operation_badge, progress_bar
from apps.tenants.models import ApiKey, Domain, MigrationState, Operation, ProjectMigration, TenantMigration
from apps.tenants.titles import operation_title

#: How many operations a page shows; the rest has its own list.
RECENT = 10


class ReadOnlyInline(TabularInline):
    """Rows to look at, in a tab."""

    extra = 0
    tab = True
    can_delete = False
    show_change_link = False
    hide_title = True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never here."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never here."""
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever sees the page sees these."""
        return True


class KeyInline(ReadOnlyInline):
    """A tenant's keys."""

    model = ApiKey
    fields = readonly_fields = ("show_name", "kind", "role", "show_key", "show_state", "created_at")
    verbose_name_plural = "Keys"

    @display(description="Name")
    def show_name(self, key: ApiKey) -> SafeString:
        """A link to the key."""
        return link("tenants_apikey_change", key.pk, key.name)

    @display(description="Key")
    def show_key(self, key: ApiKey) -> str:
        """The first characters; the rest is nowhere."""
        return f"{key.prefix}…"

    @display(description="State")
    def show_state(self, key: ApiKey) -> SafeString:
        """active, revoked or expired."""
        return badge(key_state(key), KEY_LABELS[key_state(key)])


class DomainInline(ReadOnlyInline):
    """A tenant's host names."""

    model = Domain
    fields = readonly_fields = ("domain", "is_primary", "created_at")
    verbose_name_plural = "Domains"


class TenantMigrationInline(ReadOnlyInline):
    """What a tenant has had of its project's migrations."""

    model = TenantMigration
    fields = readonly_fields = ("show_file", "show_state", "show_duration", "applied_at", "show_error")
    verbose_name_plural = "Migrations"

    @display(description="File")
    def show_file(self, migration: TenantMigration) -> str:
        """`0003_add_offers`."""
        return f"{migration.number:04d}_{migration.name}"

    @display(description="State")
    def show_state(self, migration: TenantMigration) -> SafeString:
        """applied or failed."""
        return badge(migration.state, "success" if migration.state == MigrationState.APPLIED else "danger")

    @display(description="Took")
    def show_duration(self, migration: TenantMigration) -> str:
        """In milliseconds."""
        return f"{migration.duration_ms:.0f} ms"

    @display(description="Error")
    def show_error(self, migration: TenantMigration) -> str:
        """PostgreSQL's words, and the line of the file."""
        message, line = migration.error.get("message", ""), migration.error.get("line")
        return f"line {line}: {message}" if line else message or "-"


class ProjectMigrationInline(ReadOnlyInline):
    """A project's SQL files."""

    model = ProjectMigration
    fields = readonly_fields = ("__str__", "show_size", "show_checksum", "created_at")
    verbose_name_plural = "Migrations"

    @display(description="Lines")
    def show_size(self, migration: ProjectMigration) -> int:
        """How long it is."""
        return len(migration.sql.splitlines())

    @display(description="SHA-256")
    def show_checksum(self, migration: ProjectMigration) -> str:
        """Enough to compare with."""
        return f"{migration.checksum[:12]}…"


class OperationInline(ReadOnlyInline):
    """The latest jobs."""

    model = Operation
    fields = readonly_fields = ("show_title", "show_state", "show_progress", "created_at", "error_message")
    verbose_name_plural = "Jobs"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Operation]:
        """With what the titles need."""
        rows: QuerySet[Operation] = super().get_queryset(request)
        return rows.select_related("tenant", "project").order_by("-created_at")

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        """Only the latest ones."""
        formset = super().get_formset(request, obj, **kwargs)

        class Latest(formset):  # type: ignore[misc,valid-type]
            @cached_property
            def latest(self) -> list[Operation]:
                # Django asks for the rows again and again; a new slice would be a new query each time.
                return list(super().get_queryset()[:RECENT])

            def get_queryset(self) -> Any:
                return self.latest

        return Latest

    @display(description="What")
    def show_title(self, operation: Operation) -> SafeString:
        """A link to the operation."""
        return link("tenants_operation_change", operation.pk, operation_title(operation))

    @display(description="State")
    def show_state(self, operation: Operation) -> SafeString:
        """A coloured badge."""
        return operation_badge(operation)

    @display(description="Progress")
    def show_progress(self, operation: Operation) -> SafeString:
        """A live bar."""
        return progress_bar(operation)


class TenantOperationInline(OperationInline):
    """A tenant's jobs."""

    fk_name = "tenant"


class ProjectOperationInline(OperationInline):
    """A project's jobs."""

    fk_name = "project"


def key_state(key: ApiKey) -> str:
    """active, revoked or expired."""
    if key.revoked_at is not None:
        return "revoked"
    return "active" if key.is_active else "expired"
