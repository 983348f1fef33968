"""Projects: settings, permissions, migrations, and who may operate them."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Count, IntegerField, Max, Model, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.forms import ModelForm
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from guardian.admin import GuardedModelAdminMixin
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from apps.accounts.models import User
from apps.tenants.access import Right, grant_project
from apps.tenants.admin.audit_links import AuditedAdmin
from apps.tenants.admin.audit_settings import AuditSettingsAdmin, settings_url
from apps.tenants.admin.dialogs import ConfirmDialog, DeleteProjectDialog
from apps.tenants.admin.forms import ProjectForm
from apps.tenants.admin.inlines import ProjectMigrationInline, ProjectOperationInline
from apps.tenants.admin.rules import RulesAdmin, rules_url
from apps.tenants.admin.scope import Rights, acting, go_to, rights_of
from apps.tenants.models import Project, ProjectMigration, ProjectPermissions, Tenant
from apps.tenants.rights import recording_rights
from apps.tenants.services import (
    do_create_project,
    do_delete_project,
    do_migrate_project,
    do_update_project,
)

_SETTINGS = ("name", "description", "trusted_documents_only", "introspection", "draft_statuses")


@admin.register(Project)
class ProjectAdmin(GuardedModelAdminMixin, RulesAdmin, AuditSettingsAdmin, AuditedAdmin):
    """Applications."""

    form = ProjectForm
    project_lookup = "pk"
    list_display = ("show_name", "show_tenants", "migration_count", "show_permissions", "created_at")
    search_fields = ("slug", "name", "description")
    search_help_text = "Search by slug, name or description"
    ordering = ("slug",)
    inlines = (ProjectMigrationInline, ProjectOperationInline)
    actions = None
    actions_detail: ClassVar = (
        "see_tenants",
        "see_rules",
        "see_audit",
        {
            "title": "More",
            "icon": "more_vert",
            "items": ["migrate", "see_audit_settings", "operators", "delete_project"],
        },
    )
    readonly_fields = ("created_at", "show_origins", "migration_count", "show_permissions", "show_recorded")

    class Media:
        js = ("tenants/operations.js",)

    # --- rows

    def get_queryset(self, request: HttpRequest) -> QuerySet[Project]:
        """With the counts the list shows."""
        return (
            super()
            .get_queryset(request)
            .annotate(
                tenants_count=_of(Tenant.objects, Count("pk")),
                migrations_count=_of(ProjectMigration.objects, Count("pk")),
                version=_of(ProjectPermissions.objects, Max("version")),
            )
        )

    @display(description="Project", header=True, ordering="slug")
    def show_name(self, project: Project) -> list[str]:
        """Slug over description."""
        return [project.slug, project.description or project.name, project.slug[:2]]

    @display(description="Tenants", ordering="tenants_count")
    def show_tenants(self, project: Any) -> SafeString:
        """A link to the project's tenants."""
        return format_html('<a class="text-link" href="{}">{}</a>', tenants_url(project), project.tenants_count)

    @display(description="Migrations", ordering="migrations_count")
    def migration_count(self, project: Any) -> int:
        """How many SQL files it has."""
        return int(project.migrations_count)

    @display(description="Permissions", ordering="version")
    def show_permissions(self, project: Any) -> SafeString:
        """The version that counts; a link to the rules."""
        text = f"version {project.version}" if project.version else "none yet"
        return format_html('<a class="text-link" href="{}">{}</a>', rules_url(project), text)

    @display(description="What is recorded")
    def show_recorded(self, project: Project) -> SafeString:
        """A link to audit.yaml."""
        return format_html('<a class="text-link" href="{}">audit.yaml</a>', settings_url(project))

    @display(description="CORS origins")
    def show_origins(self, project: Project) -> str:
        """For those who may not change them."""
        return ", ".join(project.cors_origins) or "-"

    # --- the form

    def get_fieldsets(self, request: HttpRequest, obj: Project | None = None) -> Any:
        """The settings."""
        if obj is None:
            return ((None, {"fields": ("slug", "name", "description")}),)
        may = self.has_change_permission(request, obj)
        facts = (
            "slug",
            *_SETTINGS,
            "origins" if may else "show_origins",
            "show_permissions",
            "show_recorded",
            "created_at",
        )
        return ((None, {"fields": facts}), ("End users", {"fields": ("auth",)}))

    def get_form(self, request: HttpRequest, obj: Project | None = None, change: bool = False, **kwargs: Any) -> Any:
        """Without the fields of an existing project where there is none."""
        if obj is None:
            kwargs["exclude"] = ("origins", "auth")
        return super().get_form(request, obj, change=change, **kwargs)

    def get_inlines(self, request: HttpRequest, obj: Project | None) -> Any:
        """A new project has nothing yet."""
        return self.inlines if obj is not None else ()

    def get_readonly_fields(self, request: HttpRequest, obj: Project | None = None) -> Any:
        """The slug stays what it is."""
        return self.readonly_fields if obj is None else (*self.readonly_fields, "slug")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Django's own permission: there is no project yet that could be managed."""
        return acting(request).has_perm("tenants.add_project")

    def save_model(self, request: HttpRequest, obj: Project, form: ModelForm, change: bool) -> None:
        """Through the services."""
        data = form.cleaned_data
        if not change:
            made = do_create_project(
                obj.slug, data["name"], acting=acting(request), description=data.get("description", "")
            )
            with recording_rights(made, acting(request), acting=acting(request)):
                grant_project(acting(request), made, Right.MANAGE)
            obj.__dict__.update(made.__dict__)
            return
        settings = {name: data[name] for name in _SETTINGS if name in data}
        if "auth" in form.data:
            # The form shows all that is stored: what was taken out of it goes back to its default.
            settings["auth"] = {**dict.fromkeys(form.initial["auth"]), **(data["auth"] or {})}
        do_update_project(obj, acting=acting(request), cors_origins=data["origins"], **settings)

    # --- who may operate it (guardian's pages): its own check asks only whether any project may be changed

    def get_obj_perms_base_context(self, request: HttpRequest, obj: Project) -> dict[str, Any]:
        """Without Django's own permissions, which mean nothing here."""
        context: dict[str, Any] = super().get_obj_perms_base_context(request, obj)
        context["model_perms"] = context["model_perms"].filter(codename__in=list(Right))
        return context

    def get_obj_perms_manage_user_form(self, request: HttpRequest) -> type[Any]:
        """With the rights the operator has."""
        return _handing_on(super().get_obj_perms_manage_user_form(request), rights_of(request))

    def get_obj_perms_manage_group_form(self, request: HttpRequest) -> type[Any]:
        """With the rights the operator has."""
        return _handing_on(super().get_obj_perms_manage_group_form(request), rights_of(request))

    def obj_perms_manage_view(self, request: HttpRequest, object_pk: str) -> HttpResponse:
        """Everybody with a right on the project."""
        self._require_manager(request, object_pk)
        return super().obj_perms_manage_view(request, object_pk)

    def obj_perms_manage_user_view(self, request: HttpRequest, object_pk: str, user_id: str) -> HttpResponse:
        """One user's rights."""
        self._require_manager(request, object_pk)
        project, holder = _found(Project, object_pk), _found(User, user_id)
        with recording_rights(project, holder, acting=acting(request)):
            return super().obj_perms_manage_user_view(request, object_pk, user_id)

    def obj_perms_manage_group_view(self, request: HttpRequest, object_pk: str, group_id: str) -> HttpResponse:
        """One group's rights."""
        self._require_manager(request, object_pk)
        project, holder = _found(Project, object_pk), _found(Group, group_id)
        with recording_rights(project, holder, acting=acting(request)):
            return super().obj_perms_manage_group_view(request, object_pk, group_id)

    def _require_manager(self, request: HttpRequest, object_pk: str) -> None:
        if not self.has_manage_permission(request, object_pk):
            raise PermissionDenied

    # --- actions

    @action(description="Tenants", icon="domain", permissions=["view"])
    def see_tenants(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The list of its tenants."""
        return go_to(request, tenants_url(self.row(request, object_id)))

    @action(description="Permissions", icon="rule", permissions=["view"])
    def see_rules(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Who may do what in its tenants."""
        return go_to(request, rules_url(self.row(request, object_id)))

    @action(description="Operators", icon="group", permissions=["manage"])
    def operators(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Who may see and manage it."""
        return go_to(request, reverse("admin:tenants_project_permissions", args=[object_id]))

    @action(
        description="Migrate tenants",
        icon="upgrade",
        permissions=["manage"],
        dialog={
            "title": "Run pending migrations in every tenant?",
            "description": "Tenants that are up to date are left alone; one that fails does not stop the others.",
            "form_class": ConfirmDialog,
            "form_submit_text": "Migrate",
        },
    )
    def migrate(self, request: HttpRequest, form: ConfirmDialog, object_id: str) -> HttpResponse:
        """Bring all tenants up to date."""
        return self.carry_out(request, object_id, "being migrated, tenant by tenant", do_migrate_project)

    @action(
        description="Delete",
        icon="delete_forever",
        permissions=["manage"],
        variant=ActionVariant.DANGER,
        dialog={
            "title": "Delete this project?",
            "description": "Only a project without tenants can be deleted.",
            "form_class": DeleteProjectDialog,
            "form_submit_text": "Delete for good",
        },
    )
    def delete_project(self, request: HttpRequest, form: DeleteProjectDialog, object_id: str) -> HttpResponse:
        """It goes."""
        projects = reverse("admin:tenants_project_changelist")
        typed = form.cleaned_data["confirm"]
        return self.carry_out(request, object_id, "gone", do_delete_project, after=projects, confirm=typed)


def tenants_url(project: Project) -> str:
    """The list of a project's tenants."""
    return f"{reverse('admin:tenants_tenant_changelist')}?project__id__exact={project.pk}"


def _found(model: type[Model], pk: str) -> Any:
    try:
        return get_object_or_404(model, pk=pk)
    except (ValidationError, ValueError) as exc:  # no id at all
        raise Http404 from exc


def _handing_on(form: type[Any], rights: Rights) -> type[Any]:
    """guardian's form, limited to the rights an operator has on the project: nobody gives or takes another one, not
    even of himself. Otherwise whoever manages a project would audit it, too."""

    def choices(self: Any) -> list[tuple[str, str]]:
        own = {str(right) for right in Right if rights.may(right, self.obj.pk)}
        return [
            (codename, name) for codename, name in super(limited, self).get_obj_perms_field_choices() if codename in own
        ]

    limited = type(f"Own{form.__name__}", (form,), {"get_obj_perms_field_choices": choices})
    return limited


def _of(manager: Any, aggregate: Any) -> Coalesce:
    rows = manager.filter(project=OuterRef("pk")).order_by().values("project").annotate(value=aggregate)
    return Coalesce(Subquery(rows.values("value"), output_field=IntegerField()), 0)
