"""Identity providers: where a project's users may sign in besides their passwords."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import action, display
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldAdminPasswordWidget, UnfoldAdminTextInputWidget

from apps.tenants.access import Right, projects_for
from apps.tenants.admin.columns import link
from apps.tenants.admin.dialogs import ConfirmDialog
from apps.tenants.admin.scope import ScopedAdmin, acting
from apps.tenants.models import IdentityProvider
from apps.tenants.models.providers import default_scopes
from apps.tenants.services import do_remove_provider, do_set_provider
from kapok.public_urls import provider_callback_url

#: What the service takes besides the project, the name and the secret.
_SETTINGS = ("title", "issuer", "client_id", "claims", "links_accounts", "enabled")


class ProviderForm(forms.ModelForm):
    """A provider as it is to be."""

    scope_words = forms.CharField(
        label="Scopes",
        max_length=2000,
        widget=UnfoldAdminTextInputWidget,
        initial=" ".join(default_scopes()),
        help_text="With blanks between them.",
    )
    client_secret = forms.CharField(
        required=False,
        strip=False,
        widget=UnfoldAdminPasswordWidget(),
        label="Client secret",
        help_text="Left empty, the one there is stays.",
    )

    class Meta:
        model = IdentityProvider
        fields = ("project", "name", *_SETTINGS)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance._state.adding:
            self.fields["scope_words"].initial = " ".join(self.instance.scopes)


@admin.register(IdentityProvider)
class IdentityProviderAdmin(ScopedAdmin):
    """OpenID providers."""

    form = ProviderForm
    list_display = ("show_name", "show_project", "issuer", "links_accounts", "enabled")
    list_select_related = ("project",)
    search_fields = ("name", "title", "issuer", "project__slug")
    search_help_text = "Search by name, issuer or project"
    ordering = ("project__slug", "name")
    actions = None
    actions_detail: ClassVar = ("remove",)

    def get_fieldsets(self, request: HttpRequest, obj: IdentityProvider | None = None) -> Any:
        """The callback stands on the page of one that is there; the rest only managers fill in."""
        facts = ("project", "name", "title", "enabled")
        if obj is not None:
            facts = (*facts, "show_callback")
        may = obj is None or self.has_change_permission(request, obj)
        client = ("issuer", "client_id", "client_secret", "scope_words") if may else ("issuer", "client_id", "scopes")
        return (
            (None, {"fields": facts}),
            ("Client", {"fields": client}),
            ("Accounts", {"fields": ("links_accounts", "claims")}),
        )

    def get_readonly_fields(self, request: HttpRequest, obj: IdentityProvider | None = None) -> tuple[str, ...]:
        """Another name is another provider."""
        return ("show_callback", "project", "name") if obj is not None else ("show_callback",)

    @display(description="Provider", header=True, ordering="name")
    def show_name(self, provider: IdentityProvider) -> list[str]:
        """Title over name."""
        return [provider.title, provider.name]

    @display(description="Project", ordering="project__slug")
    def show_project(self, provider: IdentityProvider) -> SafeString:
        """A link."""
        return link("tenants_project_change", provider.project_id, provider.project.slug)

    @display(description="Redirect address to register there")
    def show_callback(self, provider: IdentityProvider) -> SafeString:
        """One for all tenants of the project."""
        url = provider_callback_url(settings.KAPOK_PUBLIC_URL, provider.project.slug, provider.name)
        return format_html("<code>{}</code>", url)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Only projects the operator manages."""
        if db_field.name == "project":
            kwargs["queryset"] = projects_for(acting(request), Right.MANAGE)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: IdentityProvider, form: forms.ModelForm, change: bool) -> None:
        """Through the service."""
        data = form.cleaned_data
        given = {name: data[name] for name in _SETTINGS} | {"claims": data["claims"] or {}}
        scopes, secret = data["scope_words"].split(), data["client_secret"] or None
        made = do_set_provider(
            obj.project, obj.name, acting=acting(request), client_secret=secret, scopes=scopes, **given
        )
        obj.__dict__.update(made.__dict__)

    @action(
        description="Remove",
        icon="delete",
        permissions=["manage"],
        variant=ActionVariant.DANGER,
        dialog={
            "title": "Let nobody sign in there any more?",
            "description": "Users keep their accounts, and sign in otherwise.",
            "form_class": ConfirmDialog,
            "form_submit_text": "Remove",
        },
    )
    def remove(self, request: HttpRequest, form: ConfirmDialog, object_id: str) -> HttpResponse:
        """Remove it."""
        page = reverse("admin:tenants_identityprovider_changelist")
        return self.carry_out(request, object_id, "removed", do_remove_provider, after=page)
