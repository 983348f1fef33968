"""The addresses of the audit browser. They come before the admin's own, which take anything for an id."""

from __future__ import annotations

from django.contrib import admin
from django.urls import URLPattern, path

from apps.control.audit_pages.entry_page import entry_page
from apps.control.audit_pages.list_page import entries_page
from apps.control.audit_pages.row_page import row_page

_TENANT = "admin/tenants/tenant/<slug:slug>/audit/"
_PLATFORM = "admin/audit/platform/"


def _pages(prefix: str, name: str) -> list[URLPattern]:
    view = admin.site.admin_view
    return [
        path(prefix, view(entries_page), name=name),
        path(f"{prefix}<int:index>/", view(entry_page), name=f"{name}-entry"),
        path(f"{prefix}row/", view(row_page), name=f"{name}-row"),
    ]


urlpatterns = [*_pages(_TENANT, "tenant-audit"), *_pages(_PLATFORM, "platform-audit")]
