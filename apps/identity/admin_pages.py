"""The admin's pages of a tenant's end users: find one, look at him, act on him.

In: a request for /admin/tenants/tenant/<slug>/users/. Out: a page. Whatever changes something is posted, goes through a
service, and stands in the tenant's history.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from apps.identity.admin_forms import NewUserForm, UserForm
from apps.identity.models import User
from apps.identity.services import accounts
from apps.identity.tenant_users import all_users, get_user, users_of
from apps.tenants.access import Right, get_tenant_for
from apps.tenants.admin.scope import acting, refuse, rights_of
from apps.tenants.models import Tenant
from apps.tenants.rulebook import rules_of
from kapok.bearer.form import is_role
from kapok.errors import KapokError

PAGE_SIZE = 50
#: Sessions a page shows.
RECENT = 50
#: What a button does: the service, and what is said then.
ACTIONS: dict[str, tuple[Callable[..., object], str]] = {
    "disable": (accounts.do_disable_user, "disabled and signed out everywhere"),
    "enable": (accounts.do_enable_user, "enabled"),
    "revoke_sessions": (accounts.do_revoke_user_sessions, "signed out everywhere"),
    "reset_factors": (accounts.do_reset_factors, "without factors, and signed out everywhere"),
    "reset_password": (accounts.do_send_password_reset, "sent a mail with a link to choose a password"),
}


def users_page(request: HttpRequest, slug: str) -> HttpResponse:
    """The list, with a search and a form for a new one."""
    tenant = _tenant(request, slug)
    try:
        with users_of(tenant):
            form = NewUserForm(request.POST or None)
            if request.method == "POST":
                made = _created(request, tenant, form)
                if made is not None:
                    return HttpResponseRedirect(user_url(tenant, made))
            return _list(request, tenant, form)
    except KapokError as error:
        return _sent_back(request, tenant, error)


def user_page(request: HttpRequest, slug: str, user_id: uuid.UUID) -> HttpResponse:
    """One user."""
    tenant = _tenant(request, slug)
    try:
        with users_of(tenant):
            user = _user(user_id)
            if request.method == "POST":
                _require_manager(request, tenant)
                if request.POST.get("action") != "save":
                    return _acted(request, tenant, user)
                form = UserForm(request.POST)
                if _saved(request, tenant, user, form):
                    return HttpResponseRedirect(user_url(tenant, user))
            else:
                facts = {"roles": user.roles, "app_metadata": user.app_metadata, "metadata": user.user_metadata}
                form = UserForm(initial=facts)
            return _one(request, tenant, user, form)
    except KapokError as error:
        return _sent_back(request, tenant, error)


def user_url(tenant: Tenant, user: User) -> str:
    """A user's page."""
    return reverse("tenant-user", args=[tenant.slug, user.pk])


def _list(request: HttpRequest, tenant: Tenant, form: NewUserForm) -> HttpResponse:
    query = request.GET.get("q", "").replace("\x00", "").strip()[:320]
    found = all_users().order_by("-created_at", "pk")
    if query:
        found = found.filter(pk=query) if _is_id(query) else found.filter(email__icontains=query)
    page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    more = {
        "users": list(page),
        "page": page,
        "query": query,
        "next": urlencode({"q": query, "page": page.next_page_number()}) if page.has_next() else "",
        "previous": urlencode({"q": query, "page": page.previous_page_number()}) if page.has_previous() else "",
        "form": form,
        "opened": form.is_bound,
        "known_roles": _roles(tenant),
    }
    return _page(request, tenant, "identity/users.html", f"Users of {tenant.slug}", more)


def _one(request: HttpRequest, tenant: Tenant, user: User, form: UserForm) -> HttpResponse:
    sessions = list(user.sessions.all()[:RECENT])
    audits = rights_of(request).may(Right.AUDIT, tenant.project_id)
    more = {
        "user_": user,
        "factors": list(user.factors.all()),
        "sessions": sessions,
        "identities": list(user.identities.all()),
        "codes_left": user.recovery_codes.filter(used_at=None).count(),
        "form": form,
        "known_roles": _roles(tenant),
        "list_url": reverse("tenant-users", args=[tenant.slug]),
        "trail": reverse("tenant-audit", args=[tenant.slug]) if audits else "",
    }
    return _page(request, tenant, "identity/user.html", str(user), more)


def _created(request: HttpRequest, tenant: Tenant, form: NewUserForm) -> User | None:
    """None where the form is not right; what is wrong stands in it."""
    _require_manager(request, tenant)
    if not form.is_valid():
        return None
    given = form.cleaned_data
    service = accounts.do_invite_user if given["invite"] else accounts.do_create_user
    try:
        user = service(tenant, email=given["email"], roles=given["roles"], acting=acting(request))
    except KapokError as error:
        form.add_error(None, f"{error.message} {error.hint}".strip())
        return None
    _note(request, tenant, user, "created")
    return user


def _saved(request: HttpRequest, tenant: Tenant, user: User, form: UserForm) -> bool:
    if not form.is_valid():
        return False
    try:
        accounts.do_update_user(tenant, user, acting=acting(request), **form.cleaned_data)
    except KapokError as error:
        form.add_error(None, f"{error.message} {error.hint}".strip())
        return False
    _note(request, tenant, user, "saved")
    return True


def _acted(request: HttpRequest, tenant: Tenant, user: User) -> HttpResponse:
    """One of the page's buttons."""
    action, operator = request.POST.get("action", ""), acting(request)
    here = user_url(tenant, user)
    try:
        if action == "delete":
            confirm = request.POST.get("confirm", "").strip()
            accounts.do_delete_user(tenant, user, confirm=confirm, acting=operator)
            _note(request, tenant, user, "deleted")
            return HttpResponseRedirect(reverse("tenant-users", args=[tenant.slug]))
        if action == "revoke_session" and _is_id(request.POST.get("session", "")):
            session = uuid.UUID(request.POST["session"])
            accounts.do_revoke_one_session(tenant, user, session_id=session, acting=operator)
            _note(request, tenant, user, "signed out of one session")
        elif action in ACTIONS:
            service, done = ACTIONS[action]
            service(tenant, user, acting=operator)
            _note(request, tenant, user, done)
        else:
            raise Http404
    except KapokError as error:
        refuse(request, error)
    return HttpResponseRedirect(here)


def _page(request: HttpRequest, tenant: Tenant, template: str, title: str, more: dict[str, Any]) -> HttpResponse:
    context = {
        **admin.site.each_context(request),
        "title": title,
        "opts": Tenant._meta,
        "tenant": tenant,
        "back": reverse("admin:tenants_tenant_change", args=[tenant.pk]),
        "may_change": rights_of(request).may(Right.MANAGE, tenant.project_id),
        **more,
    }
    # Rendered here: outside of users_of the tables would be another schema's.
    return render(request, template, context)


def _tenant(request: HttpRequest, slug: str) -> Tenant:
    try:
        return get_tenant_for(acting(request), slug, Right.VIEW)
    except KapokError as error:
        raise Http404 from error


def _user(user_id: uuid.UUID) -> User:
    try:
        return get_user(str(user_id))
    except KapokError as error:
        raise Http404 from error


def _require_manager(request: HttpRequest, tenant: Tenant) -> None:
    if not rights_of(request).may(Right.MANAGE, tenant.project_id):
        raise PermissionDenied


def _roles(tenant: Tenant) -> list[str]:
    try:
        return sorted(role for role in rules_of(tenant).roles if is_role(role))
    except KapokError:
        return []


def _note(request: HttpRequest, tenant: Tenant, user: User, done: str) -> None:
    admin.site.get_model_admin(Tenant).log_change(request, tenant, f"user {user}: {done}")
    messages.success(request, f"{user} is {done}.")


def _sent_back(request: HttpRequest, tenant: Tenant, error: KapokError) -> HttpResponse:
    refuse(request, error)
    return HttpResponseRedirect(reverse("admin:tenants_tenant_change", args=[tenant.pk]))


def _is_id(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True
