"""Control API tokens in the admin: made and shown once, revoked."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin
from unfold.decorators import action, display
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldAdminIntegerFieldWidget

from apps.control.models import ControlToken
from apps.control.tokens import do_create_token, do_revoke_token
from apps.tenants.admin.columns import KEY_LABELS, badge
from apps.tenants.admin.dialogs import ConfirmDialog
from apps.tenants.admin.scope import acting, go_to


class TokenForm(forms.ModelForm):
    """A new token of the operator's own."""

    days = forms.IntegerField(
        label="Days",
        min_value=1,
        max_value=3650,
        initial=90,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text="How long it works.",
    )

    class Meta:
        model = ControlToken
        fields = ("name",)


@admin.register(ControlToken)
class ControlTokenAdmin(ModelAdmin):
    """Everyone's own tokens; superusers see all of them."""

    form = TokenForm
    list_display = ("show_name", "user", "show_state", "created_at", "expires_at", "last_used_at")
    list_select_related = ("user",)
    search_fields = ("name", "prefix", "user__email")
    ordering = ("-created_at",)
    actions = None
    actions_detail: ClassVar = ("revoke",)
    readonly_fields = ("show_state",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ControlToken]:
        """The operator's own, or all."""
        rows: QuerySet[ControlToken] = super().get_queryset(request)
        user = acting(request)
        return rows if user.is_superuser else rows.filter(user=user)

    def get_fieldsets(self, request: HttpRequest, obj: ControlToken | None = None) -> Any:
        """New: what is asked. Existing: facts."""
        if obj is None:
            return ((None, {"fields": ("name", "days")}),)
        stored = ("name", "user", "prefix", "show_state", "created_at", "expires_at", "revoked_at", "last_used_at")
        return ((None, {"fields": stored}),)

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Everyone in the admin."""
        return True

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Of what get_queryset shows."""
        return True

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Everyone, for themselves."""
        return True

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never: made and revoked only."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never: revoked tokens stay on record."""
        return False

    @display(description="Name", header=True, ordering="name")
    def show_name(self, token: ControlToken) -> list[str]:
        """Name over the first characters."""
        return [token.name, f"{token.prefix}…"]

    @display(description="State")
    def show_state(self, token: ControlToken) -> SafeString:
        """active, revoked or expired."""
        return badge(token.state, KEY_LABELS[token.state])

    def save_model(self, request: HttpRequest, obj: ControlToken, form: forms.ModelForm, change: bool) -> None:
        """For the operator who asks; the token waits on the request for the answer."""
        lifetime = timedelta(days=form.cleaned_data["days"])
        made, text = do_create_token(acting(request), name=form.cleaned_data["name"], lifetime=lifetime)
        obj.__dict__.update(made.__dict__)
        request._kapok_new_key = text  # type: ignore[attr-defined]

    def response_add(
        self, request: HttpRequest, obj: ControlToken, post_url_continue: str | None = None
    ) -> HttpResponse:
        """The token, once."""
        context = {
            **self.admin_site.each_context(request),
            "title": "New control API token",
            "opts": self.model._meta,
            "text": request._kapok_new_key,  # type: ignore[attr-defined]
            "back": reverse("admin:control_controltoken_changelist"),
            "back_text": "Back to the tokens",
        }
        return TemplateResponse(request, "tenants/new_secret.html", context, headers={"Cache-Control": "no-store"})

    def has_revoke_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """While it is not revoked."""
        if object_id is None:
            return True
        token: ControlToken | None = self.get_object(request, unquote(str(object_id)))
        return token is not None and token.revoked_at is None

    @action(
        description="Revoke",
        icon="block",
        permissions=["revoke"],
        variant=ActionVariant.DANGER,
        dialog={
            "title": "Revoke this token?",
            "description": "Programs that use it are refused from now on.",
            "form_class": ConfirmDialog,
            "form_submit_text": "Revoke",
        },
    )
    def revoke(self, request: HttpRequest, form: ConfirmDialog, object_id: str) -> HttpResponse:
        """Refuse it from now on."""
        token = self.get_queryset(request).get(pk=object_id)
        do_revoke_token(token, acting=acting(request))
        self.log_change(request, token, "revoked")
        messages.success(request, f"Token {token.prefix}… is revoked.")
        return go_to(request, reverse("admin:control_controltoken_changelist"))
