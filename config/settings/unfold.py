"""How the admin looks: title, colours, navigation. In: nothing. Out: django-unfold's UNFOLD setting."""

from __future__ import annotations

from typing import Any

from django.templatetags.static import static
from django.urls import reverse_lazy


def _item(title: str, icon: str, url_name: str, permission: str = "") -> dict[str, Any]:
    item: dict[str, Any] = {"title": title, "icon": icon, "link": reverse_lazy(f"admin:{url_name}")}
    return {**item, "permission": permission} if permission else item


_OPERATORS = "apps.control.navigation.sees_tenants"
_AUDITORS = "apps.control.navigation.sees_logs"
_ALERTED = "apps.control.navigation.sees_alerts"
_SUPERUSERS = "apps.control.navigation.is_superuser"

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Kapok",
    "SITE_HEADER": "Kapok",
    "SITE_SUBHEADER": "Control plane",
    "SITE_SYMBOL": "park",
    "SITE_URL": None,
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_BACK_BUTTON": True,
    "BORDER_RADIUS": "6px",
    "DASHBOARD_CALLBACK": "apps.control.dashboard.dashboard",
    "ENVIRONMENT": "apps.control.navigation.environment",
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("control/favicon.svg")},
    ],
    "STYLES": [lambda request: static("control/admin.css")],
    "ACCOUNT": {
        "navigation": [
            {"title": "Change password", "link": reverse_lazy("admin:password_change")},
            {"title": "Two-step sign-in", "link": reverse_lazy("operator-two-step")},
        ]
    },
    "LOGIN": {"form": "apps.accounts.login.ThrottledAuthenticationForm"},
    "COMMAND": {"search_models": ["tenants.tenant", "tenants.project", "tenants.domain"]},
    "COLORS": {
        "primary": {
            "50": "oklch(97.9% .021 166.113)",
            "100": "oklch(95% .052 163.051)",
            "200": "oklch(90.5% .093 164.15)",
            "300": "oklch(84.5% .143 164.978)",
            "400": "oklch(76.5% .177 163.223)",
            "500": "oklch(69.6% .17 162.48)",
            "600": "oklch(53% .125 164.5)",
            "700": "oklch(47% .11 165.6)",
            "800": "oklch(43.2% .095 166.913)",
            "900": "oklch(37.8% .077 168.94)",
            "950": "oklch(26.2% .051 172.552)",
        }
    },
    "SIDEBAR": {
        "show_search": False,
        "command_search": True,
        "show_all_applications": False,
        "navigation": [
            {
                "items": [
                    _item("Dashboard", "dashboard", "index"),
                    _item("Projects", "deployed_code", "tenants_project_changelist", _OPERATORS),
                    _item("Tenants", "domain", "tenants_tenant_changelist", _OPERATORS),
                    _item("Operations", "sync", "tenants_operation_changelist", _OPERATORS),
                ]
            },
            {
                "title": "Access to tenants",
                "separator": True,
                "items": [
                    _item("API keys", "key", "tenants_apikey_changelist", _OPERATORS),
                    _item("Signing keys", "verified_user", "tenants_signingkey_changelist", _OPERATORS),
                    _item("Identity providers", "passkey", "tenants_identityprovider_changelist", _OPERATORS),
                    _item("Trusted issuers", "handshake", "tenants_trustedissuer_changelist", _OPERATORS),
                    _item("Domains", "language", "tenants_domain_changelist", _OPERATORS),
                ],
            },
            {
                "title": "Audit",
                "separator": True,
                "items": [
                    _item("Logs", "fact_check", "tenants_auditlog_changelist", _AUDITORS),
                    _item("Alerts", "notification_important", "tenants_auditalert_changelist", _ALERTED),
                    _item("Exports", "archive", "tenants_auditexport_changelist", _AUDITORS),
                ],
            },
            {
                "title": "Operators",
                "separator": True,
                "items": [
                    _item("Users", "person", "accounts_user_changelist", _SUPERUSERS),
                    _item("Groups", "group", "auth_group_changelist", _SUPERUSERS),
                    _item("API tokens", "token", "control_controltoken_changelist"),
                ],
            },
        ],
    },
}
