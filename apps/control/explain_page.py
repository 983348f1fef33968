"""The admin's explain page of a tenant: what the rules make of a query, and why a row is hidden.

In: a request for /admin/tenants/tenant/<slug>/explain/. Out: the page; what is asked for comes by POST, so that no link
can make a browser run it.
"""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from apps.control.api.trials import MAX_TEXT
from apps.control.trials.explain import Explanation, explain
from apps.control.trials.people import somebody
from apps.tenants.access import Right, get_tenant_for
from apps.tenants.acting import Actor
from apps.tenants.admin.rules import page_facts
from apps.tenants.admin.scope import acting
from apps.tenants.models import Tenant
from apps.tenants.rulebook import rules_of
from kapok.errors import KapokError
from kapok.permissions.rules import SERVICE_ROLE

EXAMPLE = "{\n  \n}"


class ExplainForm(forms.Form):
    """As whom, and what."""

    who = forms.CharField(max_length=320)
    sub = forms.CharField(max_length=255, required=False)
    claims = forms.CharField(max_length=10_000, required=False)
    query = forms.CharField(max_length=MAX_TEXT, required=False, strip=False)
    variables = forms.CharField(max_length=MAX_TEXT, required=False)
    row = forms.CharField(max_length=2000, required=False)
    analyze = forms.BooleanField(required=False)

    def clean_claims(self) -> dict[str, Any]:
        """A JSON object."""
        return _object(self.cleaned_data["claims"])

    def clean_variables(self) -> dict[str, Any]:
        """A JSON object."""
        return _object(self.cleaned_data["variables"])

    def clean(self) -> dict[str, Any]:
        """Something to explain."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if not cleaned.get("query", "").strip() and not cleaned.get("row"):
            raise forms.ValidationError("Give a query, a row, or both.")
        return cleaned


def explain_page(request: HttpRequest, slug: str) -> HttpResponse:
    """The form, with the answer below it once something was asked."""
    tenant = _tenant(request, slug)
    form = ExplainForm(request.POST) if request.method == "POST" else ExplainForm()
    problem, explained = "", None
    if form.is_bound and form.is_valid():
        try:
            explained = _explained(tenant, form.cleaned_data, acting(request))
        except KapokError as error:
            problem = f"{error.message} {error.hint}".strip()
    given = request.POST if form.is_bound else {"who": "anon", "query": EXAMPLE}
    context = {
        **admin.site.each_context(request),
        **page_facts(tenant),
        "opts": Tenant._meta,
        "tab": "explain",
        "form": form,
        "given": given,
        "problem": problem,
        "roles": [*rules_of(tenant).roles, SERVICE_ROLE],
        "explained": explained,
    }
    return TemplateResponse(request, "control/explain.html", context, headers={"Cache-Control": "no-store"})


def _explained(tenant: Tenant, given: dict[str, Any], by: Actor) -> Explanation:
    principal = somebody(tenant, given["who"], role="", sub=given["sub"] or None, claims=given["claims"])
    return explain(
        tenant,
        principal,
        given["query"],
        given["variables"],
        acting=by,
        analyze=given["analyze"],
        row=given["row"] or None,
    )


def _tenant(request: HttpRequest, slug: str) -> Tenant:
    try:
        return get_tenant_for(acting(request), slug, Right.MANAGE)
    except KapokError as error:
        if error.code == "FORBIDDEN":
            raise PermissionDenied from error
        raise Http404 from error


def _object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text) if text.strip() else {}
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise forms.ValidationError("A JSON object is expected.")
    return value
