"""Alerts about audit logs in the admin: what is wrong, since when, what to do, and who looks after it."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.contrib.admin import SimpleListFilter
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import action, display
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminTextInputWidget

from apps.tenants.access import Right, alerts_for
from apps.tenants.admin.audit_scope import AuditScopedAdmin, ago, audits, looks_after_logs
from apps.tenants.admin.columns import badge
from apps.tenants.admin.scope import go_to, rights_of
from apps.tenants.alerts import ADVICE
from apps.tenants.models import AuditAlert
from apps.tenants.models.permissions import MAX_NOTE
from apps.tenants.services import do_acknowledge_alert

_STATES = {"open": "danger", "looked after": "warning", "resolved": "success"}


class OpenFilter(SimpleListFilter):
    """Open or resolved."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The two."""
        return [("open", "Open"), ("resolved", "Resolved")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """By whether there still is a reason."""
        return queryset if self.value() is None else queryset.filter(resolved_at__isnull=self.value() == "open")


class NoteDialog(BaseDialogForm):
    """What is being done about it."""

    note = forms.CharField(
        required=False,
        max_length=MAX_NOTE,
        widget=UnfoldAdminTextInputWidget,
        help_text="What is being done about it; other operators and auditors see it.",
    )


@admin.register(AuditAlert)
class AuditAlertAdmin(AuditScopedAdmin):
    """What the watch found."""

    rows_for = alerts_for
    list_display = ("show_kind", "show_state", "text", "show_since", "show_resolved", "show_by")
    list_filter = (OpenFilter, ("kind", ChoicesDropdownFilter))
    list_filter_submit = True
    list_per_page = 50
    search_fields = ("tenant__slug", "text", "note")
    search_help_text = "Search by tenant or text"
    ordering = ("-resolved_at", "-raised_at")
    actions_detail: ClassVar = ("see_log", "acknowledge")
    fieldsets = (
        (None, {"fields": ("show_kind_only", "show_log", "show_state", "text", "show_advice")}),
        ("When", {"fields": ("since", "raised_at", "resolved_at", "show_mails")}),
        ("Looked after", {"fields": ("acknowledged_by", "acknowledged_at", "note")}),
    )
    readonly_fields = tuple(name for _, options in fieldsets for name in options["fields"])

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Auditors, and managers of projects."""
        return looks_after_logs(request)

    @display(description="Alert", header=True, ordering="kind")
    def show_kind(self, alert: AuditAlert) -> list[str]:
        """What over whose."""
        return [alert.get_kind_display(), alert.log_name, alert.log_name[:2]]

    @display(description="Alert")
    def show_kind_only(self, alert: AuditAlert) -> str:
        """What is wrong."""
        return str(alert.get_kind_display())

    @display(description="Log")
    def show_log(self, alert: AuditAlert) -> str:
        """Whose."""
        return alert.log_name

    @display(description="State", ordering="resolved_at")
    def show_state(self, alert: AuditAlert) -> SafeString:
        """open, looked after or resolved."""
        state = "resolved" if alert.resolved_at else "looked after" if alert.acknowledged_at else "open"
        return badge(state, _STATES[state])

    @display(description="Since", ordering="since")
    def show_since(self, alert: AuditAlert) -> SafeString | str:
        """When it began."""
        return ago(alert.since)

    @display(description="Resolved", ordering="resolved_at")
    def show_resolved(self, alert: AuditAlert) -> SafeString | str:
        """When it ended."""
        return ago(alert.resolved_at)

    @display(description="Looked after by")
    def show_by(self, alert: AuditAlert) -> str:
        """Who said so."""
        return str(alert.acknowledged_by or "-")

    @display(description="What to do")
    def show_advice(self, alert: AuditAlert) -> SafeString:
        """As docs/audit-sealing.md has it."""
        return format_html("{}", ADVICE[alert.kind])

    @display(description="Mails")
    def show_mails(self, alert: AuditAlert) -> str:
        """When people were told that it was raised, and that it is over."""
        told = (("raised", alert.told_at), ("resolved", alert.end_told_at))
        return ", ".join(f"{what} {at:%Y-%m-%d %H:%M}" for what, at in told if at) or "nobody was told by mail"

    def row_title(self, row: AuditAlert) -> str:
        """For messages."""
        return f"“{row}”"

    # --- what can be done

    def has_see_log_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Auditors of the log."""
        alert = None if object_id is None else self.visible(request, object_id)
        if alert is None:
            return audits(request)
        rights = rights_of(request)
        return rights.may(Right.AUDIT, alert.tenant.project_id) if alert.tenant else rights.audits_platform

    def has_acknowledge_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """While it is open: whoever manages the project; of the control plane's log, superusers."""
        alert = None if object_id is None else self.visible(request, object_id)
        rights = rights_of(request)
        if alert is None:
            return rights.may(Right.MANAGE, None)
        may = rights.may(Right.MANAGE, alert.tenant.project_id) if alert.tenant else rights.everything
        return may and alert.resolved_at is None

    @action(description="The log", icon="fact_check", permissions=["see_log"])
    def see_log(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Its state."""
        return go_to(request, reverse("admin:tenants_auditlog_change", args=[self.row(request, object_id).log]))

    @action(
        description="I look after it",
        icon="support_agent",
        permissions=["acknowledge"],
        dialog={
            "title": "You look after this alert?",
            "description": "It stays open until its reason is gone.",
            "form_class": NoteDialog,
            "form_submit_text": "I do",
        },
    )
    def acknowledge(self, request: HttpRequest, form: NoteDialog, object_id: str) -> HttpResponse:
        """With a note."""
        note = form.cleaned_data["note"]
        return self.carry_out(request, object_id, "looked after by you", do_acknowledge_alert, note=note)
