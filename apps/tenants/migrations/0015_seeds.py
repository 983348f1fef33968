"""Seeds are operations."""

import django.db.models.deletion
from django.db import migrations, models

from apps.tenants.models.jobs import OperationKind


class Migration(migrations.Migration):
    dependencies = [
        ("tenants", "0014_audit_logs"),
    ]

    operations = [
        migrations.AlterField(
            model_name="operation",
            name="kind",
            field=models.CharField(choices=OperationKind.choices, max_length=20),
        ),
        migrations.CreateModel(
            name="Seed",
            fields=[
                (
                    "operation",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="seed",
                        serialize=False,
                        to="tenants.operation",
                    ),
                ),
                ("files", models.JSONField(default=list)),
                ("transaction", models.CharField(blank=True, max_length=20)),
            ],
        ),
    ]
