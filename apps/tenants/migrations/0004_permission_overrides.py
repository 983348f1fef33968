"""Rules of single tenants, the reason of every version, and the template's catalog, which rules are checked against."""

from pathlib import Path

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

SQL = Path(__file__).parents[1] / "sql"

UNDO = """
drop trigger if exists kapok_directory on public.tenants_tenantpermissions;
drop trigger if exists kapok_directory_update on public.tenants_tenantpermissions;
drop trigger if exists kapok_directory_truncate on public.tenants_tenantpermissions;
"""


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("tenants", "0003_signing_keys"),
    ]

    operations = [
        migrations.AddField(
            model_name="projectpermissions",
            name="note",
            field=models.CharField(blank=True, default="", max_length=500),
        ),
        migrations.AddField(
            model_name="template",
            name="catalog",
            field=models.TextField(default="", help_text="the introspected catalog of that schema, as JSON"),
        ),
        migrations.CreateModel(
            name="TenantPermissions",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("version", models.PositiveIntegerField()),
                ("text", models.TextField()),
                ("note", models.CharField(blank=True, default="", max_length=500)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                (
                    "created_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="permissions", to="tenants.tenant"
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "tenant permissions",
                "ordering": ("tenant", "-version"),
                "constraints": [
                    models.UniqueConstraint(fields=("tenant", "version"), name="tenants_tenantpermissions_version")
                ],
            },
        ),
        migrations.RunSQL((SQL / "tenant_permissions_triggers.sql").read_text(), UNDO),
    ]
