"""Rows about audit logs in the admin: seen by those whom apps.tenants.access lets see them, changed by nobody here."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, ClassVar

from django.contrib.admin.utils import unquote
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timesince import timesince

from apps.accounts.models import User
from apps.tenants.access import Right
from apps.tenants.admin.scope import ScopedAdmin, acting, rights_of


class AuditScopedAdmin(ScopedAdmin):
    """rows_for: what a user may see."""

    editable = False
    actions = None
    list_fullwidth = True
    rows_for: ClassVar[Callable[[User], QuerySet[Any]]]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """What the operator may see."""
        return type(self).rows_for(acting(request)).order_by(*self.get_ordering(request))

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Auditors, of a project or of the platform."""
        return audits(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A row that may be seen."""
        if obj is None:
            return self.has_module_permission(request)
        return self.visible(request, obj.pk if isinstance(obj, Model) else unquote(str(obj))) is not None

    def has_manage_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """For actions: of a row that may be seen."""
        return self.has_view_permission(request, obj)

    def visible(self, request: HttpRequest, pk: Any) -> Any:
        """The row, looked up once a request (unfold asks again for every action); None for what may not be seen."""
        known: dict[Any, Any] = request.__dict__.setdefault(f"_kapok_{self.opts.model_name}", {})
        if pk not in known:
            known[pk] = self.get_object(request, str(pk))
        return known[pk]


def audits(request: HttpRequest) -> bool:
    """Whether the operator audits anything."""
    return rights_of(request).audits_platform or rights_of(request).may(Right.AUDIT, None)


def looks_after_logs(request: HttpRequest) -> bool:
    """Whether there are logs whose alerts the operator may see."""
    return audits(request) or rights_of(request).may(Right.MANAGE, None)


def ago(at: datetime | None) -> SafeString | str:
    """`3 minutes ago`, with the time as a title; - for none."""
    if at is None:
        return "-"
    return format_html('<span title="{} UTC">{} ago</span>', f"{at:%Y-%m-%d %H:%M:%S}", timesince(at))


def grouped(value: int) -> str:
    """`12 345`, with thin spaces."""
    return f"{value:,}".replace(",", "\u2009")
