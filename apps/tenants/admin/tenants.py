"""Tenants: their list, their page, and what an operator does with them."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db.models import Count, F, IntegerField, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import action, display
from unfold.enums import ActionVariant
from unfold.views import ChangeList

from apps.tenants.access import Right, projects_for
from apps.tenants.admin.audit_links import AuditedAdmin
from apps.tenants.admin.columns import TENANT_LABELS, badge, human_size
from apps.tenants.admin.dialogs import ConfirmDialog, DeleteTenantDialog, ReasonDialog
from apps.tenants.admin.erasing import ErasingAdmin
from apps.tenants.admin.filters import ProjectFilter
from apps.tenants.admin.forms import LIMIT_FIELDS, LIMITS, TenantForm
from apps.tenants.admin.inlines import DomainInline, KeyInline, TenantMigrationInline, TenantOperationInline
from apps.tenants.admin.rules import RulesAdmin, rules_url
from apps.tenants.admin.scope import acting, go_to
from apps.tenants.fleet import MIGRATED_STATES
from apps.tenants.models import MigrationState, ProjectMigration, Tenant
from apps.tenants.services import (
    do_create_tenant,
    do_delete_tenant,
    do_migrate_tenant,
    do_resume_tenant,
    do_suspend_tenant,
    do_update_tenant,
)
from apps.tenants.sizes import schema_sizes
from kapok.tenancy import Limits, TenantState


class TenantChangeList(ChangeList):
    """A page of tenants with their sizes, which take one query."""

    def get_results(self, request: HttpRequest) -> None:
        """Adds `size` to every row."""
        super().get_results(request)
        measure(self.result_list)


def measure(tenants: Any) -> None:
    """Set `size` (bytes; None without a schema) on tenants."""
    sizes = schema_sizes([tenant.schema_name for tenant in tenants])
    for tenant in tenants:
        tenant.size = sizes.get(tenant.schema_name)


@admin.register(Tenant)
class TenantAdmin(RulesAdmin, ErasingAdmin, AuditedAdmin):
    """The fleet."""

    form = TenantForm
    list_display = ("show_name", "project", "show_state", "show_size", "show_migrations", "created_at", "show_links")
    list_filter = (("state", ChoicesDropdownFilter), ("project", ProjectFilter))
    list_filter_submit = True
    list_select_related = ("project",)
    list_fullwidth = True
    list_per_page = 50
    search_fields = ("slug", "name", "domains__domain", "=schema_name")
    search_help_text = "Search by slug, name or domain"
    ordering = ("slug",)
    inlines = (KeyInline, DomainInline, TenantMigrationInline, TenantOperationInline)
    actions = None
    actions_detail: ClassVar = (
        "open_graphiql",
        "see_users",
        "see_rules",
        "see_audit",
        "suspend",
        "resume",
        {
            "title": "More",
            "icon": "more_vert",
            "items": ["new_key", "new_domain", "migrate", "erase_data", "delete_tenant"],
        },
    )
    _facts = ("show_state", "show_reason", "show_address", "show_size", "schema_name", "created_at")
    readonly_fields = (*_facts, "show_limits")

    class Media:
        js = ("tenants/operations.js",)

    # --- rows

    def get_queryset(self, request: HttpRequest) -> QuerySet[Tenant]:
        """With the counts of migrations, by subqueries, so that joins do not multiply each other."""
        files = ProjectMigration.objects.filter(project=OuterRef("project")).order_by().values("project")
        of_project = Subquery(files.annotate(count=Count("pk")).values("count"), output_field=IntegerField())
        failed = Q(migrations__state=MigrationState.FAILED)
        return (
            super()
            .get_queryset(request)
            .annotate(
                migrations_applied=Count("migrations", filter=Q(migrations__state=MigrationState.APPLIED)),
                migrations_failed=Count("migrations", filter=failed),
                migrations_all=Coalesce(of_project, 0),
                project_slug=F("project__slug"),
            )
        )

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """The list that measures."""
        return TenantChangeList

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Tenant | None:
        """The row of a page, measured; asked for once a request (unfold asks again for every action)."""
        known: dict[str, Tenant | None] = request.__dict__.setdefault("_kapok_tenants", {})
        if object_id not in known:
            found = super().get_object(request, object_id, from_field)
            if found is not None:
                measure([found])
            known[object_id] = found
        return known[object_id]

    # --- columns

    @display(description="Tenant", header=True, ordering="slug")
    def show_name(self, tenant: Tenant) -> list[str]:
        """Slug over name."""
        return [tenant.slug, tenant.name if tenant.name != tenant.slug else "", tenant.slug[:2]]

    @display(description="State", ordering="state")
    def show_state(self, tenant: Tenant) -> SafeString:
        """A coloured badge."""
        return badge(tenant.state, TENANT_LABELS[tenant.state])

    @display(description="Size on disk")
    def show_size(self, tenant: Tenant) -> str:
        """Tables, indexes and TOAST."""
        return human_size(getattr(tenant, "size", None))

    @display(description="Migrations")
    def show_migrations(self, tenant: Any) -> SafeString:
        """`3 of 4`, red when one failed."""
        text = f"{tenant.migrations_applied} of {tenant.migrations_all}"
        if tenant.migrations_failed:
            return badge(f"{text}, {tenant.migrations_failed} failed", "danger")
        return badge(text, "success" if tenant.migrations_applied == tenant.migrations_all else "warning")

    @display(description="")
    def show_links(self, tenant: Tenant) -> SafeString:
        """GraphiQL in a new tab."""
        return format_html(
            '<a class="kapok-icon-link" href="{}" target="_blank" rel="noopener" title="Open GraphiQL for {}">'
            '<span class="material-symbols-outlined">data_object</span></a>',
            graphiql_path(tenant),
            tenant.slug,
        )

    @display(description="Suspended because")
    def show_reason(self, tenant: Tenant) -> str:
        """What the operator said."""
        return tenant.suspended_reason

    @display(description="GraphQL")
    def show_address(self, tenant: Tenant) -> SafeString:
        """A link to GraphiQL at the same address."""
        path = graphiql_path(tenant)
        return format_html('<a class="text-link" href="{}" target="_blank" rel="noopener">{}</a>', path, path)

    @display(description="Limits")
    def show_limits(self, tenant: Tenant) -> SafeString:
        """All limits as they hold, for those who may not change them."""
        own = tenant.limits or {}
        pairs = [(name.replace("_", " "), own.get(name, getattr(Limits(), name))) for name in LIMITS]
        return format_html_join(", ", "{} {}", pairs)

    # --- the form

    def get_fieldsets(self, request: HttpRequest, obj: Tenant | None = None) -> Any:
        """New: what is asked. Existing: facts, then what may be changed."""
        limits = ("Limits", {"fields": LIMIT_FIELDS, "description": "Leave a field empty for the default."})
        if obj is None:
            return ((None, {"fields": ("project", "slug", "name")}), limits)
        facts = tuple(name for name in self._facts if name != "show_reason" or obj.suspended_reason)
        if not self.has_change_permission(request, obj):
            return ((None, {"fields": ("slug", "name", "project", *facts, "show_limits")}),)
        return ((None, {"fields": ("slug", "name", "project", *facts)}), limits)

    def get_inlines(self, request: HttpRequest, obj: Tenant | None) -> Any:
        """A new tenant has nothing yet."""
        return self.inlines if obj is not None else ()

    def get_readonly_fields(self, request: HttpRequest, obj: Tenant | None = None) -> Any:
        """Slug and project stay what they are."""
        return self.readonly_fields if obj is None else (*self.readonly_fields, "slug", "project")

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Only projects the operator manages."""
        if db_field.name == "project":
            kwargs["queryset"] = projects_for(acting(request), Right.MANAGE)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: Tenant, form: ModelForm, change: bool) -> None:
        """Through the services; a new tenant is set up by a job."""
        name, limits = form.cleaned_data["name"], form.cleaned_data["limits"]
        if change:
            do_update_tenant(obj, acting=acting(request), name=name, limits=limits)
            return
        made, _ = do_create_tenant(obj.project, obj.slug, name, acting=acting(request), limits=limits)
        obj.__dict__.update(made.__dict__)

    def response_add(self, request: HttpRequest, obj: Tenant, post_url_continue: str | None = None) -> HttpResponse:
        """To the tenant's page, where the job's progress is."""
        messages.success(request, f"{obj.slug} is being set up.")
        return HttpResponseRedirect(tenant_url(obj))

    # --- actions

    def has_suspend_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """A manager, and an active tenant."""
        return self.manages(request, object_id, lambda tenant: tenant.state == TenantState.ACTIVE)

    def has_resume_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """A manager, and a suspended tenant."""
        return self.manages(request, object_id, lambda tenant: tenant.state == TenantState.SUSPENDED)

    def has_migrate_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """A manager, and a tenant with a schema."""
        return self.manages(request, object_id, lambda tenant: tenant.state in MIGRATED_STATES)

    @action(description="GraphiQL", icon="data_object", permissions=["view"], attrs={"target": "_blank"})
    def open_graphiql(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The tenant's own page for queries."""
        return go_to(request, graphiql_path(self.row(request, object_id)))

    @action(description="Users", icon="person", permissions=["view"])
    def see_users(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The end users (a page of apps.identity)."""
        return go_to(request, reverse("tenant-users", args=[self.row(request, object_id).slug]))

    @action(description="Permissions", icon="rule", permissions=["view"])
    def see_rules(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Where this tenant differs from its project, who may do what, and why."""
        return go_to(request, rules_url(self.row(request, object_id)))

    @action(description="New key", icon="key", permissions=["manage"])
    def new_key(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The form for keys, for this tenant."""
        return go_to(request, f"{reverse('admin:tenants_apikey_add')}?tenant={self.row(request, object_id).pk}")

    @action(description="Add domain", icon="language", permissions=["manage"])
    def new_domain(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The form for domains, for this tenant."""
        return go_to(request, f"{reverse('admin:tenants_domain_add')}?tenant={self.row(request, object_id).pk}")

    @action(
        description="Suspend",
        icon="pause_circle",
        permissions=["suspend"],
        variant=ActionVariant.WARNING,
        dialog={
            "title": "Suspend this tenant?",
            "description": "Its requests answer 403 from now on. Its data stays.",
            "form_class": ReasonDialog,
            "form_submit_text": "Suspend",
        },
    )
    def suspend(self, request: HttpRequest, form: ReasonDialog, object_id: str) -> HttpResponse:
        """Stop answering."""
        return self.carry_out(request, object_id, "suspended", do_suspend_tenant, reason=form.cleaned_data["reason"])

    @action(
        description="Resume",
        icon="play_circle",
        permissions=["resume"],
        variant=ActionVariant.SUCCESS,
        dialog={
            "title": "Resume this tenant?",
            "description": "Its requests are answered again.",
            "form_class": ConfirmDialog,
            "form_submit_text": "Resume",
        },
    )
    def resume(self, request: HttpRequest, form: ConfirmDialog, object_id: str) -> HttpResponse:
        """Answer again."""
        return self.carry_out(request, object_id, "resumed", do_resume_tenant)

    @action(
        description="Migrate",
        icon="upgrade",
        permissions=["migrate"],
        dialog={
            "title": "Run pending migrations?",
            "description": "What this tenant already has is left alone.",
            "form_class": ConfirmDialog,
            "form_submit_text": "Migrate",
        },
    )
    def migrate(self, request: HttpRequest, form: ConfirmDialog, object_id: str) -> HttpResponse:
        """Bring this one up to date."""
        return self.carry_out(request, object_id, "being migrated", do_migrate_tenant)

    @action(
        description="Delete",
        icon="delete_forever",
        permissions=["manage"],
        variant=ActionVariant.DANGER,
        dialog={
            "title": "Delete this tenant?",
            "description": "Its schema with all data, its roles, keys and domains go. There is no way back.",
            "form_class": DeleteTenantDialog,
            "form_submit_text": "Delete for good",
        },
    )
    def delete_tenant(self, request: HttpRequest, form: DeleteTenantDialog, object_id: str) -> HttpResponse:
        """Everything goes."""
        return self.carry_out(
            request, object_id, "being deleted", do_delete_tenant, confirm=form.cleaned_data["confirm"]
        )


def tenant_url(tenant: Tenant) -> str:
    """A tenant's page in the admin."""
    return reverse("admin:tenants_tenant_change", args=[tenant.pk])


def graphiql_path(tenant: Tenant) -> str:
    """Where a browser finds GraphiQL for a tenant."""
    return f"/t/{tenant.slug}/graphql"
