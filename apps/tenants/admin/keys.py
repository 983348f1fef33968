"""API keys: created and shown once, listed without the key, revoked."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter
from unfold.decorators import action, display
from unfold.enums import ActionVariant
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminSplitDateTimeWidget,
    UnfoldAdminTextInputWidget,
)

from apps.tenants.access import Right, tenants_for
from apps.tenants.admin.columns import KEY_LABELS, badge, link
from apps.tenants.admin.dialogs import ConfirmDialog
from apps.tenants.admin.inlines import key_state
from apps.tenants.admin.scope import ScopedAdmin, acting, go_to
from apps.tenants.models import ApiKey
from apps.tenants.models.keys import all_scopes
from apps.tenants.services import do_create_key, do_revoke_key
from kapok.tokens import KeyKind


class KeyForm(forms.ModelForm):
    """A new key."""

    kind = forms.ChoiceField(
        choices=[
            (KeyKind.SECRET.value, "secret: for servers, sees everything unless a role is given"),
            (KeyKind.PUBLISHABLE.value, "publishable: for browsers and apps, sees what anon may see"),
        ],
        widget=UnfoldAdminSelectWidget,
    )
    role = forms.CharField(
        required=False,
        widget=UnfoldAdminTextInputWidget(attrs={"placeholder": "service"}),
        help_text="The app role of a secret key.",
    )
    scopes = forms.MultipleChoiceField(
        choices=[(scope, scope) for scope in all_scopes()],
        initial=all_scopes,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text="read: queries. write: mutations.",
    )
    expires_at = forms.SplitDateTimeField(required=False, widget=UnfoldAdminSplitDateTimeWidget, label="Expires")

    class Meta:
        model = ApiKey
        fields = ("tenant", "name", "kind", "role", "scopes", "expires_at")


@admin.register(ApiKey)
class ApiKeyAdmin(ScopedAdmin):
    """How callers get in."""

    form = KeyForm
    project_lookup = "tenant__project_id"
    list_display = ("show_name", "show_tenant", "kind", "role", "show_state", "created_at")
    list_filter = (("kind", ChoicesDropdownFilter), ("tenant", AutocompleteSelectFilter))
    list_filter_submit = True
    list_select_related = ("tenant",)
    search_fields = ("name", "prefix", "tenant__slug", "role")
    search_help_text = "Search by name, first characters, tenant or role"
    ordering = ("-created_at",)
    autocomplete_fields = ("tenant",)
    actions = None
    actions_detail: ClassVar = ("revoke",)
    readonly_fields = ("show_state", "prefix", "created_at", "revoked_at", "last_used_at")
    _stored = (
        *("tenant", "name", "kind", "role", "scopes", "prefix", "show_state"),
        *("created_at", "expires_at", "revoked_at", "last_used_at"),
    )

    def get_fieldsets(self, request: HttpRequest, obj: ApiKey | None = None) -> Any:
        """New: what is asked. Existing: facts."""
        if obj is None:
            return ((None, {"fields": ("tenant", "name", "kind", "role", "scopes", "expires_at")}),)
        return ((None, {"fields": self._stored}),)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A key is made and revoked, never changed."""
        return False

    @display(description="Name", header=True, ordering="name")
    def show_name(self, key: ApiKey) -> list[str]:
        """Name over the first characters."""
        return [key.name, f"{key.prefix}…"]

    @display(description="Tenant", ordering="tenant__slug")
    def show_tenant(self, key: ApiKey) -> SafeString:
        """A link."""
        return link("tenants_tenant_change", key.tenant_id, key.tenant.slug)

    @display(description="State")
    def show_state(self, key: ApiKey) -> SafeString:
        """active, revoked or expired."""
        return badge(key_state(key), KEY_LABELS[key_state(key)])

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Only tenants of projects the operator manages."""
        if db_field.name == "tenant":
            kwargs["queryset"] = tenants_for(acting(request), Right.MANAGE)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: ApiKey, form: forms.ModelForm, change: bool) -> None:
        """Through the service; the key waits on the request for the answer, the only place that shows it."""
        data = form.cleaned_data
        made, key = do_create_key(
            obj.tenant,
            data["kind"],
            acting=acting(request),
            name=data["name"],
            role=data["role"] or None,
            expires_at=data["expires_at"],
            scopes=data["scopes"],
        )
        obj.__dict__.update(made.__dict__)
        request._kapok_new_key = key  # type: ignore[attr-defined]

    def response_add(self, request: HttpRequest, obj: ApiKey, post_url_continue: str | None = None) -> HttpResponse:
        """The key, once: the answer to the POST itself, kept by no cache and no session."""
        context = {
            **self.admin_site.each_context(request),
            "title": "New API key",
            "opts": self.model._meta,
            "key": obj,
            "text": request._kapok_new_key,  # type: ignore[attr-defined]
            "back": reverse("admin:tenants_tenant_change", args=[obj.tenant_id]),
            "back_text": f"Back to {obj.tenant.slug}",
        }
        return TemplateResponse(request, "tenants/new_secret.html", context, headers={"Cache-Control": "no-store"})

    def has_revoke_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """A manager, and a key that is not revoked."""
        return self.manages(request, object_id, lambda key: key.revoked_at is None)

    @action(
        description="Revoke",
        icon="block",
        permissions=["revoke"],
        variant=ActionVariant.DANGER,
        dialog={
            "title": "Revoke this key?",
            "description": "Requests with it answer 401 from now on. There is no way back.",
            "form_class": ConfirmDialog,
            "form_submit_text": "Revoke",
        },
    )
    def revoke(self, request: HttpRequest, form: ConfirmDialog, object_id: str) -> HttpResponse:
        """Refuse it from now on."""
        key = do_revoke_key(self.row(request, object_id), acting=acting(request))
        self.log_change(request, key, "revoked")
        messages.success(request, f"Key {key.prefix}… is revoked.")
        return go_to(request, reverse("admin:tenants_apikey_change", args=[key.pk]))
