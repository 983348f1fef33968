"""What the watch saw of every log, alerts, and versions of audit.yaml."""

import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("tenants", "0013_recorded_reads"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="AuditLog",
            fields=[
                ("schema", models.TextField(primary_key=True, serialize=False)),
                ("size", models.BigIntegerField(default=0, verbose_name="entries")),
                ("waiting_since", models.DateTimeField(blank=True, null=True)),
                ("signed_size", models.BigIntegerField(default=0)),
                ("signed_at", models.DateTimeField(blank=True, null=True)),
                ("anchored_size", models.BigIntegerField(default=0)),
                ("unanchored_since", models.DateTimeField(blank=True, null=True)),
                ("checked_at", models.DateTimeField(blank=True, null=True)),
                ("key_id", models.TextField(blank=True, default="")),
                ("sealing_problem", models.TextField(blank=True, default="")),
                ("check_problem", models.TextField(blank=True, default="")),
                ("unreadable_since", models.DateTimeField(blank=True, null=True)),
                ("known_since", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("looked_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("version", models.TextField(blank=True, default="", editable=False)),
                ("change_position", models.BigIntegerField(default=0, editable=False)),
                ("event_position", models.BigIntegerField(default=0, editable=False)),
                ("seen_xid", models.BigIntegerField(default=0, editable=False)),
                ("calm", models.BooleanField(default=False, editable=False)),
                (
                    "tenant",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="audit_log",
                        to="tenants.tenant",
                    ),
                ),
            ],
            options={
                "verbose_name": "audit log",
            },
        ),
        migrations.CreateModel(
            name="AuditAlert",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("unreadable", "Log cannot be read"),
                            ("sealing_refused", "Sealing refused"),
                            ("check_failed", "Self-check failed"),
                            ("sealing_lags", "Sealing lags behind"),
                            ("anchors_behind", "Anchors behind"),
                            ("check_overdue", "Self-check overdue"),
                            ("clock_ahead", "Checkpoint from the future"),
                        ],
                        max_length=20,
                    ),
                ),
                ("log", models.TextField()),
                ("text", models.TextField()),
                ("since", models.DateTimeField()),
                ("raised_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("resolved_at", models.DateTimeField(blank=True, null=True)),
                ("told_at", models.DateTimeField(blank=True, null=True)),
                ("end_told_at", models.DateTimeField(blank=True, null=True)),
                ("acknowledged_at", models.DateTimeField(blank=True, null=True)),
                ("note", models.CharField(blank=True, default="", max_length=500)),
                (
                    "acknowledged_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="audit_alerts",
                        to="tenants.tenant",
                    ),
                ),
            ],
            options={
                "verbose_name": "audit alert",
                "ordering": ("-raised_at",),
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("resolved_at", None)),
                        fields=("log", "kind"),
                        name="tenants_auditalert_open",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ProjectAuditSettings",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("version", models.PositiveIntegerField()),
                ("text", models.TextField()),
                ("note", models.CharField(blank=True, default="", max_length=500)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                (
                    "created_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "project",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="audit_versions", to="tenants.project"
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "project audit settings",
                "ordering": ("project", "-version"),
                "constraints": [
                    models.UniqueConstraint(fields=("project", "version"), name="tenants_auditsettings_version")
                ],
            },
        ),
    ]
