"""The form that asks for an export. In: what a person typed, or an address with it. Out: do_request_export's input."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.dateparse import parse_datetime
from unfold.widgets import UnfoldAdminSelect2Widget, UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from apps.accounts.models import User
from apps.audit.reports.profiles import profiles
from apps.tenants.access import Right, may_audit_platform, tenants_for
from apps.tenants.fleet import MIGRATED_STATES
from apps.tenants.models import AuditExport
from apps.tenants.services.exports import FILTERS, check_wanted
from kapok.errors import KapokError

#: Most values of one filter, and characters of one value: as the API has it.
MAX_VALUES, MAX_VALUE = 200, 200
_SEPARATORS = re.compile(r"[,\n]")
_PLATFORM = "The control plane’s own log"


class WordsField(forms.CharField):
    """Several values, separated by commas."""

    widget = UnfoldAdminTextInputWidget

    def to_python(self, value: Any) -> list[str]:  # type: ignore[override]
        """The values. Raises ValidationError for too many or too long ones."""
        words = [word.strip() for word in _SEPARATORS.split(str(value or "")) if word.strip()]
        if len(words) > MAX_VALUES or any(len(word) > MAX_VALUE or "\x00" in word for word in words):
            raise forms.ValidationError(f"At most {MAX_VALUES} values of {MAX_VALUE} characters.")
        return words


def _time(label: str, help_text: str) -> forms.DateTimeField:
    widget = UnfoldAdminTextInputWidget(attrs={"type": "datetime-local", "step": "1"})
    return forms.DateTimeField(label=label, required=False, widget=widget, help_text=help_text)


def _words(label: str, help_text: str) -> WordsField:
    return WordsField(label=label, required=False, help_text=help_text)


class ExportForm(forms.ModelForm):
    """What of which log. user: set by the admin on a class of its own for each request."""

    user: User
    tenant = forms.ModelChoiceField(
        queryset=None, to_field_name="slug", label="Log", required=False, widget=UnfoldAdminSelect2Widget
    )
    profile = forms.ChoiceField(
        label="Report",
        initial="general",
        widget=UnfoldAdminSelectWidget,
        help_text="Which sections the report has. It does not choose entries: filters do.",
    )
    since = _time("From (UTC)", "The log’s beginning when empty.")
    until = _time("To (UTC)", "Now when empty.")
    tables = _words("Tables", "Show changes of these tables only; separated by commas.")
    actions = _words("Actions", "Show events of these actions only, such as tenant.suspended.")
    actors = _words("Actors", "Show only what they did: operator:ID, end_user:ID, key:PREFIX, system.")
    subject = _words(
        "Person", "For an access request: every identifier the person has, such as the user’s id and address."
    )

    class Meta:
        model = AuditExport
        fields = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["tenant"]
        field.queryset = tenants_for(self.user, Right.AUDIT).filter(state__in=MIGRATED_STATES).order_by("slug")
        field.label_from_instance = lambda tenant: f"{tenant.slug} ({tenant.project.slug})"
        if may_audit_platform(self.user):
            field.empty_label = _PLATFORM
        else:
            field.required = True
        choice: Any = self.fields["profile"]
        choice.choices = [(profile.name, profile.title) for profile in profiles().values()]

    def clean(self) -> dict[str, Any]:
        """Raises ValidationError beside the field that cannot be."""
        given: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.errors:
            given["filters"] = {name: given[name] for name in FILTERS if given[name]}
            try:
                check_wanted(given["profile"], given["since"], given["until"], given["filters"])
            except KapokError as error:
                fields = [name for name in error.details.get("fields", ()) if name in self.fields]
                self.add_error(fields[0] if fields else None, error.message)
        return given


def asked(query: QueryDict) -> dict[str, Any]:
    """What an address asks for, as the form's first values: tenant=, since=, until=, profile=, and the filters."""
    found: dict[str, Any] = {name: query[name] for name in ("tenant", "profile") if name in query}
    for name in FILTERS:
        words = [word.strip() for value in query.getlist(name) for word in value.split(",")]
        found[name] = ", ".join(word for word in words if word)
    for name, later in (("since", timedelta(0)), ("until", timedelta(seconds=1))):
        at = _moment(query.get(name, ""))
        if at is not None:
            # To whole seconds, outwards: nothing that was asked for is left out.
            rounded = at.replace(microsecond=0) + (later if at.microsecond else timedelta(0))
            found[name] = rounded.strftime("%Y-%m-%dT%H:%M:%S")
    return found


def _moment(text: str) -> datetime | None:
    try:
        return parse_datetime(text)
    except ValueError:
        return None
