"""Whose reads are recorded: what gateways have to know of a project's audit.yaml."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("tenants", "0012_audit_settings"),
    ]

    operations = [
        migrations.AddField(
            model_name="project",
            name="recorded_reads",
            field=models.JSONField(
                default=dict,
                editable=False,
                help_text="The tables of its audit.yaml whose reads are recorded.",
                verbose_name="recorded reads",
            ),
        ),
    ]
