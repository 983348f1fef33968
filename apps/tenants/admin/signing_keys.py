"""Signing keys of tenants: looked at, rotated, replaced at once."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import AutocompleteSelectFilter
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from apps.tenants.acting import Actor
from apps.tenants.admin.columns import badge, link
from apps.tenants.admin.dialogs import ConfirmDialog
from apps.tenants.admin.scope import ScopedAdmin
from apps.tenants.models import SigningKey
from apps.tenants.services import do_rotate_signing_key

_LABELS = {"upcoming": "info", "active": "success", "retiring": "warning", "gone": "danger"}
_LIST = "admin:tenants_signingkey_changelist"


@admin.register(SigningKey)
class SigningKeyAdmin(ScopedAdmin):
    """What the tokens of tenants' users are signed with."""

    project_lookup = "tenant__project_id"
    editable = False
    list_display = ("kid", "show_tenant", "show_state", "active_from", "retired_at", "verified_until")
    list_filter = (("tenant", AutocompleteSelectFilter),)
    list_filter_submit = True
    list_select_related = ("tenant",)
    search_fields = ("kid", "tenant__slug")
    search_help_text = "Search by kid or tenant"
    ordering = ("tenant__slug", "-active_from")
    actions = None
    actions_detail: ClassVar = ("rotate", "replace")
    fields = readonly_fields = (
        *("tenant", "kid", "show_state", "created_at"),
        *("active_from", "retired_at", "verified_until"),
    )

    @display(description="Tenant", ordering="tenant__slug")
    def show_tenant(self, key: SigningKey) -> SafeString:
        """A link."""
        return link("tenants_tenant_change", key.tenant_id, key.tenant.slug)

    @display(description="State")
    def show_state(self, key: SigningKey) -> SafeString:
        """upcoming, active, retiring or gone."""
        return badge(key.state, _LABELS[key.state])

    def has_rotate_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """A manager, and the key that signs."""
        return self.manages(request, object_id, lambda key: key.retired_at is None and key.state == "active")

    def has_replace_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """A manager, and a key whose tokens are believed."""
        return self.manages(request, object_id, lambda key: key.state != "gone")

    @action(
        description="Rotate",
        icon="autorenew",
        permissions=["rotate"],
        dialog={
            "title": "Rotate this key?",
            "description": "A successor takes over in five minutes. Users notice nothing.",
            "form_class": ConfirmDialog,
            "form_submit_text": "Rotate",
        },
    )
    def rotate(self, request: HttpRequest, form: ConfirmDialog, object_id: str) -> HttpResponse:
        """Make its successor."""
        return self.carry_out(request, object_id, "rotated", _rotate, after=reverse(_LIST))

    @action(
        description="Replace at once",
        icon="gpp_bad",
        permissions=["replace"],
        variant=ActionVariant.DANGER,
        dialog={
            "title": "Replace all keys of this tenant at once?",
            "description": "For a key that may have leaked: every token issued so far is refused from now on, and "
            "users have to refresh theirs.",
            "form_class": ConfirmDialog,
            "form_submit_text": "Replace",
        },
    )
    def replace(self, request: HttpRequest, form: ConfirmDialog, object_id: str) -> HttpResponse:
        """End all of the tenant's keys, make a new one."""
        return self.carry_out(request, object_id, "replaced", _rotate, after=reverse(_LIST), at_once=True)


def _rotate(key: SigningKey, *, acting: Actor, at_once: bool = False) -> SigningKey:
    return do_rotate_signing_key(key.tenant, acting=acting, at_once=at_once)
