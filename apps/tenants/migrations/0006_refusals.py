"""The function by which compiled mutations refuse. The SQL is in apps/tenants/sql/."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parents[1] / "sql"


class Migration(migrations.Migration):
    dependencies = [("tenants", "0005_identity_providers")]

    operations = [
        migrations.RunSQL(
            (SQL / "refusals.sql").read_text(), "drop function if exists kapok.refuse(text, text); drop schema kapok"
        ),
    ]
