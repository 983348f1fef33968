"""The dialogs of actions. In: what a person typed. Out: valid input, or what is wrong with it beside the field.

Every change is posted from a dialog: a plain action of unfold runs on GET, and any page could link to it.
"""

from __future__ import annotations

from typing import Any

from django import forms
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminTextInputWidget

from apps.tenants.models import Project, Tenant


class ConfirmDialog(BaseDialogForm):
    """No input, only the decision."""


class ReasonDialog(BaseDialogForm):
    """Why a tenant is suspended."""

    reason = forms.CharField(
        required=False, max_length=500, widget=UnfoldAdminTextInputWidget, help_text="Shown to other operators."
    )


class _TypedDialog(BaseDialogForm):
    """The slug, typed."""

    confirm = forms.CharField(widget=UnfoldAdminTextInputWidget)
    model: Any = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.slug = self.model.objects.filter(pk=self.object_id).values_list("slug", flat=True).first() or ""
        self.fields["confirm"].label = f"Type {self.slug} to go on"
        self.fields["confirm"].widget.attrs.update(autocomplete="off", autofocus="")

    def clean_confirm(self) -> str:
        """Raises ValidationError when it is not the slug."""
        typed: str = self.cleaned_data["confirm"].strip()
        if typed != self.slug:
            raise forms.ValidationError(f"This is not {self.slug}.")
        return typed


class DeleteTenantDialog(_TypedDialog):
    """Deleting a tenant."""

    model = Tenant


class DeleteProjectDialog(_TypedDialog):
    """Deleting a project."""

    model = Project
