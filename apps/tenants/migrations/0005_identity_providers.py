"""Where the users of a project may sign in besides their passwords."""

import uuid

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

import apps.tenants.models.providers


class Migration(migrations.Migration):
    dependencies = [
        ("tenants", "0004_permission_overrides"),
    ]

    operations = [
        migrations.CreateModel(
            name="IdentityProvider",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                (
                    "name",
                    models.CharField(help_text="Stands in addresses: /auth/v1/oidc/NAME/authorize.", max_length=48),
                ),
                ("title", models.CharField(help_text="What people read on a button.", max_length=100)),
                (
                    "issuer",
                    models.CharField(help_text="Exactly as the provider's discovery document has it.", max_length=500),
                ),
                ("client_id", models.CharField(max_length=500, verbose_name="client id")),
                ("sealed_client_secret", models.TextField(blank=True, editable=False)),
                ("scopes", models.JSONField(blank=True, default=apps.tenants.models.providers.default_scopes)),
                (
                    "claims",
                    models.JSONField(
                        blank=True,
                        default=dict,
                        help_text="Which claim fills which field of a new user's metadata: {field: claim}.",
                    ),
                ),
                (
                    "links_accounts",
                    models.BooleanField(
                        default=False,
                        help_text="Whether an account with the same e-mail address, verified here and there, is signed in to.",
                    ),
                ),
                ("enabled", models.BooleanField(default=True)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                (
                    "project",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="identity_providers",
                        to="tenants.project",
                    ),
                ),
            ],
            options={
                "ordering": ("project", "name"),
                "constraints": [
                    models.UniqueConstraint(fields=("project", "name"), name="tenants_identityprovider_name")
                ],
            },
        ),
    ]
