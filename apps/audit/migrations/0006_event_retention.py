"""Old events are found by their time, and what stays of them (901, 907) by being that."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("audit", "0005_time_stamps")]

    operations = [
        migrations.AddIndex("event", models.Index(fields=["at"], name="audit_event_at")),
        migrations.AddIndex(
            "event",
            models.Index(
                fields=["action", "position"],
                name="audit_event_staying",
                condition=models.Q(("action__in", (901, 907))),
            ),
        ),
    ]
