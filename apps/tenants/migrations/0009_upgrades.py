"""A kind of operation: the upgrade of all tenants' tables."""

from django.db import migrations, models

from apps.tenants.models import OperationKind


class Migration(migrations.Migration):
    dependencies = [("tenants", "0008_trusted_issuers")]

    operations = [
        migrations.AlterField(
            model_name="operation",
            name="kind",
            field=models.CharField(choices=OperationKind.choices, max_length=20),
        )
    ]
