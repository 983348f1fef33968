"""The control plane's addresses."""

from __future__ import annotations

from django.conf import settings
from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from apps.accounts.login import code_page, own_password, sign_in
from apps.accounts.two_step_pages import two_step_page
from apps.control.audit_pages.urls import urlpatterns as audit_pages
from apps.control.explain_page import explain_page
from apps.control.graphql.view import control_graphql
from apps.control.oidc_relay import oidc_relay
from apps.identity.admin_pages import user_page, users_page
from apps.identity.inbox_pages import urlpatterns as inbox_pages

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index"), name="home"),
    # Before the admin's own addresses, which take anything behind a model's name for an id.
    path("admin/tenants/tenant/<slug:slug>/explain/", admin.site.admin_view(explain_page), name="tenant-explain"),
    path("admin/tenants/tenant/<slug:slug>/users/", admin.site.admin_view(users_page), name="tenant-users"),
    path(
        "admin/tenants/tenant/<slug:slug>/users/<uuid:user_id>/",
        admin.site.admin_view(user_page),
        name="tenant-user",
    ),
    *audit_pages,
    path("admin/login/", sign_in),
    path("admin/login/code/", code_page, name="operator-code"),
    path("admin/two-step/", admin.site.admin_view(two_step_page), name="operator-two-step"),
    path("admin/password_change/", admin.site.admin_view(own_password, cacheable=True)),
    path("admin/", admin.site.urls),
    path("api/", include("apps.control.api.urls")),
    path("oidc/<slug:project>/<slug:provider>/callback", oidc_relay, name="oidc-relay"),
    path("control/graphql", control_graphql, name="control-graphql"),
]

if settings.KAPOK_DEV_INBOX:
    urlpatterns += inbox_pages

handler400 = "apps.control.api.errors.bad_request"
handler403 = "apps.control.api.errors.forbidden"
handler404 = "apps.control.api.errors.page_not_found"
handler500 = "apps.control.api.errors.server_error"
