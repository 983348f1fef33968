"""The tables of end users. `User` comes first, so that no key has to be added later."""

import uuid

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.text
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="User",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("email", models.TextField(blank=True, null=True, unique=True)),
                ("email_verified_at", models.DateTimeField(blank=True, null=True)),
                ("password", models.TextField(blank=True, default="", editable=False)),
                ("password_changed_at", models.DateTimeField(blank=True, null=True)),
                ("is_anonymous", models.BooleanField(default=False)),
                (
                    "roles",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.TextField(), blank=True, default=list, size=None
                    ),
                ),
                ("app_metadata", models.JSONField(blank=True, default=dict)),
                ("user_metadata", models.JSONField(blank=True, default=dict)),
                ("disabled_at", models.DateTimeField(blank=True, null=True)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("updated_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("last_sign_in_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "db_table": "kapok_user",
                "ordering": ("-created_at",),
                "indexes": [models.Index(fields=["-created_at"], name="identity_user_created")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("email", None), ("email", django.db.models.functions.text.Lower("email")), _connector="OR"
                        ),
                        name="identity_email_is_lower",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Session",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                (
                    "methods",
                    django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), default=list, size=None),
                ),
                ("level", models.TextField(default="aal1")),
                ("authenticated_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("last_used_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("expires_at", models.DateTimeField()),
                ("address", models.TextField(blank=True, default="")),
                ("user_agent", models.TextField(blank=True, default="")),
                ("revoked_at", models.DateTimeField(blank=True, null=True)),
                ("revoked_reason", models.TextField(blank=True, default="")),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="sessions", to="identity.user"
                    ),
                ),
            ],
            options={
                "db_table": "kapok_session",
                "ordering": ("-last_used_at",),
            },
        ),
        migrations.CreateModel(
            name="RefreshToken",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("digest", models.TextField(unique=True)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("used_at", models.DateTimeField(blank=True, null=True)),
                ("expires_at", models.DateTimeField()),
                (
                    "replaced_by",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="replaces",
                        to="identity.refreshtoken",
                    ),
                ),
                (
                    "session",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="refresh_tokens",
                        to="identity.session",
                    ),
                ),
            ],
            options={
                "db_table": "kapok_refresh_token",
            },
        ),
        migrations.CreateModel(
            name="OneTimeToken",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("purpose", models.TextField()),
                ("digest", models.TextField(unique=True)),
                ("data", models.JSONField(blank=True, default=dict)),
                ("attempts", models.PositiveIntegerField(default=0)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("expires_at", models.DateTimeField(db_index=True)),
                ("used_at", models.DateTimeField(blank=True, null=True)),
                (
                    "user",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="one_time_tokens",
                        to="identity.user",
                    ),
                ),
            ],
            options={
                "db_table": "kapok_one_time_token",
            },
        ),
        migrations.CreateModel(
            name="Factor",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("kind", models.TextField(choices=[("totp", "Totp"), ("webauthn", "Webauthn")])),
                ("name", models.TextField(blank=True, default="")),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("confirmed_at", models.DateTimeField(blank=True, null=True)),
                ("last_used_at", models.DateTimeField(blank=True, null=True)),
                ("sealed_secret", models.TextField(blank=True, default="")),
                ("last_step", models.BigIntegerField(blank=True, null=True)),
                ("credential_id", models.BinaryField(null=True, unique=True)),
                ("public_key", models.BinaryField(null=True)),
                ("sign_count", models.BigIntegerField(default=0)),
                ("transports", models.JSONField(blank=True, default=list)),
                ("aaguid", models.TextField(blank=True, default="")),
                ("backed_up", models.BooleanField(default=False)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="factors", to="identity.user"
                    ),
                ),
            ],
            options={
                "db_table": "kapok_factor",
                "ordering": ("created_at",),
            },
        ),
        migrations.CreateModel(
            name="RecoveryCode",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("digest", models.TextField()),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("used_at", models.DateTimeField(blank=True, null=True)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="recovery_codes", to="identity.user"
                    ),
                ),
            ],
            options={
                "db_table": "kapok_recovery_code",
                "constraints": [models.UniqueConstraint(fields=("user", "digest"), name="identity_recovery_code")],
            },
        ),
        migrations.CreateModel(
            name="Identity",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("provider", models.TextField()),
                ("issuer", models.TextField()),
                ("subject", models.TextField()),
                ("email", models.TextField(blank=True, default="")),
                ("claims", models.JSONField(blank=True, default=dict)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("last_used_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="identities", to="identity.user"
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "identities",
                "db_table": "kapok_identity",
                "constraints": [models.UniqueConstraint(fields=("issuer", "subject"), name="identity_issuer_subject")],
            },
        ),
    ]
