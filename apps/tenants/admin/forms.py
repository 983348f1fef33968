"""The forms of projects and tenants: JSON as fields a person can fill in.

In: rows. Out: `cleaned_data` as the services take it; nothing is saved here.
"""

from __future__ import annotations

from typing import Any

from django import forms
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminTextareaWidget

from apps.tenants.models import Project, Tenant
from apps.tenants.validators import limits_problem, origins_problem
from kapok.tenancy import Limits

LIMITS = tuple(Limits.__dataclass_fields__)
LIMIT_FIELDS = tuple(f"limit_{name}" for name in LIMITS)
_LIMIT_HELP = {
    "depth": "How deep a query may nest.",
    "cost": "Points of one query.",
    "rows": "Rows of one list.",
    "aliases": "Aliases in one document.",
    "document_bytes": "Length of one document.",
    "statement_ms": "Time of one statement, in milliseconds.",
    "concurrency": "Requests at once.",
}


def _limit_field(name: str) -> forms.IntegerField:
    return forms.IntegerField(
        label=name.replace("_", " ").capitalize(),
        required=False,
        min_value=1,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text=_LIMIT_HELP[name],
    )


#: One field for every limit there is.
LimitsForm = type("LimitsForm", (forms.Form,), {f"limit_{name}": _limit_field(name) for name in LIMITS})


class TenantForm(forms.ModelForm, LimitsForm):  # type: ignore[misc,valid-type]
    """A tenant; its limits as numbers, empty for the default."""

    class Meta:
        model = Tenant
        fields = ("project", "slug", "name")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        own = self.instance.limits or {}
        for name, field_name in zip(LIMITS, LIMIT_FIELDS, strict=True):
            self.fields[field_name].initial = own.get(name)
            self.fields[field_name].widget.attrs["placeholder"] = str(getattr(Limits(), name))
        if "name" in self.fields:
            self.fields["name"].required = self.instance.pk is not None and not self.instance._state.adding
            self.fields["name"].help_text = "What people call it; the slug unless given."
        if "slug" in self.fields:
            self.fields["slug"].help_text = "Its address: lower-case letters, digits, hyphens. It cannot be changed."

    def clean(self) -> dict[str, Any]:
        """Adds `limits`. Raises ValidationError for a limit that cannot be."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        given = {name: cleaned.get(field) for name, field in zip(LIMITS, LIMIT_FIELDS, strict=True)}
        cleaned["limits"] = {name: value for name, value in given.items() if value is not None}
        problem = limits_problem(cleaned["limits"])
        if problem:
            raise forms.ValidationError(problem)
        return cleaned


class ProjectForm(forms.ModelForm):
    """A project; one CORS origin a line."""

    origins = forms.CharField(
        label="CORS origins",
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text="Origins of browsers' apps, one a line: https://app.example.com",
    )

    class Meta:
        model = Project
        fields = ("slug", "name", "description", "trusted_documents_only", "introspection", "draft_statuses", "auth")
        widgets = {"auth": UnfoldAdminTextareaWidget(attrs={"rows": 12, "spellcheck": "false", "class": "kapok-code"})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "origins" in self.fields:
            self.fields["origins"].initial = "\n".join(self.instance.cors_origins or [])
        if "slug" in self.fields:
            self.fields["slug"].help_text = "The `name` in kapok.yaml. It cannot be changed."

    def clean_origins(self) -> list[str]:
        """The lines that are not empty. Raises ValidationError naming the first that is not an origin."""
        origins = [line.strip() for line in self.cleaned_data["origins"].splitlines() if line.strip()]
        problem = origins_problem(origins)
        if problem:
            raise forms.ValidationError(problem)
        return origins
