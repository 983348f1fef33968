"""The state of audit logs: all of them in one table, and one of them as it is now."""

from __future__ import annotations

from typing import Any, ClassVar

import psycopg
from django.contrib import admin
from django.contrib.admin import SimpleListFilter
from django.db import ProgrammingError
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import action, display

from apps.tenants.access import logs_for
from apps.tenants.admin.audit_scope import AuditScopedAdmin, ago, grouped
from apps.tenants.admin.columns import badge
from apps.tenants.admin.dialogs import ConfirmDialog
from apps.tenants.admin.scope import go_to
from apps.tenants.alerts import ADVICE
from apps.tenants.audit_state import LogFacts, log_facts
from apps.tenants.models import AuditAlert, AuditLog
from apps.tenants.services import do_check_log
from kapok.errors import KapokError


class WellFilter(SimpleListFilter):
    """With alerts, or without."""

    title = "state"
    parameter_name = "well"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The two."""
        return [("no", "With alerts"), ("yes", "Without")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """By the number of open alerts."""
        if self.value() is None:
            return queryset
        return queryset.filter(alerts=0) if self.value() == "yes" else queryset.filter(alerts__gt=0)


@admin.register(AuditLog)
class AuditLogAdmin(AuditScopedAdmin):
    """As the watch saw them, within a minute; a log's own page asks it."""

    rows_for = logs_for
    list_display = (
        "show_log", "show_state", "show_size", "show_waiting", "show_signed", "show_anchored", "show_checked",
        "show_key_id",
    )  # fmt: skip
    list_filter = (WellFilter,)
    list_per_page = 50
    search_fields = ("tenant__slug", "tenant__name", "tenant__project__slug", "sealing_problem", "check_problem")
    search_help_text = "Search by tenant, project or problem"
    actions_detail: ClassVar = ("browse", "export", "check_now")
    change_form_outer_before_template = "tenants/audit_log.html"

    class Media:
        js = ("tenants/copy.js", "tenants/operations.js")

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        """Those with alerts first."""
        return ("-alerts", "tenant__slug")

    def get_queryset(self, request: HttpRequest) -> QuerySet[AuditLog]:
        """With the number of open alerts."""
        open_ones = AuditAlert.objects.filter(log=OuterRef("schema"), resolved_at=None).order_by().values("log")
        counted = Subquery(open_ones.annotate(count=Count("pk")).values("count"))
        rows: QuerySet[AuditLog] = logs_for(request.user).annotate(alerts=Coalesce(counted, 0))  # type: ignore[arg-type]
        return rows.order_by(*self.get_ordering(request))

    def get_fieldsets(self, request: HttpRequest, obj: AuditLog | None = None) -> Any:
        """None: the page has a template of its own."""
        return ()

    def has_add_permission(self, request: HttpRequest) -> bool:
        """They are there, or not."""
        return False

    # --- the list

    @display(description="Log", header=True, ordering="tenant__slug")
    def show_log(self, log: AuditLog) -> list[str]:
        """The tenant over its project."""
        return [str(log), log.tenant.project.slug if log.tenant else "Kapok itself", str(log)[:2]]

    @display(description="State", ordering="alerts")
    def show_state(self, log: Any) -> SafeString:
        """How many alerts there are."""
        if log.alerts:
            return badge(f"{log.alerts} alert{'s' if log.alerts > 1 else ''}", "danger")
        return badge("well", "success")

    @display(description="Entries", ordering="size")
    def show_size(self, log: AuditLog) -> str:
        """With thin spaces."""
        return grouped(log.size)

    @display(description="Waiting since", ordering="waiting_since")
    def show_waiting(self, log: AuditLog) -> SafeString | str:
        """The oldest row that is not sealed."""
        return ago(log.waiting_since) if log.waiting_since else "nothing waits"

    @display(description="Signed", ordering="signed_at")
    def show_signed(self, log: AuditLog) -> SafeString | str:
        """The last checkpoint."""
        return ago(log.signed_at)

    @display(description="Anchored", ordering="anchored_size")
    def show_anchored(self, log: AuditLog) -> str:
        """How far behind the anchors are."""
        if not log.anchored_size:
            return "no anchor"
        behind = log.signed_size - log.anchored_size
        return f"{grouped(behind)} behind" if behind > 0 else "all"

    @display(description="Self-check", ordering="checked_at")
    def show_checked(self, log: AuditLog) -> SafeString | str:
        """When the last round ended."""
        return ago(log.checked_at) if log.checked_at else "never"

    @display(description="Key", ordering="key_id")
    def show_key_id(self, log: AuditLog) -> SafeString:
        """Who signs."""
        return format_html("<code>{}</code>", log.key_id or "-")

    # --- one log, as it is now

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> AuditLog | None:
        """With `now`: what the log itself says; None where it cannot be read."""
        log: Any = super().get_object(request, object_id, from_field)
        if log is not None:
            log.now, log.problems = _now(log)
        return log

    # --- what can be done

    @action(description="Browse", icon="manage_search", permissions=["view"])
    def browse(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The entries (pages of apps.control)."""
        log = self.row(request, object_id)
        page = reverse("tenant-audit", args=[log.tenant.slug]) if log.tenant else reverse("platform-audit")
        return go_to(request, page)

    @action(description="Export", icon="archive", permissions=["view"])
    def export(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The form for exports, for this log."""
        log = self.row(request, object_id)
        query = f"tenant={log.tenant.slug}" if log.tenant else "platform=1"
        return go_to(request, f"{reverse('admin:tenants_auditexport_add')}?{query}")

    @action(
        description="Check now",
        icon="fact_check",
        permissions=["view"],
        dialog={
            "title": "Check this log now?",
            "description": "Every entry is read again and compared with what was sealed, signed and anchored.",
            "form_class": ConfirmDialog,
            "form_submit_text": "Check",
        },
    )
    def check_now(self, request: HttpRequest, form: ConfirmDialog, object_id: str) -> HttpResponse:
        """Queue it."""
        return self.carry_out(request, object_id, "being checked", _check)


def _check(log: AuditLog, *, acting: Any) -> object:
    return do_check_log(log.tenant, acting=acting)


def _now(log: AuditLog) -> tuple[LogFacts | None, list[tuple[AuditAlert, str]]]:
    """The facts, if the log can be read, and its open alerts, each with what to do."""
    alerts = AuditAlert.objects.filter(log=log.schema, resolved_at=None).order_by("since")
    try:
        facts = log_facts(log.tenant)
    except (KapokError, ProgrammingError, psycopg.ProgrammingError):
        facts = None
    return facts, [(alert, ADVICE[alert.kind]) for alert in alerts]
