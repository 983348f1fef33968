"""Host names of tenants."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import AutocompleteSelectFilter
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from apps.tenants.access import Right, tenants_for
from apps.tenants.admin.columns import link
from apps.tenants.admin.dialogs import ConfirmDialog
from apps.tenants.admin.scope import ScopedAdmin, acting, go_to
from apps.tenants.models import Domain
from apps.tenants.services import do_add_domain, do_remove_domain
from apps.tenants.services.domains import checked_host
from kapok.errors import KapokError


class DomainForm(forms.ModelForm):
    """A new host name."""

    class Meta:
        model = Domain
        fields = ("tenant", "domain", "is_primary")

    def clean_domain(self) -> str:
        """Raises ValidationError with the service's reason."""
        try:
            return checked_host(self.cleaned_data["domain"])
        except KapokError as exc:
            raise forms.ValidationError(exc.message) from exc


@admin.register(Domain)
class DomainAdmin(ScopedAdmin):
    """Where tenants answer besides their slugs."""

    form = DomainForm
    project_lookup = "tenant__project_id"
    list_display = ("domain", "show_tenant", "is_primary", "created_at")
    list_filter = (("tenant", AutocompleteSelectFilter), "is_primary")
    list_filter_submit = True
    list_select_related = ("tenant",)
    search_fields = ("domain", "tenant__slug")
    search_help_text = "Search by host name or tenant"
    ordering = ("domain",)
    autocomplete_fields = ("tenant",)
    actions = None
    actions_detail: ClassVar = ("remove",)
    fields = ("tenant", "domain", "is_primary")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A host name is added and removed, never changed."""
        return False

    @display(description="Tenant", ordering="tenant__slug")
    def show_tenant(self, domain: Domain) -> SafeString:
        """A link."""
        return link("tenants_tenant_change", domain.tenant_id, domain.tenant.slug)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Only tenants of projects the operator manages."""
        if db_field.name == "tenant":
            kwargs["queryset"] = tenants_for(acting(request), Right.MANAGE)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: Domain, form: forms.ModelForm, change: bool) -> None:
        """Through the service."""
        data = form.cleaned_data
        made = do_add_domain(obj.tenant, data["domain"], acting=acting(request), primary=data["is_primary"])
        obj.__dict__.update(made.__dict__)

    def response_add(self, request: HttpRequest, obj: Domain, post_url_continue: str | None = None) -> HttpResponse:
        """Back to the tenant."""
        messages.success(request, f"{obj.tenant.slug} answers at {obj.domain}.")
        return go_to(request, reverse("admin:tenants_tenant_change", args=[obj.tenant_id]))

    @action(
        description="Remove",
        icon="delete",
        permissions=["manage"],
        variant=ActionVariant.DANGER,
        dialog={
            "title": "Remove this host name?",
            "description": "The tenant no longer answers there.",
            "form_class": ConfirmDialog,
            "form_submit_text": "Remove",
        },
    )
    def remove(self, request: HttpRequest, form: ConfirmDialog, object_id: str) -> HttpResponse:
        """The tenant no longer answers there."""
        domain = self.row(request, object_id)
        tenant = domain.tenant
        do_remove_domain(domain, acting=acting(request))
        messages.success(request, f"{tenant.slug} no longer answers at {domain.domain}.")
        return go_to(request, reverse("admin:tenants_tenant_change", args=[tenant.pk]))
