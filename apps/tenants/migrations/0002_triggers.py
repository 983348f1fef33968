"""Announce what changes, and take from PUBLIC what tenants must not have. The SQL is in apps/tenants/sql/."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parents[1] / "sql"

UNDO = """
drop event trigger if exists kapok_ddl_changed;
drop event trigger if exists kapok_ddl_dropped;
drop function if exists public.kapok_ddl_changed();
drop function if exists public.kapok_ddl_dropped();
drop function if exists public.kapok_directory_changed() cascade;
"""


class Migration(migrations.Migration):
    dependencies = [("tenants", "0001_initial")]

    operations = [
        migrations.RunSQL((SQL / "directory_function.sql").read_text(), UNDO),
        migrations.RunSQL((SQL / "directory_triggers.sql").read_text(), migrations.RunSQL.noop),
        migrations.RunSQL((SQL / "ddl_trigger.sql").read_text(), migrations.RunSQL.noop),
        migrations.RunSQL((SQL / "privileges.sql").read_text(), migrations.RunSQL.noop),
    ]
