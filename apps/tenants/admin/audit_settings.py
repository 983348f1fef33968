"""The page of a project's audit.yaml: editor and history, like that of permissions (apps/tenants/admin/rules.py).

In: a request for `<project>/audit-settings/`. Out: the page; saving and going back go through the services, which
check the text first. What changes can be looked at before.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from unfold.decorators import action

from apps.tenants.admin.scope import ScopedAdmin, acting, go_to, refuse
from apps.tenants.change_log import tables_of
from apps.tenants.models import Operation, Project
from apps.tenants.models.permissions import MAX_NOTE
from apps.tenants.rulebook import problems_from
from apps.tenants.services import do_rollback_audit_settings, do_set_audit_settings
from apps.tenants.services.audit_settings import checked_settings, oldest_tenant
from kapok.changelog.changes import SettingChange, changes_between
from kapok.changelog.settings import FILE, AuditSettings, parse_settings
from kapok.errors import KapokError
from kapok.permissions.validation import Problem

#: Versions shown in the history.
RECENT = 100
TABS = {"edit": "audit.yaml", "history": "History"}
TEMPLATES = {"edit": "tenants/audit_settings_edit.html", "history": "tenants/versioned_history.html"}


class AuditSettingsAdmin(ScopedAdmin):
    """Rows that have an audit.yaml: projects."""

    def get_urls(self) -> list[Any]:
        """With the page, before the address that takes anything for an id."""
        view = self.admin_site.admin_view(self.audit_settings_view)
        return [
            path("<path:object_id>/audit-settings/", view, name="tenants_project_audit_settings"),
            *super().get_urls(),
        ]

    @action(description="What is recorded", icon="history_edu", permissions=["view"])
    def see_audit_settings(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """audit.yaml."""
        return go_to(request, settings_url(self.row(request, object_id)))

    def audit_settings_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The page, or what was asked for by its forms."""
        project = self.row(request, object_id)
        if not self.has_view_permission(request, project):
            raise PermissionDenied
        if request.method == "POST":
            return self._posted_settings(request, project)
        if request.GET.get("tab") == "history":
            return self._settings_page(request, project, "history", **_history(project, request.GET.get("version", "")))
        return self._settings_page(request, project, "edit", text=project.audit)

    def _posted_settings(self, request: HttpRequest, project: Project) -> HttpResponse:
        if not self.has_manage_permission(request, project):
            raise PermissionDenied
        if request.POST.get("action") == "rollback":
            return self._settings_rolled_back(request, project)
        # A browser's line ends become the file's.
        text, note = request.POST.get("text", "").replace("\r\n", "\n"), request.POST.get("note", "")
        shown: dict[str, Any] = {"text": text, "note": note, "checked": True}
        try:
            settings = checked_settings(project, text)
            if request.POST.get("action") != "save":
                return self._settings_page(request, project, "edit", **shown, **_changed(project, settings))
            operation = do_set_audit_settings(project, text, acting=acting(request), note=note[:MAX_NOTE])
        except KapokError as error:
            return self._settings_page(request, project, "edit", **shown, problems=_problems(error))
        return self._settings_stored(request, project, operation)

    def _settings_rolled_back(self, request: HttpRequest, project: Project) -> HttpResponse:
        version = _number(request.POST.get("version", ""))
        try:
            operation = do_rollback_audit_settings(project, version, acting=acting(request))
        except KapokError as error:
            refuse(request, error)
            return HttpResponseRedirect(request.get_full_path())
        return self._settings_stored(request, project, operation)

    def _settings_stored(self, request: HttpRequest, project: Project, operation: Operation | None) -> HttpResponse:
        if operation is None:
            messages.info(request, "Nothing has changed: this is the text in force.")
            return HttpResponseRedirect(settings_url(project))
        self.log_change(request, project, "audit.yaml")
        messages.success(request, f"{project.slug}: audit.yaml is stored, and all tenants’ logs come to follow it.")
        return HttpResponseRedirect(reverse("admin:tenants_operation_change", args=[operation.pk]))

    def _settings_page(self, request: HttpRequest, project: Project, tab: str, **more: Any) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": f"What is recorded in {project.slug}",
            "opts": self.model._meta,
            "owner": project,
            "back": reverse("admin:tenants_project_change", args=[project.pk]),
            "url": settings_url(project),
            "tabs": TABS,
            "tab": tab,
            "current": project.audit_versions.order_by("-version").first(),
            "may_change": self.has_manage_permission(request, project),
            "label": "What is recorded",
            "file": FILE,
            "without": "everything is recorded, and kept for a year",
            "changes_template": "tenants/audit_settings_changes.html",
            **more,
        }
        return TemplateResponse(request, TEMPLATES[tab], context)


def settings_url(project: Project) -> str:
    """The page of a project's audit.yaml."""
    return reverse("admin:tenants_project_audit_settings", args=[project.pk])


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise Http404
    return int(text)


def _problems(error: KapokError) -> list[Problem]:
    """Without the line, which the page links to."""
    found = problems_from(error)
    return [replace(one, message=one.message.removeprefix(f"{FILE}, line {one.line}, ")) for one in found]


def _changed(project: Project, settings: AuditSettings) -> dict[str, Any]:
    """What these settings would change."""
    tenant = oldest_tenant(project)
    tables = list(tables_of(tenant.schema_name)) if tenant else []
    changes: list[SettingChange] = changes_between(parse_settings(project.audit), settings, tables)
    return {"changes": changes, "fewer": sum(1 for change in changes if change.less), "unchecked": tenant is None}


def _history(project: Project, wanted: str) -> dict[str, Any]:
    """The versions; with one of them chosen, its text and what it would change now."""
    found: dict[str, Any] = {
        "versions": project.audit_versions.select_related("created_by").defer("text").order_by("-version")[:RECENT]
    }
    if wanted:
        chosen = project.audit_versions.filter(version=_number(wanted)).first()
        if chosen is None:
            raise Http404
        try:
            found |= {"chosen": chosen, **_changed(project, parse_settings(chosen.text))}
        except KapokError:  # written for an older form of settings: it can be read, not compared
            found |= {"chosen": chosen}
    return found
