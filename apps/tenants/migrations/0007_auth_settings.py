"""A project's settings for its end users."""

from django.db import migrations, models

from apps.tenants.validators import auth_validator


class Migration(migrations.Migration):
    dependencies = [("tenants", "0006_refusals")]

    operations = [
        migrations.AddField(
            model_name="project",
            name="auth",
            field=models.JSONField(
                blank=True,
                default=dict,
                help_text="How users sign up and in, where it differs from the defaults; see docs/auth.md.",
                validators=[auth_validator],
                verbose_name="end users",
            ),
        )
    ]
