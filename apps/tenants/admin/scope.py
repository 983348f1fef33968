"""Who sees what in the admin: apps.tenants.access, asked twice a request at most.

In: a request. Out: `Rights`, and `ScopedAdmin`, which shows an operator the rows of the projects they may see and lets
them change those of the projects they manage.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from unfold.admin import ModelAdmin

from apps.accounts.models import User
from apps.tenants.access import Right, may_audit_platform, projects_for
from apps.tenants.models import Operation
from kapok.errors import KapokError


@dataclass(frozen=True, slots=True)
class Rights:
    """The ids of the projects an operator may see, manage and audit; everything: a superuser. audits_platform: whether
    the control plane's own audit trail may be read."""

    everything: bool
    viewable: frozenset[uuid.UUID] = frozenset()
    manageable: frozenset[uuid.UUID] = frozenset()
    auditable: frozenset[uuid.UUID] = frozenset()
    audits_platform: bool = False

    def may(self, right: Right, project_id: uuid.UUID | None) -> bool:
        """Whether the right holds for a project; None: for any."""
        if self.everything:
            return True
        granted = {Right.VIEW: self.viewable, Right.MANAGE: self.manageable, Right.AUDIT: self.auditable}[right]
        return bool(granted) if project_id is None else project_id in granted


def rights_of(request: HttpRequest) -> Rights:
    """The rights of the request's user, looked up once."""
    known: Rights | None = getattr(request, "_kapok_rights", None)
    if known is None:
        known = _look_up(request.user)
        request._kapok_rights = known  # type: ignore[attr-defined]
    return known


def _look_up(user: Any) -> Rights:
    if not isinstance(user, User) or not user.is_active:
        return Rights(everything=False)
    if user.is_superuser:
        return Rights(everything=True, audits_platform=True)
    granted = (frozenset(projects_for(user, right).values_list("pk", flat=True)) for right in Right)
    return Rights(False, *granted, audits_platform=may_audit_platform(user))


def acting(request: HttpRequest) -> User:
    """The operator; admin pages are only entered with one."""
    assert isinstance(request.user, User)
    return request.user


class ScopedAdmin(ModelAdmin):
    """Rows of the operator's projects. Nothing is deleted by its row: deleting is an action."""

    #: The look-up from a row to its project's id.
    project_lookup = "project_id"
    #: Whether rows can be added and changed here at all.
    editable = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """What the operator may see."""
        rows: QuerySet[Any] = super().get_queryset(request)
        rights = rights_of(request)
        return rows if rights.everything else rows.filter(**{f"{self.project_lookup}__in": rights.viewable})

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Everyone with a project."""
        return rights_of(request).may(Right.VIEW, None)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """The right to see the row's project."""
        return self._may(request, Right.VIEW, obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """The right to manage it."""
        return self.editable and self._may(request, Right.MANAGE, obj)

    def has_manage_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """The same, for actions on rows that are not edited in a form."""
        return self._may(request, Right.MANAGE, obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Whoever manages a project."""
        return self.editable and rights_of(request).may(Right.MANAGE, None)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never by the row."""
        return False

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """The form, with one button to save it; what a service refuses becomes a message."""
        extra_context = {
            **(extra_context or {}),
            "show_save_and_continue": False,
            "show_save_and_add_another": False,
        }
        try:
            response: HttpResponse = super().changeform_view(request, object_id, form_url, extra_context)
        except KapokError as error:
            if request.method != "POST":
                raise
            refuse(request, error)
            return HttpResponseRedirect(request.get_full_path())
        return response

    def row(self, request: HttpRequest, object_id: str) -> Any:
        """The row an action is about. Raises Http404 for what the operator may not see."""
        found = self.get_object(request, unquote(str(object_id)))
        if found is None:
            raise Http404
        return found

    def manages(self, request: HttpRequest, object_id: Any, fits: Callable[[Any], bool]) -> bool:
        """Whether the operator manages the row and it fits; without a row, whether they manage anything."""
        if object_id is None:
            return self.has_manage_permission(request)
        found = self.get_object(request, unquote(str(object_id)))
        return found is not None and fits(found) and self.has_manage_permission(request, found)

    def carry_out(
        self,
        request: HttpRequest,
        object_id: str,
        done: str,
        service: Callable[..., object],
        *,
        after: str | None = None,
        **arguments: Any,
    ) -> HttpResponse:
        """The end of a dialog: call a service for a row, say what was done (in the row's log too), go on to a page.

        done: what the row is now, "suspended". after: the page to go to; without it the job's, if the service started
        one, or the row's own, where a refusal leads as well.
        """
        row = self.row(request, object_id)
        page = reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=[row.pk])
        try:
            made = service(row, acting=acting(request), **arguments)
        except KapokError as error:
            refuse(request, error)
            return go_to(request, page)
        reason = f": {arguments['reason']}" if arguments.get("reason") else ""
        self.log_change(request, row, f"{done}{reason}")
        messages.success(request, f"{self.row_title(row)} is {done}.")
        if after is None and isinstance(made, Operation):
            after = reverse("admin:tenants_operation_change", args=[made.pk])
        return go_to(request, after or page)

    def row_title(self, row: Any) -> str:
        """What messages call a row."""
        return str(row)

    def _may(self, request: HttpRequest, right: Right, obj: Any) -> bool:
        if obj is None or rights_of(request).everything:
            return rights_of(request).may(right, None)
        # unfold hands over ids where Django hands over rows.
        row = obj if isinstance(obj, Model) else self.get_object(request, unquote(str(obj)))
        return row is not None and rights_of(request).may(right, self._project_id(row))

    def _project_id(self, row: Any) -> uuid.UUID:
        value = row
        for name in self.project_lookup.split("__"):
            value = getattr(value, name)
        assert isinstance(value, uuid.UUID)
        return value


def refuse(request: HttpRequest, error: KapokError) -> None:
    """Show why a service refused."""
    messages.error(request, f"{error.message} {error.hint}".strip())


def go_to(request: HttpRequest, url: str) -> HttpResponse:
    """Leave a dialog for a page: dialogs are posted by htmx, which follows a header instead of a redirect."""
    if request.headers.get("HX-Request"):
        return HttpResponse(headers={"HX-Redirect": url})
    return HttpResponseRedirect(url)
