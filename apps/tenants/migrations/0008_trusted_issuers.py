"""Issuers outside whose tokens count, and their announcement."""

from pathlib import Path

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

SQL = Path(__file__).parents[1] / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("tenants", "0007_auth_settings"),
    ]

    operations = [
        migrations.CreateModel(
            name="TrustedIssuer",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("issuer", models.CharField(help_text="The tokens' iss, to the letter.", max_length=500)),
                ("jwks_url", models.CharField(blank=True, max_length=500, verbose_name="JWKS URL")),
                ("sealed_secret", models.TextField(blank=True, editable=False)),
                ("audience", models.CharField(help_text="What the tokens' aud must hold.", max_length=500)),
                ("algorithms", models.JSONField(default=list)),
                ("subject_claim", models.CharField(default="sub", max_length=200)),
                ("roles_claim", models.CharField(default="roles", max_length=200)),
                (
                    "role_mapping",
                    models.JSONField(
                        blank=True, default=dict, help_text="{their role: ours}. Empty: their roles' names are ours."
                    ),
                ),
                (
                    "default_role",
                    models.CharField(
                        blank=True, help_text="Of users without any; the project's when empty.", max_length=63
                    ),
                ),
                (
                    "tenant_claim",
                    models.CharField(
                        blank=True,
                        help_text="Holds the tenant's slug or id. Empty: tokens hold for every tenant.",
                        max_length=200,
                    ),
                ),
                ("enabled", models.BooleanField(default=True)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                (
                    "project",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="trusted_issuers",
                        to="tenants.project",
                    ),
                ),
            ],
            options={
                "ordering": ("project", "issuer"),
                "constraints": [
                    models.UniqueConstraint(fields=("project", "issuer"), name="tenants_trustedissuer_issuer")
                ],
            },
        ),
        migrations.RunSQL((SQL / "issuer_triggers.sql").read_text(), migrations.RunSQL.noop),
    ]
