"""What operators type about end users in the admin. In: a form's fields. Out: cleaned data as the services take it."""

from __future__ import annotations

import json
import re
from typing import Any

from django import forms
from unfold.widgets import (
    UnfoldAdminEmailInputWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

_ROLE_BREAKS = re.compile(r"[,\s]+")


class RolesField(forms.CharField):
    """Names of roles with commas or blanks between them."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, max_length=2000, widget=UnfoldAdminTextInputWidget, **kwargs)

    def clean(self, value: Any) -> list[str]:
        """The names, in order."""
        return [role for role in _ROLE_BREAKS.split(super().clean(value)) if role]

    def prepare_value(self, value: Any) -> Any:
        """A list as text."""
        return ", ".join(value) if isinstance(value, list) else value


class ObjectField(forms.CharField):
    """A JSON object."""

    def __init__(self, **kwargs: Any) -> None:
        attrs = {"rows": 5, "spellcheck": "false", "class": "kapok-code"}
        super().__init__(required=False, max_length=40_000, widget=UnfoldAdminTextareaWidget(attrs=attrs), **kwargs)

    def clean(self, value: Any) -> dict[str, Any]:
        """The object. Raises ValidationError."""
        text = super().clean(value) or "{}"
        try:
            found = json.loads(text)
        except (ValueError, RecursionError) as exc:
            raise forms.ValidationError(f"This is not JSON: {exc}") from exc
        if not isinstance(found, dict):
            raise forms.ValidationError("This is not a JSON object.")
        return found

    def prepare_value(self, value: Any) -> Any:
        """An object as indented text."""
        return json.dumps(value, indent=2, ensure_ascii=False) if isinstance(value, dict) else value


class NewUserForm(forms.Form):
    """A new end user."""

    email = forms.CharField(label="E-mail", max_length=320, widget=UnfoldAdminEmailInputWidget)
    roles = RolesField(label="Roles", help_text="Empty for the project's default role.")
    invite = forms.BooleanField(
        label="Send a mail with a link to choose a password",
        required=False,
        initial=True,
        widget=UnfoldBooleanSwitchWidget,
    )


class UserForm(forms.Form):
    """What can be changed about one."""

    roles = RolesField(label="Roles", help_text="The first is the active one. Empty for the project's default role.")
    app_metadata = ObjectField(
        label="App metadata", help_text="Claims that rules may rely on: $claims.app_metadata.<name>."
    )
    metadata = ObjectField(label="Metadata", help_text="What the user says of himself; rules cannot rely on it.")
