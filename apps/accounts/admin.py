"""Operators and their groups in the admin."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin as BaseGroupAdmin
from django.contrib.auth.admin import UserAdmin as BaseUserAdmin
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from unfold.admin import ModelAdmin
from unfold.decorators import action, display
from unfold.enums import ActionVariant
from unfold.forms import AdminPasswordChangeForm, BaseDialogForm, UserChangeForm, UserCreationForm

from apps.accounts.models import TwoStep, User
from apps.accounts.superusers import LAST_SUPERUSER, others_remain
from apps.accounts.two_step import do_reset_two_step, has_two_step
from apps.audit.logs import CONTROL_LOG
from apps.audit.record import record
from kapok.errors import KapokError

#: What makes people mighty beyond single projects.
_POWERS = ("is_superuser", "groups", "user_permissions")
#: What a superuser needs to act as one here.
_MIGHTY = ("is_superuser", "is_active", "is_staff")


class OperatorCreationForm(UserCreationForm):
    """A new user: an address and a password."""

    class Meta:
        model = User
        fields = ("email",)


class OperatorChangeForm(UserChangeForm):
    """A user's data; the password has a form of its own."""

    class Meta:
        model = User
        fields = "__all__"

    def clean(self) -> dict[str, Any]:
        """Raises ValidationError where nobody would be left who may do everything."""
        given: dict[str, Any] = super().clean()
        mighty = all(given.get(name, getattr(self.instance, name)) for name in _MIGHTY)
        if not mighty and not others_remain([self.instance.pk]):
            raise ValidationError(LAST_SUPERUSER)
        return given


class ResetDialog(BaseDialogForm):
    """No input, only the decision."""


@admin.register(User)
class UserAdmin(BaseUserAdmin, ModelAdmin):
    """Who may sign in, and what they may do everywhere. What they may do in one project is set at the project."""

    form = OperatorChangeForm
    add_form = OperatorCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("email", "name", "show_level", "show_two_step", "is_active", "last_login")
    list_filter = ("is_superuser", "is_staff", "is_active", "groups")
    list_filter_submit = True
    search_fields = ("email", "name")
    ordering = ("email",)
    readonly_fields = ("last_login", "date_joined", "show_two_step")
    actions_detail: ClassVar = ("reset_two_step",)
    filter_horizontal = ("groups", "user_permissions")
    fieldsets: ClassVar = (
        (None, {"fields": ("email", "name", "password", "show_two_step")}),
        ("What they may do", {"fields": ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")}),
        ("Dates", {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets: ClassVar = (
        (None, {"classes": ("wide",), "fields": ("email", "name", "password1", "password2", "is_staff")}),
    )

    # Whoever was given Django's permissions on users looks after people, and makes nobody mightier, not even himself.

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        """With whether each has two-step sign-in."""
        rows: QuerySet[User] = super().get_queryset(request)
        return rows.annotate(with_two_step=Exists(TwoStep.objects.filter(pk=OuterRef("pk"))))

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        """Only superusers say what people may do everywhere."""
        return self.readonly_fields if _is_superuser(request) else (*self.readonly_fields, *_POWERS)

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Superusers, and their passwords, are changed by superusers."""
        return super().has_change_permission(request, obj) and _may_touch(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Superusers are deleted by superusers."""
        return super().has_delete_permission(request, obj) and _may_touch(request, obj)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """What would go along; the last superuser is protected."""
        gone, counts, lacking, protected = super().get_deleted_objects(objs, request)
        if not others_remain([user.pk for user in objs]):
            # What is lacking besides would be said instead.
            lacking, protected = set(), [*protected, LAST_SUPERUSER]
        return gone, counts, lacking, protected

    def response_action(self, request: HttpRequest, queryset: Any) -> Any:
        """In one transaction, which Django has for single users only."""
        with transaction.atomic():
            return super().response_action(request, queryset)

    # Django's admin calls these in the transaction of the change.

    def log_addition(self, request: HttpRequest, obj: User, message: Any) -> Any:
        """An operator was made."""
        facts = {"email": obj.email, "superuser": obj.is_superuser, "staff": obj.is_staff}
        _record("operator.created", request, f"operator:{obj.pk}", facts)
        return super().log_addition(request, obj, message)

    def log_change(self, request: HttpRequest, obj: User, message: Any) -> Any:
        """An operator was changed, or got another password."""
        changed = _changed(message)
        if changed:
            facts = {"email": obj.email, "changed": changed}
            _record("operator.changed", request, f"operator:{obj.pk}", facts)
        return super().log_change(request, obj, message)

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        """Operators are being deleted."""
        for user in queryset:
            _record("operator.deleted", request, f"operator:{user.pk}", {"email": user.email})
        return super().log_deletions(request, queryset)

    def has_reset_two_step_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Superusers, for others who have it: one's own is turned off by a code."""
        if not _is_superuser(request) or object_id is None or str(object_id) == str(request.user.pk):
            return False
        user = self.get_object(request, str(object_id))
        return user is not None and has_two_step(user)

    @action(
        description="Reset two-step sign-in",
        icon="phonelink_erase",
        permissions=["reset_two_step"],
        variant=ActionVariant.DANGER,
        dialog={
            "title": "Reset this operator's two-step sign-in?",
            "description": "For somebody who has lost the phone and the recovery codes, and whom you are sure of: the "
            "password alone signs in again, and all sessions end.",
            "form_class": ResetDialog,
            "form_submit_text": "Reset",
        },
    )
    def reset_two_step(self, request: HttpRequest, form: ResetDialog, object_id: str) -> HttpResponse:
        """The password alone signs in again."""
        user = self.get_object(request, object_id)
        if user is None:
            raise Http404
        try:
            do_reset_two_step(user, actor=f"operator:{request.user.pk}")
        except KapokError as error:
            messages.error(request, f"{error.message} {error.hint}".strip())
        else:
            # Django's history; the event is the service's.
            super().log_change(request, user, "Reset two-step sign-in.")
            messages.success(request, f"{user} signs in by the password alone; all sessions have ended.")
        page = reverse("admin:accounts_user_change", args=[user.pk])
        if request.headers.get("HX-Request"):  # a dialog's post follows a header instead of a redirect
            return HttpResponse(headers={"HX-Redirect": page})
        return HttpResponseRedirect(page)

    @display(description="Two-step sign-in", boolean=True)
    def show_two_step(self, user: User) -> bool:
        """Whether a code is needed besides the password."""
        return bool(getattr(user, "with_two_step", False))

    @display(description="Level", label={"superuser": "success", "operator": "info", "API only": "warning"})
    def show_level(self, user: User) -> str:
        """How far the user's word reaches."""
        if user.is_superuser:
            return "superuser"
        return "operator" if user.is_staff else "API only"


admin.site.unregister(Group)


@admin.register(Group)
class GroupAdmin(BaseGroupAdmin, ModelAdmin):
    """Groups of users with the same permissions."""

    def get_readonly_fields(self, request: HttpRequest, obj: Group | None = None) -> Any:
        """Only superusers say what a group may do everywhere."""
        return () if _is_superuser(request) else ("permissions",)

    def log_addition(self, request: HttpRequest, obj: Group, message: Any) -> Any:
        """A group was made."""
        _record("group.created", request, f"group:{obj.pk}", {"name": obj.name})
        return super().log_addition(request, obj, message)

    def log_change(self, request: HttpRequest, obj: Group, message: Any) -> Any:
        """A group's name or permissions were changed."""
        changed = _changed(message)
        if changed:
            _record("group.changed", request, f"group:{obj.pk}", {"name": obj.name, "changed": changed})
        return super().log_change(request, obj, message)

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        """Groups are being deleted."""
        for group in queryset:
            _record("group.deleted", request, f"group:{group.pk}", {"name": group.name})
        return super().log_deletions(request, queryset)


def _is_superuser(request: HttpRequest) -> bool:
    return bool(getattr(request.user, "is_superuser", False))


def _may_touch(request: HttpRequest, user: User | None) -> bool:
    return user is None or not user.is_superuser or _is_superuser(request)


def _changed(message: Any) -> list[str]:
    """The fields in Django's message of a change; a text (of the form for passwords) as it is."""
    if isinstance(message, str):
        return [message] if message else []
    return [field for part in message for field in part.get("changed", {}).get("fields", [])]


def _record(action: str, request: HttpRequest, target: str, facts: dict[str, Any]) -> None:
    record(action, log=CONTROL_LOG, actor=f"operator:{request.user.pk}", target=target, details=facts)
