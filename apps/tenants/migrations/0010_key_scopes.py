"""Keys that may only read, or only write."""

from pathlib import Path

from django.db import migrations, models

import apps.tenants.models.keys

SQL = Path(__file__).parents[1] / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("tenants", "0009_upgrades"),
    ]

    operations = [
        migrations.AddField(
            model_name="apikey",
            name="scopes",
            field=models.JSONField(
                default=apps.tenants.models.keys.all_scopes, help_text="read: queries. write: mutations."
            ),
        ),
        migrations.RunSQL((SQL / "key_scopes_trigger.sql").read_text(), migrations.RunSQL.noop),
    ]
