"""Keeps apart from the words of an error what kind it is, which readers are told in their language."""

from django.db import migrations, models


def name_reasons(apps, schema_editor):
    # What kind it was is known with the next poll.
    apps.get_model("tags", "Repository").objects.exclude(error="").update(reason="registry could not be read")


class Migration(migrations.Migration):
    dependencies = [
        ("tags", "0007_first_seen"),
    ]

    operations = [
        migrations.AddField(
            model_name="repository",
            name="reason",
            field=models.TextField(blank=True, editable=False),
        ),
        migrations.RunPython(name_reasons, migrations.RunPython.noop, elidable=True),
    ]
