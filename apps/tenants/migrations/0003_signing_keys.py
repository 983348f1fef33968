from pathlib import Path

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

SQL = Path(__file__).parents[1] / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("tenants", "0002_triggers"),
    ]

    operations = [
        migrations.CreateModel(
            name="Revocation",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("kind", models.CharField(choices=[("sid", "session"), ("sub", "user")], max_length=3)),
                ("value", models.CharField(max_length=255)),
                ("revoked_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("expires_at", models.DateTimeField(db_index=True)),
                (
                    "tenant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="revocations", to="tenants.tenant"
                    ),
                ),
            ],
            options={
                "ordering": ("tenant", "-revoked_at"),
                "constraints": [
                    models.UniqueConstraint(fields=("tenant", "kind", "value"), name="tenants_revocation_of_one")
                ],
            },
        ),
        migrations.CreateModel(
            name="SigningKey",
            fields=[
                ("kid", models.CharField(editable=False, max_length=43, primary_key=True, serialize=False)),
                ("public_key", models.CharField(editable=False, help_text="the JWK's x", max_length=43)),
                ("sealed_private_key", models.TextField(blank=True, editable=False)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("active_from", models.DateTimeField()),
                ("retired_at", models.DateTimeField(blank=True, null=True)),
                ("verified_until", models.DateTimeField(blank=True, null=True)),
                (
                    "tenant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="signing_keys", to="tenants.tenant"
                    ),
                ),
            ],
            options={
                "ordering": ("tenant", "-active_from"),
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("retired_at", None)), fields=("tenant",), name="tenants_signingkey_newest"
                    )
                ],
            },
        ),
        migrations.RunSQL((SQL / "revoked_function.sql").read_text(), migrations.RunSQL.noop),
        migrations.RunSQL((SQL / "token_triggers.sql").read_text(), migrations.RunSQL.noop),
    ]
