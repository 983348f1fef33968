"""Issuers outside whose tokens a project's tenants believe."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.safestring import SafeString
from unfold.decorators import action, display
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldAdminPasswordWidget, UnfoldAdminSelectMultipleWidget

from apps.tenants.access import Right, projects_for
from apps.tenants.admin.columns import link
from apps.tenants.admin.dialogs import ConfirmDialog
from apps.tenants.admin.scope import ScopedAdmin, acting
from apps.tenants.models import TrustedIssuer
from apps.tenants.services import do_distrust_issuer, do_trust_issuer
from kapok.bearer.issuers import ASYMMETRIC, SYMMETRIC

#: What the service takes besides the project and the issuer.
_SETTINGS = (
    *("audience", "jwks_url", "algorithms", "subject_claim", "roles_claim"),
    *("role_mapping", "default_role", "tenant_claim", "enabled"),
)


class IssuerForm(forms.ModelForm):
    """An issuer as it is to be."""

    algorithms = forms.MultipleChoiceField(
        choices=[(name, name) for name in (*sorted(ASYMMETRIC), *sorted(SYMMETRIC))],
        widget=UnfoldAdminSelectMultipleWidget,
        help_text="HS256, HS384 and HS512 are for a shared secret, the others for a JWKS.",
    )
    secret = forms.CharField(
        required=False,
        strip=False,
        widget=UnfoldAdminPasswordWidget(),
        label="Shared secret",
        help_text="Where it signs with one instead of keys in a JWKS. Left empty, the one there is stays.",
    )

    class Meta:
        model = TrustedIssuer
        fields = ("project", "issuer", *_SETTINGS)


@admin.register(TrustedIssuer)
class TrustedIssuerAdmin(ScopedAdmin):
    """Whose tokens count besides Kapok's own."""

    form = IssuerForm
    list_display = ("issuer", "show_project", "audience", "enabled", "created_at")
    list_select_related = ("project",)
    search_fields = ("issuer", "project__slug")
    search_help_text = "Search by issuer or project"
    ordering = ("project__slug", "issuer")
    actions = None
    actions_detail: ClassVar = ("distrust",)
    fieldsets = (
        (None, {"fields": ("project", "issuer", "audience", "enabled")}),
        ("Keys", {"fields": ("jwks_url", "secret", "algorithms")}),
        ("Claims", {"fields": ("subject_claim", "tenant_claim", "roles_claim", "role_mapping", "default_role")}),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: TrustedIssuer | None = None) -> tuple[str, ...]:
        """Another issuer is another row."""
        return ("project", "issuer") if obj is not None else ()

    @display(description="Project", ordering="project__slug")
    def show_project(self, issuer: TrustedIssuer) -> SafeString:
        """A link."""
        return link("tenants_project_change", issuer.project_id, issuer.project.slug)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Only projects the operator manages."""
        if db_field.name == "project":
            kwargs["queryset"] = projects_for(acting(request), Right.MANAGE)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: TrustedIssuer, form: forms.ModelForm, change: bool) -> None:
        """Through the service."""
        given = {name: form.cleaned_data[name] for name in _SETTINGS}
        given["role_mapping"] = given["role_mapping"] or {}
        secret = form.cleaned_data["secret"] or None
        made = do_trust_issuer(obj.project, obj.issuer, acting=acting(request), secret=secret, **given)
        obj.__dict__.update(made.__dict__)

    @action(
        description="Distrust",
        icon="block",
        permissions=["manage"],
        variant=ActionVariant.DANGER,
        dialog={
            "title": "Believe none of its tokens any more?",
            "description": "Requests with them answer 401 from now on.",
            "form_class": ConfirmDialog,
            "form_submit_text": "Distrust",
        },
    )
    def distrust(self, request: HttpRequest, form: ConfirmDialog, object_id: str) -> HttpResponse:
        """Remove it."""
        page = reverse("admin:tenants_trustedissuer_changelist")
        return self.carry_out(request, object_id, "distrusted", do_distrust_issuer, after=page)
