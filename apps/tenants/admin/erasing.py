"""The dialog in which an operator has personal data erased from a tenant's audit trail.

In: what is to be erased, why, and the slug. Out: the job. Until the box is ticked it only says how much it would be.
"""

from __future__ import annotations

from typing import Any

import orjson
from django import forms
from django.http import HttpRequest, HttpResponse
from unfold.decorators import action
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldAdminTextInputWidget, UnfoldBooleanWidget

from apps.audit.erasure import Selection
from apps.tenants.admin.dialogs import DeleteTenantDialog
from apps.tenants.admin.scope import ScopedAdmin
from apps.tenants.services import do_request_erasure, preview_erasure
from kapok.errors import KapokError
from kapok.tenancy import TenantState


def _text(**options: Any) -> forms.CharField:
    return forms.CharField(required=False, max_length=2000, widget=UnfoldAdminTextInputWidget, **options)


class ErasureDialog(DeleteTenantDialog):
    """What is erased, why, and the slug."""

    table = _text(help_text="Values of the changes of this table.")
    key = _text(help_text='Only of one row of it: its key as JSON, such as {"id": 7}.')
    actor = _text(help_text="What somebody did: end_user:<id>, operator:<id>.")
    target = _text(help_text="Events about somebody: user:<id>, account:<e-mail address>.")
    paths = _text(help_text="Only these values, such as after.email details.*; empty: everything but keys of rows.")
    reason = forms.CharField(
        max_length=1000, widget=UnfoldAdminTextInputWidget, help_text="Stays in the log: no personal data."
    )
    sure = forms.BooleanField(required=False, label="Erase it for good", widget=UnfoldBooleanWidget)
    field_order = ("table", "key", "actor", "target", "paths", "reason", "confirm", "sure")

    def clean_key(self) -> dict[str, Any] | None:
        """Raises ValidationError for what is no JSON object."""
        text = self.cleaned_data["key"].strip()
        if not text:
            return None
        try:
            key = orjson.loads(text)
        except orjson.JSONDecodeError:
            key = None
        if not isinstance(key, dict):
            raise forms.ValidationError('This is not a key as JSON, such as {"id": 7}.')
        return key

    def clean(self) -> dict[str, Any]:
        """Beside the box: how much it would be, until it is ticked. (The dialog shows only errors of fields.)"""
        given = self.cleaned_data
        if self.errors:
            return given
        tenant = self.model.objects.get(pk=self.object_id)
        given["selection"] = Selection(
            table=given["table"] or None,
            key=given["key"],
            actor=given["actor"] or None,
            target=given["target"] or None,
            paths=tuple(given["paths"].split()) or None,
        )
        try:
            would = preview_erasure(tenant, given["selection"])
        except KapokError as error:
            self.add_error("sure", f"{error.message} {error.hint}".strip())
            return given
        if not given["sure"]:
            self.add_error(
                "sure",
                f"{would.values} values of {would.entries} entries would be erased. Tick the box to erase them.",
            )
        return given


class ErasingAdmin(ScopedAdmin):
    """Tenants whose audit trails values can be erased from."""

    def has_erase_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """A manager, and a tenant with a log."""
        states = (TenantState.ACTIVE, TenantState.SUSPENDED)
        return self.manages(request, object_id, lambda tenant: tenant.state in states)

    @action(
        description="Erase personal data",
        icon="ink_eraser",
        permissions=["erase"],
        variant=ActionVariant.DANGER,
        dialog={
            "title": "Erase personal data from the audit trail?",
            "description": "The values go for good, and every proof holds. Backups and bundles made before keep them.",
            "form_class": ErasureDialog,
            "form_submit_text": "Go on",
        },
    )
    def erase_data(self, request: HttpRequest, form: ErasureDialog, object_id: str) -> HttpResponse:
        """Queue the job."""
        given = form.cleaned_data
        return self.carry_out(
            request,
            object_id,
            "losing values of its audit trail",
            do_request_erasure,
            selection=given["selection"],
            reason=given["reason"],
            confirm=given["confirm"],
        )
