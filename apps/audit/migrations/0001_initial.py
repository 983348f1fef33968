"""A log's tables: in `public`, and in every tenant's schema (apps/tenants/platform_tables.py)."""

from pathlib import Path

from django.db import migrations, models

import apps.audit.fields
from apps.audit.schema_sql import PublicSQL, SchemaSQL

SQL = Path(__file__).parents[1] / "sql"


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Checkpoint",
            fields=[
                ("size", models.BigIntegerField(primary_key=True, serialize=False)),
                ("root", models.BinaryField()),
                ("at", models.DateTimeField()),
                ("note", models.TextField()),
                ("key_id", models.TextField()),
            ],
            options={
                "db_table": "kapok_checkpoint",
                "ordering": ("size",),
                "indexes": [models.Index(fields=["at"], name="audit_checkpoint_at")],
            },
        ),
        migrations.CreateModel(
            name="Tile",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "level", "index", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("level", models.SmallIntegerField()),
                ("index", models.BigIntegerField()),
                ("hashes", models.BinaryField()),
            ],
            options={
                "db_table": "kapok_tile",
            },
        ),
        migrations.CreateModel(
            name="Entry",
            fields=[
                ("index", models.BigIntegerField(primary_key=True, serialize=False)),
                ("kind", models.TextField(choices=[("change", "Change"), ("event", "Event")])),
                ("position", models.BigIntegerField()),
                ("xid", apps.audit.fields.XidField()),
                ("at", models.DateTimeField()),
                ("leaf_hash", models.BinaryField()),
                ("seed", models.BinaryField(null=True)),
                ("salts", models.JSONField(null=True)),
                ("erased", models.JSONField(null=True)),
            ],
            options={
                "verbose_name_plural": "entries",
                "db_table": "kapok_entry",
                "ordering": ("index",),
                "constraints": [models.UniqueConstraint(fields=("kind", "position"), name="audit_entry_once")],
            },
        ),
        migrations.CreateModel(
            name="Event",
            fields=[
                ("position", models.BigAutoField(primary_key=True, serialize=False)),
                ("xid", apps.audit.fields.XidField(db_default=apps.audit.fields.CurrentXid(), editable=False)),
                ("at", models.DateTimeField(db_default=apps.audit.fields.ClockTimestamp(), editable=False)),
                ("action", models.IntegerField()),
                ("outcome", models.TextField(choices=[("ok", "Ok"), ("refused", "Refused"), ("failed", "Failed")])),
                ("actor", models.TextField()),
                ("target", models.TextField()),
                ("request_id", models.TextField()),
                ("address", models.TextField()),
                ("details", models.JSONField()),
            ],
            options={
                "db_table": "kapok_event",
                "ordering": ("-position",),
                "indexes": [models.Index(fields=["xid", "position"], name="audit_event_commit_order")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("outcome__in", ["ok", "refused", "failed"])), name="audit_event_outcome"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Log",
            fields=[
                ("id", models.SmallIntegerField(default=1, editable=False, primary_key=True, serialize=False)),
                ("origin", models.TextField()),
                ("horizon", apps.audit.fields.XidField(default=0)),
                ("after_kind", models.TextField(blank=True, db_default="")),
                ("after_position", models.BigIntegerField(db_default=0)),
                ("cluster", models.TextField(blank=True, db_default="")),
                ("restored_change", models.BigIntegerField(db_default=0)),
                ("restored_event", models.BigIntegerField(db_default=0)),
                ("restored_unsealed", models.BooleanField(db_default=False)),
                ("size", models.BigIntegerField(default=0)),
                ("sealed_at", models.DateTimeField(blank=True, null=True)),
                ("key", models.TextField(blank=True, db_default="")),
                ("next_key", models.TextField(blank=True, db_default="")),
                ("next_key_event", models.BigIntegerField(blank=True, null=True)),
                ("former_keys", models.JSONField(db_default=[])),
                ("anchored_size", models.BigIntegerField(db_default=0)),
                ("checked_size", models.BigIntegerField(db_default=0)),
                ("last_checked_at", models.DateTimeField(blank=True, null=True)),
                ("last_problem", models.TextField(blank=True, default="")),
                ("sealing_problem", models.TextField(blank=True, db_default="")),
            ],
            options={
                "db_table": "kapok_log",
                "constraints": [models.CheckConstraint(condition=models.Q(("id", 1)), name="audit_log_is_one")],
            },
        ),
        PublicSQL((SQL / "append_only.sql").read_text()),
        SchemaSQL((SQL / "event_triggers.sql").read_text()),
    ]
