"""The page of a project's or a tenant's rules: editor, matrix and history in one place.

In: a request for `<row>/rules/`. Out: the page; saving and rolling back go through the services. Nothing is stored
before it has been checked, and what changes can be looked at first.
"""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse

from apps.tenants.admin.scope import ScopedAdmin, acting, refuse
from apps.tenants.models import Project, Tenant
from apps.tenants.models.permissions import MAX_NOTE
from apps.tenants.rulebook import Owner, current_text, current_version, plan, rules_of, rules_with, stored_version
from apps.tenants.services import do_rollback_permissions, do_set_permissions
from kapok.errors import KapokError
from kapok.permissions.changes import changes_between
from kapok.permissions.matrix import Operation, callable_functions, matrix
from kapok.permissions.rules import Permissions
from kapok.permissions.wording import grants_text

#: Versions shown in the history.
RECENT = 100
TABS = {"edit": "Rules", "matrix": "Matrix", "history": "History"}
TEMPLATES = {
    "edit": "tenants/rules_edit.html",
    "matrix": "tenants/rules_matrix.html",
    "history": "tenants/versioned_history.html",
}


class RulesAdmin(ScopedAdmin):
    """Rows that own rules."""

    def get_urls(self) -> list[Any]:
        """With the page, before the address that takes anything for an id."""
        view = self.admin_site.admin_view(self.rules_view)
        name = f"tenants_{self.model._meta.model_name}_rules"
        return [path("<path:object_id>/rules/", view, name=name), *super().get_urls()]

    def rules_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The page, or what was asked for by its forms."""
        owner = self.row(request, object_id)
        if not self.has_view_permission(request, owner):
            raise PermissionDenied
        if request.method == "POST":
            return self._posted(request, owner)
        tab = request.GET.get("tab", "edit")
        if tab == "history":
            return self._page(request, owner, tab, **_history(owner, request.GET.get("version", "")))
        if tab == "matrix":
            return self._page(request, owner, tab, **_matrix(rules_of(owner)))
        return self._page(request, owner, "edit", text=current_text(owner))

    def _posted(self, request: HttpRequest, owner: Owner) -> HttpResponse:
        if not self.has_manage_permission(request, owner):
            raise PermissionDenied
        try:
            if request.POST.get("action") == "rollback":
                return self._rolled_back(request, owner)
            return self._edited(request, owner)
        except KapokError as error:
            refuse(request, error)
            return HttpResponseRedirect(request.get_full_path())

    def _edited(self, request: HttpRequest, owner: Owner) -> HttpResponse:
        """Save what has no problems; show problems, or (action `check`) what would change."""
        # A browser's line ends become the file's.
        text, note = request.POST.get("text", "").replace("\r\n", "\n"), request.POST.get("note", "")
        planned = plan(owner, text)
        if planned.problems or request.POST.get("action") != "save":
            shown = {"text": text, "note": note, "checked": True, "problems": planned.problems}
            return self._page(request, owner, "edit", **shown, **_changed(planned.changes))
        before = current_version(owner)
        stored = do_set_permissions(owner, text, acting=acting(request), note=note[:MAX_NOTE])
        if before is not None and stored.pk == before.pk:
            messages.info(request, f"Nothing has changed: this is version {stored.version}.")
        else:
            self._log(request, owner, f"permissions version {stored.version}")
        return HttpResponseRedirect(rules_url(owner))

    def _rolled_back(self, request: HttpRequest, owner: Owner) -> HttpResponse:
        version = _number(request.POST.get("version", ""))
        stored = do_rollback_permissions(owner, version, acting=acting(request))
        self._log(request, owner, f"permissions version {stored.version}, the text of version {version}")
        return HttpResponseRedirect(f"{rules_url(owner)}?tab=history")

    def _log(self, request: HttpRequest, owner: Owner, what: str) -> None:
        self.log_change(request, owner, what)
        messages.success(request, f"{owner.slug}: {what}. Requests follow it now.")

    def _page(self, request: HttpRequest, owner: Owner, tab: str, **more: Any) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            **page_facts(owner),
            "opts": self.model._meta,
            "project": owner.project if isinstance(owner, Tenant) else owner,
            "project_rules": rules_url(owner.project) if isinstance(owner, Tenant) else "",
            "tab": tab,
            "may_change": self.has_manage_permission(request, owner),
            "file": "permissions.yaml",
            "changes_template": "tenants/rules_changes.html",
            **more,
        }
        return TemplateResponse(request, TEMPLATES[tab], context)


def page_facts(owner: Owner) -> dict[str, Any]:
    """What tenants/versioned_base.html shows around the rules of a project or a tenant."""
    is_tenant = isinstance(owner, Tenant)
    return {
        "title": f"Permissions of {owner.slug}",
        "label": "Permissions",
        "owner": owner,
        "is_tenant": is_tenant,
        "back": reverse(f"admin:tenants_{owner._meta.model_name}_change", args=[owner.pk]),
        "url": rules_url(owner),
        "tabs": TABS,
        "explain_url": reverse("tenant-explain", args=[owner.slug]) if is_tenant else "",
        "current": current_version(owner),
        "without": "no rules of its own" if is_tenant else "no rules yet",
    }


def rules_url(owner: Owner) -> str:
    """The page of a project's or a tenant's rules."""
    kind = "project" if isinstance(owner, Project) else "tenant"
    return reverse(f"admin:tenants_{kind}_rules", args=[owner.pk])


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise Http404
    return int(text)


def _changed(changes: Any) -> dict[str, Any]:
    return {"changes": changes, "wider": sum(1 for change in changes if change.widens)}


def _history(owner: Owner, wanted: str) -> dict[str, Any]:
    """The versions; with one of them chosen, its text and what it would change now."""
    versions = owner.permissions.select_related("created_by").defer("text").order_by("-version")[:RECENT]
    found: dict[str, Any] = {"versions": versions}
    if wanted:
        try:
            chosen = stored_version(owner, _number(wanted))
        except KapokError as error:
            raise Http404 from error
        found |= {"chosen": chosen, **_changed(_back_to(owner, chosen.text))}
    return found


def _back_to(owner: Owner, text: str) -> Any:
    try:
        return changes_between(rules_of(owner), rules_with(owner, text))
    except KapokError:  # written for an older form of rules: it can be read, not compared
        return []


def _matrix(rules: Permissions) -> dict[str, Any]:
    """Tables, each with a row a role: the cells of its operations, short, with the whole as a title."""
    cells, tables = matrix(rules), dict[str, dict[str, list[dict[str, str]]]]()
    for role, table, _ in cells:
        tables.setdefault(table, {}).setdefault(role, [])
    for table, roles in tables.items():
        for role, row in roles.items():
            row += [_cell(cells.get((role, table, operation), ()), operation) for operation in Operation]
    functions = {role: names for role, names in callable_functions(rules).items() if names}
    return {"operations": list(Operation), "tables": dict(sorted(tables.items())), "functions": functions}


def _cell(grants: Any, operation: Operation) -> dict[str, str]:
    deletes = operation is Operation.DELETE
    return {"text": grants_text(grants, deletes=deletes, width=70), "whole": grants_text(grants, deletes=deletes)}
