"""Exports of audit trails in the admin: asked for, followed, taken away, deleted; and who asked for what when."""

from __future__ import annotations

from typing import Any, ClassVar
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.safestring import SafeString
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from apps.tenants.access import exports_for
from apps.tenants.admin.audit_export_form import ExportForm, asked
from apps.tenants.admin.audit_scope import AuditScopedAdmin, ago, audits
from apps.tenants.admin.columns import badge, human_size, progress_bar
from apps.tenants.admin.dialogs import ConfirmDialog
from apps.tenants.admin.scope import acting, go_to
from apps.tenants.exporting import NOT_SEALED
from apps.tenants.models import AuditExport
from apps.tenants.services import do_delete_export, do_request_export
from apps.tenants.services.exports import FILTERS

_STATES = {"ready": "success", "removed": None, "being made": "info", "failed": "danger"}
_RELATED = ("tenant", "project", "operation", "requested_by")


@admin.register(AuditExport)
class AuditExportAdmin(AuditScopedAdmin):
    """Bundles."""

    form = ExportForm
    list_display = ("show_log", "show_state", "profile", "show_range", "show_size", "requested_by", "show_created")
    list_per_page = 50
    search_fields = ("tenant_slug", "project__slug", "requested_by__email", "profile", "sha256")
    search_help_text = "Search by tenant, project, who asked, report or SHA-256"
    ordering = ("-created_at",)
    actions_detail: ClassVar = ("download", "ask_again", "remove")
    change_form_outer_before_template = "tenants/audit_export.html"

    class Media:
        js = ("tenants/operations.js", "tenants/copy.js")

    # --- rows

    def get_queryset(self, request: HttpRequest) -> QuerySet[AuditExport]:
        """With what the list shows."""
        rows = exports_for(acting(request)).select_related(*_RELATED)
        return rows.order_by(*self.get_ordering(request))

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> AuditExport | None:
        """With what its page shows."""
        export: Any = super().get_object(request, object_id, from_field)
        if export is not None:
            export.state, export.size = _state(export), human_size(export.size_bytes)
            export.bar = progress_bar(export.operation) if export.state == "being made" else ""
            export.notice = export.operation.result.get(NOT_SEALED, "") if export.operation else ""
        return export

    @display(description="Log", header=True, ordering="tenant_slug")
    def show_log(self, export: AuditExport) -> list[str]:
        """The tenant over its project."""
        slug = export.tenant_slug or "control plane"
        return [slug, export.project.slug if export.project else "", slug[:2]]

    @display(description="State")
    def show_state(self, export: AuditExport) -> SafeString:
        """A badge; a moving bar while it is being made."""
        state = _state(export)
        if state == "being made" and export.operation is not None:
            return progress_bar(export.operation)
        return badge(state, _STATES[state])

    @display(description="Range")
    def show_range(self, export: AuditExport) -> str:
        """The times asked for."""
        since, until = (f"{at:%Y-%m-%d %H:%M}" if at else "" for at in (export.since, export.until))
        if not since and not until:
            return "everything"
        return f"{since or 'the beginning'} to {until or 'then'}"

    @display(description="Size", ordering="size_bytes")
    def show_size(self, export: AuditExport) -> str:
        """Of the file."""
        return human_size(export.size_bytes) if export.size_bytes else "-"

    @display(description="Asked for", ordering="created_at")
    def show_created(self, export: AuditExport) -> SafeString | str:
        """When."""
        return ago(export.created_at)

    def row_title(self, row: AuditExport) -> str:
        """For messages."""
        return f"The export of {row}"

    # --- the form

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Auditors."""
        return audits(request)

    def get_fieldsets(self, request: HttpRequest, obj: AuditExport | None = None) -> Any:
        """New: what is asked. Existing: the page has it all."""
        if obj is not None:
            return ()
        return (
            (None, {"fields": ("tenant", "profile", "since", "until")}),
            (
                "Only these entries",
                {
                    "fields": ("tables", "actions", "actors", "subject"),
                    "description": "What does not fit is withheld, not left out: its digests stay, so that the bundle "
                    "can be proven complete.",
                },
            ),
        )

    def get_form(
        self, request: HttpRequest, obj: AuditExport | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
        """For this operator."""
        made = super().get_form(request, obj, change=change, **kwargs)
        made.user = acting(request)
        return made

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """What a link asks for."""
        return asked(request.GET)

    def save_model(self, request: HttpRequest, obj: AuditExport, form: ModelForm, change: bool) -> None:
        """Through the service."""
        given = form.cleaned_data
        made = do_request_export(
            given["tenant"],
            acting=acting(request),
            profile=given["profile"],
            since=given["since"],
            until=given["until"],
            filters=given["filters"],
        )
        obj.__dict__.update(made.__dict__)

    def response_add(
        self, request: HttpRequest, obj: AuditExport, post_url_continue: str | None = None
    ) -> HttpResponse:
        """To its page, where its progress is."""
        messages.success(request, f"{self.row_title(obj)} is being made.")
        return HttpResponseRedirect(reverse("admin:tenants_auditexport_change", args=[obj.pk]))

    # --- what can be done

    def has_download_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """While there is a file."""
        return self._fits(request, object_id, "ready")

    def has_remove_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """While there is a file."""
        return self._fits(request, object_id, "ready")

    def _fits(self, request: HttpRequest, object_id: Any, state: str) -> bool:
        if object_id is None:
            return audits(request)
        export = self.visible(request, object_id)
        return export is not None and export.state == state

    @action(description="Download", icon="download", permissions=["download"], variant=ActionVariant.PRIMARY)
    def download(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """From the API, which records that."""
        return go_to(request, reverse("control-export-download", args=[self.row(request, object_id).pk]))

    @action(description="Ask again", icon="replay", permissions=["view"])
    def ask_again(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The form, filled in with this one's."""
        export = self.row(request, object_id)
        query = {"tenant": export.tenant_slug, "profile": export.profile}
        query |= {name: ",".join(export.filters.get(name, ())) for name in FILTERS}
        query |= {name: at.isoformat() for name in ("since", "until") if (at := getattr(export, name))}
        return go_to(request, f"{reverse('admin:tenants_auditexport_add')}?{urlencode(query)}")

    @action(
        description="Delete",
        icon="delete",
        permissions=["remove"],
        variant=ActionVariant.DANGER,
        dialog={
            "title": "Delete this bundle?",
            "description": "The file goes before its time. That it was asked for, and what it was, stays on record.",
            "form_class": ConfirmDialog,
            "form_submit_text": "Delete",
        },
    )
    def remove(self, request: HttpRequest, form: ConfirmDialog, object_id: str) -> HttpResponse:
        """The file goes."""
        return self.carry_out(request, object_id, "deleted", do_delete_export)


def _state(export: AuditExport) -> str:
    if export.removed_at is not None:
        return "removed"
    if export.is_ready:
        return "ready"
    return "being made" if export.operation is not None and not export.operation.is_final else "failed"
