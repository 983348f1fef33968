"""Operations: the jobs, live."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import action, display

from apps.tenants.admin.columns import link, operation_badge, progress_bar
from apps.tenants.admin.dialogs import ConfirmDialog
from apps.tenants.admin.filters import ProjectFilter
from apps.tenants.admin.scope import ScopedAdmin
from apps.tenants.models import Operation
from apps.tenants.services import do_retry_operation
from apps.tenants.titles import operation_title


@admin.register(Operation)
class OperationAdmin(ScopedAdmin):
    """What workers did, do and will do."""

    editable = False
    list_display = ("show_title", "show_state", "show_progress", "requested_by", "created_at", "show_took")
    list_filter = (("state", ChoicesDropdownFilter), ("kind", ChoicesDropdownFilter), ("project", ProjectFilter))
    list_filter_submit = True
    list_select_related = ("tenant", "project", "requested_by")
    list_fullwidth = True
    search_fields = ("tenant__slug", "project__slug", "error_code", "result__tenant")
    search_help_text = "Search by tenant, project or error code"
    ordering = ("-created_at",)
    actions = None
    actions_detail: ClassVar = ("retry",)
    readonly_fields = (
        "show_title",
        "show_state",
        "show_progress",
        "show_tenant",
        "show_result",
    )

    class Media:
        js = ("tenants/operations.js",)

    def get_fieldsets(self, request: HttpRequest, obj: Operation | None = None) -> Any:
        """What there is to tell: no empty message, no empty error."""
        what = ["show_title", "show_state", "show_progress", "step", "show_tenant", "project"]
        if obj is not None and obj.message:
            what.insert(4, "message")
        error = ((None, {"fields": ("error_code", "error_message")}),) if obj is not None and obj.error_code else ()
        times = ("created_at", "started_at", "finished_at", "attempts", "requested_by")
        return (
            (None, {"fields": what}),
            *error,
            ("Times", {"fields": times}),
            ("Result", {"fields": ("show_result",)}),
        )

    def row_title(self, row: Operation) -> str:
        """As in the list."""
        return operation_title(row)

    @display(description="What", ordering="kind")
    def show_title(self, operation: Operation) -> str:
        """`Set up acme`."""
        return operation_title(operation)

    @display(description="State", ordering="state")
    def show_state(self, operation: Operation) -> SafeString:
        """A coloured badge."""
        return operation_badge(operation)

    @display(description="Progress")
    def show_progress(self, operation: Operation) -> SafeString:
        """A live bar."""
        return progress_bar(operation)

    @display(description="Took")
    def show_took(self, operation: Operation) -> str:
        """From start to end, in seconds."""
        if operation.started_at is None or operation.finished_at is None:
            return "-"
        return f"{(operation.finished_at - operation.started_at).total_seconds():.2f} s"

    @display(description="Tenant")
    def show_tenant(self, operation: Operation) -> SafeString | str:
        """A link, while it is there."""
        tenant = operation.tenant
        return link("tenants_tenant_change", tenant.pk, tenant.slug) if tenant else "-"

    @display(description="Result")
    def show_result(self, operation: Operation) -> SafeString:
        """What the job says of itself."""
        return format_html('<pre class="kapok-code">{}</pre>', json.dumps(operation.shown_result, indent=2))

    def has_retry_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """A manager, and an operation that ended badly."""
        return self.manages(request, object_id, lambda operation: operation.may_be_retried)

    @action(
        description="Try again",
        icon="replay",
        permissions=["retry"],
        dialog={
            "title": "Try this operation again?",
            "description": "It runs from its first step; what is done already is left alone.",
            "form_class": ConfirmDialog,
            "form_submit_text": "Try again",
        },
    )
    def retry(self, request: HttpRequest, form: ConfirmDialog, object_id: str) -> HttpResponse:
        """Queue it once more."""
        return self.carry_out(request, object_id, "queued again", do_retry_operation)
