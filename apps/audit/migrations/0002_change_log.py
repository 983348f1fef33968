"""The change log: what writes it (kapok_log, once in the database), and kapok_change in every tenant's schema,
with what records reads there."""

from pathlib import Path

from django.db import migrations

from apps.audit.schema_sql import PublicSQL, TenantSQL

SQL = Path(__file__).parents[1] / "sql"


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial")]

    operations = [
        *[
            PublicSQL((SQL / name).read_text())
            for name in ("change_rows.sql", "change_tables.sql", "change_protect.sql", "change_events.sql")
        ],
        TenantSQL("""select kapok_log.make(n.nspname) from pg_namespace n where n.oid = '{schema}'::regnamespace;"""),
        TenantSQL((SQL / "read_records.sql").read_text()),
    ]
