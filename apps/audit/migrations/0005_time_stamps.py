"""Checkpoints keep what an authority outside says of when they were there; manifests wait for the sealer's signature."""

from django.db import migrations, models

from apps.audit.schema_sql import PublicSQL

#: One table for all logs, so that the sealer finds out by one query that nobody waits.
MANIFEST_REQUESTS = """
create table public.kapok_manifest_request (
    id bigint generated always as identity primary key,
    schema_name text not null,
    manifest bytea not null,
    asked_at timestamptz not null default clock_timestamp(),
    note text,
    refused text
);
revoke all on public.kapok_manifest_request from public;
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0003_search")]

    operations = [
        migrations.AddField("checkpoint", "time_stamp", models.BinaryField(null=True)),
        PublicSQL(MANIFEST_REQUESTS),
    ]
