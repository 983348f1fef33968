"""Operators and their groups in the admin."""

from __future__ import annotations

from typing import ClassVar

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as BaseGroupAdmin
from django.contrib.auth.admin import UserAdmin as BaseUserAdmin
from django.contrib.auth.models import Group
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from apps.accounts.models import User


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


@admin.register(User)
class UserAdmin(BaseUserAdmin, ModelAdmin):
    """Who may sign in, and what they may do everywhere. What they may do in one project is set at the project."""

    form = OperatorChangeForm
    add_form = OperatorCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("email", "name", "show_level", "is_active", "last_login")
    list_filter = ("is_superuser", "is_staff", "is_active", "groups")
    list_filter_submit = True
    search_fields = ("email", "name")
    ordering = ("email",)
    readonly_fields = ("last_login", "date_joined")
    filter_horizontal = ("groups", "user_permissions")
    fieldsets: ClassVar = (
        (None, {"fields": ("email", "name", "password")}),
        ("What they may do", {"fields": ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")}),
        ("Dates", {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets: ClassVar = (
        (None, {"classes": ("wide",), "fields": ("email", "name", "password1", "password2", "is_staff")}),
    )

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
